"""What the tests of the field side share: a small site, a log in memory, and a clock that stands still."""

import numpy as np

from services.core.catalogue.model import DerivedBy, Point, Rule, Site, Station
from services.core.clock import DAY, MINUTE, SECOND, parse_time
from services.core.errors import LogError
from services.core.frame import Frame
from services.core.ports import Position
from services.core.records import Tick

START = parse_time("2023-04-18T10:00:00Z")
EPOCH = 2**63 + 5  # larger than a signed 64-bit number: epochs are unsigned
STATIONS = ("intake", "filters")


def _stale():
    return Rule(
        id="station-silent", kind="stale", priority="medium",
        consequence="blind", response="look", respond_within=MINUTE,
    )  # fmt: skip


def small_site(name="no3", points=3):
    """Two stations of `points` measured points each, the intake's first, then a derived one."""
    measured = [Point(station=s, name=f"p{i}", unit="m") for s in STATIONS for i in range(points)]
    derived = Point(station="intake", name="ratio", derived=DerivedBy(function="ratio", inputs={"a": "intake/p0"}))
    return Site(
        id=name, group="liuyang", name=name, kind="plant", time_zone="Asia/Shanghai",
        stations=tuple(
            Station(id=s, type=s, name=s, heartbeat=MINUTE, stale_after=3 * MINUTE, stale=_stale())
            for s in STATIONS
        ),
        points=(*measured, derived),
    )  # fmt: skip


class StillClock:
    """A clock that shows what it is told."""

    def __init__(self, at=START + DAY):
        self.at = at

    def now(self):
        return self.at


class FakeLog:
    """The sites' log in memory. `broken` counts down the calls that fail."""

    def __init__(self):
        self.records, self.rejects, self.broken = [], [], 0
        self._positions, self._tick = {}, 0

    def _check(self):
        if self.broken:
            self.broken -= 1
            raise LogError("disk full")

    async def append(self, records):
        self._check()
        self.records += records
        for record in records:
            if isinstance(record, Tick):
                assert record.time > self._tick
                self._tick = record.time
            elif record.number:
                self._positions[record.site] = Position(record.epoch, record.number)

    async def reject(self, rejects):
        self._check()
        self.rejects += rejects

    def positions(self):
        return dict(self._positions)

    def last_tick(self):
        return self._tick

    @property
    def frames(self):
        return [r for r in self.records if isinstance(r, Frame)]

    @property
    def ticks(self):
        return [r.time for r in self.records if isinstance(r, Tick)]

    @property
    def reasons(self):
        return [reject.reason for reject in self.rejects]


def columns(k, station="intake", n=6):
    """The k-th frame's columns: n readings a second apart over the station's three points, by number."""
    first = 3 * STATIONS.index(station)
    times = START + (k * MINUTE // 6) + np.arange(n, dtype=np.int64) * SECOND
    points = (first + np.arange(n) % 3).astype(np.int32)
    return times, points, k + np.arange(n) / 8, np.zeros(n, np.uint8), int(times[-1])
