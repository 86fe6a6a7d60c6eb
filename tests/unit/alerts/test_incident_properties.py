"""What holds of an intake crisis whatever is missing, and in whatever order it comes."""

from __future__ import annotations

import random
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from services.alerts.diagnosis import Diagnosis
from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, load_catalogue, to_json, version_of
from services.core.clock import MINUTE
from services.core.codec import encode_output
from services.core.frame import Frame
from services.core.records import Config, IncidentEvent, Record
from services.job.places import PROJECT
from tests.unit.alerts.incident_scripts import Script, made
from tests.unit.alerts.plants import T0, frame, merged

START = {
    "raw_turbidity": 40, "screen_head": 0.05, "flow_ratio": 100, "required_flow": 4000, "submergence": 3.0,
    "pumps_running": 6, "level": 3.5, "inflow": 3800, "outflow": 4000, "hours_pessimistic": 24, "hours_expected": 24,
    "hours_optimistic": 24, "upstream": 2.0,
}  # fmt: skip
SENSORS = ("raw_turbidity", "screen_head", "flow_ratio", "submergence", "level", "hours_pessimistic", "inflow")
SUBSETS = [frozenset(s) for n in range(len(SENSORS) + 1) for s in combinations(SENSORS, n)]
USE = {"roles": {"upstream": "river/upstream"}}
ORDER = ("", "surge", "restricted", "threatened")
TURBID, BLOCKED = "raw_turbidity/turbidity-high", "screen_head/screen-head-structural"
DRAWN, LOW, LESS = "submergence/submergence-low", "flow_ratio/flow-low", "hours_pessimistic/supply-threatened"

#: (minutes, alarms, readings, level a minute). From 60 to 300 the flow is half of what is required.
STORM: list[tuple[float, tuple[str, ...], dict[str, float], float]] = [
    (30, (), {}, 0.0),
    (30, (TURBID,), {"raw_turbidity": 500}, 0.0),
    (10, (TURBID, BLOCKED, DRAWN), {"screen_head": 1.1, "submergence": 1.8, "flow_ratio": 50, "inflow": 1900}, -0.01),
    (50, (TURBID, BLOCKED, DRAWN, LOW), {}, -0.01),
    (80, (TURBID, LOW, LESS), {"screen_head": 0.1, "submergence": 3.0, "hours_pessimistic": 6}, -0.005),
    (100, (TURBID, LOW), {"raw_turbidity": 250, "hours_pessimistic": 14}, 0.01),  # night fills the well
    (130, (), {"raw_turbidity": 60, "flow_ratio": 98, "inflow": 3800, "hours_pessimistic": 20}, 0.005),
]
RESTRICTED_UNTIL = 300


@cache
def storm(missing: frozenset[str], lost_at: float = 0, until: float = 1e9) -> Script:
    """The night without the sensors `missing`: from the start, or from minute `lost_at` with its alarms held."""
    script = Script("intake-crisis", START, USE, step=120)
    held: set[str] = set()
    now = 0.0
    for minutes, alarms, values, level in STORM:
        if now >= until:
            break
        lost = missing if now >= lost_at else frozenset()
        mine = [a for a in alarms if a.partition("/")[0] not in lost]
        held |= {a for a in alarms if a.partition("/")[0] in missing and now < lost_at}
        unknown: dict[str, Any] = dict.fromkeys(lost)
        script.go(minutes, [*mine, *(held - set(mine) if lost else ())], values | unknown, {"level": level})
        now += minutes
    return script


@pytest.mark.parametrize("lost_at", [0, 120])
def test_whatever_is_missing_it_never_relaxes_while_the_intake_gives_half(lost_at: float) -> None:
    for missing in SUBSETS:
        reached = 0
        for event in storm(missing, lost_at, RESTRICTED_UNTIL).events:
            assert event.phase in ORDER, f"{event.phase} at {event.time / MINUTE} min without {sorted(missing)}"
            assert ORDER.index(event.phase) >= reached
            reached = ORDER.index(event.phase)


def test_whoever_still_sees_the_flow_or_what_comes_of_it_calls_the_intake_restricted() -> None:
    for missing in SUBSETS:
        by_level = {"screen_head", "submergence"} & missing
        seen = not {"flow_ratio", "inflow"} <= missing or not by_level or "hours_pessimistic" not in missing
        phases = {event.phase for event in storm(missing, 0, RESTRICTED_UNTIL).events}
        assert bool(phases & {"restricted", "threatened"}) == seen, sorted(missing)


