"""The handover: what is on the sheet, in the text and in print, what changed since a note, and who may write it."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from services.console.acting.duties import Duties
from services.console.api.routes import mount
from services.console.pages import handover as page
from services.console.pages import handover_text
from services.console.pages.moment import Moment
from services.console.view.handover import BadShift, sheet, shift_at, starts_of
from services.console.words import speaking
from services.core.clock import HOUR, MINUTE, SECOND
from services.core.records import Command, IncidentEvent, Tick
from services.duty.notes import Note
from tests.control_room import ControlRoom, levels

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


class Room(ControlRoom):
    """Five levels of which three are too high; the API beside them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, levels(5, "No. 3 <plant>"))
        self.measure([9.0, 9.0, 9.0, 1.0, 1.0])
        self.measure([9.0, 9.0, 9.0, 1.0, 1.0])
        self.app = FastAPI()
        mount(self.app, self.desk, Duties(self.desk, self.database), self.database)

    def do(self, action: str, at: int, until: int = 0) -> None:
        name = f"{action} {at}"
        target = f"no3/st/level{at or ''}/high" if action != "suppress" else "no3/st/level2"
        end = self.now() + until if until else 0
        self.feed([Command(name, "no3", self.now(), "li.wei", f"why {at}", action, target, end)])

    def moment(self) -> Moment:
        return Moment("Test waterworks", self.view, self.status(), SHANGHAI)

    def ask(self, method: str, path: str, role: str = "operator", **more: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
                headers = {"Authorization": f"Bearer {self.tokens[role]}"}
                return await client.request(method, f"/api/v1{path}", headers=headers, **more)

        return asyncio.run(go())


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def said(markup: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup)).strip())


def ns(text: str, zone: ZoneInfo) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


@pytest.mark.parametrize(("now", "zone", "start", "end"), [
    ("2023-04-18T22:10", SHANGHAI, "2023-04-18T20:00", "2023-04-19T08:00"),
    ("2023-04-19T08:00", SHANGHAI, "2023-04-19T08:00", "2023-04-19T20:00"),
    ("2023-04-19T07:59", SHANGHAI, "2023-04-18T20:00", "2023-04-19T08:00"),
    ("2026-03-29T04:00", BERLIN, "2026-03-28T20:00", "2026-03-29T08:00"),  # eleven hours: the clocks go forward
])  # fmt: skip
def test_a_shift_is_from_one_local_time_to_the_next(now: str, zone: ZoneInfo, start: str, end: str) -> None:
    assert shift_at(ns(now, zone), zone) == (ns(start, zone), ns(end, zone))


def test_shifts_are_set_in_the_address_and_what_is_wrong_is_named() -> None:
    assert starts_of("23:00, 7:00,15:00") == ((7, 0), (15, 0), (23, 0))
    assert shift_at(ns("2023-04-18T23:30", SHANGHAI), SHANGHAI, starts_of("06:30"))[0] == ns(
        "2023-04-18T06:30", SHANGHAI
    )
    for wrong in ("24:00", "8", "08:60", "08:00,<b>", ",", "1:1," * 9, "٨:٠٠"):
        with pytest.raises(BadShift, match="shifts: "):
            starts_of(wrong)


def test_every_list_has_what_belongs_there_with_who_why_and_until_when(room: Room) -> None:
    room.do("acknowledge", 0)
    room.do("shelve", 1, 2 * HOUR)
    room.do("suppress", 2, 3 * HOUR)
    room.do("out_of_service", 3)
    found = sheet(room.view, SHANGHAI)
    names = {
        name: [one.rpartition("/")[0].removeprefix("no3/st/") for one in lists] for name, lists in found.lists().items()
    }
    assert names["standing"] == ["level"]
    assert (names["unseen"], names["shelved"], names["suppressed"], names["removed"]) == (
        [],
        ["level1"],
        ["level2"],
        ["level3"],
    )
    assert len(names["work"]) == 1
    assert (found.load.total, found.load.worst) == (3, 3)
    told = handover_text.text(room.moment(), found, None, None)
    assert "Alarms in this shift: 3 (High 3) · worst ten minutes: 3" in told
    assert re.search(
        r"Shelved, the first to end first \(1\)\n  - \[H\] No\. 3 <plant>.*until \d\d:\d\d · li.wei: why 1", told
    )
    assert "Silent stations (0) none" in told
    drawn = page.lists(room.moment(), found)
    assert "<plant>" not in drawn
    assert "None: Open incidents, Not acknowledged" in said(drawn)
    with speaking("zh"):
        assert "已搁置" in said(page.lists(room.moment(), found))


def test_what_came_and_went_is_told_apart_from_what_stands(room: Room) -> None:
    room.measure([1.0, 9.0, 9.0, 1.0, 1.0])
    found = sheet(room.view, SHANGHAI)
    assert ([one.letter for one in found.of("returned")], len(found.of("unseen"))) == (["D"], 2)
    told = said(page.lists(room.moment(), found))
    assert "Came and went, still to be seen or reset 1 H " in told


