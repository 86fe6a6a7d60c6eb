"""The fold over frames: the newest reading of every point, when each station reported, and trends."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from services.console import wording
from services.console.view.listing import LazyMapping
from services.console.view.snapshots import PointView, StationView, Trend
from services.console.view.trend import Ring
from services.core.catalogue.model import Point, Site, Station
from services.core.clock import MINUTE
from services.core.frame import Frame
from services.core.quality import FIRST_BAD, FIRST_UNCERTAIN, Quality

#: An arrow compares the mean of the last minutes with that of as many minutes a while ago, so that a meter's noise
#: does not turn it, and shows only a change of more than this part of the larger one.
TURN = 15 * MINUTE
NEAR = 3 * MINUTE
TURN_RATIO = 0.03


class SiteReadings:
    """One site's readings, in order of arrival; a late reading never replaces a newer one.

    Derived readings say nothing about whether the station reports, so their progress is kept apart.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.received = 0
        self._newest: dict[int, tuple[int, float, int]] = {}
        self._good: dict[int, int] = {}
        self._rings: dict[int, Ring] = {}
        self._through: dict[str, int] = {}
        self._derived: dict[str, int] = {}
        self._dead: set[str] = set()
        self._indices: dict[str, dict[str, int]] = {}
        self._indexed: Site | None = None

    def configure(self, site: Site) -> None:
        """Takes a new catalogue version; point indices are append-only, so readings stay where they are."""
        self.site = site

    def apply(self, frame: Frame, *, derived: bool = False) -> None:
        """Folds a frame. Readings of a point that the catalogue does not have are passed over."""
        progress = self._derived if derived else self._through
        before = progress.get(frame.station)
        first = int(frame.times[0]) if len(frame) else frame.through
        if before is not None and first - before > self._patience(frame.station):
            self._break(frame.station, before, derived)
        if not derived:
            self.received = max(self.received, frame.received)
            (self._dead.add if frame.death else self._dead.discard)(frame.station)
        if before is None or frame.through > before:
            progress[frame.station] = frame.through
        for at in _last_of_slots(frame):
            self._take(
                int(frame.points[at]), int(frame.times[at]),
                float(frame.values[at]), int(frame.quality[at]),
            )  # fmt: skip

    def _take(self, index: int, time: int, value: float, quality: int) -> None:
        if not 0 <= index < len(self.site.points):
            return
        known = self._newest.get(index)
        if known is None or time > known[0]:
            self._newest[index] = (time, value, quality)
            if quality < FIRST_BAD and not np.isnan(value):
                self._good[index] = time
        ring = self._rings.get(index)
        if ring is None:
            ring = self._rings[index] = Ring()
        ring.put(time, value if quality < FIRST_BAD and np.isfinite(value) else None)

    def _break(self, station: str, before: int, derived: bool) -> None:
        """Marks a silence in the trends: the last value held until `before`, then nothing was known."""
        for index, ring in self._rings.items():
            point = self.site.points[index]
            if point.station == station and (point.derived is not None) == derived:
                ring.put(before, ring.at(before))
                ring.put(before + ring.slot, None)

    def _patience(self, station_id: str) -> int:
        try:
            return self.site.station(station_id).stale_after
        except KeyError:
            return 3 * MINUTE

    @property
    def through(self) -> int | None:
        """Up to when any station has reported."""
        return max(self._through.values(), default=None)

    def point(self, index: int, now: int | None) -> PointView:
        """The point as it is known at `now` (the last tick; None before the first)."""
        point = self.site.points[index]
        newest = self._newest.get(index)
        why, value, time, quality = "never", None, None, int(Quality.NEVER_SEEN)
        if newest is not None:
            time, value, quality = newest
            why = self._why(point, time, quality, value, now)
        # Beyond its range a meter cannot say whether the water gets better or worse.
        top = saturated(point, value, quality)
        ring = self._rings.get(index)
        state = ""
        if value is not None and not why and point.states:
            state = point.states.get(int(value), "")
        return PointView(
            site=self.site.id, station=point.station, name=point.name,
            description=point.description, unit=point.unit,
            value=None if why else value, why=why, time=time, good_at=self._good.get(index), quality=quality,
            saturated=top,
            uncertain=FIRST_UNCERTAIN <= quality < FIRST_BAD,
            direction=_direction(ring, time, value) if ring and not why and not top else None, state=state,
        )  # fmt: skip

    def _why(self, point: Point, time: int, quality: int, value: float, now: int | None) -> str:
        """Why the newest reading cannot stand for the present; empty when it can."""
        if point.station in self._dead:
            return "link"
        progress = self._derived if point.derived else self._through
        through = progress.get(point.station, time)
        if now is not None and now - through > self._patience(point.station):
            return "silent"
        if point.stale_after is not None and max(now or 0, through) - time > point.stale_after:
            return "stale"
        if quality >= FIRST_BAD or np.isnan(value):
            try:
                return Quality(quality).label if quality >= FIRST_BAD else "not a number"
            except ValueError:
                return Quality.BAD.label
        return ""

    def doubtful(self, now: int | None) -> Iterator[PointView]:
        """Measured points whose newest reading cannot stand for the present, without a look at the others."""
        for index, point in enumerate(self.site.points):
            if point.derived is not None or point.removed:
                continue
            newest = self._newest.get(index)
            late = newest is not None and point.stale_after is not None and (now or 0) - newest[0] > point.stale_after
            if late or newest is None or newest[2] >= FIRST_BAD or np.isnan(newest[1]):
                yield self.point(index, now)

    def trend(self, index: int, now: int | None, points: int) -> Trend:
        """The point's trend; a good last value holds until its station's newest report."""
        ring = self._rings.get(index)
        if ring is None:
            return Trend((), ())
        line, point = ring.lines(points), self.site.points[index]
        progress = self._derived if point.derived else self._through
        through, view = progress.get(point.station), self.point(index, now)
        if not line.times or through is None or through <= line.times[-1]:
            return line
        held = line.values[-1] if view.why in ("", "silent", "link") else None
        return Trend((*line.times, through), (*line.values, held))

    def stations(self, now: int | None) -> Iterator[StationView]:
        """All stations in catalogue order."""
        for station in self.site.stations:
            yield self._station(station, now)

    def _of_station(self) -> dict[str, dict[str, int]]:
        """The indices of each station's points by their names, as long as the catalogue is the same."""
        if self._indexed is not self.site:
            self._indices = {}
            for index, point in enumerate(self.site.points):
                if not point.removed:
                    self._indices.setdefault(point.station, {})[point.name] = index
            self._indexed = self.site
        return self._indices

    def _station(self, station: Station, now: int | None) -> StationView:
        # Of thousands of points a page shows a few: each is worked out when it is looked at.
        points = LazyMapping(self._of_station().get(station.id, {}), partial(self.point, now=now))
        through = self._through.get(station.id)
        silent = through is None or (now is not None and now - through > station.stale_after)
        state = points["state"].state if "state" in points else ""
        dead = station.id in self._dead
        return StationView(station.id, station.type, station.name, through, silent, dead, state, points)


