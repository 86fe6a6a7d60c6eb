"""Allowed lateness: a site whose readings come out of order is folded a little behind its clock, in order.

What has come is kept until the run's clock is `lateness` past it, and then handed on a station at a time, in order of
event time: however the readings were delayed within that, batched or sent twice, what is folded is the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.clocks import further
from services.core.frame import Frame, make_frame
from services.core.quality import Quality

_COLUMNS = ("times", "points", "values", "quality")


class Ordering:
    """The frames of one site that are not yet due."""

    def __init__(self, site: str, lateness: int) -> None:
        """`lateness` ns, above 0."""
        self.site, self.lateness = site, lateness
        self._held: dict[str, list[Frame]] = {}

    def add(self, frame: Frame) -> None:
        """Keeps it until its time."""
        self._held.setdefault(frame.station, []).append(frame)

    def adopt(self, old: Ordering) -> None:
        """Takes over what an earlier catalogue version kept."""
        self._held = old._held

    def release(self, until: int) -> list[Frame]:
        """By station in order of names, what was read up to `until` (ns); of two readings of one moment the first."""
        out = []
        for station in sorted(self._held):
            out += self._due(station, until)
        return out

    def _due(self, name: str, until: int) -> list[Frame]:
        deaths = [frame for frame in self._held[name] if frame.death]
        frames = [frame for frame in self._held[name] if not frame.death]
        if not any(frame.through <= until or (frame.times <= until).any() for frame in self._held[name]):
            return []
        kept, parts, through, shown = [], [], -1, 0
        for frame in frames:
            due = frame.times <= until
            if frame.through <= until:
                due |= frame.quality == Quality.CLOCK  # its time says nothing
                shown = further(shown, frame.clock, until)
            if due.any():
                parts.append([getattr(frame, column)[due] for column in _COLUMNS])
            if frame.through <= until:
                through = max(through, frame.through)
            elif due.any():
                through = max(through, int(frame.times[due].max()))
            if frame.through > until or not due.all():
                kept.append(_of(frame, [getattr(frame, column)[~due] for column in _COLUMNS]))
        self._held[name] = kept + [death for death in deaths if death.through > until]
        if not self._held[name]:
            del self._held[name]
        out = []
        if through >= 0:
            columns = [np.concatenate([part[i] for part in parts]) if parts else _EMPTY[i] for i in range(4)]
            newest = max((frame for frame in frames), key=lambda frame: frame.through)
            out.append(_of(replace(newest, clock=shown), columns, through))
        return out + sorted((d for d in deaths if d.through <= until), key=lambda d: d.through)

    # -- state

    def dump(self) -> tuple[list[Any], dict[str, NDArray[Any]]]:
        """(plain data, arrays) of what is kept."""
        frames = [frame for station in sorted(self._held) for frame in self._held[station]]
        meta = [[f.station, f.through, f.catalogue, f.death, f.clock, len(f)] for f in frames]
        arrays = {
            f"late_{column}": np.concatenate([_EMPTY[i], *(getattr(f, column) for f in frames)])
            for i, column in enumerate(_COLUMNS)
        }
        return meta, arrays if meta else {}

    def load(self, meta: list[Any], arrays: dict[str, NDArray[Any]]) -> None:
        """What `dump` gave."""
        self._held, at = {}, 0
        for station, through, catalogue, death, clock, count in meta:
            times, points, values, quality = (arrays[f"late_{column}"][at : at + count] for column in _COLUMNS)
            at += count
            frame = Frame(
                self.site, station, times, points, values, quality, through, catalogue, death=death, clock=clock
            )  # fmt: skip
            self.add(frame)


_EMPTY: tuple[NDArray[Any], ...] = (
    np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float64), np.zeros(0, np.uint8),
)  # fmt: skip


def _of(frame: Frame, columns: list[NDArray[Any]], through: int | None = None) -> Frame:
    return make_frame(
        frame.site, frame.station, *columns,
        through=frame.through if through is None else through, catalogue=frame.catalogue, clock=frame.clock,
    )  # fmt: skip
