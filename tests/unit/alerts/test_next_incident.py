"""The guide's example of the next incident is an incident: one entry, one class."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.alerts import incidents
from services.alerts.incidents.base import IncidentModel, Instant, Weight
from services.core.catalogue import known_incidents
from services.core.clock import HOUR
from services.core.records import IncidentEvent
from services.job.places import PROJECT
from tests.unit.alerts.incident_scripts import Script

GUIDE = (PROJECT / "docs" / "guide" / "incidents.md").read_text(encoding="utf-8")


@pytest.fixture
def river(monkeypatch: pytest.MonkeyPatch) -> Script:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {
        "Incident": known_incidents.Incident, "Role": known_incidents.Role, "Parameter": known_incidents.Parameter,
        "IncidentModel": IncidentModel, "Weight": Weight, "Instant": Instant, "IncidentEvent": IncidentEvent,
        "HOUR": HOUR,
    }  # fmt: skip
    exec(code, names)
    model = names["RiverFlood"]
    monkeypatch.setitem(known_incidents.INCIDENTS, model.name, names["ENTRY"])
    monkeypatch.setitem(incidents.INCIDENTS, model.name, model)
    return Script("river-flood", {"stage": 3.0, "rain": 0})


def test_the_next_incident_needs_an_entry_and_a_class(river: Script) -> None:
    river.go(10).go(20, ["stage/stage-rising"], {"stage": 4.5}).go(20, ["stage/stage-danger"], {"stage": 6.6})
    river.go(30, [], {"stage": 4.0}).go(60, [], {"stage": None}).go(70, [], {"stage": 3.9})
    assert river.story() == [(10, "watch"), (30, "danger"), (200, "closed")]
    assert any("blind: stage unknown since" in event.cause for event in river.events)
    assert river.evidence["claims"] == [f"gauge/stage/stage-{name}" for name in ("danger", "rising", "warning")]


def test_the_guide_names_every_incident_and_its_phases() -> None:
    for name, entry in known_incidents.INCIDENTS.items():
        row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{name}` |"))
        assert " → ".join(entry.phases) in row
