"""Sustained change, drift, spikes, slopes, states and saturation: what raises each, what does not, and after a gap."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.detection.engine import Engine
from services.alerts.detection.plan import compile_site
from services.core.catalogue import Rule
from services.core.clock import SECOND
from services.core.quality import Quality
from tests.unit.alerts.build import Bench, Reading, columns, point, rule, site

MINUTE = 60


def ramp(start: float, end: float, step: float, value: float, a_minute: float) -> list[Reading]:
    return [(t, 0, value + a_minute * (t - start) / MINUTE) for t in np.arange(start, end, step).tolist()]


def level(start: float, end: float, step: float, value: float) -> list[Reading]:
    return ramp(start, end, step, value, 0.0)


def one(*rules: Rule, **more: Any) -> Bench:
    return Bench(point("x", *rules, **more))


CUSUM = rule("sum", "cusum_high", 1, clear=0.5, reference=10, slack=0.5, window=600)


@pytest.mark.parametrize("step", [5, 10, 60, 150])
def test_cusum_tells_a_small_shift_that_lasts_however_often_it_is_sampled(step: float) -> None:
    """1.5 over the reference is 1.0 over the slack: it sums up to the limit of 1 in one window of 10 minutes."""
    b = one(CUSUM).read(*level(0, 1800, step, 10.2))
    assert b.events == []
    b.read(*level(1800, 3600, step, 11.5))
    (raised,) = b.events
    assert 2400 <= raised.time / SECOND <= 2400 + 3 * step
    assert (raised.transition, raised.limit) == ("raised", 1)


def test_cusum_returns_as_fast_as_it_may_rise_beyond_its_limit() -> None:
    b = one(CUSUM).read(*level(0, 36000, 10, 14)).read(*level(36000, 40000, 10, 10))
    raised, cleared = b.story("at", "transition")
    assert raised[1] == "raised"
    # It stands at twice the limit: 1.5 down to the clear limit, at the slack of 0.5 a window.
    assert (cleared[1], cleared[0]) == ("cleared", pytest.approx(36000 + 3 * 600, abs=30))


def test_cusum_downwards_and_what_one_wild_reading_is_to_it() -> None:
    low = rule("sum", "cusum_low", 1, reference=10, slack=0.5, window=600)
    b = one(low, CUSUM.model_copy(update={"id": "up"}))
    b.read(*level(0, 600, 10, 10), (600, 0, -1e6), (610, 0, 10), (620, 0, 1e6), *level(630, 1200, 10, 10))
    assert b.events == []
    b.read(*level(1200, 2400, 10, 8))
    assert [(e.rule, e.transition) for e in b.events] == [("sum", "raised")]


def test_cusum_counts_nothing_for_a_time_of_which_nothing_is_known() -> None:
    b = one(CUSUM, stale_after=60).read(*level(0, 300, 10, 11.5), (300, 0, 0, Quality.BAD), (5000, 0, 11.5))
    b.read((9000, 0, 11.5), (9050, 0, 11.5))
    assert b.events == []
    assert one(CUSUM).read((0, 0, 11.5), (700, 0, 11.5)).story("rule") == [("sum",)]  # report by exception: it held


def test_ewma_is_the_exponential_mean_of_what_held() -> None:
    mean = rule("mean", "ewma_high", 5, window=600)
    b = one(mean).read(*level(0, 100, 10, 0), *level(100, 3000, 10, 10))
    # 10·(1 - exp(-t/600)) passes 5 after 600·ln 2, one reading later for the median of three.
    assert b.story("at") == [(pytest.approx(100 + 600 * math.log(2), abs=21),)]
    uneven = one(mean).read((0, 0, 0), (99, 0, 0), (100, 0, 10), (110, 0, 10), (111, 0, 10), (900, 0, 10))
    assert uneven.story("at") == [(900,)]


def test_ewma_low_stands_until_its_clear_limit() -> None:
    b = one(rule("mean", "ewma_low", 5, clear=7, window=60))
    b.read(*level(0, 100, 10, 10), *level(100, 300, 10, 0), *level(300, 350, 10, 10), *level(350, 800, 10, 10))
    assert [e.transition for e in b.events] == ["raised", "cleared"]
    assert b.events[1].time / SECOND == pytest.approx(300 + 60 * math.log(10 / 3), abs=21)


def test_drift_is_the_change_a_window_either_way() -> None:
    drift = rule("drift", "drift", 1, clear=0.5, window=3600)
    for sign in (1, -1):
        b = one(drift).read(*level(0, 8000, 20, 50), *ramp(8000, 40000, 20, 50, sign * 0.015))
        assert b.events == []  # 0.9 a window
        b.read(*ramp(40000, 70000, 20, 50 + sign * 8, sign * 0.02))
        assert [e.transition for e in b.events] == ["raised"]  # 1.2 a window
        b.read(*level(70000, 99000, 20, 50 + sign * 18))
        assert [e.transition for e in b.events] == ["raised", "cleared"]


def test_drift_says_nothing_before_a_window_has_passed() -> None:
    assert one(rule("drift", "drift", 1, window=3600)).read(*ramp(0, 3500, 20, 0, 1)).events == []


SPIKES = rule("spikes", "spike", 5, count=2, window=600)


def test_two_spikes_close_together_are_an_instrument_alarm() -> None:
    b = one(SPIKES).read(*level(0, 100, 10, 1), (100, 0, 9), (110, 0, 1), *level(120, 400, 10, 1))
    assert b.events == []
    b.read((400, 0, -9), *level(410, 2000, 10, 1))
    assert b.story() == [(410, "spikes", "raised"), (1010, "spikes", "cleared")]


def test_a_step_a_wave_and_spikes_far_apart_are_none() -> None:
    b = one(SPIKES).read(*level(0, 100, 10, 1), *level(100, 200, 10, 9), *level(200, 300, 10, 1))
    b.read((300, 0, 4), (310, 0, 8), (320, 0, 4), *level(330, 400, 10, 1))
    for start in (1000, 2000, 3000):
        b.read((start, 0, 9), *level(start + 10, start + 100, 10, 1))
    assert b.events == []


def test_a_jump_at_either_side_of_a_gap_is_no_spike() -> None:
    b = one(rule("spikes", "spike", 5, window=600))
    b.read((0, 0, 1), (10, 0, 1), (20, 0, 9), (30, 0, 0, Quality.BAD), (40, 0, 1), (50, 0, 1))
    assert b.events == []


SLOPE = rule("slope", "slope_up", 0.3, window=1800)
RISE = rule("rise", "rise", 0.3, window=1800)


def test_a_slope_sees_through_noise_that_a_difference_does_not() -> None:
    noise = np.random.default_rng(5).normal(0, 0.12, 4000)
    flat = [(t, 0, 2 + n) for t, _, n in ((10 * i, 0, float(x)) for i, x in enumerate(noise))]
    assert one(SLOPE).read(*flat).events == []
    assert one(RISE).read(*flat).events != []
    rising = [(t, p, v + 0.4 * t / 1800) for t, p, v in flat]
    assert one(SLOPE).read(*rising).events != []


@pytest.mark.parametrize("step", [7, 60, 290])
def test_a_slope_is_the_same_however_often_it_is_sampled(step: float) -> None:
    at_limit = one(SLOPE).read(*ramp(0, 9000, step, 2, 0.95 * 0.3 / 30))
    assert at_limit.events == []
    assert one(SLOPE).read(*ramp(0, 9000, step, 2, 1.1 * 0.3 / 30)).story("transition") == [("raised",)]
    down = rule("slope", "slope_down", 0.3, window=1800)
    assert one(down).read(*ramp(0, 9000, step, 2, -1.1 * 0.3 / 30)).story("transition") == [("raised",)]


def test_after_a_gap_half_a_window_must_pass_before_a_slope_is_told() -> None:
    b = one(SLOPE).read(*level(0, 3600, 60, 2), *ramp(9000, 9890, 60, 3, 0.1))
    assert b.events == []
    assert b.read(*ramp(9900, 10500, 60, 4.5, 0.1)).story("transition") == [("raised",)]


def test_states_by_set_and_by_what_they_are_not() -> None:
    b = one(rule("odd", "state", states=(1, 3)), rule("off", "not_equals", 2))
    b.read((1, 0, 2), (2, 0, 3), (3, 0, 2), (4, 0, 70), (5, 0, -1), (6, 0, 2))
    assert b.story() == [
        (2, "odd", "raised"), (2, "off", "raised"), (3, "odd", "cleared"), (3, "off", "cleared"), (4, "off", "raised"),
        (6, "off", "cleared"),
    ]  # fmt: skip


def test_saturation_at_the_top_of_the_range_can_have_an_alarm_of_its_own() -> None:
    top = rule("top", "saturated", 0, clear=-100, on_delay=30, off_delay=10)
    b = one(top, low=0, high=4000, saturates=True)
    b.read((0, 0, 3999), (10, 0, 4000), (50, 0, 4100), (60, 0, 3950), (100, 0, 3900), (200, 0, 3900))
    assert b.story("at", "transition", "limit") == [(40, "raised", 4000), (110, "cleared", 4000)]


EVERY = (CUSUM, SPIKES, SLOPE, RISE, rule("mean", "ewma_low", 9, window=50), rule("d", "drift", 1, window=90))
wild = st.sampled_from([0, 1, 5, 9, 10, 10.5, 12, 20, -1e308, 1e308, math.nan, math.inf, -math.inf])
series = st.lists(st.tuples(st.integers(1, 200), wild, st.sampled_from([0] * 8 + [1, 64, 128, 130])), max_size=60)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(series, st.lists(st.integers(0, 60), max_size=5))
def test_how_readings_are_cut_into_frames_changes_nothing(steps: list[tuple[int, float, int]], cuts: list[int]) -> None:
    times = np.cumsum([s for s, _, _ in steps]).tolist()
    readings: list[Reading] = [(t, 0, v, q) for t, (_, v, q) in zip(times, steps, strict=True)]
    plan = compile_site(site(point("x", *EVERY, stale_after=150)), "v1")
    whole, parts = Engine(plan), Engine(plan)
    expected, *_ = whole.feed(*columns(readings))
    edges = sorted({0, len(readings), *(c for c in cuts if c < len(readings))})
    found = [parts.feed(*columns(readings[a:b]))[0] for a, b in pairwise(edges)]
    assert [repr(row) for part in found for row in part.tolist()] == [repr(row) for row in expected.tolist()]
    for name in ("points", "rules", "rings", "memos", "recents"):
        assert repr(getattr(whole, name).tolist()) == repr(getattr(parts, name).tolist())


def test_what_no_instrument_says_does_not_stay() -> None:
    mean = rule("mean", "ewma_high", 5, window=60)
    b = one(mean).read(*level(0, 50, 10, -1e308), *level(50, 100, 10, 1e308), *level(100, 150, 10, -1e308))
    assert np.isfinite(b.engine.memos["slow"]).all()
    b.read(*level(200, 60 * 800, 10, 1), *level(60 * 800, 60 * 810, 10, 9))
    assert b.events[-1].transition == "raised"


def test_a_frame_of_100_000_readings_of_whatever_point_is_judged_or_counted() -> None:
    plan = compile_site(site(point("x", *EVERY, stale_after=150), point("y")), "v1")
    engine, n = Engine(plan), 100_000
    random = np.random.default_rng(1)
    indices = random.integers(-3, len(plan.points) + 3, n).astype(np.int32)
    values = random.choice([0, 9, 1e308, np.nan, np.inf, -5], n)
    codes = random.choice([0, 64, 128, 255], n).astype(np.uint8)
    _, judged, late = engine.feed(np.arange(1, n + 1) * SECOND, indices, values, codes)
    unknown = (indices < 0) | (indices > 1)
    assert late[unknown].all()
    assert not late[~unknown].any()
    assert (judged[~unknown & ~np.isfinite(values)] >= Quality.BAD).all()
    assert engine.points[plan.silence_point(0)]["value"] == 0
