"""Waiting: readings by the minute that they are of, until their minute has left memory; what came late is noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.aggregator.windows.course import Bucket
from services.core.clock import MINUTE
from services.core.frame import Frame, Points, Qualities, Times, Values
from services.core.quality import Quality

_COLUMNS = ("times", "points", "values", "quality")
#: Beyond this (ns, the year 2116) a time is taken for damage.
_LATEST = 2**62

Which: TypeAlias = NDArray[np.bool_] | NDArray[np.int64] | slice


class Columns(NamedTuple):
    """Readings in columns of equal length."""

    times: Times
    points: Points
    values: Values
    quality: Qualities

    def of(self, which: Which) -> Columns:
        """Those of the readings that are chosen."""
        return Columns(self.times[which], self.points[which], self.values[which], self.quality[which])


def joined(parts: Sequence[Frame | Bucket | Columns]) -> Columns:
    """All readings of at least one part, one part after the other."""
    return Columns(*(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS))


def acceptable(columns: Columns, points: int) -> NDArray[np.bool_]:
    """Readings of known points whose time can be believed: one from the future would hold its window open till then."""
    times, of = columns.times, columns.points
    good: NDArray[np.bool_] = (of >= 0) & (of < points) & (times >= 0) & (times < _LATEST)
    good &= columns.quality != Quality.CLOCK
    return good


@dataclass(slots=True)
class Waiting:
    """buckets: by minute.  touched: by point, the first minute already given out that has got a reading since."""

    buckets: dict[int, Bucket] = field(default_factory=dict)
    touched: dict[int, int] = field(default_factory=dict)

    def add(self, columns: Columns, closed: int) -> int:
        """Readings in the order in which they came. Returns how many are new to minutes before `closed`."""
        if not len(columns.times):
            return 0
        minutes = columns.times // MINUTE
        if (minutes[1:] < minutes[:-1]).any():
            order = np.argsort(minutes, kind="stable")
            columns, minutes = columns.of(order), minutes[order]
        bounds = np.flatnonzero(np.diff(minutes)) + 1
        late = 0
        for first, last in zip([0, *bounds.tolist()], [*bounds.tolist(), len(minutes)], strict=True):
            minute, part = int(minutes[first]), columns.of(slice(first, last))
            if minute < closed:
                part = self._news(minute, part)
                late += len(part.times)
            if len(part.times):
                self._append(minute, part)
        return late

    def _append(self, minute: int, part: Columns) -> None:
        old = self.buckets.get(minute)
        if old is not None:
            part = joined([old, part])
        self.buckets[minute] = Bucket(*part)

    def _news(self, minute: int, part: Columns) -> Columns:
        """What was not said before of its point and moment."""
        old = self.buckets.get(minute)
        have = 0 if old is None else len(old.times)
        both = part if old is None else joined([old, part])
        order = np.lexsort((both.points, both.times))  # stable: what came first is first
        first = np.ones(len(order), np.bool_)
        t, p = both.times[order], both.points[order]
        first[order[1:]] = (t[1:] != t[:-1]) | (p[1:] != p[:-1])
        new = first[have:]
        for point in np.unique(part.points[new]).tolist():
            self.touched[point] = min(minute, self.touched.get(point, minute))
        return part.of(new)

    def forget(self, sealed: int) -> None:
        """Minutes before `sealed` leave memory."""
        for minute in [m for m in self.buckets if m < sealed]:
            del self.buckets[minute]

    # -- state

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that waits, in columns."""
        minutes = sorted(self.buckets)
        out: dict[str, NDArray[Any]] = {
            "bucket_minutes": np.array(minutes, np.int64),
            "bucket_lengths": np.array([len(self.buckets[m].times) for m in minutes], np.int64),
            "touched": np.array(sorted(self.touched.items()), np.int64).reshape(-1, 2),
        }
        for i, name in enumerate(_COLUMNS):
            out[name] = np.concatenate([_NONE[i], *(getattr(self.buckets[m], name) for m in minutes)])
        return out

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Waiting:
        """KeyError, ValueError when a column is missing or of another type or length."""
        new = cls({}, {int(p): int(m) for p, m in arrays["touched"]})
        lengths = arrays["bucket_lengths"]
        for i, name in enumerate(_COLUMNS):
            if (arrays[name].dtype, len(arrays[name])) != (_NONE[i].dtype, lengths.sum()):
                raise ValueError(f"damaged state: column {name!r} of the readings that wait")
        at = 0
        for minute, length in zip(arrays["bucket_minutes"].tolist(), lengths.tolist(), strict=True):
            new.buckets[minute] = Bucket(*Columns(*(arrays[name][at : at + length] for name in _COLUMNS)))
            at += length
        return new


_NONE = Columns(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.uint8))
