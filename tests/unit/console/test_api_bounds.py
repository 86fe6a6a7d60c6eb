"""The API at its bounds: many alarms, far times, hostile bodies, and refusals that are all of one form."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.console.door.guard import LONGEST_BODY, Guard
from services.core.clock import SECOND, iso
from services.core.records import Tick
from tests.control_room import levels
from tests.unit.console.test_api import Plant


@pytest.fixture
def desk(tmp_path: Path) -> Plant:
    """A plant with five alarms, behind the guard."""
    found = Plant(tmp_path, levels(5))
    found.measure([9.0] * 5)
    found.measure([9.0] * 5)
    found.app.add_middleware(Guard)
    return found


def test_many_alarms_come_in_parts_and_their_number_is_said(desk: Plant) -> None:
    whole = desk.ask("GET", "/alarms").json()
    parts = [desk.ask("GET", f"/alarms?limit=2&offset={n}") for n in (0, 2, 4, 6)]
    assert [part.headers["x-total-count"] for part in parts] == ["5"] * 4
    assert [one for part in parts for one in part.json()] == whole
    assert len(whole) == 5


def test_one_alarm_is_told_with_its_whole_story_also_when_it_has_gone(desk: Plant) -> None:
    name = desk.standing()[0]
    desk.act("acknowledge")
    desk.measure([1.0] * 5)
    desk.measure([1.0] * 5)
    found = desk.ask("GET", f"/alarms/{name}").json()
    assert [one["transition"] for one in found["transitions"]] == ["raised", "acknowledged", "cleared"]
    assert (found["transitions"][1]["who"], found["transitions"][1]["cause"]) == ("operator", "seen")
    assert found["cleared"] is not None


@pytest.mark.parametrize("name", ["no3", "no3/st/level/high@1", "%00", "..%2F..%2Fetc", "x" * 401])
def test_an_alarm_that_is_not_there_is_not_found(desk: Plant, name: str) -> None:
    answer = desk.ask("GET", f"/alarms/{name}")
    assert answer.status_code in (404, 422)
    assert isinstance(answer.json()["detail"], str)


def test_history_is_from_since_to_before_until_the_newest_first(desk: Plant) -> None:
    first = desk.events[0].time
    desk.feed([Tick(desk.now() + 60 * SECOND)])
    desk.act("acknowledge")
    everything = desk.ask("GET", "/history").json()
    assert [one["transition"] for one in everything] == ["acknowledged", *["raised"] * 5]
    assert [one["time"] for one in everything] == sorted((one["time"] for one in everything), reverse=True)

    def between(**more: str) -> httpx.Response:
        return desk.ask("GET", "/history", params=more)

    assert len(between(since=iso(first), until=iso(first + 1000)).json()) == 1
    assert between(until=iso(first)).json() == []
    assert len(between(since=iso(first + 1000)).json()) == 5
    assert between(site="no9").json() == []
    some = between(limit="2", offset="1")
    assert (some.json(), some.headers["x-total-count"]) == (everything[1:3], "6")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"])
def test_times_out_of_64_bits_are_refused(desk: Plant, time: str) -> None:
    assert desk.ask("GET", f"/history?since={time.replace('+', '%2B')}").status_code == 422
    assert desk.act("shelve", until=time).status_code == 422
    assert not [one for one in desk.log if getattr(one, "action", "")]


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{", b"\xff\xfe", deep(100_000).encode(), b'{"why": "\\ud800"}',
     b'{"action": "acknowledge", "occurrences": ["\\ud800"], "why": "x"}', b'{"\\ud800": 1}',
     b'{"action": "acknowledge", "occurrences": {"a": 1}, "why": NaN}', b"1e999999"],
)  # fmt: skip
def test_a_hostile_body_is_refused_in_a_sentence(desk: Plant, body: bytes) -> None:
    answer = desk.ask("POST", "/commands", content=body)
    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["detail"], str)
    assert len(answer.content) < 3000
    assert not [one for one in desk.log if getattr(one, "action", "")]


def test_a_body_that_is_too_long_is_not_taken_whether_or_not_it_says_so(desk: Plant) -> None:
    async def parts() -> Any:
        for _ in range(LONGEST_BODY // 100_000 + 1):
            yield b" " * 100_000

    async def sent() -> httpx.Response:
        return await desk.request("POST", "/api/v1/commands", content=parts())

    for answer in (desk.ask("POST", "/commands", content=b" " * (LONGEST_BODY + 1)), asyncio.run(sent())):
        assert answer.status_code == 413
        assert "1,000,000" in answer.json()["detail"]


def test_a_reason_goes_into_the_journal_as_one_line_that_can_be_shown(desk: Plant) -> None:
    desk.act("acknowledge", why="  rake\r\nstuck\t\x1b[2J\u202e水\x00 ")
    assert desk.events[-1].cause == "rake stuck \ufffd[2J\ufffd水\ufffd"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("POST", "/alarms", 405), ("DELETE", "/commands", 405), ("GET", "/audit?limit=0", 422)],
)
def test_every_refusal_has_the_same_form(desk: Plant, method: str, path: str, status: int) -> None:
    answer = desk.ask(method, path, "administrator")
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    assert (status != 405) or answer.headers["allow"]


def test_the_folder_of_users_away_is_said_and_nothing_is_done(desk: Plant, tmp_path: Path) -> None:
    desk.database.close()
    for file in tmp_path.glob("people.sqlite*"):
        file.unlink()
    (tmp_path / "people.sqlite").mkdir()
    for answer in (desk.ask("GET", "/me"), desk.act("acknowledge")):
        assert answer.status_code == 503
        assert "database of people" in answer.json()["detail"]
    assert not [one for one in desk.log if getattr(one, "action", "")]


def test_what_is_described_has_words_and_says_how_it_refuses(desk: Plant) -> None:
    described = asyncio.run(desk.request("GET", "/api/openapi.json")).json()
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            assert told["description"], (path, method)
            assert {"401", "422", "429", "503"} <= set(told["responses"]), (path, method)
            refusal = told["responses"]["422"]["content"]["application/json"]["schema"]
            assert refusal == {"$ref": "#/components/schemas/Problem"}
