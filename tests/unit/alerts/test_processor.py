"""AlertProcessor: the same answer however the log is cut, interleaved or repeated; silence, death, new catalogues."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.detection.layout import STATE_SCHEMA
from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site
from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, Command, Config, Derived, IncidentEvent, Output, Record, Tick
from tests.unit.alerts.build import gate, point, rule
from tests.unit.alerts.plants import (
    CAUSES,
    T0,
    as_bytes,
    config,
    fold,
    frame,
    frames,
    guarded,
    journal,
    marks,
    merged,
    orders,
    plant,
    rich,
    ticks,
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(frames(), ticks, orders, st.booleans())
def test_any_cut_and_any_restart_give_the_same_outputs(
    by_station: dict[str, list[Frame]], when: list[int], order: random.Random, change: bool
) -> None:
    log = merged(by_station, order, when)
    if change:
        at = order.randint(0, len(log))
        log[at:at] = [config(rich(flow_low=80, high=6, demand=None, suppressions=CAUSES), T0 + 60)]
    log = [config(rich(suppressions=CAUSES)), *log, Command("c", "no3", 1, "w", "y", "acknowledge")]
    whole = AlertProcessor()
    expected = as_bytes(whole.step("no3", log))
    cut, found = AlertProcessor(), []
    at = 0
    while at < len(log):
        size = order.choice([1, 1, 2, 3, 7])
        found += as_bytes(cut.step("no3", log[at : at + size]))
        at += size
        if order.random() < 0.5:
            state = cut.dump("no3")
            cut = AlertProcessor()
            cut.load("no3", state)
            assert cut.dump("no3") == state
    assert found == expected
    assert cut.dump("no3") == whole.dump("no3")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(frames(), marks, orders)
def test_how_the_stations_interleave_does_not_matter(
    by_station: dict[str, list[Frame]], when: list[int], order: random.Random
) -> None:
    one = guarded(merged(by_station, order, when))
    two = guarded(merged(by_station, order, when))
    assert journal(one) == journal(two)
    assert computed(one) == computed(two)


def computed(outputs: Sequence[Output]) -> list[tuple[int, int, str, int]]:
    return sorted(
        row
        for o in outputs
        if isinstance(o, Derived)
        for row in zip(
            o.frame.times.tolist(),
            o.frame.points.tolist(),
            map(repr, o.frame.values.tolist()),
            o.frame.quality.tolist(),
            strict=True,
        )
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(frames(), ticks, orders)
def test_frames_that_come_twice_change_nothing(
    by_station: dict[str, list[Frame]], when: list[int], order: random.Random
) -> None:
    log = merged(by_station, order, when)
    twice = list(log)
    for one in log:
        if isinstance(one, Frame) and order.random() < 0.7:
            first = next(i for i, r in enumerate(twice) if r is one)
            twice.insert(order.randint(first + 1, len(twice)), one)
    assert journal(guarded(twice)) == journal(guarded(log))


def told(outputs: Sequence[Output], *names: str) -> list[tuple[Any, ...]]:
    return [
        tuple((e.time / SECOND - T0) if n == "at" else getattr(e, n) for n in names)
        for e in sorted((o for o in outputs if isinstance(o, AlarmEvent)), key=lambda e: (e.time, e.number))
    ]


SILENT = ("at", "station", "transition", "cause")


def test_a_silent_station_alarms_at_its_heartbeat_deadline_and_clears_five_minutes_after_it_is_heard() -> None:
    log: list[Record] = [frame("lab", T0, (T0, 6, 1.0)), Tick((T0 + 59) * SECOND)]
    assert told(fold(log)) == []
    log += [Tick((T0 + 100) * SECOND), frame("lab", T0 + 130, (T0 + 120, 6, 1.0))]
    log += [frame("lab", T0 + t) for t in range(140, 440, 20)] + [Tick((T0 + 430) * SECOND)]
    assert told(fold(log), *SILENT) == [
        (60, "lab", "raised", "station silent"),
        (420, "lab", "cleared", "returned to normal"),
    ]
    occurrence = told(fold(log), "occurrence")[0][0]
    assert occurrence == f"no3/lab/station/station-silent@{(T0 + 60) * SECOND}"


def test_a_gap_is_silence_even_when_no_tick_came_in_it() -> None:
    log: list[Record] = [frame("lab", T0, (T0, 6, 1.0)), frame("lab", T0 + 200, (T0 + 150, 6, 1.0))]
    log.append(Tick((T0 + 201) * SECOND))  # until then an incident might still be found at the time of the silence
    assert told(fold(log), *SILENT) == [(60, "lab", "raised", "station silent")]
    within: list[Record] = [frame("lab", T0, (T0, 6, 1.0)), frame("lab", T0 + 60, (T0 + 60, 6, 1.0))]
    assert told(fold(within)) == []


def test_a_silent_station_lets_its_alarms_stand_uncertain() -> None:
    log: list[Record] = [frame("lab", T0, (T0, 6, 9.0)), frame("lab", T0 + 20), Tick((T0 + 300) * SECOND)]
    log += [frame("lab", T0 + 400, (T0 + 400, 6, 9.0))]
    assert told(fold(log), "at", "rule", "transition") == [
        (15, "hot", "raised"),
        (80, "station-silent", "raised"),
        (80, "hot", "uncertain"),
        (400, "hot", "certain"),
    ]


def test_heartbeats_without_readings_are_not_silence_and_the_value_holds() -> None:
    log: list[Record] = [frame("lab", T0, (T0, 6, 1.0), (T0, 6, 9.0)), frame("lab", T0 + 5, (T0 + 5, 6, 9.0))]
    for t in range(20, 4000, 20):
        log += [frame("lab", T0 + t), Tick((T0 + t) * SECOND)]
    assert told(fold(log), "at", "rule", "transition") == [(20, "hot", "raised")]


def test_a_death_certificate_speaks_at_once_and_only_once() -> None:
    log: list[Record] = [frame("lab", T0, (T0, 6, 9.0)), frame("lab", T0 + 17, death=True)]
    log += [frame("lab", T0 + 30, death=True), Tick((T0 + 500) * SECOND)]
    assert told(fold(log), "at", "rule", "transition", "cause") == [
        (15, "hot", "raised", "condition met"),
        (17, "station-silent", "raised", "death certificate"),
        (17, "hot", "uncertain", "quality lost"),
    ]


def test_a_repetition_of_what_was_heard_is_no_sign_of_life() -> None:
    one = frame("lab", T0, (T0, 6, 1.0))
    log: list[Record] = [one, Tick((T0 + 100) * SECOND), one, Tick((T0 + 1000) * SECOND)]
    assert told(fold(log), "at", "transition") == [(60, "raised")]


def test_a_clock_that_runs_ahead_neither_silences_nor_fills_the_memory() -> None:
    ahead = T0 + 80 * 365 * 86400
    log: list[Record] = [frame("intake", T0, (T0, 2, 5.0)), frame("clearwell", T0, (T0, 5, 5.0))]
    log += [frame("intake", T0 + 20, (ahead, 2, 9.0, Quality.CLOCK)), frame("clearwell", T0 + 20)]
    processor = AlertProcessor()
    outputs = processor.step("no3", [config(plant()), *log, Tick((T0 + 40) * SECOND)])
    assert told(outputs) == []
    assert len(computed(outputs)) == 5
    assert len(processor._folds["no3"].grid._v) < 1000


BUSY: list[Record] = [
    frame("intake", T0 + 40, (T0, 0, 3), (T0, 1, 7.5), (T0 + 20, 1, 7.5)),
    frame("lab", T0 + 40, (T0, 6, 9)),
]


def changed(new: Site, *after: Record, before: Sequence[Record] = ()) -> list[Output]:
    processor = AlertProcessor()
    processor.step("no3", [config(plant()), *BUSY, Tick((T0 + 40) * SECOND), *before])
    return processor.step("no3", [config(new, T0 + 45), *after])


def test_a_changed_rule_closes_its_occurrence_and_an_unchanged_one_survives() -> None:
    later: list[Record] = [frame("lab", T0 + 60, (T0 + 50, 6, 1)), Tick((T0 + 70) * SECOND)]
    out = changed(plant(high=5.5), *later)
    assert told(out, "at", "rule", "transition", "number", "cause") == [
        (45, "turbidity-high", "cleared", 2, "rule changed"),
        (65, "hot", "cleared", 2, "returned to normal"),
    ]
    assert told(changed(plant()), "rule") == []  # the same version again


def test_when_the_worse_rule_changes_the_alarm_that_it_hid_is_shown() -> None:
    made = plant()
    worse = made.points[1].rules[1].model_copy(update={"limit": 7.2})
    points = list(made.points)
    points[1] = points[1].model_copy(update={"rules": (points[1].rules[0], worse, points[1].rules[2])})
    out = changed(made.model_copy(update={"points": tuple(points)}))
    assert told(out, "at", "rule", "transition", "number", "annunciated") == [
        (45, "turbidity-high-high", "cleared", 2, True),
        (45, "turbidity-high", "unhidden", 2, False),
    ]


def test_a_changed_rule_knows_at_once_that_its_gate_is_closed() -> None:
    made = plant()
    gated = rule("hot", "high", 4, gate=gate("room", 1))
    points = [*made.points, point("room", station="lab")]

    def with_limit(limit: float) -> Site:
        own = [p.model_copy(update={"rules": (gated.model_copy(update={"limit": limit}),)}) if p.name == "temperature"
               else p for p in points]  # fmt: skip
        return made.model_copy(update={"points": tuple(own)})

    processor = AlertProcessor()
    shut = frame("lab", T0, (T0, 6, 3), (T0, 8, 2))
    out = processor.step(
        "no3", [config(with_limit(4)), shut, config(with_limit(4.5)), frame("lab", T0 + 9, (T0 + 9, 6, 9))]
    )
    assert told(out) == []
    assert told(processor.step("no3", [frame("lab", T0 + 20, (T0 + 10, 8, 1), (T0 + 11, 6, 9))]), "at") == [(11,)]


def test_a_station_that_is_silent_when_its_rule_changes_alarms_anew() -> None:
    made = plant()
    stations = tuple(
        s.model_copy(update={"stale": s.stale.model_copy(update={"response": "walk"})}) for s in made.stations
    )
    silent: list[Record] = [frame("lab", T0 + 50), Tick((T0 + 200) * SECOND)]
    out = changed(made.model_copy(update={"stations": stations}), before=silent)
    mine = [e for e in told(out, "at", "station", "rule", "transition") if e[1:3] == ("lab", "station-silent")]
    assert [(e[0], e[3]) for e in mine] == [(200, "raised"), (200, "cleared")]  # of two occurrences


def test_an_incident_sees_what_was_raised_just_before_a_change() -> None:
    log: list[Record] = [
        frame("clearwell", T0, (T0, 5, 1)),
        frame("intake", T0 + 40, (T0, 0, 3), (T0, 1, 6), (T0 + 30, 1, 6)),
        config(plant(flow_low=80), T0 + 35),
        frame("clearwell", T0 + 40),
    ]
    outputs = fold(log)
    incidents = [(o.time / SECOND - T0, o.phase) for o in outputs if isinstance(o, IncidentEvent)]
    assert incidents == [(20, "surge")]


def test_without_a_configuration_there_is_nothing() -> None:
    processor = AlertProcessor()
    assert processor.step("no3", [*BUSY, Tick(T0 * SECOND)]) == []
    assert processor.dump("no3") == b""
    processor.step("no3", [config(plant())])
    processor.load("no3", b"")
    assert processor.step("no3", BUSY) == []


def test_sites_do_not_see_each_other() -> None:
    processor = AlertProcessor()
    processor.step("no3", [config(plant())])
    assert processor.step("no1", BUSY) == []
    assert told(processor.step("no3", BUSY)) != []


def test_a_damaged_or_foreign_state_is_refused() -> None:
    processor = AlertProcessor()
    processor.step("no3", [config(plant()), *BUSY])
    state = processor.dump("no3")
    for damaged in (
        state[:10],
        state[:-1],
        state + b"x",
        b"xxxx" + state,
        state.replace(f'"schema": {STATE_SCHEMA}'.encode(), b'"schema": 999'),
    ):
        with pytest.raises(ValueError, match=r".+"):
            AlertProcessor().load("no3", damaged)


def test_a_configuration_that_is_none_raises_and_changes_nothing() -> None:
    processor = AlertProcessor()
    processor.step("no3", [config(plant()), *BUSY])
    before = processor.dump("no3")
    with pytest.raises(ValueError, match=r".+"):
        processor.step("no3", [Config("no3", "v9", "{}", 0)])
    assert processor.dump("no3") == before


def test_derived_readings_carry_what_the_kernel_judged() -> None:
    log: list[Record] = [frame("intake", T0 + 20, (T0, 2, 4)), frame("clearwell", T0 + 20, (T0, 5, 5))]
    (first, *_) = [o for o in fold(log) if isinstance(o, Derived)]
    assert first.frame.values.tolist() == [80.0] * len(first.frame)
    assert set(first.frame.points.tolist()) == {7}
    assert np.all(np.diff(first.frame.times) == 10 * SECOND)
