"""The HTTP API over a small plant: who may do what, what is done once, and what the journal answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from fastapi import FastAPI

from services.access.roles import may
from services.console.api.models import Action
from services.console.api.routes import mount
from services.core.catalogue.model import Site
from services.core.clock import SECOND, iso
from services.core.records import Tick
from tests.control_room import ROLES, ControlRoom


class Plant(ControlRoom):
    """A site with a high alarm that stands, behind the API."""

    def __init__(self, folder: Path, plant: Site | None = None) -> None:
        super().__init__(folder, plant)
        self.measure([9.0])
        self.measure([9.0])
        self.app = FastAPI()
        mount(self.app, self.desk)

    def ask(self, method: str, path: str, role: str = "operator", **more: Any) -> Any:
        """One request with the token of a role."""
        headers = {"Authorization": f"Bearer {self.tokens.get(role, role)}"} if role else {}
        return asyncio.run(self.request(method, f"/api/v1{path}", headers=headers, **more))

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Through the application, without a socket."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            return await client.request(method, path, **more)

    def act(self, action: str, role: str = "operator", **more: Any) -> Any:
        """One command on the alarm that stands."""
        body = {"action": action, "occurrences": [self.standing()[0]], "why": "seen"} | more
        return self.ask("POST", "/commands", role, json=body)


@pytest.fixture
def desk(tmp_path: Path) -> Plant:
    """A plant of its own."""
    return Plant(tmp_path)


def test_what_stands_is_listed_with_its_state_and_response(desk: Plant) -> None:
    (alarm,) = desk.ask("GET", "/alarms", "viewer").json()
    assert (alarm["occurrence"], alarm["state"]) == (desk.standing()[0], "B")
    assert alarm["response"]
    assert desk.ask("GET", "/alarms?state=C").json() == []


def test_an_operator_acknowledges_and_the_journal_says_who_and_why(desk: Plant) -> None:
    (result,) = desk.act("acknowledge").json()["results"]
    assert (result["outcome"], result["state"]) == ("done", "C")
    last = desk.events[-1]
    assert (last.transition, last.who, last.cause, last.command) == (
        "acknowledged",
        "operator",
        "seen",
        result["command"],
    )
    assert desk.ask("GET", "/alarms").json()[0]["state"] == "C"


def test_of_two_who_acknowledge_at_once_the_second_is_told_that_it_was_done(desk: Plant) -> None:
    assert desk.act("acknowledge").json()["results"][0]["outcome"] == "done"
    (second,) = desk.act("acknowledge", "engineer").json()["results"]
    assert second["outcome"] == "refused"
    assert "acknowledged already" in second["reason"]


def test_an_act_that_is_sent_twice_under_one_key_is_done_once(desk: Plant) -> None:
    first, second = (desk.act("acknowledge", key="k1").json()["results"][0] for _ in range(2))
    assert first == second
    assert sum(e.transition == "acknowledged" for e in desk.events) == 1


def test_an_occurrence_that_is_gone_is_refused_with_the_reason(desk: Plant) -> None:
    gone = desk.standing()[0].partition("@")[0] + "@1"
    body = {"action": "acknowledge", "occurrences": [gone, "no9/a/b/c"], "why": "x"}
    results = desk.ask("POST", "/commands", json=body).json()["results"]
    assert [r["outcome"] for r in results] == ["refused", "refused"]
    assert "gone" in results[0]["reason"]
    assert "no site no9" in results[1]["reason"]


def test_a_shelf_needs_an_end_and_ends_then(desk: Plant) -> None:
    assert desk.act("shelve").status_code == 422
    assert desk.act("shelve", until="2023-04-18T23:00:00").status_code == 422
    now = desk.now()
    assert desk.act("shelve", until=iso(now + 3600 * SECOND)).json()["results"][0]["state"] == "G"
    desk.feed([Tick(now + 7200 * SECOND)])
    assert [e.transition for e in desk.events][-1:] != ["shelved"]
    assert any(e.transition == "unshelved" for e in desk.events)


@pytest.mark.parametrize("role", list(ROLES))
@pytest.mark.parametrize("action", get_args(Action))
def test_every_role_may_do_what_it_may_and_nothing_else(desk: Plant, role: str, action: str) -> None:
    answer = desk.act(action, role, until="2099-01-01T00:00:00Z")
    assert (answer.status_code == 403) == (not may(ROLES[role], action))
    lines = desk.accounts.audit(1)
    assert (lines[0].user, lines[0].action) == (role, action)
    assert (lines[0].outcome == "forbidden") == (answer.status_code == 403)


@pytest.mark.parametrize("role", list(ROLES))
def test_only_administrators_read_the_audit(desk: Plant, role: str) -> None:
    assert desk.ask("GET", "/audit", role).status_code == (200 if role == "administrator" else 403)


@pytest.mark.parametrize("path", ["/me", "/status", "/sites", "/alarms", "/incidents", "/audit"])
@pytest.mark.parametrize("token", ["", "wrong", "hw_0123456789abcdef_" + "x" * 43])
def test_nobody_is_told_anything_without_a_token(desk: Plant, path: str, token: str) -> None:
    assert desk.ask("GET", path, token).status_code == 401
    assert desk.ask("POST", "/commands", token, json={}).status_code == 401


@pytest.mark.parametrize(
    "change",
    [{"action": "explode"}, {"occurrences": []}, {"occurrences": ["a"] * 501}, {"occurrences": ["../etc"]},
     {"occurrences": ["no3/<script>"]}, {"why": ""}, {"why": " "}, {"why": "x" * 501}, {"until": "soon"}, {"more": 1}],
)  # fmt: skip
def test_what_is_not_well_formed_is_refused_and_changes_nothing(desk: Plant, change: dict[str, Any]) -> None:
    before = len(desk.log)
    assert desk.act(**{"action": "acknowledge"} | change).status_code == 422
    assert len(desk.log) == before


def test_a_log_that_takes_nothing_says_so_and_the_act_can_be_tried_again(desk: Plant) -> None:
    desk.full = True
    assert desk.act("acknowledge", key="k").status_code == 503
    desk.full = False
    assert desk.act("acknowledge", key="k").json()["results"][0]["outcome"] == "done"


def test_guessing_tokens_is_slowed(desk: Plant) -> None:
    codes = [desk.ask("GET", "/me", "guess").status_code for _ in range(7)]
    assert codes[:5] == [401] * 5
    assert codes[-1] == 429


def test_it_describes_itself(desk: Plant) -> None:
    described = asyncio.run(desk.request("GET", "/api/openapi.json")).json()
    assert set(described["paths"]) == {
        "/api/v1/me", "/api/v1/status", "/api/v1/sites", "/api/v1/alarms", "/api/v1/alarms/{occurrence}",
        "/api/v1/history", "/api/v1/incidents", "/api/v1/commands", "/api/v1/audit",
    }  # fmt: skip
