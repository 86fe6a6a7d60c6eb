"""A cold snap: pipes cool with a lag, ice stops the flow, a thaw frees it and shows what has burst, and people call."""

import numpy as np
import pytest

from services.telemetry.simulator.freeze.event import FreezeEvent, Hotline
from services.telemetry.simulator.freeze.hotline import Calls
from services.telemetry.simulator.freeze.pipes import Pipes
from services.telemetry.simulator.freeze.scene import Freeze
from services.telemetry.simulator.scene import load_scene, read_event
from tests.unit.simulator.test_scene import FREEZE

STEP = 1 / 60


@pytest.fixture(scope="module")
def days() -> list[dict[str, float]]:
    """Key variables of every quarter of an hour."""
    scene = load_scene(FREEZE)
    assert isinstance(scene, Freeze)
    rows = []
    while scene.now < scene.end:
        scene.advance(900)
        rows.append(scene.summary())
    return rows


def pipes(**update) -> Pipes:
    event = read_event(FREEZE)
    assert isinstance(event, FreezeEvent)
    return Pipes(event.meters.model_copy(update=update), 7, 2.0)


def test_a_pipe_cools_with_its_lag_towards_air_and_ground_and_flow_warms_it():
    still = pipes(profile=[0.0] * 24)
    before = still.temperature.copy()
    still.step(1.0, -10.0, 3.0)
    wanted = still._exposure * -10.0 + (1 - still._exposure) * 6.0
    assert still.temperature == pytest.approx(wanted + (before - wanted) * np.exp(-1.0 / still._lag))
    used = pipes(profile=[1.0] * 24)
    used.step(1.0, -10.0, 3.0)
    assert (used.temperature > still.temperature).all()


def test_degree_hours_of_frost_stop_a_meter_and_a_thaw_frees_it_or_shows_the_burst():
    one = pipes(burst_share=0.5, closed_after_hours=2.0)
    for _ in range(60 * 48):
        one.step(STEP, -15.0, 3.0)
    assert one.frozen.sum() > 20
    one.step(STEP, -15.0, 7.0)
    assert (one.flow[one.frozen] == 0.0).all()
    assert (one.flow[~one.frozen] > 0.1).all()
    was = one.ever_frozen.copy()
    bursting = 0.0
    for _ in range(60 * 60):
        one.step(STEP, 10.0, 7.0)
        bursting = max(bursting, float(one.flow.max()))
    assert not one.frozen.any()
    assert bursting == 15.0
    assert 0 < one.ever_burst.sum() < was.sum()
    assert (one.ever_burst <= was).all()
    # Where a pipe burst the valve is closed, elsewhere water flows as before.
    assert ((one.flow == 0.0) == one.ever_burst).all()


def test_who_is_concerned_calls_once_after_a_while_and_by_day():
    calls = Calls(Hotline(customers=1000, call_share=0.5, lag_hours=3.0))
    for _ in range(60):
        calls.step(STEP, 0.4, 3.0)
    night = calls.made
    for _ in range(60):
        calls.step(STEP, 0.4, 7.0)
    assert calls.made - night > 5 * night > 0
    for _ in range(60 * 48):
        calls.step(STEP, 0.4, 12.0)
    assert calls.made == pytest.approx(1000 * 0.4 * 0.5, rel=0.001)
    assert calls.rate == pytest.approx(0.0, abs=0.1)


def test_the_cold_snap_goes_as_it_is_described(days):
    assert min(row["air °C"] for row in days) == pytest.approx(-15.0)
    coldest = min(range(len(days)), key=lambda n: days[n]["air °C"])
    first = next(n for n, row in enumerate(days) if row["frozen"])
    assert first < coldest
    assert 15 <= max(row["frozen"] for row in days) <= 25
    assert days[-1]["frozen"] < 5
    bursts = [n for n, row in enumerate(days) if row["bursts"]]
    assert bursts
    assert min(bursts) > coldest
    # Frozen by the thousand, and told by telephone.
    assert days[-1]["calls"] > 1000
    peak = max(range(len(days)), key=lambda n: days[n]["calls /h"])
    assert first < peak < min(bursts)
