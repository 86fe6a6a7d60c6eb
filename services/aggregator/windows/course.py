"""Course: the fold of a site's readings, minute by minute in order of time, into windows of every width."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.aggregator.windows.kernel import fold_minute, in_order, known_until, merge
from services.aggregator.windows.layout import NEVER_READ, Floats, Ints, blank
from services.aggregator.windows.terms import Terms, day_of
from services.core.clock import DAY, HOUR, MINUTE
from services.core.frame import Points, Qualities, Times, Values

QUARTER = 15 * MINUTE
#: Windows of more than a minute. Quarters and hours are of UTC, days of the site's zone.
WIDER = (QUARTER, HOUR, DAY)
WIDTHS = (MINUTE, *WIDER)

_CARRIED = ("seen", "held", "counted", "counted_at")


class Window(NamedTuple):
    """A window that is over: its rows by point. The arrays are used again for the next one."""

    width: int
    start: int
    end: int
    ints: Ints
    floats: Floats


@dataclass(slots=True)
class Bucket:
    """The readings of one minute, in the order in which they came, or (once `ordered`) of time."""

    times: Times
    points: Points
    values: Values
    quality: Qualities
    ordered: bool = False

    def sorted(self) -> Bucket:
        """In order of time; of two of one point and moment the one that came first is first."""
        at = np.argsort(self.times, kind="stable")
        return Bucket(self.times[at], self.points[at], self.values[at], self.quality[at], True)


class Course:
    """Where the fold of a site stands. `at`: the minute (number since 1970) that is folded next."""

    def __init__(self, points: int = 0) -> None:
        """Of so many points, before any reading."""
        self.at = 0
        self.day = (0, 0)
        self.seen = np.full(points, NEVER_READ, np.int64)
        self.held = np.full(points, np.nan)
        self.counted = np.full(points, np.nan)
        self.counted_at = np.full(points, NEVER_READ, np.int64)
        wide = [blank(points) for _ in WIDER]
        self.ints = np.stack([ints for ints, _ in wide])
        self.floats = np.stack([floats for _, floats in wide])
        self.busy = False  # whether a wider window has anything in it
        self._minute = blank(points)

    def __len__(self) -> int:
        return len(self.seen)

    def copy(self) -> Course:
        """One that goes on by itself."""
        new = Course.__new__(Course)
        new.at, new.day, new.busy = self.at, self.day, self.busy
        for name in (*_CARRIED, "ints", "floats"):
            setattr(new, name, getattr(self, name).copy())
        new._minute = (np.empty_like(self._minute[0]), np.empty_like(self._minute[1]))
        return new

    def grown(self, points: int) -> Course:
        """With rows for points that came to the catalogue since."""
        if points <= len(self):
            return self
        new = Course(points)
        new.at, new.day, new.busy, n = self.at, self.day, self.busy, len(self)
        for name in _CARRIED:
            getattr(new, name)[:n] = getattr(self, name)
        new.ints[:, :n], new.floats[:, :n] = self.ints, self.floats
        return new

    def advance(self, until: int, buckets: dict[int, Bucket], terms: Terms) -> Iterator[Window]:
        """Folds the minutes before `until`, and gives each window that ends; consume it before asking for the next.

        A minute in which nothing came and nothing held is passed over.
        """
        while self.at < until:
            bucket = buckets.get(self.at)
            if bucket is None and known_until(self.seen, self.held, terms.limit) <= self.at * MINUTE:
                self.at = self._skip(min((m for m in buckets if m > self.at), default=until), until)
            else:
                yield self._fold(bucket, buckets, terms)
            yield from self._ended()

    def _skip(self, following: int, until: int) -> int:
        """The minute up to which nothing happens: the next readings, or the end of a window that has some."""
        ends = [following, until]
        if self.busy:
            ends += [(self.at // 15 + 1) * 15, self.day[1] // MINUTE]
        return min(end for end in ends if end > self.at)

    def _fold(self, bucket: Bucket | None, buckets: dict[int, Bucket], terms: Terms) -> Window:
        start = self.at * MINUTE
        if start >= self.day[1]:
            self.day = day_of(start, terms.zone)
        if bucket is None:
            bucket = _EMPTY
        elif not bucket.ordered:
            if in_order(bucket.times, bucket.points, np.full(len(self), NEVER_READ, np.int64)):
                bucket.ordered = True
            else:
                bucket = buckets[self.at] = bucket.sorted()
        ints, floats = self._minute
        fold_minute(
            start, start + MINUTE, bucket.times, bucket.points, bucket.values, bucket.quality,
            terms.limit, terms.high, terms.low, terms.modulus, self.seen, self.held, self.counted, self.counted_at,
            ints, floats,
        )  # fmt: skip
        merge(self.ints, self.floats, ints, floats)
        self.busy = True
        self.at += 1
        return Window(MINUTE, start, start + MINUTE, ints, floats)

    def _ended(self) -> Iterator[Window]:
        if not self.busy:
            return
        now = self.at * MINUTE
        for n, width in enumerate(WIDER):
            if now != self.day[1] if width == DAY else now % width:
                continue
            start = self.day[0] if width == DAY else now - width
            yield Window(width, start, now, self.ints[n], self.floats[n])
            self.ints[n], self.floats[n] = blank(len(self))
        if now % HOUR == 0 and now >= self.day[1]:
            self.busy = False

    # -- state

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """(plain data, arrays)."""
        names = (*_CARRIED, "ints", "floats")
        return {"at": self.at, "day": list(self.day), "busy": self.busy}, {name: getattr(self, name) for name in names}

    @classmethod
    def load(cls, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Course:
        """What `dump` gave. KeyError, ValueError when something is missing, of another type or shape."""
        new = cls(len(arrays["seen"]))
        new.at, new.day, new.busy = meta["at"], (meta["day"][0], meta["day"][1]), meta["busy"]
        for name in (*_CARRIED, "ints", "floats"):
            column, mine = arrays[name], getattr(new, name)
            if (column.dtype, column.shape) != (mine.dtype, mine.shape):
                raise ValueError(f"damaged state: column {name!r} of the open windows")
            setattr(new, name, column)
        return new


_EMPTY = Bucket(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.uint8), True)
