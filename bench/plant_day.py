"""A day of a plant's readings for benchmarks: seeded noise around normal, with excursions and lost readings.

Not the simulator: a benchmark wants every point read at every instant, and some alarms on most points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.core.catalogue import Point, Site
from services.core.clock import SECOND
from services.core.frame import Frame, make_frame
from services.core.quality import Quality

#: Midnight of a day; any would do, as long as it is always the same.
START = 1_700_006_400 * SECOND
_RUNNING, _FILTERING = 3.0, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PlantDay:
    """values f8[n, m] and quality u1[n, m] of m points at n instants, times i8[n] (ns); points i4[m]: site rows."""

    site: Site
    times: NDArray[np.int64]
    points: NDArray[np.int32]
    values: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return int(self.values.size)

    def only(self, points: set[int]) -> PlantDay:
        """The same day with the readings of `points` (site rows) alone."""
        keep = np.isin(self.points, list(points))
        values, quality = np.ascontiguousarray(self.values[:, keep]), np.ascontiguousarray(self.quality[:, keep])
        return PlantDay(self.site, self.times, self.points[keep], values, quality)

    def frames(self, instants: int) -> list[Frame]:
        """As frames of one station and `instants` instants each, in the order in which a gateway sends them."""
        frames = []
        stations = [self.site.points[p].station for p in self.points]
        columns = {s: [i for i, name in enumerate(stations) if name == s] for s in dict.fromkeys(stations)}
        for low in range(0, len(self.times), instants):
            span = self.times[low : low + instants]
            for station, mine in columns.items():
                block = (slice(low, low + instants), mine)
                times, points = np.repeat(span, len(mine)), np.tile(self.points[mine], len(span))
                values, quality = self.values[block].ravel(), self.quality[block].ravel()
                frames.append(make_frame(self.site.id, station, times, points, values, quality))
        return frames


def plant_day(site: Site, *, hours: float = 24.0, step: int = 10, seed: int = 20230418) -> PlantDay:
    """`hours` of all measured points of `site` every `step` seconds.

    A value wanders about its normal by 2 %; once in some hours it goes beyond its worst limit for 10 to 60 minutes;
    one reading in 2,000 is lost. States and switches stand at their working position, with a few changes a day.
    """
    random = np.random.default_rng(seed)
    points = [i for i, p in enumerate(site.points) if p.derived is None and not p.removed]
    n = round(hours * 3600 / step)
    values = np.stack([_course(site.points[p], n, step, random) for p in points], axis=1)
    quality = np.where(random.random(values.shape) < 1 / 2000, np.uint8(Quality.BAD), np.uint8(Quality.GOOD))
    times = START + np.arange(n, dtype=np.int64) * (step * SECOND)
    return PlantDay(site, times, np.array(points, np.int32), values, quality)


def _course(point: Point, n: int, step: int, random: np.random.Generator) -> NDArray[np.float64]:
    """f8[n] of one point."""
    if point.name == "state" or point.name.endswith("_state"):
        normal = _RUNNING if point.name == "state" else _FILTERING
        return _episodes(np.full(n, normal), 2.0, 0.0, step, random)
    if point.name.endswith("_sample_flow"):
        return _episodes(np.ones(n), 0.0, 0.0, step, random)
    above = [r.limit for r in point.rules if r.kind == "high"]
    below = [r.limit for r in point.rules if r.kind == "low"]
    low, high = point.low or 0.0, point.high if point.high is not None else 1.0
    floor, ceiling = max(below, default=low), min(above, default=high)
    normal = floor + 0.5 * (ceiling - floor)
    wander = np.convolve(random.normal(size=n + 59), np.ones(60) / 60**0.5, "valid") + random.normal(size=n)
    course = normal + 0.02 * (ceiling - floor) * wander
    if above:
        course = _episodes(course, min(1.1 * max(above), high), 3.0, step, random)
    if below:
        course = _episodes(course, 0.9 * min(below), 3.0, step, random)
    return np.clip(course, low, high)


def _episodes(
    course: NDArray[np.float64], target: float, rise: float, step: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """`course` with about two visits a day to `target`; an excursion takes `rise` minutes each way, 0: a jump."""
    n = len(course)
    share = np.zeros(n)
    for _ in range(random.poisson(2 * n * step / 86400)):
        start, length = int(random.integers(n)), int(random.uniform(600, 3600) / step)
        share[start : start + length] = 1.0
    ramp = round(rise * 60 / step)
    if ramp:
        share = np.convolve(share, np.ones(ramp) / ramp, "same")[:n]
    return course + share * (target - course)
