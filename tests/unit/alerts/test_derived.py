"""Derived points: what each function computes, from inputs as of the instant, and when it says that it cannot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.derived import FUNCTIONS, DerivedFunction
from services.alerts.processor import AlertProcessor
from services.core.catalogue import Demand, Site, to_json
from services.core.catalogue.model import DerivedBy
from services.core.clock import HOUR, SECOND, parse_time
from services.core.frame import make_frame
from services.core.quality import Quality, is_bad
from services.core.records import AlarmEvent, Config, Derived, Output, Record, Tick
from tests.unit.alerts.build import Reading, columns, point, rule, site, station

HOURLY = (0.62, 0.54, 0.48, 0.45, 0.50, 0.75, 1.15, 1.40, 1.36, 1.26, 1.18, 1.16,
          1.18, 1.10, 1.04, 1.02, 1.06, 1.14, 1.24, 1.26, 1.20, 1.10, 0.98, 0.83)  # fmt: skip
MIDNIGHT = parse_time("2023-04-19T00:00:00+08:00")


def make(name: str, inputs: list[str], demand: Demand | None = None, **parameters: float) -> DerivedFunction:
    made: Site = site(point("x"), demand=demand)
    return FUNCTIONS[name](made, inputs, parameters)


def compute(
    function: DerivedFunction, *rows: tuple[float, ...], quality: Any = 0, start: int = 0
) -> tuple[list[float], list[int]]:
    values = np.array(rows, float)
    codes = np.zeros(values.shape, np.uint8) + np.array(quality, np.uint8)
    times = start + np.arange(len(rows), dtype=np.int64) * 10 * SECOND
    out, q = function.compute(times, values, codes)
    return out.tolist(), q.tolist()


def test_percent_of_a_whole_too_small_to_judge_is_bad() -> None:
    percent = make("percent", ["part", "whole"], least_whole=50)
    values, quality = compute(percent, (30, 60), (30, 50), (30, 49.9), (0, 0), (1, math.nan))
    assert values[:2] == [50, 60]
    assert [is_bad(q) for q in quality] == [False, False, True, True, True]


def test_the_worst_input_decides_the_quality() -> None:
    percent = make("percent", ["part", "whole"], least_whole=50)
    for codes, bad in (((0, 64), False), ((1, 0), False), ((0, 133), True), ((128, 0), True)):
        _, (quality,) = compute(percent, (30, 60), quality=codes)
        assert (quality, is_bad(quality)) == (max(codes), bad)


def test_a_low_flow_hides_clogging_so_head_loss_is_scaled_to_design_flow() -> None:
    queue = make("wash_queue", ["flow", "head_loss_01", "head_loss_02"], design_flow=4000, limit=1.8)
    values, _ = compute(
        queue, (4000, 1.7, 1.8), (2000, 0.89, 0.9), (8000, 1.8, 1.7), (400, 0.44, 0.45), (0, 0.44, 0.45)
    )
    assert values == [1, 1, 1, 1, 1]


def test_a_filter_that_cannot_be_read_does_not_queue_and_none_at_all_is_bad() -> None:
    queue = make("wash_queue", ["flow", "head_loss_01", "head_loss_02"], design_flow=4000, limit=1.8)
    assert compute(queue, (4000, 2, 2), quality=(0, 128, 0)) == ([1], [0])
    (_, (quality,)) = compute(queue, (4000, 2, 2), quality=(0, 128, 128))
    assert is_bad(quality)
    (_, (quality,)) = compute(queue, (4000, 2, 2), quality=(133, 0, 0))
    assert is_bad(quality)


def test_flow_per_pump_without_a_pump_is_bad() -> None:
    pumps = make("flow_per_pump", ["flow", "running"], rated_flow=500)
    values, quality = compute(pumps, (1000, 2), (1000, 4), (0, 0))
    assert values[:2] == [100, 50]
    assert [is_bad(q) for q in quality] == [False, False, True]


def test_pressure_that_falls_while_flow_rises_is_a_burst_and_a_throttle_is_none() -> None:
    def drop(*rows: tuple[float, float]) -> list[float]:
        return compute(make("drop_with_flow", ["pressure", "flow"], seconds=60), *rows)[0]

    steady = [(400.0, 1000.0)] * 7
    assert drop(*steady, (330, 1100))[-1] == 70
    assert drop(*steady, (330, 900))[-1] == 0
    assert drop(*steady, (410, 1100))[-1] == 0
    assert drop((400, 1000), (330, 1100)) == [0, 0]  # a minute ago is not known


def test_a_trip_is_covered_by_a_standby() -> None:
    assert compute(make("uncovered_trip", ["trip", "standby"]), (0, 0), (1, 0), (1, 1), (0, 1))[0] == [0, 1, 0, 0]


def test_coagulant_falls_short_by_dose_or_by_pump_whichever_is_worse() -> None:
    reserve = make("coagulant_reserve", ["dose", "target", "pump"], least_ratio=80, pump_cap=95)
    assert compute(reserve, (20, 20, 50), (14, 20, 50), (20, 20, 99), (5, 0, 50))[0] == [20, -10, -4, 20]


def test_the_balance_is_an_hours_mean_that_a_wash_does_not_move() -> None:
    balance = make("balance_residual", ["raw", "filtered"], own_use=0.05, hours=1, least_flow=50)
    closed, _ = compute(balance, *[(1000, 950)] * 5)
    assert closed == pytest.approx([0] * 5, abs=1e-9)
    wash, _ = compute(balance, *[(1000, 700)] * 30)  # five minutes
    assert 1 < wash[-1] < 3
    leak, _ = compute(balance, *[(1000, 850)] * 4000)
    assert leak[-1] == pytest.approx(10, abs=0.01)


def test_the_balance_holds_no_bad_reading_against_the_plant_and_is_bad_without_flow() -> None:
    balance = make("balance_residual", ["raw", "filtered"], own_use=0.05, hours=1, least_flow=50)
    compute(balance, (1000, 950))
    _, (quality,) = compute(balance, (0, 0), quality=(128, 0))
    assert is_bad(quality)
    assert compute(balance, (1000, 950))[0] == pytest.approx([0], abs=1e-9)
    _, (quality,) = compute(make("balance_residual", ["raw", "filtered"], own_use=0, hours=1, least_flow=50), (10, 10))
    assert is_bad(quality)


def test_what_is_usual_is_a_median_that_must_first_be_known() -> None:
    usual = make("of_usual", ["value"], days=0.25)  # a quarter of six hours: 90 minutes
    values, quality = compute(usual, *[(2.0,)] * (6 * 100), (16.0,))
    assert all(is_bad(q) for q in quality[: 6 * 89])
    assert not is_bad(quality[-1])
    assert values[-1] == pytest.approx(8, rel=0.06)
    assert values[-2] == pytest.approx(1, rel=0.06)


# --- hours to supply loss


def supply(bias: float = 0.0, spread: float = 0.1, mean: float = 4000, hourly: Any = HOURLY) -> DerivedFunction:
    demand = Demand(mean=mean, hourly=hourly, spread=spread)
    return make("supply_hours", ["level", "inflow", "outflow"], demand, area=4000, minimum_level=1.2, demand_bias=bias)


def factor_at(hour: float) -> float:
    """The daily profile, straight between full hours."""
    low = int(hour) % 24
    return HOURLY[low] + (HOURLY[(low + 1) % 24] - HOURLY[low]) * (hour - int(hour))


def integrated(level: float, inflow: float, outflow: float, hour: float, rate: float = 1.0) -> float:
    """Steps of a second: how long the well lasts when demand follows the profile at the level of now."""
    stored, scale = 4000 * (level - 1.2), outflow / (4000 * factor_at(hour))
    for second in range(24 * 3600):
        if stored <= 0:
            return second / 3600
        stored += (inflow - 4000 * scale * rate * factor_at(hour + second / 3600)) / 3600
    return 24.0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.floats(1.3, 4), st.floats(0, 5000), st.floats(0.5, 1.5), st.floats(0, 23.99), st.sampled_from([-1.0, 0.0, 1.0])
)
def test_supply_hours_are_what_stepping_through_the_day_gives(
    level: float, inflow: float, today: float, hour: float, bias: float
) -> None:
    start = MIDNIGHT + round(hour * 3600) * SECOND
    outflow = 4000 * factor_at(round(hour * 3600) / 3600) * today
    (got,), (quality,) = compute(supply(bias), (level, inflow, outflow), start=start)
    expected = integrated(level, inflow, outflow, round(hour * 3600) / 3600, 1 + 0.1 * bias)
    assert quality == 0
    # Where inflow and demand nearly meet, a litre decides between minutes; the volume must agree then.
    assert got == pytest.approx(expected, abs=0.1) or abs(remaining(level, inflow, today, hour, got, bias)) < 60


def remaining(level: float, inflow: float, today: float, hour: float, after: float, bias: float) -> float:
    seconds = np.arange(round(after * 3600)) / 3600 + hour
    used = sum(factor_at(s) for s in seconds) * 4000 * today * (1 + 0.1 * bias) / 3600
    return 4000 * (level - 1.2) + inflow * after - used


def test_what_lasts_a_day_or_more_shows_the_horizon() -> None:
    assert compute(supply(), (4, 4000, 2480), start=MIDNIGHT)[0] == [24]
    assert compute(supply(), (4, 9000, 2480), start=MIDNIGHT)[0] == [24]


def test_an_empty_well_has_no_time_left() -> None:
    assert compute(supply(), (1.2, 9000, 2480), start=MIDNIGHT)[0] == [0]
    assert compute(supply(), (0.8, 9000, 2480), start=MIDNIGHT)[0] == [0]


def test_a_night_that_refills_still_runs_dry_in_the_morning() -> None:
    two = MIDNIGHT + 2 * HOUR
    level, inflow, outflow = 1.75, 2000, 4000 * 0.48
    assert inflow > outflow  # by the present balance: never
    (hours,), _ = compute(supply(), (level, inflow, outflow), start=two)
    assert 3.5 < hours < 5.5
    assert hours == pytest.approx(integrated(level, inflow, outflow, 2.0), abs=0.1)


def test_the_pessimist_comes_before_the_optimist() -> None:
    at = {b: compute(supply(b), (2.5, 2000, 4000), start=MIDNIGHT + 7 * HOUR)[0][0] for b in (-1, 0, 1)}
    assert at[1] < at[0] < at[-1] < 24


def test_the_hour_is_the_sites_own() -> None:
    day = compute(supply(), (2.5, 2000, 2480), start=MIDNIGHT)[0]
    assert compute(supply(), (2.5, 2000, 2480), start=MIDNIGHT + 24 * HOUR)[0] == pytest.approx(day)
    assert compute(supply(), (2.5, 2000, 2480), start=MIDNIGHT + 8 * HOUR)[0] != pytest.approx(day, abs=0.5)


def test_without_demand_or_with_a_bad_input_there_is_no_forecast() -> None:
    without = make("supply_hours", ["level", "inflow", "outflow"], area=1, minimum_level=1, demand_bias=0)
    assert is_bad(compute(without, (2, 2, 2))[1][0])
    _, (quality,) = compute(supply(), (2, 2, 2), quality=(0, 133, 0))
    assert is_bad(quality)


def test_one_odd_flow_reading_does_not_move_the_forecast_much() -> None:
    steady = [(3.0, 3500.0, 2480.0)] * 20
    before, after = compute(supply(), *steady, (3.0, 0.0, 2480.0), start=MIDNIGHT)[0][-2:]
    assert after > 0.9 * before


# --- as of the instant, through the processor


def derived_site(stale_after: float | None = None, on_delay: float = 0) -> Site:
    more = {} if stale_after is None else {"stale_after": stale_after}
    ratio = DerivedBy(function="percent", inputs={"part": "a/part", "whole": "b/whole"}, parameters={"least_whole": 1})
    return site(
        point("part", station="a", **more),
        point("whole", station="b"),
        point("ratio", rule("low", "low", 50, on_delay=on_delay), station="a", derived=ratio),
        stations=(station("a"), station("b")),
    )


def run(made: Site, *log: Record) -> list[Output]:
    return AlertProcessor().step("no3", [Config("no3", "v", to_json(made), 0), *log])


def sent(name: str, through: float, *readings: Reading) -> Any:
    times, points, values, quality = columns(list(readings))
    return make_frame("no3", name, times, points, values, quality, through=round(through * SECOND))


def shown(outputs: list[Output]) -> dict[int, float | None]:
    """By instant (s): the ratio, None when bad."""
    return {
        t // SECOND: None if is_bad(q) else v
        for o in outputs
        if isinstance(o, Derived)
        for t, v, q in zip(
            o.frame.times.tolist(), o.frame.values.tolist(), o.frame.quality.tolist(), strict=True
        )
    }  # fmt: skip


def test_the_value_at_an_instant_is_the_newest_at_or_before_it() -> None:
    a = sent("a", 1040, (1000, 0, 10), (1010, 0, 20), (1011, 0, 30), (1029, 0, 40))
    got = shown(run(derived_site(), a, sent("b", 1040, (1000, 1, 100))))
    assert got == {1000: 10, 1010: 20, 1020: 30, 1030: 40, 1040: 40}


def test_an_instant_waits_for_the_slowest_station_or_for_the_tick() -> None:
    log: list[Record] = [sent("a", 1040, (1000, 0, 60)), sent("b", 1020, (1000, 1, 100))]
    assert max(shown(run(derived_site(), *log))) == 1020
    assert max(shown(run(derived_site(), *log, Tick(1039 * SECOND)))) == 1030
    late = sent("b", 1040, (1030, 1, 200))
    assert shown(run(derived_site(), *log, late))[1030] == 30


def test_an_input_older_than_its_limit_is_unknown_and_alarms_nothing() -> None:
    a = [sent("a", 1000 + t, *([(1000, 0, 90)] if not t else [])) for t in range(0, 200, 20)]
    b = [sent("b", 1000 + t, (1000 + t, 1, 100 if t < 40 else 900)) for t in range(0, 200, 20)]
    log = [f for pair in zip(a, b, strict=True) for f in pair]
    outputs = run(derived_site(stale_after=30), *log)
    assert shown(outputs)[1030] == 90
    assert shown(outputs)[1040] is None
    assert [o for o in outputs if isinstance(o, AlarmEvent)] == []
    assert [o.time // SECOND for o in run(derived_site(), *log) if isinstance(o, AlarmEvent)] == [1040]


def test_a_silent_station_makes_what_hangs_on_it_unknown_and_its_alarm_uncertain() -> None:
    log: list[Record] = [sent("a", 1000, (1000, 0, 10)), sent("b", 1000, (1000, 1, 100)), sent("b", 1300)]
    outputs = run(derived_site(), *log, Tick(1300 * SECOND))
    got = shown(outputs)
    assert (got[1180], got[1190]) == (10, None)
    mine = [(o.time // SECOND, o.transition) for o in outputs if isinstance(o, AlarmEvent) and o.rule == "low"]
    assert mine == [(1000, "raised"), (1190, "uncertain")]


def test_a_bad_input_is_bad_at_its_instants_only() -> None:
    a = sent("a", 1030, (1000, 0, 60), (1010, 0, 60, int(Quality.BAD)), (1020, 0, 70))
    assert shown(run(derived_site(), a, sent("b", 1030, (1000, 1, 100)))) == {1000: 60, 1010: None, 1020: 70, 1030: 70}


def test_a_timer_on_the_grid_does_not_run_past_instants_that_a_tick_brings() -> None:
    log: list[Record] = [
        sent("a", 1000, (1000, 0, 10)),
        sent("b", 1000, (1000, 1, 100)),
        sent("a", 1040, (1010, 0, 90)),
        Tick(1040 * SECOND),
    ]
    assert [o for o in run(derived_site(on_delay=20), *log) if isinstance(o, AlarmEvent)] == []
    still: list[Record] = [*log[:2], sent("a", 1040, (1010, 0, 20)), log[3]]
    raised = [o.time // SECOND for o in run(derived_site(on_delay=20), *still) if isinstance(o, AlarmEvent)]
    assert raised == [1020]