def test_with_everything_seen_it_recovers_and_closes_and_with_nothing_it_does_neither() -> None:
    assert [phase for _, phase in storm(frozenset()).story()] == [
        "surge", "restricted", "threatened", "recovering", "closed",
    ]  # fmt: skip
    assert storm(frozenset(SENSORS), 120).phase == "restricted"
    for missing in SUBSETS:
        if {"flow_ratio", "inflow"} <= missing or "level" in missing:
            assert all(event.phase != "closed" for event in storm(missing, 120).events), sorted(missing)


def test_confidence_falls_with_every_piece_of_evidence_that_is_missing() -> None:
    value: dict[frozenset[str], float] = {}
    for missing in SUBSETS:
        script = storm(missing, 0, RESTRICTED_UNTIL)
        found = script.model.confidence(script.instant)
        value[missing] = found["value"]
        assert len(found["missing"]) == len(missing - {"inflow"})
    assert value[frozenset()] == 1.0
    for missing, share in value.items():
        for one in missing:
            assert share <= value[missing - {one}], f"{sorted(missing)} is surer than without {one}"
    assert value[frozenset(SENSORS)] < 0.1


# --- order of arrival ----------------------------------------------------------------------------------------


def site() -> Site:
    return load_catalogue(PROJECT / "sites" / "liuyang.yaml").site("no3")


def frames(no3: Site, minutes: int) -> dict[str, list[Frame]]:
    """Two stations' readings, a minute a frame: turbid from minute 35 on, half the flow from minute 45 on."""
    index = no3.point_index
    made: dict[str, list[Frame]] = {"intake": [], "clearwell": []}
    for m in range(minutes):
        turbid, blocked = m >= 35, m >= 45
        shown = {
            "intake": {
                "state": 3, "raw_turbidity": 1500 if turbid else 40 + m % 3, "raw_turbidity_sample_flow": 1,
                "screen_head": 1.1 if blocked else 0.05 + m % 2 / 100, "submergence": 1.8 if blocked else 3.0,
                "raw_flow": 1800 if blocked else 4300, "required_flow": 4380, "pumps_running": 6,
            },
            "clearwell": {"state": 3, "level": 3.4 - 0.01 * m, "inflow": 1700 if blocked else 4100, "outflow": 4600},
        }  # fmt: skip
        for name, values in shown.items():
            at = T0 + 60 * m + (7 if name == "intake" else 13)
            readings = [(at, index[f"{name}/{point}"], value) for point, value in values.items()]
            made[name].append(frame(name, at, *readings))
    return made


def test_any_order_of_arrival_and_any_restart_gives_the_same_incident() -> None:
    no3 = site()
    text = to_json(no3)
    told: list[list[tuple[str, bytes]]] = []
    for seed in range(2):
        log: list[Record] = merged(frames(no3, 55), random.Random(seed), [T0 + 1500 * n + 3 for n in range(1, 4)])
        processor, outputs = AlertProcessor(), []
        queue: list[Record] = [Config("no3", version_of(text), text, 0), *log]
        while queue:
            many = 1 + seed * 50
            outputs += processor.step("no3", queue[:many])
            queue = queue[many:]
            if seed == 1:  # a restart after every batch
                state, processor = processor.dump("no3"), AlertProcessor()
                processor.load("no3", state)
        told.append([encode_output(one) for one in outputs if isinstance(one, IncidentEvent)])
    phases = [one.phase for one in outputs if isinstance(one, IncidentEvent)]
    assert phases[:2] == ["surge", "restricted"]
    assert told[0] == told[1]


# --- a change of the catalogue -------------------------------------------------------------------------------


def test_a_change_keeps_an_open_incident_and_ends_one_that_is_no_longer_diagnosed() -> None:
    asked = made("intake-crisis")
    old = Diagnosis(asked)
    night = storm(frozenset(), 0, 100)
    old.models[0].memory = night.model.memory
    same = Diagnosis(made("intake-crisis", {"other_sources": [{"name": "a", "capacity": 9, "start_minutes": 9}]}))
    assert same.adopt(old, [], 7) == []
    assert same.models[0].memory.incident == night.events[-1].incident
    (end,) = Diagnosis(asked.model_copy(update={"incidents": ()})).adopt(old, [], 7)
    assert (end.time, end.phase, end.incident) == (7, "closed", night.events[-1].incident)
    assert end.number == night.events[-1].number + 1
    assert "no longer diagnosed" in end.cause
    assert Diagnosis(asked.model_copy(update={"incidents": ()})).adopt(Diagnosis(asked), [], 7) == []
