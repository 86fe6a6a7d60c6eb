"""AlertProcessor: the same answer however the log is cut, interleaved or repeated; silence, death, new catalogues."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Point, Site, to_json, version_of
from services.core.catalogue.model import DerivedBy, Suppression
from services.core.clock import SECOND
from services.core.codec import encode_output
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.quality import Quality
from services.core.records import AlarmEvent, Command, Config, Derived, IncidentEvent, Output, Record, Tick
from tests.unit.alerts.build import Reading, columns, gate, point, rule, site, station

T0 = 1_000_000


#: What stands apart suppresses what is measured, what is computed, and a silence; and holds on for a while.
CAUSES = (
    Suppression(
        cause="lab/temperature/hot",
        hides=("intake/raw_turbidity/*", "intake/flow_ratio/*", "clearwell/*/station-silent"),
        because="hot", hold=30 * SECOND,
    ),
)  # fmt: skip


def plant(flow_low: float = 85, high: float = 5, **more: Any) -> Site:
    """Two stations whose readings meet in derived points, and one that stands apart."""
    ratio = DerivedBy(
        function="percent",
        inputs={"part": "intake/raw_flow", "whole": "clearwell/required_flow"},
        parameters={"least_whole": 1},
    )
    low = rule("flow-low", "low", flow_low, clear=90, on_delay=20, off_delay=30, gate=gate("state", 3, settle=10))
    points: list[Point] = [
        point("state", station="intake"),
        point(
            "raw_turbidity",
            rule("turbidity-high", "high", high, clear=4, on_delay=15, off_delay=20, hidden_by="turbidity-high-high"),
            rule("turbidity-high-high", "high", 7, clear=6, on_delay=10, off_delay=20, gate=gate("state", 3)),
            rule("instrument", "fault", on_delay=10, off_delay=10),
            station="intake", low=0, high=8, saturates=True,
        ),
        point("raw_flow", station="intake"),
        point("screen_head", station="intake"),
        point("level", rule("low", "low", 3, clear=4, on_delay=25, off_delay=5), station="clearwell"),
        point("required_flow", station="clearwell", stale_after=50),
        point("temperature", rule("hot", "high", 5, on_delay=15, off_delay=15), station="lab"),
        point("flow_ratio", low, station="intake", derived=ratio, unit="%"),
    ]  # fmt: skip
    stations = tuple(station(n, stale_after=60, off_delay=300) for n in ("intake", "clearwell", "lab"))
    return site(*points, stations=stations, incidents=("intake-crisis",), **more)


def rich(**more: Any) -> Site:
    """The same plant with every kind of rule and of derived point that remembers something."""
    made = plant(**more)
    wide = {"window": 60, "on_delay": 5, "off_delay": 15, "certain_after": 25}
    modes = [{"point": "raw_flow", "states": (5, 6), "limit": 2, "clear": 1}, {"months": (1,), "limit": 6, "clear": 5}]
    several = (
        rule("silent", "silent", on_delay=10, gate=gate("state", 3, settle=10)),
        rule("sum", "cusum_high", 1, clear=0.5, reference=3, slack=0.5, **wide),
        rule("mean", "ewma_low", 3, clear=4, **wide),
        rule("drift", "drift", 2, clear=1, **wide),
        rule("spikes", "spike", 2, count=2, **wide),
        rule("slope", "slope_up", 2, clear=1, **wide),
        rule("mode", "high", 4, clear=3, limits=modes, on_delay=5, off_delay=5, gate=gate("state", 3)),
    )
    head = made.points[3].model_copy(update={"rules": several, "stale_after": 45 * SECOND})
    flow = {"flow": "intake/raw_flow", "pressure": "clearwell/level"}
    three = {"one": "intake/raw_turbidity", "other_01": "intake/screen_head", "other_02": "lab/temperature"}
    four = {"air": "lab/temperature", "water": "intake/raw_turbidity", "flow": "intake/raw_flow"}
    derived: tuple[tuple[str, str, dict[str, str], dict[str, float | None]], ...] = (
        ("off", "from_median", three, {}),
        ("starts", "starts", {"running": "intake/raw_flow"}, {"hours": 0.1}),
        ("hours", "running_hours", {"running": "intake/raw_flow", "service": "clearwell/level"}, {}),
        ("surge", "surge_arrival", {"gauge": "lab/temperature"}, {"rise": 2, "minutes": 2, "travel_minutes": 3}),
        ("frost", "freeze_degree_hours", four, {"air_below": 4, "water_below": 4, "least_flow": 6}),
        ("night", "night_flow_rise", {"flow": "intake/raw_flow"}, {}),
        ("burst", "burst_excess", flow, {"drop": 1}),
        ("drawn", "from_mean", {"value": "intake/raw_flow"}, {"days": 0.01}),
    )
    alarm = rule("moved", "high", 1, limits=modes, on_delay=10, off_delay=10)
    points = tuple(
        point(name, alarm, station="intake", derived=DerivedBy(function=f, inputs=inputs, parameters=given))
        for name, f, inputs, given in derived
    )
    return made.model_copy(update={"points": (*made.points[:3], head, *made.points[4:], *points)})


NAMES = {"intake": (0, 1, 2, 3), "clearwell": (4, 5), "lab": (6,)}


def config(made: Site, time: int = 0) -> Config:
    text = to_json(made)
    return Config("no3", version_of(text), text, time * SECOND)


def frame(name: str, through: float, *readings: Reading, death: bool = False) -> Frame:
    times, points, values, quality = columns(sorted(readings, key=lambda r: (r[0], r[1])))
    return Frame("no3", name, times, points, values, quality, round(through * SECOND), death=death)


@st.composite
def frames(draw: st.DrawFn) -> dict[str, list[Frame]]:
    """By station: frames in order, some empty, some missing for longer than the station may be silent."""
    periods = draw(st.integers(3, 9))
    made: dict[str, list[Frame]] = {}
    for name, points in NAMES.items():
        made[name] = []
        for p in range(periods):
            low, high = T0 + 20 * p, T0 + 20 * p + 20
            if draw(st.integers(0, 4)) == 0:
                continue
            readings: list[Reading] = []
            for _ in range(draw(st.integers(0, 5))):
                which = draw(st.sampled_from(points))
                values = [3, 3, 3, 1] if which == 0 else [0, 2, 3, 4, 5, 6, 7, 7.5, 8]
                code = draw(st.sampled_from([0] * 9 + [128, Quality.CLOCK]))
                at = draw(st.integers(low + 1, high)) + (7200 if code == Quality.CLOCK else 0)
                readings.append((at, which, draw(st.sampled_from(values)), int(code)))
            made[name].append(frame(name, high, *readings))
    return made


def merged(by_station: dict[str, list[Frame]], order: random.Random, ticks: Sequence[int]) -> list[Record]:
    """Some interleaving: each station in its own order, a tick after every frame that reaches no further."""
    queues = {name: list(one) for name, one in by_station.items()}
    log: list[Record] = []
    waiting = sorted(ticks)
    while any(queues.values()):
        name = order.choice([n for n, q in queues.items() if q])
        # Between ticks a station may run ahead of the others, as after a reconnect.
        for _ in range(order.choice([1, 1, 1, 3])):
            if queues[name]:
                log.append(queues[name].pop(0))
        while waiting and all(f.through > waiting[0] * SECOND for q in queues.values() for f in q):
            log.append(Tick(waiting.pop(0) * SECOND))
    return log + [Tick(t * SECOND) for t in waiting]


ticks = st.lists(st.integers(T0 + 1, T0 + 400), max_size=5, unique=True)
#: At the ends of frames: then what comes after a tick holds nothing from before it, in any interleaving.
marks = st.lists(st.integers(1, 20).map(lambda n: T0 + 20 * n), max_size=5, unique=True)
orders = st.randoms(use_true_random=False)


def fold(log: Sequence[Record]) -> list[Output]:
    return AlertProcessor().step("no3", [config(plant()), *log])


def guarded(log: Sequence[Record]) -> list[Output]:
    return AlertProcessor().step("no3", [config(rich(suppressions=CAUSES)), *log])


def as_bytes(outputs: Sequence[Output]) -> list[tuple[str, bytes]]:
    return [encode_output(o) for o in outputs]


def journal(outputs: Sequence[Output]) -> list[str]:
    return list(canonical_journal(outputs))


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
        state.replace(b'"schema": 4', b'"schema": 9'),
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