def saturated(point: Point, value: float | None, quality: int = 0) -> bool:
    """Whether the true value is at least `value`: the source says so, or it is the top of the meter's range."""
    top = point.saturates and point.high is not None and value is not None and value >= point.high
    return quality == Quality.SATURATED or top


def _last_of_slots(frame: Frame, slot: int = 15_000_000_000) -> Iterator[int]:
    """Rows that matter here: of each point and slot the last one. Rows come in order of (time, point)."""
    if not len(frame):
        return
    slots = frame.times // slot
    order = np.lexsort((np.arange(len(frame)), slots, frame.points))
    points, slots = frame.points[order], slots[order]
    last = np.ones(len(order), bool)
    last[:-1] = (points[1:] != points[:-1]) | (slots[1:] != slots[:-1])
    for at in np.sort(order[last]):
        yield int(at)


def _direction(ring: Ring, time: int | None, value: float | None) -> int | None:
    if time is None or value is None:
        return None
    before, after = ring.mean(time - TURN - NEAR, time - TURN), ring.mean(time - NEAR, time)
    if before is None or after is None:
        return None
    # A value at zero goes nowhere, and a change that its last digit hides is none to whoever reads it.
    step = wording.step(after)
    if abs(after) < step / 2 or abs(value) < step / 2 or abs(after - before) <= step:
        return None
    turn = TURN_RATIO * max(abs(after), abs(before))
    return 0 if abs(after - before) <= turn else (1 if after > before else -1)
