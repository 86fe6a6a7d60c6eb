"""What the catalogue says of a site's windows: how long values hold, limits, flows, counters; and when days begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from services.aggregator.windows.layout import Floats, Ints
from services.core.catalogue import Point, Site, from_json
from services.core.catalogue.zones import FLOWS
from services.core.clock import MINUTE, to_datetime, to_ns


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """By point: limit: how long a value holds, ns; high, low: the first limits (inf, -inf: none); modulus of a counter,
    else 0; flow: m3 for a unit · s, NaN when the point is no flow.
    """

    version: str
    zone: str
    lateness: int
    limit: Ints
    high: Floats
    low: Floats
    modulus: Floats
    flow: Floats

    def __len__(self) -> int:
        return len(self.limit)

    @classmethod
    def none(cls) -> Terms:
        """Before any catalogue: no point is known."""
        none = np.zeros(0)
        return cls("", "UTC", 0, np.zeros(0, np.int64), none, none, none, none)

    @classmethod
    def of(cls, catalogue_json: str, version: str) -> Terms:
        """ValueError when it is no catalogue of a site."""
        site = from_json(catalogue_json)
        points = site.points
        return cls(
            version, site.time_zone, site.lateness,
            np.array([_holds(site, p) for p in points], np.int64),
            np.array([min((r.limit for r in p.rules if r.kind == "high"), default=np.inf) for p in points], float),
            np.array([max((r.limit for r in p.rules if r.kind == "low"), default=-np.inf) for p in points], float),
            np.array([p.counter or 0.0 for p in points], float),
            np.array([FLOWS.get(p.unit, np.nan) for p in points], float),
        )  # fmt: skip


def _holds(site: Site, point: Point) -> int:
    if point.stale_after:
        return point.stale_after
    # A point that was taken away may be of a station that is no more.
    return next((s.stale_after for s in site.stations if s.id == point.station), 3 * MINUTE)


def day_of(moment: int, zone: str) -> tuple[int, int]:
    """Beginning and end (ns) of the local day that `moment` (ns) is in: 23 or 25 hours where the clocks change.

    A day begins at the first moment of its date, also where midnight is skipped or comes twice. Both are whole minutes,
    as all zones' have been since 1972; else the minute that it falls into.
    """
    where = ZoneInfo(zone)
    date = to_datetime(moment).astimezone(where).date()
    ends = [to_ns(datetime.combine(date + timedelta(days=n), time(), where)) for n in (0, 1)]
    first, last = (end // MINUTE * MINUTE for end in ends)
    return first, last
