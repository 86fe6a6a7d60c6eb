"""Turbidity against its own 30 days."""

from __future__ import annotations

import numpy as np
import pytest

from services.alerts.derived.usual import OfUsual
from services.core.catalogue import Site, Station
from services.core.catalogue.resolve import make_station_rule
from services.core.clock import DAY, MINUTE
from services.core.quality import Quality


def site() -> Site:
    station = Station(
        id="intake", type="intake", name="", heartbeat=MINUTE, stale_after=3 * MINUTE, stale=make_station_rule()
    )
    return Site(id="x", group="g", name="", kind="plant", time_zone="UTC", stations=(station,), points=())


def function() -> OfUsual:
    return OfUsual(site(), ["value"], {"days": 2.0})


def run(function: OfUsual, start: float, days: float, value: float, quality: int = 0) -> tuple[float, int]:
    times = np.arange(int(start * DAY), int((start + days) * DAY), MINUTE, dtype=np.int64)
    values = np.full((len(times), 1), value)
    out, q = function.compute(times, values, np.full((len(times), 1), quality, np.uint8))
    return float(out[-1]), int(q[-1])


def test_nothing_is_usual_before_a_quarter_of_the_days_was_seen() -> None:
    usual = function()
    assert run(usual, 100, 0.45, 20.0)[1] == Quality.BAD
    ratio, quality = run(usual, 100.45, 0.1, 20.0)
    assert quality == 0
    assert ratio == pytest.approx(1.0, rel=0.06)


def test_a_surge_is_told_against_the_weeks_before_and_hardly_moves_them() -> None:
    usual = function()
    run(usual, 100, 2, 20.0)
    assert run(usual, 102, 0.2, 170.0)[0] == pytest.approx(8.5, rel=0.06)


def test_another_season_becomes_usual() -> None:
    usual = function()
    run(usual, 100, 2, 20.0)
    assert run(usual, 102, 6, 100.0)[0] == pytest.approx(1.0, rel=0.06)


def test_bad_readings_are_not_what_is_usual() -> None:
    usual = function()
    run(usual, 100, 2, 20.0)
    assert run(usual, 102, 6, 0.0, Quality.BAD)[1] == Quality.BAD
    assert run(usual, 108, 0.01, 20.0)[0] == pytest.approx(1.0, rel=0.06)


def test_any_split_gives_the_same() -> None:
    times = np.arange(0, 3 * DAY, 10 * MINUTE, dtype=np.int64)
    values = 20.0 + 10.0 * np.sin(np.arange(len(times)) / 7.0)[:, None]
    quality = np.zeros((len(times), 1), np.uint8)
    whole, parts = function(), function()
    expected, _ = whole.compute(times, values, quality)
    cut = 137
    a, _ = parts.compute(times[:cut], values[:cut], quality[:cut])
    b, _ = parts.compute(times[cut:], values[cut:], quality[cut:])
    np.testing.assert_array_equal(np.concatenate([a, b]), expected)
    np.testing.assert_array_equal(whole.memory, parts.memory)
