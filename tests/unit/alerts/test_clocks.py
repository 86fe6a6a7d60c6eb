"""Clocks of stations: ahead, behind, set back; what is caught up with is no fault, and nothing is late for ever."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from services.alerts.clocks import in_words
from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, to_json, version_of
from services.core.catalogue.resolve import make_clock_rule
from services.core.clock import DAY, HOUR, MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.journal import canonical_journal
from services.core.quality import Quality
from services.core.records import AlarmEvent, Config, Record, Tick
from tests.unit.alerts.build import point, rule, site, station

T0 = 1_700_000_000 * SECOND
STEP = 10 * SECOND


def plant(clock: bool = True, **more: Any) -> Site:
    """An RTU that errs, and one beside it that is right; both raise an alarm above 5, after 10 s."""
    stations = tuple(station(name, stale_after=180, off_delay=0) for name in ("rtu", "right"))
    stations = tuple(s.model_copy(update={"clock": make_clock_rule() if clock else None}) for s in stations)
    points = [point("level", rule("high", "high", 5, clear=4, on_delay=10), station=s.id) for s in stations]
    return site(*points, stations=stations, **more)


def config(made: Site, at: int = 0) -> Config:
    text = to_json(made)
    return Config("no3", version_of(text), text, T0 + at)


def frame(name: str, now: int, error: int, value: float = 1, readings: int = 2) -> Frame:
    """As the bridge makes it: two readings of the last 10 s by a clock that errs by `error`, held against `now`."""
    times = T0 + now + error - np.arange(readings)[::-1] * 5 * SECOND
    received = T0 + now
    ahead = times > received + MINUTE
    kept = (times <= received + DAY) & (times > 10**9 * SECOND)
    through = T0 + now + error
    known = times[kept & ~ahead]
    if not 10**9 * SECOND < through <= received + MINUTE:
        through = int(known.max()) if len(known) else received
    strange = ahead.any() or not kept.all()
    points = np.full(len(times), int(name == "right"), np.int32)
    return make_frame(
        "no3", name, times[kept], points[kept], np.full(len(times), value)[kept],
        np.where(ahead, Quality.CLOCK, Quality.GOOD).astype(np.uint8)[kept],
        through=through, clock=max(1, T0 + now + error) if strange else 0, epoch=1, number=1 + now // SECOND,
    )  # fmt: skip


def night(errors: Iterable[tuple[int, int | None]], until: int, every: int = STEP) -> list[Record]:
    """Both report every 10 s, and ticks follow; errors: (from, ns that the RTU's clock errs; None: it is silent)."""
    changes = sorted(errors)
    log: list[Record] = []
    for now in range(STEP, until + 1, STEP):
        error = [e for at, e in changes if at <= now][-1]
        if error is not None:
            log.append(frame("rtu", now, error))
        log.append(frame("right", now, 0))
        if now % every == 0:
            log.append(Tick(T0 + now))
    return log


def fold(log: Sequence[Record], made: Site | None = None) -> list[AlarmEvent]:
    """The whole at once; cut and restarted at every 40th record it must be the same, state and all."""
    whole = [config(made or plant()), *log]
    processor = AlertProcessor()
    out = processor.step("no3", whole)
    parts, other = [], AlertProcessor()
    for k in range(0, len(whole), 40):
        parts += other.step("no3", whole[k : k + 40])
        state, other = other.dump("no3"), AlertProcessor()
        other.load("no3", state)
    assert list(canonical_journal(parts)) == list(canonical_journal(out))
    assert other.dump("no3") == processor.dump("no3")
    return [event for event in out if isinstance(event, AlarmEvent)]


def clocks(events: Sequence[AlarmEvent]) -> list[tuple[Any, ...]]:
    """(minutes, transition, cause) of the clock alarms, all of which are the RTU's."""
    mine = [e for e in events if e.rule == "station-clock" and e.transition != "superseded"]
    assert {e.station for e in mine} <= {"rtu"}
    return [((e.time - T0) / MINUTE, e.transition, e.cause) for e in mine]


RAISED, CLEARED = "raised", "cleared"


def test_eight_hours_ahead_is_told_at_once_and_right_again_after_five_minutes():
    events = fold(night([(0, 8 * HOUR), (20 * MINUTE, 0)], 40 * MINUTE))
    assert clocks(events) == [
        (1 / 6, RAISED, "clock ahead by 8 h 0 min"),
        (25, CLEARED, "clock right again"),
    ]
    (raised,) = [e for e in events if e.rule == "station-clock" and e.transition == RAISED]
    assert (raised.value, raised.unit, raised.limit, raised.priority) == (8 * 3600.0, "s", None, "medium")
    assert (raised.annunciated, raised.state, raised.quality) == (True, "B", "clock")
    assert not any(e.rule != "station-clock" for e in events)  # it was heard, and nothing was late


def test_a_clock_of_the_factory_is_told_though_no_reading_of_it_could_be_kept():
    (first, *_) = fold(night([(0, -T0 + HOUR)], 5 * MINUTE))
    assert first.rule == "station-clock"
    assert first.cause == "clock behind by 19675 d 21 h"


def test_decades_ahead_moves_nothing():
    events = fold(night([(0, 0), (10 * MINUTE, 200 * 365 * DAY), (20 * MINUTE, 0)], 30 * MINUTE))
    assert clocks(events) == [(10, RAISED, "clock ahead by 73000 d 0 h"), (25, CLEARED, "clock right again")]
    assert len(events) == 2


def test_eight_hours_behind_from_the_beginning_is_told_after_ten_minutes():
    events = fold([Tick(T0), *night([(0, -8 * HOUR), (30 * MINUTE, 0)], 45 * MINUTE)])
    assert clocks(events) == [
        (10 + 1 / 6, RAISED, "clock behind by 8 h 0 min"),
        (35, CLEARED, "clock right again"),
    ]
    assert [(e.transition, e.rule) for e in events if e.rule != "station-clock" and e.station == "rtu"] == [
        (RAISED, "station-silent"),
        (CLEARED, "station-silent"),
    ]


def test_a_jump_of_eight_hours_back_is_told_within_minutes_and_its_readings_are_historical():
    log = night([(0, 0), (10 * MINUTE, -8 * HOUR), (30 * MINUTE, 0)], 45 * MINUTE)
    wild = [frame("rtu", 15 * MINUTE + k * STEP, -8 * HOUR, value=9) for k in range(4)]
    at = next(i for i, r in enumerate(log) if isinstance(r, Tick) and r.time == T0 + 15 * MINUTE)
    events = fold([*log[:at], *wild, *log[at:]])
    assert clocks(events) == [
        (11, RAISED, "clock set back by 8 h 0 min"),
        (35, CLEARED, "clock right again"),
    ]
    assert not any(e.rule == "high" and not e.lane for e in events)


def test_five_minutes_ahead_and_back_leaves_the_readings_live():
    log = night([(0, 0), (10 * MINUTE, 5 * MINUTE), (15 * MINUTE, 0)], 25 * MINUTE)
    log += [frame("rtu", 25 * MINUTE + k * STEP, 0, value=9) for k in range(1, 4)] + [Tick(T0 + 26 * MINUTE)]
    events = fold(log)
    assert clocks(events) == [(10, RAISED, "clock ahead by 5 min 0 s"), (20, CLEARED, "clock right again")]
    assert [(e.rule, e.lane, e.annunciated) for e in events if e.rule == "high"] == [("high", "", True)]


def test_three_minutes_back_is_told_before_it_has_read_its_way_out_of_it():
    events = fold(night([(0, 0), (10 * MINUTE, -3 * MINUTE), (20 * MINUTE, 0)], 30 * MINUTE))
    assert clocks(events) == [(11, RAISED, "clock set back by 3 min 0 s"), (25, CLEARED, "clock right again")]


@pytest.mark.parametrize("seconds", [30, 59])
def test_what_is_within_a_minute_is_nobodys_fault(seconds: int):
    error = seconds * SECOND
    assert not clocks(fold(night([(0, 0), (5 * MINUTE, error), (8 * MINUTE, -error), (20 * MINUTE, 0)], 30 * MINUTE)))


@pytest.mark.parametrize("speed", [2, 6, 60])
@pytest.mark.parametrize("birth", [False, True])
def test_a_backlog_after_an_outage_is_no_fault_of_the_clock(speed: int, birth: bool):
    """The link is down for two hours; then what was kept comes in order, faster than time, after a birth or without."""
    down, up = 10 * MINUTE, 130 * MINUTE
    log = night([(0, 0), (down, None)], up)
    read, now = down, up
    if birth:
        log.append(frame("rtu", up, 0, readings=1))
    while read < now:
        now += STEP
        for _ in range(speed):
            read = min(read + STEP, now)
            log.append(frame("rtu", read, 0))
        log += [frame("right", now, 0), Tick(T0 + now)]
    log += [r for r in night([(0, 0)], now + 10 * MINUTE) if _time(r) > T0 + now]
    assert not clocks(fold(log))


def _time(record: Record) -> int:
    return record.through if isinstance(record, Frame) else record.time


def test_a_single_late_frame_is_no_fault_of_the_clock():
    log = night([(0, 0)], 20 * MINUTE)
    for at in (300, 310, 900):
        log.insert(at, frame("rtu", 5 * MINUTE, 0, value=9))
    assert not clocks(fold(log))


def test_readings_that_err_behind_a_gateway_that_is_right_are_told_too():
    log: list[Record] = []
    for now in range(STEP, 20 * MINUTE, STEP):
        wrong = frame("rtu", now, -8 * HOUR)
        log += [
            make_frame("no3", "rtu", wrong.times, wrong.points, wrong.values, through=T0 + now, epoch=1, number=now)
        ]
        log += [make_frame("no3", "rtu", *_EMPTY, through=T0 + now + SECOND, epoch=1, number=now + 1)]
        log += [frame("right", now, 0), Tick(T0 + now), Tick(T0 + now + SECOND)]
    assert clocks(fold(log)) == [(10 + 1 / 6, RAISED, "clock behind by 8 h 0 min")]


_EMPTY = (np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0))

