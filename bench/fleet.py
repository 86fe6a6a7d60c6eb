"""A fleet of like stations for load: sites of one station with many points, each with limits as a plant's have."""

from __future__ import annotations

import numpy as np

from services.core.catalogue import Catalogue, Point, Rule, Site, Station
from services.core.clock import SECOND
from services.core.frame import Frame, Values, make_frame

GROUP, STATION = "fleet", "plant"

#: An alarm limit that the fleet's readings stay below, and one that a marked reading passes.
CALM, LIMIT, CLEAR, LOUD = 20.0, 50.0, 45.0, 80.0


def site_id(number: int) -> str:
    """The name of the fleet's site `number`."""
    return f"f{number:04d}"


def fleet(sites: int, points: int = 50) -> Catalogue:
    """`sites` sites of one station with `points` points: high at once, low after a minute, instrument fault."""
    return Catalogue(group=GROUP, name="Fleet", sites=tuple(_site(n, points) for n in range(sites)))


def _rule(kind: str, limit: float, clear: float, on_delay: int, priority: str) -> Rule:
    return Rule.model_validate({
        "id": kind, "kind": kind, "limit": limit, "clear": clear, "on_delay": on_delay, "priority": priority,
        "consequence": "none, a measurement", "response": "none", "respond_within": "10m",
    })  # fmt: skip


def _site(number: int, points: int) -> Site:
    rules = (
        _rule("high", LIMIT, CLEAR, 0, "high"),
        _rule("low", 5.0, 6.0, 60 * SECOND, "medium"),
        _rule("fault", 0.0, 0.0, 60 * SECOND, "medium"),
    )
    stale = _rule("stale", 0.0, 0.0, 0, "medium")
    return Site(
        id=site_id(number),
        group=GROUP,
        name=f"Fleet {number}",
        kind="plant",
        time_zone="UTC",
        stations=(
            Station(
                id=STATION, type="fleet", name="Plant", heartbeat=60 * SECOND, stale_after=180 * SECOND, stale=stale
            ),
        ),
        points=tuple(
            Point(station=STATION, name=f"p{i:02d}", unit="NTU", low=0.0, high=100.0, rules=rules)
            for i in range(points)
        ),
    )


def frame(number: int, points: int, time: int, sequence: int, loud: int = -1) -> Frame:
    """One reading of each point at `time` (ns), the gateway's frame `sequence`; point `loud` is above its limit."""
    values: Values = CALM + np.arange(points, dtype=np.float64) % 7 + (sequence % 10) * 0.125
    if loud >= 0:
        values[loud] = LOUD
    return make_frame(
        site_id(number), STATION,
        np.full(points, time, np.int64), np.arange(points, dtype=np.int32), values,
        through=time, epoch=1, number=sequence, received=time,
    )  # fmt: skip
