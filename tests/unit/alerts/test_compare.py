"""Setpoints, redundant instruments, commands, duty, frost, surges, overflow: what each says, and when it cannot."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.derived import FUNCTIONS, DerivedFunction
from services.core.catalogue import Demand
from services.core.catalogue.known import FORMULAS
from services.core.clock import DAY, HOUR, MINUTE, SECOND
from services.core.quality import Quality, is_bad, is_good
from tests.unit.alerts.test_derived import HOURLY, MIDNIGHT, compute, make

BAD, GOOD, STALE = int(Quality.BAD), int(Quality.GOOD), int(Quality.STALE)


def test_the_deviation_from_a_setpoint_has_a_sign() -> None:
    off = make("deviation", ["value", "reference"])
    assert compute(off, (400, 450), (460, 450)) == ([-50, 10], [0, 0])
    percent = make("deviation_percent", ["value", "reference"], least_reference=100)
    values, quality = compute(percent, (450, 500), (50, 99))
    assert values[0] == -10
    assert [is_bad(q) for q in quality] == [False, True]


def three(mine: int, rows: Sequence[tuple[float, ...]], codes: tuple[int, int, int] = (0, 0, 0)) -> tuple[float, int]:
    labels = ["other_01", "other_02", "other_03"]
    labels[mine] = "one"
    values, quality = compute(make("from_median", labels), *rows, quality=codes)
    return values[-1], quality[-1]


def test_of_three_instruments_the_one_that_is_off_is_named() -> None:
    readings = [(0.50, 0.52, 1.40)]
    assert [round(three(i, readings)[0], 9) for i in range(3)] == [-0.02, 0.0, 0.88]
    assert all(is_good(three(i, readings)[1]) for i in range(3))


def test_two_instruments_cannot_say_who_is_wrong_but_that_they_differ() -> None:
    assert is_bad(three(0, [(0.5, 0.6, 1.4)], (0, 0, BAD))[1])
    assert is_bad(three(2, [(0.5, 0.6, 1.4)], (0, 0, BAD))[1])
    spread = make("spread", ["value_01", "value_02", "value_03"])
    assert compute(spread, (0.5, 0.625, 1.5)) == ([1.0], [GOOD])
    values, (quality,) = compute(spread, (0.5, 0.625, 1.5), quality=(0, 0, BAD))
    assert values == [0.125]
    assert quality == Quality.UNCERTAIN
    assert is_bad(compute(spread, (0.5, 0.6, 1.4), quality=(0, BAD, STALE))[1][0])


def test_the_median_is_that_of_those_who_can_be_read() -> None:
    median = make("median_of", ["value_01", "value_02", "value_03"], least_good=2)
    assert compute(median, (3, 1, 2), (9, 1, 2)) == ([2, 2], [GOOD, GOOD])
    assert compute(median, (3, 1, 99), quality=(0, 0, STALE)) == ([2], [Quality.UNCERTAIN])
    assert compute(median, (3, math.nan, 5), quality=(0, 0, 0)) == ([4], [Quality.UNCERTAIN])
    assert is_bad(compute(median, (3, 1, 2), quality=(0, BAD, BAD))[1][0])


def test_votes_are_counted_and_too_few_are_none() -> None:
    floats = make("how_many", ["on_01", "on_02", "on_03"], least_good=2)
    assert compute(floats, (1, 0, 1), (0, 0, 0)) == ([2, 0], [GOOD, GOOD])
    assert compute(floats, (1, 1, 1), quality=(0, 0, BAD)) == ([2], [Quality.UNCERTAIN])
    assert is_bad(compute(floats, (1, 1, 1), quality=(BAD, 0, BAD))[1][0])


def test_a_command_and_its_echo() -> None:
    echo = make("mismatch", ["command", "feedback"])
    assert compute(echo, (1, 1), (0, 0), (1, 0), (0, 1))[0] == [0, 0, 1, 2]
    assert is_bad(compute(echo, (1, 1), quality=(0, STALE))[1][0])


def test_running_hours_go_on_until_the_service_and_skip_what_is_unknown() -> None:
    hours = make("running_hours", ["running", "service"])
    rows = [(1.0, 7.0)] * 360 + [(0.0, 7.0)] * 360
    assert compute(hours, *rows)[0][-1] == pytest.approx(1.0)
    assert compute(hours, *rows, quality=(BAD, 0))[0][-1] == pytest.approx(1.0)
    assert compute(hours, (1, 8), (1, 8))[0] == [pytest.approx(10 / 3600), pytest.approx(20 / 3600)]
    assert compute(make("running_hours", ["running"]), (1,))[0] == [pytest.approx(10 / 3600)]


def starts_of(function: DerivedFunction, at: int, *running: float, quality: int = 0) -> float:
    return compute(function, *[(r,) for r in running], quality=quality, start=at)[0][-1]


def test_starts_are_counted_for_an_hour_each() -> None:
    starts = make("starts", ["running"], hours=1)
    start = 100 * HOUR
    assert starts_of(starts, start, 1, 1, 0, 1, 0, 0, 1) == 2  # it was running when first seen
    assert starts_of(starts, start + 30 * MINUTE, 0, 2, 3, 1) == 5  # two pumps, then a third
    assert starts_of(starts, start + 62 * MINUTE, 1) == 3
    assert starts_of(starts, start + 5 * HOUR, 1) == 0
    assert starts_of(starts, start + 50 * HOUR, 1) == 0


def test_what_started_while_nobody_saw_is_no_start() -> None:
    starts = make("starts", ["running"], hours=1)
    starts_of(starts, 0, 0)
    (_, (quality,)) = compute(starts, (0,), quality=BAD, start=10 * SECOND)
    assert is_bad(quality)
    assert starts_of(starts, 20 * SECOND, 1, 1e308, -1e308, 1e308) <= 500
    assert math.isfinite(starts_of(starts, 70 * SECOND, 1))


def test_frost_on_standing_water_adds_up_and_a_flow_ends_it() -> None:
    frost = make("freeze_degree_hours", ["air", "water", "flow"], air_below=0, water_below=3, least_flow=1)
    hour = 360
    assert compute(frost, *[(-10, 2, 0)] * hour)[0][-1] == pytest.approx(10)
    assert compute(frost, *[(5, 2, 0)] * hour)[0][-1] == pytest.approx(5)
    assert is_bad(compute(frost, (-10, 2, 0), quality=(BAD, 0, 0))[1][0])
    assert compute(frost, (-10, 2, 0))[0][0] == pytest.approx(5 + 10 / 360)
    assert compute(frost, (-10, 2, 1.5))[0] == [0]
    assert compute(frost, (-10, 4, 0))[0] == [0]


def gauge(minutes: int, rise_at: int, height: float) -> list[tuple[float, ...]]:
    """Ten-second stages of so many minutes: a rise of `height` in ten minutes, and a crest that stands."""
    t = np.arange(minutes * 6) / 6
    return [(float(2 + height * min(max((m - rise_at) / 10, 0), 1)),) for m in t]


def test_a_surge_at_the_gauge_counts_down_to_the_intake() -> None:
    surge = make("surge_arrival", ["gauge"], rise=0.3, minutes=30, travel_minutes=90)
    values, quality = compute(surge, *gauge(400, 60, 0.6))
    seen = next(i for i, v in enumerate(values) if v < 1440)
    assert seen / 6 == pytest.approx(65, abs=0.5)
    assert values[seen] == 90
    assert values[seen + 60 * 6] == pytest.approx(30)
    assert values[seen + 95 * 6] == 0
    # The stage is no longer 0.3 above that of 30 minutes before from 95 on, and this passes the intake at 185.
    assert (values[184 * 6], values[187 * 6]) == (0, 1440)
    assert set(quality) == {GOOD}


def test_a_slow_rise_is_no_surge_and_a_silent_gauge_no_calm() -> None:
    surge = make("surge_arrival", ["gauge"], rise=0.3, minutes=30, travel_minutes=90)
    slow = [(2 + i * 0.25 / 180,) for i in range(1500)]
    values, _ = compute(surge, *slow)
    assert set(values) == {1440.0}
    assert is_bad(compute(surge, (2,), quality=STALE, start=20000 * SECOND)[1][0])


def well(name: str, demand: Demand | None, **more: float) -> DerivedFunction:
    return make(name, ["level", "inflow", "outflow"], demand, area=1000, demand_bias=0, **more)


def test_the_time_to_overflow_is_room_over_net_inflow() -> None:
    plain = well("overflow_hours", None, overflow_level=4)
    assert compute(plain, (3, 500, 250))[0] == [pytest.approx(4.0)]
    assert compute(well("overflow_hours", None, overflow_level=4), (3, 200, 250))[0] == [24]
    assert compute(well("overflow_hours", None, overflow_level=4), (4.1, 500, 250))[0] == [0]
    assert is_bad(compute(plain, (3, 500, 250), quality=(STALE, 0, 0))[1][0])


def test_the_night_to_come_fills_the_well_though_it_empties_now() -> None:
    demand = Demand(mean=1000, hourly=HOURLY, spread=0.1)
    evening = MIDNIGHT - 2 * HOUR
    at_ten = (3.0, 800.0, 1000 * 0.98)
    values, _ = compute(well("overflow_hours", demand, overflow_level=4), at_ten, start=evening)
    assert 3 < values[0] < 8
    assert compute(well("overflow_hours", None, overflow_level=4), at_ten, start=evening)[0] == [24]


def test_a_springs_conductivity_against_its_week() -> None:
    week = make("from_mean", ["value"], days=7)
    values, quality = compute(week, *[(500.0,)] * (2 * 8640))
    assert is_bad(quality[100])
    assert (values[-1], quality[-1]) == (0, GOOD)
    assert compute(week, (440,), start=2 * DAY)[0][0] == pytest.approx(-12, abs=0.01)


def nights(rise: float) -> list[float]:
    """The last values of twelve days with a night flow of 100 that rises from the tenth on."""
    flow = make("night_flow_rise", ["flow"])
    told = []
    for day in range(13):
        rows = [(100.0 + (rise if day >= 10 else 0),) if 2 <= i / 360 < 4 else (400.0,) for i in range(8640)]
        values, quality = compute(flow, *rows, start=MIDNIGHT + day * DAY)
        told.append(values[-1] if not is_bad(quality[-1]) else math.nan)
    return told


def test_a_night_flow_that_rises_is_told_on_its_second_night() -> None:
    told = nights(30)
    assert math.isnan(told[4])
    assert told[8:] == [0, 0, 0, 30, 30]


def test_a_night_that_was_not_measured_is_left_out() -> None:
    flow = make("night_flow_rise", ["flow"])
    for day in range(9):
        code = BAD if day in (7, 8) else 0
        rows = [(100.0,) if day < 7 else (900.0,)] * 8640
        values, _ = compute(flow, *rows, quality=code, start=MIDNIGHT + day * DAY)
    assert values[-1] == 0


def test_a_burst_is_flow_beyond_the_hours_own_weeks_with_pressure_lost() -> None:
    burst = make("burst_excess", ["flow", "pressure"], drop=30)
    burst.site = burst.site.model_copy(update={"grid": 5 * MINUTE})  # the same weeks in fewer instants
    week = [
        (200.0 + 10 * math.sin(i) + (100 if (i // 12) % 24 >= 12 else 0), 300.0 - i % 3) for i in range(7 * 24 * 12)
    ]
    for n in range(5):
        times = MIDNIGHT + 7 * n * DAY + np.arange(len(week), dtype=np.int64) * 5 * MINUTE
        _, codes = burst.compute(times, np.array(week), np.zeros((len(week), 2), np.uint8))
        assert is_bad(codes[-1]) == (n < 4)
    night, noon = MIDNIGHT + 35 * DAY, MIDNIGHT + 35 * DAY + 12 * HOUR
    values, quality = compute(burst, (300, 265), (300, 295), (205, 265), start=night)
    assert quality == [GOOD] * 3
    assert 35 < values[0] < 50
    assert values[1:] == [0, 0]
    assert compute(burst, (300, 265), start=noon)[0] == [0]  # which is what noon uses
    assert is_bad(compute(burst, (300, 265), quality=(0, BAD), start=noon)[1][0])


DEMAND = Demand(mean=1000, hourly=HOURLY)
numbers = st.sampled_from([0, 1, 2, 5, 50.5, -3, 1e-300, -1e308, 1e308])


def some(name: str) -> DerivedFunction:
    """The function with an input a label (three where there may be many), its parameters in the middle of bounds."""
    labels = [
        f"{label.rstrip('*')}_{n:02d}" if label.endswith("*") else label
        for label in (*FORMULAS[name].inputs, *FORMULAS[name].optional)
        for n in range(1, 4 if label.endswith("*") else 2)
    ]
    return make(
        name, labels, DEMAND, **{k: min(high, max(low, 1.0)) for k, (low, high) in FORMULAS[name].parameters.items()}
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.data())
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_however_wild_and_however_cut_it_answers_the_same(name: str, data: st.DataObject) -> None:
    whole, parts = some(name), some(name)
    width = len(whole.inputs)
    count = data.draw(st.integers(1, 40))
    values = np.array(data.draw(st.lists(numbers, min_size=count * width, max_size=count * width))).reshape(-1, width)
    codes = st.sampled_from([0, 0, 0, 0, 1, 64, 128, 133])
    quality = np.array(data.draw(st.lists(codes, min_size=count * width, max_size=count * width)), np.uint8)
    quality = quality.reshape(-1, width)
    step = data.draw(st.sampled_from([1, 7, 100, 3000]))
    times = MIDNIGHT + np.arange(count, dtype=np.int64) * step * 10 * SECOND
    expected_v, expected_q = whole.compute(times, values, quality)
    at = data.draw(st.integers(0, count))
    cut = [parts.compute(times[a:b], values[a:b], quality[a:b]) for a, b in ((0, at), (at, count))]
    assert np.array_equal(np.concatenate([v for v, _ in cut]), expected_v, equal_nan=True)
    assert np.concatenate([q for _, q in cut]).tolist() == expected_q.tolist()
    assert np.array_equal(whole.memory, parts.memory, equal_nan=True)
    assert len(expected_v) == len(expected_q) == count