TIMELINE = [(0, 0), (10 * MINUTE, 8 * HOUR), (15 * MINUTE, 0), (30 * MINUTE, -3 * MINUTE), (36 * MINUTE, 0)]


@pytest.mark.parametrize("seed", range(3))
def test_how_frames_are_cut_and_stations_interleave_does_not_matter(seed: int):
    """Between ticks: frames are cut reading by reading or joined, the stations change places, all in order."""
    order = random.Random(seed)
    plain = night(TIMELINE, 50 * MINUTE, every=3 * STEP)
    log: list[Record] = []
    between: dict[str, list[Frame]] = {"rtu": [], "right": []}
    for record in plain:
        if isinstance(record, Frame):
            between[record.station] += _cut(record) if order.random() < 0.5 else [record]
            continue
        for name in order.sample(sorted(between), 2):
            log += between[name]
            between[name] = []
        log.append(record)
    told = clocks(fold(log))
    assert told == clocks(fold(plain))
    assert len(told) == 4


def _cut(one: Frame) -> list[Frame]:
    """A frame a reading, each as it would have been made had it come alone."""
    times = one.times.tolist()
    return [
        make_frame(
            "no3", one.station, one.times[k : k + 1], one.points[k : k + 1], one.values[k : k + 1],
            one.quality[k : k + 1], through=one.through if one.quality[k] or k else times[k],
            clock=one.clock and times[k], epoch=1, number=1,
        )
        for k in range(len(times))
    ]  # fmt: skip


