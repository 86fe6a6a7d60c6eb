"""What a change of catalogue or a restart in the wrong moment must not lose: the grid's place, its floor, an end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site
from services.core.catalogue.incident_use import IncidentUse
from services.core.clock import SECOND
from services.core.records import AlarmEvent, Derived, IncidentEvent, Output, Record, Tick
from tests.unit.alerts.plants import T0, config, frame, journal, plant


def tick(at: float) -> Tick:
    return Tick(round((T0 + at) * SECOND))


def run(log: Sequence[Record]) -> list[Output]:
    """The whole at once; restarted before every record it must be the same, state and all."""
    processor, other = AlertProcessor(), AlertProcessor()
    out = processor.step("no3", log)
    parts: list[Output] = []
    for record in log:
        parts += other.step("no3", [record])
        state, other = other.dump("no3"), AlertProcessor()
        other.load("no3", state)
    assert journal(parts) == journal(out)
    assert [o.frame.times.tolist() for o in parts if isinstance(o, Derived)] == [
        o.frame.times.tolist() for o in out if isinstance(o, Derived)
    ]
    assert other.dump("no3") == processor.dump("no3")
    return out


def both(at: float, flow: float) -> list[Record]:
    """Intake and clear well are heard: the flow, of 100 that are required, while the pumps run."""
    return [
        frame("intake", T0 + at, (T0 + at, 0, 3), (T0 + at, 2, flow)),
        frame("clearwell", T0 + at, (T0 + at, 4, 4), (T0 + at, 5, 100)),
    ]


@pytest.mark.parametrize("seconds", [5, 20, 60])
def test_a_grid_of_other_steps_goes_on_where_the_old_one_stood(seconds: int):
    log: list[Record] = [config(plant(), T0)]
    for at in range(10, 61, 10):
        log += [*both(at, 100), tick(at)]
    log.append(config(plant(grid=seconds * SECOND), T0 + 61))
    for at in range(70, 241, 10):
        log += [*both(at, 50), tick(at)]
    out = run(log)
    times = [t / SECOND - T0 for o in out if isinstance(o, Derived) for t in sorted(set(o.frame.times.tolist()))]
    assert times == sorted(set(times))
    assert max(b - a for a, b in pairwise(times)) <= seconds + 10
    assert times[-1] > 240 - seconds
    raised = [e for e in out if isinstance(e, AlarmEvent) and e.rule == "flow-low" and e.transition == "raised"]
    assert len(raised) == 1


def test_a_restart_before_the_first_instant_does_not_lower_where_the_grid_may_begin():
    intake = frame("intake", T0 + 105, (T0 + 104, 0, 3), (T0 + 104, 2, 50))
    older = frame("clearwell", T0 + 106, (T0 + 70, 5, 100), (T0 + 106, 5, 100))
    out = run([config(plant(), T0), tick(100), intake, older, tick(130)])
    first = min(int(o.frame.times[0]) for o in out if isinstance(o, Derived))
    assert first == (T0 + 110) * SECOND


def test_an_incident_that_a_change_ends_makes_no_later_silence_worse():
    turbid = [frame("intake", T0 + at, (T0 + at, 0, 3), (T0 + at, 1, 6)) for at in range(20, 401, 20)]
    clear = [frame("clearwell", T0 + at, (T0 + at, 4, 4)) for at in range(20, 401, 20)]
    lab = [frame("lab", T0 + at, (T0 + at, 6, 1)) for at in range(20, 201, 20)]
    log: list[Record] = [config(quiet("intake-crisis", "freeze-up"), T0)]
    for n, pair in enumerate(zip(turbid, clear, strict=True)):
        log += [*pair, *lab[n : n + 1], tick(20 * n + 20)]
        if n == 6:
            log.append(config(quiet("freeze-up"), T0 + 141))
    out = run(log)
    (ended,) = [e for e in out if isinstance(e, IncidentEvent) and e.phase == "closed"]
    assert "no longer diagnosed" in ended.cause
    silent = [e for e in out if isinstance(e, AlarmEvent) and (e.station, e.rule) == ("lab", "station-silent")]
    assert [(e.time / SECOND - T0, e.transition, e.priority) for e in silent] == [(260, "raised", "medium")]


def test_a_silence_from_before_an_incident_was_named_alarms_again_when_it_opens():
    log: list[Record] = [config(quiet(), T0), frame("lab", T0 + 20, (T0 + 20, 6, 1))]
    for at in range(20, 301, 20):
        log.append(frame("intake", T0 + at, (T0 + at, 0, 3), (T0 + at, 1, 6 if at > 200 else 1)))
        log += [frame("clearwell", T0 + at, (T0 + at, 4, 4)), tick(at)]
        if at == 140:
            log.append(config(quiet("intake-crisis"), T0 + 141))
    silent = [e for e in run(log) if isinstance(e, AlarmEvent) and e.station == "lab"]
    told = [(e.time / SECOND - T0, e.transition, e.priority, e.annunciated) for e in silent]
    assert told == [(80, "raised", "medium", True), (240, "realarmed", "high", True)]


def test_an_incident_that_is_named_while_its_alarm_stands_opens():
    log: list[Record] = [config(quiet(), T0)]
    for at in range(10, 241, 10):
        log += [*both(at, 50), tick(at)]
        if at == 140:
            log.append(config(quiet("intake-crisis"), T0 + 141))
    out = run(log)
    (raised,) = [e for e in out if isinstance(e, AlarmEvent) and e.rule == "flow-low"]
    assert raised.time < (T0 + 141) * SECOND
    (opened,) = [e for e in out if isinstance(e, IncidentEvent)]
    assert (opened.time / SECOND - T0, opened.phase) == (150, "restricted")


def quiet(*incidents: str) -> Site:
    """The plant, where a silence is medium as the catalogue has it."""
    made = plant()
    stale = made.stations[0].stale.model_copy(update={"priority": "medium"})
    stations = tuple(s.model_copy(update={"stale": stale}) for s in made.stations)
    uses = tuple(IncidentUse(model=name) for name in incidents)
    return made.model_copy(update={"stations": stations, "incidents": uses})
