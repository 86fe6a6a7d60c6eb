"""Clarifier, filters, clear well and demand."""

import numpy as np
import pytest

from services.telemetry.simulator import filters as bed
from services.telemetry.simulator.clarifier import Clarifier
from services.telemetry.simulator.clearwell import ClearWell
from services.telemetry.simulator.demand import Demand, Ramp
from services.telemetry.simulator.filters import Filters
from services.telemetry.simulator.parameters import plant_parameters

P = plant_parameters(100_000)
HALF = np.full(P.filters, 0.5)


def settled_after(flow: float, hours: float, turbidity: float = 2000.0) -> Clarifier:
    one = Clarifier(P, 20.0)
    for _ in range(int(hours * 720)):
        one.step(5.0, flow, turbidity, turbidity)
    return one


def test_dose_lags_and_stops_at_its_cap():
    one = Clarifier(P, 20.0)
    for _ in range(120):
        one.step(5.0, P.raw_flow, 4000.0, 20.0)
    assert 0.4 * P.dose_cap < one.dose < 0.8 * P.dose_cap
    for _ in range(1440):
        one.step(5.0, P.raw_flow, 9000.0, 20.0)
    assert 0.99 * P.dose_cap < one.dose <= P.dose_cap
    assert one.pump <= 100
    assert one.ph < Clarifier(P, 20.0).ph


def test_low_flow_relieves_the_clarifier():
    assert settled_after(0.35 * P.raw_flow, 12).settled < settled_after(P.raw_flow, 12).settled


def test_sludge_fills_the_blanket_at_full_flow_and_not_at_a_third():
    assert settled_after(P.raw_flow, 8, 3000.0).blanket < 1.0
    assert settled_after(0.34 * P.raw_flow, 8, 3000.0).blanket > 1.0


def test_filters_wash_one_at_a_time_in_order_of_need():
    one = Filters(P, True, HALF)
    washed = set()
    for _ in range(48 * 360):
        one.step(10.0, 4249.0, 1.5)
        away = np.flatnonzero(one.state != bed.FILTERING)
        assert len(away) <= 1
        washed.update(away.tolist())
    assert len(washed) == P.filters
    assert one.queue <= 2
    assert one.head_loss.max() < 1.8


def test_a_washed_filter_ripens_before_it_serves():
    one = Filters(P, True, HALF)
    one.solids[3] = 10.0
    seen: list[int] = []
    for _ in range(400):
        one.step(10.0, 4249.0, 1.2)
        if not seen or seen[-1] != one.state[3]:
            seen.append(int(one.state[3]))
    assert seen == [bed.DRAINING, bed.WASHING, bed.RIPENING, bed.FILTERING]
    assert one.solids[3] < 0.1


def test_a_rate_step_shakes_turbidity_loose_and_a_slow_ramp_does_not():
    def worst(minutes: float) -> float:
        one = Filters(P, True, HALF)
        for _ in range(360):
            one.step(10.0, 2000.0, 1.2)
        top = 0.0
        for step in range(720):
            rise = min(step * 10.0 / (minutes * 60.0), 1.0)
            one.step(10.0, 2000.0 + 2249.0 * rise, 1.2)
            top = max(top, float(one.turbidity.max()))
        return top

    assert worst(1.0) > worst(90.0) + 0.05


def test_clear_well_balances():
    well = ClearWell(P, 3.0)
    start, came, went = well.volume, 0.0, 0.0
    for step in range(5000):
        inflow, outflow, wash = 2000.0 + step % 900, 2300.0 + step % 500, 600.0 * (step % 50 == 0)
        well.step(5.0, inflow, outflow, wash, 0.1)
        came += inflow * 5 / 3600
        went += (well.outflow + wash) * 5 / 3600
    assert well.volume == pytest.approx(start + came - went)


def test_clear_well_overflows_and_runs_dry_without_losing_count():
    well = ClearWell(P, 4.0)
    for _ in range(1000):
        well.step(5.0, 4000.0, 1000.0, 0.0, 0.1)
    assert well.level == P.overflow_level
    held = 4.0 * P.clear_well_area + 3000.0 * 5000 / 3600
    assert well.volume + well.spilled == pytest.approx(held)
    for _ in range(20_000):
        well.step(5.0, 100.0, 4000.0, 0.0, 0.1)
    assert well.level >= 0
    assert well.outflow == pytest.approx(100.0)


def test_demand_of_the_day(storm):
    demand = Demand(storm)
    at = {hour: demand.factor(storm.after_start(f"{hour:02d}:00")) for hour in range(24)}
    assert min(at, key=lambda hour: at[hour]) == 3
    assert max(at, key=lambda hour: at[hour]) == 7
    assert (at[3], at[7]) == (0.45, 1.4)
    assert sum(at.values()) / 24 == pytest.approx(1.0, abs=0.03)
    assert demand.at(0.0, 0.84) < demand.at(0.0, 1.0)


def test_ramp_goes_from_where_it_is():
    ramp = Ramp(1.0)
    ramp.order(100.0, 2.0, 100.0)
    ramp.order(150.0, 0.0, 10.0)
    assert [ramp.at(t) for t in (0, 100, 125, 150, 155, 160, 1000)] == [
        1.0, 1.0, 1.25, 1.5, 0.75, 0.0, 0.0,
    ]  # fmt: skip