def test_where_readings_may_be_late_a_wrong_clock_is_told_by_the_same_amount():
    made = plant(lateness=5 * MINUTE)
    log = night([(0, 0), (10 * MINUTE, 8 * HOUR), (20 * MINUTE, 0), (40 * MINUTE, -8 * HOUR)], 60 * MINUTE)
    assert [one[1:] for one in clocks(fold(log, made))] == [
        (RAISED, "clock ahead by 8 h 0 min"),
        (CLEARED, "clock right again"),
        (RAISED, "clock set back by 8 h 0 min"),
    ]


def test_a_change_of_catalogue_keeps_what_is_known_of_the_clocks():
    log = night([(0, -8 * HOUR)], 20 * MINUTE)
    middle = len(log) // 4
    log.insert(middle, config(plant().model_copy(update={"name": "other"}), 5 * MINUTE))
    assert clocks(fold([Tick(T0), *log])) == [(10 + 1 / 6, RAISED, "clock behind by 8 h 0 min")]
    without = [*night([(0, 8 * HOUR)], 5 * MINUTE), config(plant(clock=False), 5 * MINUTE)]
    assert [one[1:] for one in clocks(fold(without))] == [
        (RAISED, "clock ahead by 8 h 0 min"),
        (CLEARED, "rule changed"),
    ]


def test_a_station_whose_clock_nobody_wants_to_know_of_has_no_alarm():
    assert not clocks(fold(night([(0, 8 * HOUR)], 10 * MINUTE), plant(clock=False)))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(180, "3 min 0 s"), (-59.6, "1 min 0 s"), (28_799.9, "8 h 0 min"), (86_399, "1 d 0 h"), (4_852_000, "56 d 4 h")],
)
def test_the_error_is_told_in_words(seconds: float, words: str):
    assert in_words(seconds) == words


def test_while_all_is_well_nothing_hangs_on_where_the_ticks_are():
    states = []
    for every in (STEP, 2 * STEP, 6 * STEP):
        processor = AlertProcessor()
        processor.step("no3", [config(plant()), *night([(0, 0)], 20 * MINUTE, every)])
        states.append(processor.dump("no3"))
    assert states[0] == states[1] == states[2]
