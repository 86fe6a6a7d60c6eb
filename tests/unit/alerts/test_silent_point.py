"""A point that falls silent by itself, an instrument that flickers, and limits by plant mode and season."""

from __future__ import annotations

from typing import Any

import pytest

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Point, to_json
from services.core.clock import SECOND, parse_time
from services.core.frame import make_frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, Config, Record, Tick
from tests.unit.alerts.build import Bench, columns, gate, point, rule, site

HIGH = rule("h", "high", 5, on_delay=0, off_delay=30)
MUTE = rule("mute", "silent", on_delay=60)


def told(*records: Record, analyser: Point | None = None) -> list[tuple[float, str, str, str]]:
    """(s, rule, transition, cause) of a station with an analyser x (limit of its own: 100 s) and a level y."""
    x = analyser or point("x", HIGH, MUTE, stale_after=100)
    text = to_json(site(x, point("y")))
    out = AlertProcessor().step("no3", [Config("no3", "v1", text, 0), *records])
    events = [e for e in out if isinstance(e, AlarmEvent)]
    return sorted((e.time / SECOND, e.rule, e.transition, e.cause) for e in events)


def sent(*readings: tuple[float, int, float]) -> Record:
    times, points, values, _ = columns(list(readings))
    return make_frame("no3", "st", times, points, values)


def tick(seconds: float) -> Tick:
    return Tick(round(seconds * SECOND))


def level(start: int, end: int) -> Record:
    return sent(*[(t, 1, 2) for t in range(start, end, 10)])


def test_a_point_that_is_silent_while_its_station_is_heard_raises_and_what_stands_is_uncertain() -> None:
    got = told(sent((1000, 0, 6)), level(1010, 1300), tick(1300))
    assert got == [
        (1000, "h", "raised", "condition met"),
        (1100, "h", "uncertain", "point silent"),
        (1160, "mute", "raised", "point silent"),
    ]


@pytest.mark.parametrize("ticks", [[], [1101], [1050, 1120, 1159, 1165, 1170]])
def test_neither_ticks_nor_frames_decide_when_it_was_silent(ticks: list[float]) -> None:
    records = [sent((1000, 0, 6)), *(level(t, t + 10) for t in range(1010, 1300, 10)), sent((1300, 0, 1))]
    cut = [*records, *map(tick, ticks)]
    cut.sort(key=lambda r: (r.time if isinstance(r, Tick) else getattr(r, "through", 0), isinstance(r, Tick)))
    assert told(*cut, tick(1500)) == told(*records, tick(1500))
    assert ("mute", "cleared") in [(r, t) for _, r, t, _ in told(*cut, tick(1500))]


def test_a_station_that_falls_silent_with_it_is_the_stations_alarm_and_not_the_points() -> None:
    got = told(sent((1000, 0, 1), (1090, 1, 2)), tick(5000))
    assert [(r, t) for _, r, t, _ in got] == [("station-silent", "raised")]


def test_a_point_that_does_not_come_back_with_its_station_is_silent() -> None:
    got = told(sent((1000, 0, 1), (1010, 1, 2)), tick(3000), level(3000, 3400), tick(3400))
    assert [(a, r, t) for a, r, t, _ in got if r == "mute"] == [(3160, "mute", "raised")]
    back = told(sent((1000, 0, 1), (1010, 1, 2)), tick(3000), sent((3000, 1, 2), (3050, 0, 1)), level(3060, 3140))
    assert [r for _, r, _, _ in back if r == "mute"] == []


def test_the_gate_closes_and_opens_on_a_silent_point() -> None:
    mute = MUTE.model_copy(update={"gate": rule("g", "high", gate=gate("y", 2, settle=20)).gate})
    x = point("x", mute, stale_after=100)
    shut = told(sent((1000, 1, 2), (1001, 0, 1), (1090, 1, 1)), level(1500, 1540), tick(1700), analyser=x)
    assert [(a, t) for a, r, t, _ in shut if r == "mute"] == []
    later = told(
        sent((1000, 1, 2), (1001, 0, 1), (1090, 1, 1), (1200, 1, 1)), level(1210, 1700), tick(1700), analyser=x
    )
    assert [(a, t) for a, r, t, _ in later if r == "mute"] == [(1290, "raised")]  # 1210, settled 1230, and the delay


def test_bad_readings_that_stop_are_silence_too() -> None:
    b = Bench(point("x", MUTE, rule("bad", "fault", on_delay=500), stale_after=100))
    b.read((0, 0, 1), (50, 0, 0, Quality.BAD)).engine.alive(0, 1000 * SECOND)
    assert b.tick(1000).story() == [(210, "mute", "raised")]  # and the fault's delay ends with what was known


