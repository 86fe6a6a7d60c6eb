"""Compiles the kernels of windows, or loads them from the cache, before the first record waits for them."""

from __future__ import annotations

import numpy as np

from services.aggregator.windows.processor import WindowAggregator
from services.core.catalogue import Point, Site, Station, to_json, version_of
from services.core.catalogue.resolve import make_station_rule
from services.core.clock import DAY, MINUTE
from services.core.frame import make_frame
from services.core.records import Config, Tick


def warm_up() -> None:
    """Plays a few minutes of a made-up station, with readings in order, late and too late."""
    station = Station(id="s", type="s", name="s", heartbeat=MINUTE, stale_after=3 * MINUTE, stale=make_station_rule())
    site = Site(
        id="w", group="w", name="w", kind="plant", time_zone="UTC", stations=(station,),
        points=(Point(station="s", name="a"),),
    )  # fmt: skip
    text = to_json(site)
    aggregator = WindowAggregator()
    aggregator.step("w", [Config("w", version_of(text), text, DAY)])
    for minute in (0, 20, 19, 1):
        times = np.array([DAY + minute * MINUTE])
        aggregator.step("w", [make_frame("w", "s", times, np.zeros(1, np.int32), np.ones(1))])
        aggregator.step("w", [Tick(DAY + max(minute + 1, 21) * MINUTE)])
    aggregator.load("w", aggregator.dump("w"))
