"""Compiles the kernels, or loads them from the cache, before the first record waits for them."""

from __future__ import annotations

import numpy as np

from services.alerts.processor import AlertProcessor
from services.core.catalogue import DerivedBy, Point, Rule, Site, Station, to_json, version_of
from services.core.catalogue.resolve import make_clock_rule, make_station_rule
from services.core.clock import DAY, MINUTE, SECOND
from services.core.frame import make_frame
from services.core.records import Config, Record, Tick


def _rule(kind: str) -> Rule:
    return Rule.model_validate({
        "id": kind, "kind": kind, "limit": 1, "clear": 1, "on_delay": "10s", "off_delay": "10s", "window": "5m",
        "priority": "medium", "consequence": "none", "response": "none", "respond_within": "1m",
    })  # fmt: skip


def warm_up() -> None:
    """Plays a few minutes of a made-up station: up to ten seconds the first time on a machine, then a fraction."""
    inputs = DerivedBy(function="percent", inputs={"part": "s/a", "whole": "s/a"}, parameters={"least_whole": 0})
    points = (
        Point(station="s", name="a", low=0, high=9, rules=tuple(_rule(kind) for kind in ("high", "rise", "fault"))),
        Point(station="s", name="b", derived=inputs),
    )
    station = Station(
        id="s",
        type="s",
        name="s",
        heartbeat=MINUTE,
        stale_after=3 * MINUTE,
        stale=make_station_rule(),
        clock=make_clock_rule(),
    )
    site = Site(id="w", group="w", name="w", kind="plant", time_zone="UTC", stations=(station,), points=points)
    text = to_json(site)
    records: list[Record] = [Config("w", version_of(text), text, DAY)]
    for minute in range(2):
        times = DAY + minute * MINUTE + np.arange(6, dtype=np.int64) * 10 * SECOND
        values = np.arange(6, dtype=np.float64)
        records.append(make_frame("w", "s", times, np.zeros(6, np.int32), values))
        records.append(Tick(DAY + (minute + 1) * MINUTE))
    records.append(Tick(2 * DAY))  # the station falls silent
    late = np.array([2 * DAY + MINUTE])
    records.append(make_frame("w", "s", late, np.zeros(1, np.int32), np.ones(1)))
    processor = AlertProcessor()
    processor.step("w", records)
    processor.load("w", processor.dump("w"))
