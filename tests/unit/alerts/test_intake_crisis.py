"""IntakeCrisis as timelines: its phases in order, what it waits for, and what does not move it."""

from __future__ import annotations

from typing import Any

import pytest

from services.alerts.incidents import Instant
from services.alerts.incidents.intake_crisis import IntakeCrisis
from services.core.clock import MINUTE, SECOND
from services.core.codec import canonical_json
from services.core.records import IncidentEvent
from tests.unit.alerts.incident_scripts import made

HIGH, FLOW = "intake/raw_turbidity/turbidity-high", "intake/flow_ratio/flow-low"
SUPPLY = "clearwell/supply_hours_pessimistic/supply-threatened"
CASES = ("pessimistic", "expected", "optimistic")


UNSEEN = ("submergence", "pumps_running", "inflow", "outflow", "required_flow", "upstream")


class Night:
    """Feeds instants, 10 s apart, and keeps what the model says as (minute, phase)."""

    def __init__(self) -> None:
        self.model = IntakeCrisis(made("intake-crisis", without=UNSEEN))
        self.now = 0
        self.active: frozenset[str] = frozenset()
        self.level = 3.0
        self.values: dict[str, float | None] = {"flow": 100, "head": 0.05, "hours": 24, "level": None}
        self.events: list[IncidentEvent] = []

    def go(self, minutes: float, *active: str, rising: float = 0.0, **values: float | None) -> Night:
        """`active` alarms from here on for `minutes`; the well rises by `rising` m a minute."""
        self.values.update(values)
        raised = frozenset(active) - self.active
        self.active = frozenset(active)
        for _ in range(round(minutes * 6)):
            self.level += rising / 6
            level = self.values["level"] if values.get("level", 0) is None else self.level
            shown = {
                "intake/raw_turbidity": 500.0, "intake/screen_head": self.values["head"],
                "intake/flow_ratio": self.values["flow"], "clearwell/level": level,
                **{f"clearwell/supply_hours_{case}": self.values["hours"] for case in CASES},
            }  # fmt: skip
            known = {name: v for name, v in shown.items() if v is not None}
            instant = Instant(self.now, known, dict.fromkeys(known, 0), self.active, raised)
            event = self.model.step(instant)
            if event is not None:
                self.events.append(event)
            self.now += 10 * SECOND
            raised = frozenset()
        return self

    def story(self) -> list[tuple[float, str]]:
        """(minute, phase) of each change of phase."""
        told = [(e.time / MINUTE, e.phase, e.incident) for e in self.events]
        return [one[:2] for n, one in enumerate(told) if n == 0 or one[1:] != told[n - 1][1:]]


def crisis() -> Night:
    night = Night().go(10).go(10, HIGH).go(10, HIGH, FLOW, flow=50, head=0.9)
    return night.go(10, HIGH, FLOW, SUPPLY, hours=6)


def test_the_phases_of_a_whole_night_in_order() -> None:
    night = crisis().go(60, HIGH, flow=90, head=0.3, hours=20).go(60, flow=98, head=0.1, rising=0.01)
    assert night.story() == [(10, "surge"), (20, "restricted"), (30, "threatened"), (70, "recovering"), (130, "closed")]
    assert [e.number for e in night.events] == [1, 2, 3, 4, 5]
    assert {e.incident for e in night.events} == {"no3/IntakeCrisis@600000000000"}
    assert [e.next_step for e in night.events] == [f"do {e.phase}" for e in night.events]
    assert night.events[0].cause == HIGH
    memory = night.model.memory
    assert (memory.incident, memory.phase, memory.number, memory.since) == ("", "", 0, {})


def test_a_phase_may_be_skipped_but_never_taken_back_by_a_lesser_alarm() -> None:
    night = Night().go(5, SUPPLY, flow=50, hours=3).go(30, HIGH, FLOW).go(30, HIGH)
    assert night.story() == [(0, "threatened")]


def test_the_night_refills_the_well_and_the_phase_does_not_relax() -> None:
    night = crisis().go(180, HIGH, FLOW, hours=24, flow=55, head=0.8, rising=0.005)
    assert night.story()[-1] == (30, "threatened")


