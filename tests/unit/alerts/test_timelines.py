"""Timelines of single-point rules: at this event time this reading, then that alarm, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import pytest

from services.core.quality import Quality
from tests.unit.alerts.build import Bench, gate, point, rule


def bench(*rules, **more) -> Bench:
    """Points 0 state, 1 x (with the rules), 2 flow switch."""
    return Bench(point("state"), point("x", *rules, **more), point("flow"))


HIGH = rule("h", "high", 5, clear=4, on_delay=60, off_delay=120)
LADDER = (
    rule("h", "high", 5, clear=4, on_delay=60, off_delay=60, hidden_by="hh"),
    rule("hh", "high", 7, clear=6, on_delay=10, off_delay=60),
)


def test_an_alarm_is_raised_at_its_deadline_though_the_next_reading_comes_later() -> None:
    b = bench(HIGH).read((0, 1, 6), (500, 1, 6))
    assert b.story("at", "transition", "occurrence") == [(60, "raised", "no3/st/x/h@60000000000")]


def test_a_tick_reveals_the_deadline_too_and_not_before_it() -> None:
    b = bench(HIGH).read((0, 1, 6))
    assert b.tick(59).events == []
    assert b.tick(1000).story() == [(60, "h", "raised")]
    assert b.tick(2000).story() == [(60, "h", "raised")]


def test_what_returns_before_its_deadline_was_nothing() -> None:
    assert bench(HIGH).read((0, 1, 6), (59, 1, 5), (61, 1, 6), (120, 1, 4.5)).tick(500).events == []


def test_the_event_tells_value_limit_unit_cause_and_catalogue() -> None:
    b = Bench(point("x", HIGH, unit="NTU")).read((0, 0, 6), (30, 0, 6.5)).tick(60)
    (e,) = b.events
    assert (e.value, e.limit, e.unit, e.priority) == (6.5, 5, "NTU", "high")
    assert (e.cause, e.quality, e.number, e.annunciated, e.catalogue) == ("condition met", "good", 1, True, "v1")


def test_within_the_deadband_an_alarm_stands_and_none_begins() -> None:
    b = bench(HIGH).read((0, 1, 4.9)).tick(500)
    assert b.events == []
    b.read((600, 1, 6), (700, 1, 4.5)).tick(5000)
    assert b.story() == [(660, "h", "raised")]


def test_the_off_delay_counts_from_the_return_and_begins_anew_after_a_relapse() -> None:
    b = bench(HIGH).read((0, 1, 6), (100, 1, 4), (219, 1, 4.5), (300, 1, 3)).tick(9000)
    assert b.story() == [(60, "h", "raised"), (420, "h", "cleared")]
    assert b.events[1].cause == "returned to normal"


def test_low_is_the_mirror_of_high() -> None:
    b = bench(rule("l", "low", 2, clear=3)).read((0, 1, 2), (1, 1, 1.9), (2, 1, 2.9), (3, 1, 3))
    assert b.story() == [(1, "l", "raised"), (3, "l", "cleared")]


@pytest.mark.parametrize("lost", [(128, 9.0), (128, 1.0), (0, math.nan), (0, math.inf), (133, 1.0)])
def test_a_bad_reading_neither_raises_nor_clears_but_says_uncertain_then_certain(lost: tuple[int, float]) -> None:
    quality, value = lost
    idle = bench(HIGH).read((0, 1, value, quality)).tick(1000)
    assert idle.events == []
    b = bench(HIGH).read((0, 1, 6), (100, 1, value, quality), (200, 1, value, quality)).tick(9000)
    b.read((9100, 1, 6))
    assert b.story() == [(60, "h", "raised"), (100, "h", "uncertain"), (9100, "h", "certain")]
    assert [e.number for e in b.events] == [1, 2, 3]
    assert len({e.occurrence for e in b.events}) == 1


def test_a_bad_reading_breaks_off_both_delays() -> None:
    assert bench(HIGH).read((0, 1, 6), (30, 1, 6, 128), (40, 1, 6)).tick(99).events == []
    b = bench(HIGH).read((0, 1, 6), (100, 1, 3), (150, 1, 3, 128)).tick(9000)
    assert b.story() == [(60, "h", "raised"), (150, "h", "uncertain")]


def test_an_uncertain_quality_still_measures() -> None:
    assert bench(HIGH).read((0, 1, 6, 64)).tick(60).story() == [(60, "h", "raised")]


FAULT = rule("fault", "fault", on_delay=60, off_delay=300)
FLAT = rule("flat", "flat", window=100)


def test_saturation_raises_and_holds_and_is_neither_fault_nor_flat() -> None:
    b = bench(HIGH, FAULT, FLAT, low=0, high=8, saturates=True)
    b.read(*[(t, 1, 8) for t in range(0, 1000, 50)]).tick(1000)
    assert b.story("at", "rule", "transition", "quality") == [(60, "h", "raised", "saturated")]
    plain = bench(FLAT, low=0, high=8).read(*[(t, 1, 8) for t in range(0, 1000, 50)])
    assert plain.story() == [(100, "flat", "raised")]


def test_a_value_that_moves_again_is_no_longer_flat_and_silence_is_not_flat() -> None:
    b = bench(FLAT).read((0, 1, 3), (99, 1, 3)).tick(5000)
    assert b.events == []
    b.read((5001, 1, 3), (5002, 1, 3.1))
    assert b.story() == [(5001, "flat", "raised"), (5002, "flat", "cleared")]


@pytest.mark.parametrize(("value", "broken"), [(-0.2, False), (-0.21, True), (8.5, False), (8.51, True)])
def test_namur_ne_43_draws_the_line_at_3_6_and_21_milliampere(value: float, broken: bool) -> None:
    b = bench(FAULT, low=0, high=8).read((0, 1, value)).tick(60)
    assert b.story() == ([(60, "fault", "raised")] if broken else [])
    assert b.events == [] or b.events[0].quality == "out of range"


def test_a_lost_sample_flow_is_a_fault_and_holds_the_process_alarm() -> None:
    b = bench(HIGH, FAULT, sample_flow="flow")
    b.read((0, 1, 6), (0, 2, 1), (90, 2, 0), (100, 1, 0.2), (200, 1, 0.2), (300, 2, 1), (310, 1, 6), (700, 1, 6))
    assert b.story() == [
        (60, "h", "raised"), (100, "h", "uncertain"), (160, "fault", "raised"),
        (310, "h", "certain"), (610, "fault", "cleared"),
    ]  # fmt: skip
    assert [e.quality for e in b.events if e.transition == "uncertain"] == ["no sample"]


def test_hh_hides_h_and_on_the_way_down_h_comes_back_without_a_sound() -> None:
    b = bench(*LADDER).read((0, 1, 8), (200, 1, 5.5), (400, 1, 3)).tick(600)
    assert b.story("at", "rule", "transition", "annunciated") == [
        (10, "hh", "raised", True),
        (60, "h", "raised", False),
        (260, "hh", "cleared", True),
        (260, "h", "unhidden", False),
        (460, "h", "cleared", False),
    ]


def test_h_that_stood_first_is_hidden_then_shown_again() -> None:
    b = bench(*LADDER).read((0, 1, 6), (100, 1, 8), (200, 1, 5.5)).tick(300)
    assert b.story("at", "rule", "transition", "annunciated", "number") == [
        (60, "h", "raised", True, 1),
        (110, "hh", "raised", True, 1),
        (110, "h", "hidden", False, 2),
        (260, "hh", "cleared", True, 2),
        (260, "h", "unhidden", False, 3),
    ]


def test_the_earlier_deadline_comes_first_whatever_reveals_both() -> None:
    one = bench(*LADDER).read((0, 1, 8)).tick(1000)
    two = bench(*LADDER).read((0, 1, 8)).tick(20).tick(1000)
    assert one.events == two.events
    assert one.story("at", "rule", "annunciated") == [(10, "hh", True), (60, "h", False)]


GATED = rule("h", "high", 5, off_delay=60, gate=gate("state", 3, settle=30))


def test_a_gate_that_closes_clears_with_that_cause() -> None:
    b = bench(GATED).read((0, 0, 3), (1, 1, 6), (50, 0, 2), (60, 1, 6)).tick(500)
    assert b.story("at", "transition", "cause") == [
        (1, "raised", "condition met"), (50, "cleared", "not applicable in this state"),
    ]  # fmt: skip


def test_after_opening_a_gate_the_rule_waits_until_it_has_settled() -> None:
    b = bench(GATED).read((0, 0, 1), (10, 1, 6), (100, 0, 3), (120, 1, 6), (129, 1, 6), (130, 1, 6))
    assert b.story() == [(130, "h", "raised")]


def test_a_gate_that_is_bad_or_never_seen_says_nothing() -> None:
    assert bench(GATED).read((0, 1, 6)).story() == [(0, "h", "raised")]
    assert bench(GATED).read((0, 0, 3), (1, 1, 6), (2, 0, 1, 128)).story() == [(1, "h", "raised")]


def test_a_condition_that_was_pending_ends_with_its_gate() -> None:
    pending = rule("h", "high", 5, on_delay=60, gate=gate("state", 3))
    b = bench(pending).read((0, 0, 3), (1, 1, 6), (30, 0, 1), (40, 0, 3)).tick(500)
    assert b.events == []


def test_late_readings_change_nothing_and_are_counted() -> None:
    b = bench(HIGH).read((100, 1, 3), (90, 1, 9), (100, 1, 9), (101, 1, 3)).tick(500)
    assert b.events == []
    assert b.late.tolist() == [0, 1, 1, 0]
    assert b.engine.points[1]["late"] == 2


def test_a_clock_that_runs_ahead_moves_nothing() -> None:
    b = bench(HIGH, FAULT).read((0, 1, 3), (99_999, 1, 9, Quality.CLOCK), (10, 1, 6)).tick(70)
    assert b.story() == [(70, "h", "raised")]
    assert b.late.tolist() == [0, 0, 0]


def test_a_value_older_than_the_points_own_limit_neither_raises_nor_clears() -> None:
    b = bench(HIGH, stale_after=30).read((0, 1, 6)).tick(1000)
    assert b.events == []
    b.read(*[(t, 1, 6) for t in range(2000, 2100, 20)], (2100, 1, 3)).tick(9000)
    assert b.story() == [(2060, "h", "raised"), (2130, "h", "uncertain")]


TWICE = rule("twice", "successive_high", 1, window=900)


def test_two_successive_quarter_hour_records_above_the_limit() -> None:
    b = bench(TWICE)
    b.read((890, 1, 2), (910, 1, 0.5), (1790, 1, 2), (1801, 1, 0.5), (2699, 1, 0.5), (2701, 1, 2))
    assert b.story() == [(1800, "twice", "raised"), (2700, "twice", "cleared")]


def test_what_happens_between_two_marks_does_not_count() -> None:
    assert bench(TWICE).read((100, 1, 9), (899, 1, 0), (950, 1, 9), (1799, 1, 0), (1850, 1, 9)).events == []


def test_a_value_held_over_two_marks_is_two_records_and_one_mark_is_not() -> None:
    assert bench(TWICE).read((850, 1, 2), (1750, 1, 2)).events == []
    b = bench(TWICE).read((850, 1, 2), (9000, 1, 0))
    assert b.story("at", "transition", "value") == [(1800, "raised", 2), (9000, "cleared", 0)]


def test_a_mark_without_a_record_breaks_the_succession() -> None:
    b = bench(TWICE).read((900, 1, 2), (1750, 1, 2, 128), (1850, 1, 2), (2700, 1, 2))
    assert b.events == []
    assert b.read((3600, 1, 2)).story() == [(3600, "twice", "raised")]
    shut = bench(rule("twice", "successive_high", 1, window=900, gate=gate("state", 1)))
    shut.read((0, 0, 1), (900, 1, 2), (1000, 0, 2), (5000, 0, 1), (5400, 1, 2))
    assert shut.events == []


def test_a_lost_sample_never_clears_a_reportable_alarm() -> None:
    b = bench(TWICE).read((900, 1, 2), (1800, 1, 2), (1900, 1, 2, 128), (2000, 1, 2), (2700, 1, 2))
    assert [t for _, _, t in b.story()] == ["raised", "uncertain", "certain"]


def rising(kind: str, limit: float, values: list[float], **more: float) -> list[tuple[Any, ...]]:
    b = bench(rule("rate", kind, limit, window=1800, clear=limit / 2, **more))
    return b.read(*[(60 * i, 1, v) for i, v in enumerate(values)]).story()


def test_a_rise_over_the_window_and_its_end() -> None:
    steps = [1.0] * 30 + [1 + 0.5 * i for i in range(10)] + [6.0] * 60
    raised, cleared = rising("rise", 3, steps)
    assert raised[0] == 60 * 38  # 4.5 is the first beyond 4, and its median comes a reading later
    assert cleared[0] > raised[0]
    assert rising("fall", 3, steps) == []
    assert len(rising("fall", 3, [10 - v for v in steps])) == 2


def test_one_spike_moves_no_rate() -> None:
    spike = [1.0] * 40 + [90.0] + [1.0] * 40
    for kind in ("rise", "fall", "rise_ratio"):
        assert rising(kind, 3, spike) == []
    assert len(rising("rise_ratio", 3, [1.0] * 40 + [90.0] * 3 + [1.0] * 40)) == 2


def test_a_short_history_cannot_say_how_fast() -> None:
    assert rising("rise", 3, [1.0] * 5 + [9.0] * 5) == []


def test_a_ratio_below_the_floor_is_no_surge() -> None:
    surge = [10.0] * 35 + [50.0] * 40
    assert rising("rise_ratio", 3, surge, floor=60) == []
    assert len(rising("rise_ratio", 3, surge, floor=40)) == 2


def test_equals_is_exact() -> None:
    b = bench(rule("trip", "equals", 1, on_delay=60)).read((0, 1, 1), (100, 1, 0), (200, 1, 1), (210, 1, 0.999))
    assert b.tick(900).story() == [(60, "trip", "raised"), (100, "trip", "cleared")]


def test_more_transitions_than_the_buffer_holds_are_all_told() -> None:
    flap = rule("h", "high", 5)
    readings = [(t, 1, 6.0 if t % 2 else 4.0) for t in range(5000)]
    b = bench(flap).read(*readings)
    assert len(b.engine._out) < len(b.events) == 4999
    assert [e.time for e in b.events] == [t * 10**9 for t in range(1, 5000)]


def test_more_deadlines_at_one_tick_than_the_buffer_holds_are_all_told() -> None:
    many = [point(f"x{n}", rule("h", "high", 5, on_delay=60), rule("l", "high", 4, on_delay=60)) for n in range(300)]
    b = Bench(*many)
    b.engine._out = b.engine._out[:64]
    b.read(*[(0, n, 6.0) for n in range(300)]).tick(60)
    assert len({e.occurrence for e in b.events}) == 600


def test_readings_of_points_that_the_catalogue_has_not_are_left_out() -> None:
    b = bench(HIGH).read((0, 7, 9), (0, -1, 9), (1, 1, 6)).tick(100)
    assert b.story() == [(61, "h", "raised")]