def test_a_flow_switch_that_is_silent_no_longer_speaks_for_the_sample() -> None:
    b = Bench(point("x", rule("bad", "fault"), sample_flow="flow"), point("flow", stale_after=100))
    b.read((0, 1, 0), (50, 0, 1), (200, 0, 1))
    assert b.story() == [(50, "bad", "raised"), (200, "bad", "cleared")]


FLICKER = rule("h", "high", 5, on_delay=0, off_delay=0, certain_after=60)


def test_an_instrument_that_flickers_between_good_and_bad_writes_one_pair() -> None:
    b = Bench(point("x", FLICKER)).read((0, 0, 6))
    b.read(*[(t, 0, 6, Quality.BAD if t % 20 else Quality.GOOD) for t in range(10, 1000, 10)])
    assert b.story() == [(0, "h", "raised"), (10, "h", "uncertain")]
    b.read(*[(t, 0, 6) for t in range(1000, 1100, 10)])
    assert b.story()[2:] == [(1060, "h", "certain")]
    assert b.events[2].cause == "quality regained"


def test_good_readings_may_clear_it_before_it_is_certain() -> None:
    b = Bench(point("x", FLICKER)).read((0, 0, 6), (10, 0, 6, Quality.BAD), (20, 0, 1)).tick(500)
    assert b.story("at", "transition") == [(0, "raised"), (10, "uncertain"), (20, "cleared")]


def test_it_is_certain_at_its_deadline_whatever_reveals_it() -> None:
    for later in ([(500, 0, 6)], [(500, 0, 6, Quality.BAD)], []):
        b = Bench(point("x", FLICKER)).read((0, 0, 6), (10, 0, 6, Quality.BAD), (20, 0, 6), *later).tick(500)
        assert b.story()[2] == (80, "h", "certain")


MODES: dict[str, Any] = {
    "limits": ({"point": "mode", "states": (2, 3), "limit": 8, "clear": 7}, {"months": (12, 1), "limit": 3, "clear": 2})
}


def at(text: str, *readings: tuple[float, int, float]) -> list[tuple[float, int, float]]:
    start = parse_time(text) / SECOND
    return [(start + t, p, v) for t, p, v in readings]


def moded(**more: Any) -> Bench:
    return Bench(point("x", rule("h", "high", 5, clear=4, **MODES, **more)), point("mode"))


def test_the_limit_hangs_on_the_state_of_another_point_and_on_the_month() -> None:
    b = moded().read(*at("2023-06-01T00:00:00+08:00", (0, 0, 6), (10, 1, 2), (20, 0, 6), (30, 0, 3), (40, 0, 7.5)))
    assert b.story("transition", "limit") == [("raised", 5), ("cleared", 8)]
    b.read(*at("2023-06-01T00:00:00+08:00", (50, 1, 1), (60, 0, 7.5)))
    assert b.story("transition", "limit")[2:] == [("raised", 5)]


def test_the_month_is_that_of_the_site_at_the_readings_own_time() -> None:
    b = moded().read(*at("2023-11-30T23:59:50+08:00", (0, 0, 4.5), (9, 0, 4.6), (10, 0, 4.5)))
    assert [(e.time - parse_time("2023-12-01T00:00:00+08:00"), e.limit) for e in b.events] == [(0, 3)]
    later = moded().read(*at("2024-01-31T23:59:59+08:00", (0, 0, 4.5), (1, 0, 3.9)))
    assert later.story("transition") == [("raised",), ("cleared",)]


def test_a_mode_that_cannot_be_read_keeps_the_limit_that_it_chose() -> None:
    start = "2023-06-01T00:00:00+08:00"
    b = moded().read(*at(start, (0, 1, 2), (10, 0, 7)))
    time = parse_time(start) / SECOND
    b.read((time + 20, 1, 1, Quality.BAD), (time + 30, 0, 7.5))
    assert b.events == []
    assert b.read((time + 40, 0, 8.5)).story("limit") == [(8,)]


def test_while_an_alarm_stands_its_limit_may_change_without_a_new_occurrence() -> None:
    b = moded(off_delay=60).read(
        *at("2023-06-01T00:00:00+08:00", (0, 0, 6), (10, 1, 2), (20, 0, 9), (30, 1, 1), (40, 0, 4.5))
    )
    assert b.story("transition") == [("raised",)]