def test_a_shift_counts_what_sounded_in_its_own_hours_alone(room: Room) -> None:
    now = room.now()
    assert room.view.shift.load(now - MINUTE, now + 1).total == 3
    assert room.view.shift.load(now + 1, now + HOUR).total == 0
    assert [times for _, times in room.view.shift.oftenest(0, now + 1)] == [1, 1, 1]


def test_a_station_that_fell_silent_and_a_sensor_without_a_reading_are_named(room: Room) -> None:
    room.measure([9.0, float("nan"), 9.0, 1.0, 1.0])
    found = sheet(room.view, SHANGHAI)
    assert [one.name for one in found.bad] == ["no3/st/level1"]
    assert "Level of tank 1" in said(page.lists(room.moment(), found))
    room.feed([Tick(room.now() + 30 * MINUTE)])
    found = sheet(room.view, SHANGHAI)
    assert ([one.name for one in found.silent], found.bad) == (["no3/st"], ())


def test_what_is_empty_is_not_called_none_when_data_stopped(room: Room) -> None:
    room.view._monotonic = lambda: room.view._ticked + 60
    assert "None:" not in said(page.lists(room.moment(), sheet(room.view, SHANGHAI)))
    assert "not known" in said(page.lists(room.moment(), sheet(room.view, SHANGHAI)))


def test_what_changed_since_the_note_is_told_by_list_and_name(room: Room) -> None:
    before = sheet(room.view, SHANGHAI)
    note = Note(room.now(), "wang", "all quiet", before.lists())
    assert not before.since(note)
    assert "The lists are as they were." in said(page.changes(room.moment(), note, before.since(note)))
    room.do("acknowledge", 0)
    room.measure([9.0, 9.0, 9.0, 9.0, 1.0])
    room.measure([9.0, 9.0, 9.0, 9.0, 1.0])
    changes = sheet(room.view, SHANGHAI).since(note)
    assert {name: list(found) for name, found in changes.came.items()} == {
        "unseen": ["no3/st/level3/high"], "standing": ["no3/st/level/high"],
    }  # fmt: skip
    assert list(changes.gone["unseen"]) == ["no3/st/level/high"]
    assert "New · Not acknowledged : No. 3 <plant>: Level of tank 3 > 3 m" in said(
        page.changes(room.moment(), note, changes)
    )


def test_a_note_is_kept_with_its_lists_and_given_back_by_whoever_asks(room: Room) -> None:
    answer = room.ask("POST", "/handover/notes", json={"text": "  Crew at the intake\u202e.\nPhone 3  "})
    assert (answer.status_code, answer.json()["user"]) == (201, "operator")
    room.do("acknowledge", 0)
    told = room.ask("GET", "/handover", "viewer").json()
    assert told["notes"][0]["text"] == "Crew at the intake\ufffd.\nPhone 3"
    assert (told["gone"], told["came"]) == ({"unseen": ["no3/st/level/high"]}, {"standing": ["no3/st/level/high"]})
    assert [one["alarm"] for one in told["alarms"]["unseen"]] == ["no3/st/level1/high", "no3/st/level2/high"]
    assert (told["worst"], told["sounded"]) == (3, {"high": 3})
    assert room.accounts.audit(1)[0].action == "shift_note"
    refused = room.ask("POST", "/handover/notes", "viewer", json={"text": "x"})
    assert (refused.status_code, room.accounts.audit(1)[0].outcome) == (403, "forbidden")
    assert room.ask("POST", "/handover/notes", json={"text": "\u200b"}).status_code in (201, 422)
    assert room.ask("POST", "/handover/notes", json={"text": "x" * 4001}).status_code == 422
    assert room.ask("GET", "/handover?shifts=25:00").status_code == 422


def test_a_step_is_ticked_once_and_taken_back_with_who_and_when(room: Room) -> None:
    name = "no3/RiverFlood@7"
    room.view.apply(
        IncidentEvent(room.now(), "no3", "RiverFlood", name, 1, "watch", "it rains", "Look; call the crew", {})
    )

    def step(place: int, role: str = "operator", **more: Any) -> httpx.Response:
        return room.ask("POST", f"/incidents/{name}/steps", role, json={"phase": "watch", "place": place} | more)

    assert [one["next"] for one in room.ask("GET", f"/incidents/{name}", "viewer").json()["steps"]] == [True, False]
    assert step(0).json()["steps"][0] | {"done": ""} == {
        "phase": "watch", "place": 0, "text": "Look", "done_by": "operator", "done": "", "next": False,
    }  # fmt: skip
    assert step(0, "engineer").json()["steps"][0]["done_by"] == "operator"
    assert step(1, "viewer").status_code == 403
    assert (step(2).status_code, room.ask("GET", "/incidents/x", "viewer").status_code) == (404, 404)
    assert step(0, done=False).json()["steps"][0]["done_by"] == ""
    lines = [(one.user, one.outcome) for one in room.accounts.audit(9) if one.action == "step"]
    assert lines == [("operator", "done"), ("viewer", "forbidden"), ("engineer", "as it was"), ("operator", "done")]