@pytest.mark.parametrize("missing", [{"flow": 84.9}, {"head": 0.6}, {"hours": 12}])
def test_recovery_needs_all_of_flow_head_and_forecast(missing: dict[str, Any]) -> None:
    enough: dict[str, Any] = {"flow": 85, "head": 0.59, "hours": 12.1}
    assert crisis().go(29.9, **enough).story()[-1][1] == "threatened"
    assert crisis().go(31, **enough).story()[-1] == (70, "recovering")
    assert crisis().go(300, **(enough | missing)).story()[-1][1] == "threatened"


def test_recovery_must_hold_without_a_break() -> None:
    night = crisis().go(29, flow=95, head=0.1, hours=20).go(1, flow=80).go(29, flow=95)
    assert night.story()[-1][1] == "threatened"
    assert night.go(2).story()[-1] == (100, "recovering")


@pytest.mark.parametrize("blind", ["flow", "head", "hours"])
def test_what_cannot_be_seen_never_recovers(blind: str) -> None:
    good: dict[str, Any] = {"flow": 99, "head": 0.05, "hours": 24}
    assert crisis().go(300, **(good | {blind: None})).story()[-1][1] == "threatened"


def recovering() -> Night:
    return crisis().go(31, flow=90, head=0.3, hours=20)


@pytest.mark.parametrize("missing", [{"flow": 94.9}, {"head": 0.15}, {"flow": None}, {"head": None}])
def test_closing_needs_flow_head_and_a_rising_well(missing: dict[str, float | None]) -> None:
    enough: dict[str, Any] = {"flow": 95, "head": 0.14}
    closed = recovering().go(40, rising=0.01, **enough)
    assert closed.story()[-1] == (101, "closed")
    assert recovering().go(300, rising=0.01, **(enough | missing)).story()[-1][1] == "recovering"


def test_a_well_that_falls_or_cannot_be_seen_does_not_close() -> None:
    assert recovering().go(300, flow=99, head=0.05, rising=-0.001).story()[-1][1] == "recovering"
    assert recovering().go(300, flow=99, head=0.05).story()[-1][1] == "recovering"
    assert recovering().go(300, flow=99, head=0.05, rising=0.01, level=None).story()[-1][1] == "recovering"


def test_a_relapse_goes_back_to_what_was_raised_anew() -> None:
    again = recovering().go(10, FLOW, flow=50)
    assert again.story()[-1] == (71, "restricted")
    assert again.events[-1].cause == f"again: {FLOW}"
    assert again.go(5, FLOW, SUPPLY, hours=5).story()[-1] == (81, "threatened")
    standing = crisis().go(60, HIGH, FLOW, SUPPLY, flow=90, head=0.3, hours=20)
    assert standing.story()[-1] == (70, "recovering")  # alarms that still stand are no relapse


def test_a_surge_that_passes_without_harm_closes() -> None:
    assert Night().go(20, HIGH).go(31, flow=96).story() == [(0, "surge"), (50, "closed")]
    assert Night().go(20, HIGH).go(300, flow=94).story() == [(0, "surge")]
    assert Night().go(20, HIGH).go(300, flow=None).story() == [(0, "surge")]
    assert Night().go(300, HIGH).story() == [(0, "surge")]


def test_a_turbidity_alarm_that_still_stands_opens_no_second_incident() -> None:
    night = crisis().go(31, HIGH, flow=96, head=0.1, hours=20).go(40, HIGH, rising=0.01)
    assert night.story()[-1][1] == "closed"
    count = len(night.events)
    night.go(60, HIGH)
    assert len(night.events) == count
    night.go(1).go(5, HIGH)
    assert night.story()[-1][1] == "surge"
    assert night.events[-1].incident != night.events[0].incident


def test_the_evidence_is_plain_data_says_what_is_unknown_and_names_its_assumptions() -> None:
    night = Night().go(1, HIGH, flow=None, hours=None)
    evidence: Any = night.events[0].evidence
    canonical_json(evidence)
    assert evidence["readings"]["raw flow of required"] == "unknown"
    assert evidence["readings"]["raw turbidity"] == "500 NTU"
    assert evidence["forecast"]["known"] is False
    assert evidence["forecast"]["hours_expected"] is None
    assert len(evidence["forecast"]["assumptions"]) >= 3
    assert evidence["alarms"] == [HIGH]
    lasting: Any = Night().go(1, HIGH, hours=24).events[0].evidence
    assert (lasting["forecast"]["known"], lasting["forecast"]["hours_expected"]) == (True, None)
    short: Any = Night().go(1, SUPPLY, hours=6.12345).events[0].evidence
    assert short["forecast"]["hours_pessimistic"] == 6.123
