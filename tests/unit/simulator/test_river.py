"""The river: depletion, hysteresis and the lead of the gauge."""

import numpy as np

from services.telemetry.simulator.event import Event
from services.telemetry.simulator.river import run_river


def changed(event: Event, **river: float) -> Event:
    return event.model_copy(update={"river": event.river.model_copy(update=river)})


def test_turbidity_peaks_one_to_three_hours_before_stage(storm):
    river = run_river(storm)
    lead = int(np.argmax(river.intake_level)) - int(np.argmax(river.turbidity))
    assert 60 <= lead <= 180


def test_without_a_rising_limb_depletion_alone_puts_the_peak_first(storm):
    river = run_river(changed(storm, turbidity_c=0.0, depletion=0.1))
    kept = run_river(changed(storm, turbidity_c=0.0, depletion=0.0))
    assert np.argmax(river.turbidity) < np.argmax(river.flow)
    assert np.argmax(kept.turbidity) == np.argmax(kept.flow)
    assert river.turbidity.max() < kept.turbidity.max()


def test_hysteresis_less_turbidity_at_the_same_flow_on_the_way_down(storm):
    river = run_river(storm)
    top = int(np.argmax(river.flow))
    for flow in (3.0, 5.0, 8.0):
        up = int(np.searchsorted(river.flow[:top], flow))
        down = top + int(np.argmax(river.flow[top:] < flow))
        assert river.turbidity[down] < 0.7 * river.turbidity[up]


def test_supply_only_falls(storm):
    supply = run_river(storm).supply
    assert np.all(np.diff(supply) <= 0)
    assert supply[0] == 1.0
    assert supply[-1] < 0.5


def test_the_gauge_leads_the_intake_by_the_lag(storm):
    river = run_river(storm)
    lead = int(np.argmax(river.intake_level)) - int(np.argmax(river.gauge_stage))
    assert abs(lead - storm.river.lag_minutes) <= 2


def test_stage_rises_by_about_three_metres(storm):
    stage = run_river(storm).gauge_stage
    assert 2.0 < stage.max() - stage[0] < 4.0


def test_no_rain_no_storm(storm):
    dry = storm.model_copy(update={"rain": [one.model_copy(update={"mm_h": 0.0}) for one in storm.rain]})
    river = run_river(dry)
    assert np.ptp(river.gauge_stage) == 0
    assert np.all(river.turbidity == storm.river.turbidity_a)
