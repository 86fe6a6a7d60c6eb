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
        """What is due of a station, cut where a frame told how far it reached: between two of them may be a silence."""
        held = self._held[name]
        deaths = [frame for frame in held if frame.death]
        frames = [frame for frame in held if not frame.death]
        kept = [death for death in deaths if death.through > until]
        ended = {death.through: death for death in reversed(deaths) if death.through <= until}
        shown = dict.fromkeys(ended, 0)  # by how far it was told to reach: what clocks beyond belief showed
        parts: list[list[NDArray[Any]]] = []
        for frame in frames:
            due = frame.times <= until
            if frame.through <= until:
                shown[frame.through] = further(shown.get(frame.through, 0), frame.clock, frame.through)
                due |= frame.quality == Quality.CLOCK  # its time is nobody's: it comes with its frame
            if due.any():
                part = [getattr(frame, column)[due] for column in _COLUMNS]
                parts.append([*part, np.where(part[3] == Quality.CLOCK, frame.through, part[0])])
            if frame.through > until or not due.all():
                kept.append(_of(frame, [getattr(frame, column)[~due] for column in _COLUMNS]))
        if not parts and not shown:
            return []
        self._held[name] = kept
        if not kept:
            del self._held[name]
        columns = [np.concatenate([_EMPTY[i], *(part[i] for part in parts)]) for i in range(4)]
        told = np.concatenate([_EMPTY[0], *(part[4] for part in parts)])
        if len(told):
            shown.setdefault(int(told.max()), 0)
        like = max(frames or deaths, key=lambda frame: frame.through)
        out: list[Frame] = []
        left = np.ones(len(told), np.bool_)
        for mark in sorted(shown):
            rows = left & (told <= mark)
            left &= ~rows
            if rows.any() or mark not in ended:
                cut = _of(replace(like, death=False), [column[rows] for column in columns], mark)
                out.append(replace(cut, clock=shown[mark]))
            if mark in ended:
                out.append(ended[mark])
        return out

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
