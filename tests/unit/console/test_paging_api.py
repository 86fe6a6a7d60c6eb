"""Paging by the API: what pages is told; an answer and a silence reach the paging service and are told what became."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.console.acting.duties import Duties
from services.console.api.routes import mount
from services.core.clock import HOUR, iso
from services.core.records import Tick
from services.notify.sources import Happening
from tests.unit.console.paged import BASE, PagedRoom


class Plant(PagedRoom):
    """One alarm stands and pages; requests while the paging service takes what it is asked, if `awake`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for _ in range(2):
            self.measure([9.0])
        self.page()
        self.awake = True
        self.desk = replace(self.desk, patience=0.3)
        mount(self.app, self.desk, Duties(self.desk, self.database), self.database)

    def call(self, method: str, path: str, role: str = "operator", **more: Any) -> httpx.Response:
        """One request with the token of a role."""
        return asyncio.run(self._call(method, path, {"Authorization": f"Bearer {self.tokens[role]}"}, **more))

    async def _call(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        paging = asyncio.ensure_future(self._paging())
        try:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE) as client:
                return await client.request(method, f"/api/v1{path}", headers=headers, **more)
        finally:
            paging.cancel()

    async def _paging(self) -> None:
        while True:
            if self.awake:
                self.notifier.listen()
            await asyncio.sleep(0.02)

    def quiet(self, role: str = "operator", **change: Any) -> httpx.Response:
        """A silence of the whole site for an hour."""
        body = {"prefix": self.site.id, "until": iso(self.now() + HOUR), "why": "screens are changed"} | change
        return self.call("POST", "/silences", role, json=body)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """A plant of its own."""
    return Plant(tmp_path)


def test_what_pages_is_told_and_an_answer_ends_it(plant: Plant) -> None:
    (one,) = plant.call("GET", "/problems", "viewer").json()
    assert (one["problem"], one["status"], one["priority"]) == (plant.standing()[0], "paging", "high")
    assert plant.call("POST", f"/problems/{one['problem']}/answer").json()["outcome"] == "done"
    (one,) = plant.call("GET", "/problems").json()
    assert (one["status"], one["answered_by"]) == ("answered", "operator")
    again = plant.call("POST", f"/problems/{one['problem']}/answer", "engineer").json()
    assert again["outcome"] == "refused"
    assert "answered by operator" in again["reason"]
    assert plant.call("POST", "/problems/no3/never/answer").json()["outcome"] == "refused"


def test_a_silence_that_is_over_is_not_told_though_paging_does_not_run(plant: Plant) -> None:
    plant.quiet()
    assert len(Duties(plant.desk, plant.database).look().paging.silences) == 1
    plant.awake = False
    plant.feed([Tick(plant.now() + 2 * HOUR)])
    assert Duties(plant.desk, plant.database).look().paging.silences == ()
    assert plant.call("GET", "/silences").json() == []


def test_an_answer_that_waited_for_paging_answers_no_more_than_was_shown(plant: Plant) -> None:
    plant.awake = False
    name = plant.call("POST", f"/problems/{plant.standing()[0]}/answer").json()["name"]
    first = next(one for one in plant.events if one.transition == "raised")
    worse = replace(first, occurrence=f"{first.occurrence}9", number=1, rule="other", priority="critical")
    plant.notifier.take([Happening("log", len(plant.events), worse)])  # and then it reads what was asked
    plant.notifier.listen()
    assert plant.notifier._wishes is not None
    assert plant.notifier._wishes.outcome(name) not in ("", None)
    (problem,) = plant.notifier.dispatch.problems.open.values()
    assert (problem.status, problem.worst) == ("paging", "critical")
    sent = len(plant.phone.bodies)
    while asyncio.run(plant.notifier.send_all()):
        pass
    assert len(plant.phone.bodies) == sent + 1


def test_a_silence_is_set_told_and_ended(plant: Plant) -> None:
    name = plant.quiet().json()["name"]
    (one,) = plant.call("GET", "/silences", "viewer").json()
    assert (one["silence"], one["prefix"], one["who"], one["critical"]) == (name, plant.site.id, "operator", False)
    assert plant.call("GET", "/problems").json()[0]["silence"] == name
    assert plant.call("DELETE", "/silences/never").status_code == 404
    assert plant.call("DELETE", f"/silences/{name}").json()["outcome"] == "done"
    assert plant.call("GET", "/silences").json() == []


def test_only_an_engineer_silences_what_is_critical(plant: Plant) -> None:
    assert plant.quiet(critical=True).status_code == 403
    assert plant.quiet("engineer", critical=True).json()["outcome"] == "done"
    assert plant.call("GET", "/silences").json()[0]["critical"] is True


@pytest.mark.parametrize(
    "change",
    [{"until": "2000-01-01T00:00:00Z"}, {"until": "2099-01-01T00:00:00Z"}, {"why": " "}, {"prefix": "no9"},
     {"prefix": "../etc"}, {"prefix": "no3/nothing"}, {"critical": "perhaps"}, {"more": 1}],
)  # fmt: skip
def test_a_silence_that_is_not_well_formed_is_refused(plant: Plant, change: dict[str, Any]) -> None:
    assert plant.quiet(**change).status_code == 422
    assert plant.call("GET", "/silences").json() == []


def test_where_paging_does_not_run_it_says_that_nothing_has_come_of_it_yet(plant: Plant) -> None:
    plant.awake = False
    assert plant.call("POST", f"/problems/{plant.standing()[0]}/answer").json()["outcome"] == "pending"
    plant.page()
    assert plant.call("GET", "/problems").json()[0]["status"] == "answered"


def test_the_api_describes_paging(plant: Plant) -> None:
    described = plant.ask("GET", "/api/openapi.json").json()
    assert {"/api/v1/problems", "/api/v1/problems/{problem}/answer", "/api/v1/silences"} <= set(described["paths"])
