"""From a recording to frames of a site: series chosen, units converted, readings in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.core.catalogue import Site, to_json, version_of
from services.core.clock import HOUR
from services.core.errors import Rejected
from services.core.frame import Frame
from services.replay.importers.model import Recording, Rejects, Series
from services.replay.mapping import Mapping, PointRecord, default_mapping
from services.replay.units import factor, source_unit


@dataclass(frozen=True, slots=True)
class Choice:
    """The series that feeds a point, why it was taken, and what else there was of its parameter."""

    point: str
    code: str
    series: str
    description: str
    readings: int
    why: str
    others: tuple[tuple[str, str, int], ...]  # id, description, readings

    def __str__(self) -> str:
        text = f"{self.point}: parameter {self.code}, {self.readings} readings"
        if not self.others:
            return text
        others = "; ".join(f"{i} ({d}): {n} readings" for i, d, n in self.others)
        return f"{text} of series {self.series} ({self.description}), {self.why}; left out: {others}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Frames in event time order, how they came about, and what was left out.

    missing: points that the mapping names and the record does not have.  unused: (code, id,
    readings) of parameters that no point takes.
    """

    site: Site
    frames: tuple[Frame, ...]
    choices: tuple[Choice, ...]
    missing: tuple[str, ...]
    unused: tuple[tuple[str, str, int], ...]
    rejects: Rejects

    @property
    def readings(self) -> int:
        """Readings in all frames."""
        return sum(len(frame) for frame in self.frames)


def prepare(recording: Recording, site: Site, mapping: Mapping | None = None, *, width: int = HOUR) -> Prepared:
    """Frames of `site`, each with the readings of (k·width, (k+1)·width], `through` its last
    reading.

    Several series of one parameter: the one that the mapping names, else the one with the most
    readings, of equals the first in the file. Raises Rejected when the record is of another
    station, when it holds several stations and the mapping names none, when a named series is
    absent, a unit cannot be converted, or nothing fits the site.
    """
    mapping = mapping or default_mapping(site)
    series = _of_station(recording, mapping.number)
    choices, chosen, missing = [], list[tuple[int, Series, float]](), []
    for name, wanted in sorted(mapping.points.items(), key=lambda p: site.point_index[p[0]]):
        candidates = [s for s in series if s.code == wanted.code]
        if not candidates:
            missing.append(name)
            continue
        one, why = _choose(name, wanted, candidates)
        index = site.point_index[name]
        scale = factor(source_unit(one.code, one.unit), site.points[index].unit)
        chosen.append((index, one, scale))
        others = tuple((s.id, s.description, len(s)) for s in candidates if s is not one)
        choices.append(Choice(name, one.code, one.id, one.description, len(one), why, others))
    if not any(len(one) for _, one, _ in chosen):
        raise Rejected(
            "nothing for this site",
            f"the record has {sorted({s.code for s in series if len(s)})}, "
            f"site {site.id!r} takes {sorted({p.code for p in mapping.points.values()})}",
        )
    taken = {p.code for p in mapping.points.values()}
    unused = tuple((s.code, s.id, len(s)) for s in series if s.code not in taken)
    frames = tuple(_frames(site, chosen, width))
    return Prepared(site, frames, tuple(choices), tuple(missing), unused, recording.rejects)


def _of_station(recording: Recording, number: str | None) -> list[Series]:
    stations = sorted({s.station for s in recording.series})
    if number is None and len(stations) > 1:
        raise Rejected("several stations", f"{stations}; name one as `number` in the records file")
    wanted = number if number is not None else (stations[0] if stations else "")
    found = [s for s in recording.series if s.station == wanted]
    if not found:
        raise Rejected("another station", f"the record is of {stations}, the site's is {wanted!r}")
    return found


def _choose(name: str, wanted: PointRecord, candidates: list[Series]) -> tuple[Series, str]:
    if wanted.series is not None:
        for one in candidates:
            if one.id == wanted.series:
                return one, "named by the site"
        raise Rejected(
            "no such series",
            f"{name}: {wanted.series!r} must be one of {sorted(s.id for s in candidates)}",
        )
    if len(candidates) == 1:
        return candidates[0], "the only one"
    return max(candidates, key=len), "which has the most readings"


def _frames(site: Site, chosen: list[tuple[int, Series, float]], width: int) -> list[Frame]:
    version = version_of(to_json(site))
    frames = []
    for station in site.stations:
        mine = [c for c in chosen if site.points[c[0]].station == station.id]
        if not any(len(one) for _, one, _ in mine):
            continue
        times = np.concatenate([one.times for _, one, _ in mine])
        points = np.concatenate([np.full(len(one), i, np.int32) for i, one, _ in mine])
        values = np.concatenate([one.values * scale for _, one, scale in mine])
        quality = np.concatenate([one.quality for _, one, _ in mine])
        order = np.lexsort((points, times))
        times, points, values, quality = times[order], points[order], values[order], quality[order]
        edges = np.flatnonzero(np.diff((times - 1) // width)) + 1
        for part in np.split(np.arange(len(times)), edges):
            a, b = int(part[0]), int(part[-1]) + 1
            frames.append(
                Frame(
                    site.id, station.id, times[a:b], points[a:b], values[a:b], quality[a:b],
                    through=int(times[b - 1]), catalogue=version,
                )
            )  # fmt: skip
    return sorted(frames, key=lambda frame: frame.through)
