"""A plant's log in whole minutes, for tests of what is kept of it: a frame of six readings, then a tick."""

from __future__ import annotations

import numpy as np

from services.core.catalogue import Point, Rule, Site, Station, to_json
from services.core.clock import MINUTE, SECOND, parse_time
from services.core.frame import Frame, make_frame
from services.core.records import Config, Record, Tick

START = parse_time("2023-04-18T10:45:00Z")


def config() -> Config:
    stale = Rule(
        id="station-silent", kind="stale", priority="medium",
        consequence="c", response="r", respond_within=5 * MINUTE,
    )  # fmt: skip
    names = [("intake", "raw_turbidity"), ("intake", "raw_flow"), ("clearwell", "level")]
    stations = tuple(
        Station(id=s, type=s, name=s, heartbeat=MINUTE, stale_after=3 * MINUTE, stale=stale)
        for s in ("intake", "clearwell")
    )
    site = Site(
        id="no3", group="liuyang", name="No. 3", kind="plant", time_zone="Asia/Shanghai",
        stations=stations, points=tuple(Point(station=s, name=p) for s, p in names),
    )  # fmt: skip
    return Config("no3", "v1", to_json(site), START)


def frame(minute: int, value: float = 1.0, point: int = 0, n: int = 6) -> Frame:
    times = START + minute * MINUTE + np.arange(n) * 10 * SECOND + 123_456_789
    return make_frame(
        "no3", "intake", times, np.full(n, point, np.int32), np.full(n, value),
        epoch=1, number=minute + 1,
    )  # fmt: skip


def storm(minutes: int) -> list[Record]:
    records: list[Record] = [config()]
    for minute in range(minutes):
        records += [frame(minute, float(minute)), Tick(START + (minute + 1) * MINUTE)]
    return records
