"""Duty over the HTTP API: hand-overs, swaps and planned work, and what each of them refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.console.acting.duties import Duties
from services.console.api.routes import mount
from services.core.clock import HOUR, iso
from tests.control_room import ControlRoom
from tests.rosters import rosters


class Plant(ControlRoom):
    """Behind the API."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.measure([9.0])
        duties = Duties(self.desk, self.database)
        duties.rules.apply(rosters(folder), "test")
        self.app = FastAPI()
        mount(self.app, self.desk, duties, self.database)

    def ask(self, method: str, path: str, role: str, **body: Any) -> tuple[int, Any]:
        """Status and answer."""

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://t") as client:
                headers = {"Authorization": f"Bearer {self.tokens[role]}"}
                return await client.request(method, f"/api/v1{path}", headers=headers, json=body or None)

        found = asyncio.run(asked())
        return found.status_code, found.json() if found.content else None


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """One of its own."""
    found = Plant(tmp_path)
    yield found
    found.database.close()


def test_a_site_is_taken_handed_over_and_accepted(plant: Plant) -> None:
    assert plant.ask("GET", "/areas", "viewer")[1] == [{"site": "no3", "holder": None, "since": None, "was": ""}]
    assert plant.ask("POST", "/areas/take", "operator", sites=["no3"])[0] == 204
    code, told = plant.ask("POST", "/areas/take", "engineer", sites=["no3"])
    assert (code, told["detail"]) == (409, "somebody answers for it already: no3 (operator)")
    offer = plant.ask("POST", "/offers", "operator", sites=["no3"], taker="engineer", note="pump 2 is open")[1]
    assert plant.ask("POST", f"/offers/{offer['number']}/accept", "operator")[0] == 409
    assert plant.ask("GET", "/offers", "viewer")[1] == [offer]
    assert plant.ask("POST", f"/offers/{offer['number']}/accept", "engineer")[0] == 204
    assert plant.ask("GET", "/areas", "viewer")[1][0]["holder"] == "engineer"
    assert plant.ask("POST", "/areas/take-over", "administrator", sites=["no3"], why="gone")[0] == 204
    assert plant.ask("GET", "/areas", "viewer")[1][0]["holder"] == "administrator"


def test_who_is_on_call_and_a_swap_that_is_withdrawn(plant: Plant) -> None:
    (before,) = plant.ask("GET", "/oncall", "viewer")[1]
    assert before["people"] == ["engineer-2"]
    assert "127.0.0.1" not in str(before)
    end = iso(plant.now() + HOUR)
    swap = {"roster": "plants", "person": "director", "end": end, "why": "ill"}
    assert plant.ask("POST", "/swaps", "operator", **swap)[0] == 403
    assert plant.ask("POST", "/swaps", "engineer", **swap | {"person": "nobody"})[0] == 409
    number = plant.ask("POST", "/swaps", "engineer", **swap)[1]["number"]
    (during,) = plant.ask("GET", "/oncall", "viewer")[1]
    assert (during["people"], during["until"]) == (["director"], end)
    assert plant.ask("POST", f"/swaps/{number}/withdraw", "engineer", why="well again")[0] == 204
    assert plant.ask("GET", "/oncall", "viewer")[1] == [before]


def test_planned_work_is_planned_prolonged_and_withdrawn(plant: Plant) -> None:
    start, end = iso(plant.now() + HOUR), iso(plant.now() + 2 * HOUR)
    window = {"target": "no3/st", "start": start, "end": end, "why": "new pump"}
    assert plant.ask("POST", "/work", "operator", **window)[0] == 403
    assert plant.ask("POST", "/work", "engineer", **window | {"target": "no3/nowhere"})[0] == 409
    first = plant.ask("POST", "/work", "engineer", **window)[1]
    second = plant.ask("POST", "/work", "engineer", **window | {"target": "no3"})[1]
    assert (first["state"], first["overlaps"], second["overlaps"]) == ("planned", [], [first["number"]])
    later = iso(plant.now() + 3 * HOUR)
    path = f"/work/{first['number']}"
    assert plant.ask("POST", f"{path}/extend", "engineer", end=later, why="bolts")[1]["end"] == later
    assert plant.ask("POST", f"{path}/end", "engineer", why="rain")[1]["state"] == "withdrawn"
    assert plant.ask("POST", f"{path}/end", "engineer", why="rain")[0] == 409
    assert [(w["number"], w["state"]) for w in plant.ask("GET", "/work", "viewer")[1]] == [
        (second["number"], "planned"), (first["number"], "withdrawn"),
    ]  # fmt: skip
