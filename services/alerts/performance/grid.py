"""Counts on a fixed grid: ten minutes, hours, days from the epoch (UTC), as the standards' shares of periods ask."""

from __future__ import annotations

from typing import Any

#: Counts above which a share of periods is told.
ABOVE = (1, 2, 10, 30)


class Grid:
    """Takes event times in order; holds the present period and sums, no list."""

    def __init__(self, width: int) -> None:
        """`width`: of a period, ns."""
        self.width = width
        self._index, self._count = 0, 0
        self._above = dict.fromkeys(ABOVE, 0)
        self._worst, self._worst_at = 0, 0

    def take(self, time: int) -> None:
        """One at `time` (ns)."""
        index = time // self.width
        if index != self._index:
            self._close()
            self._index, self._count = index, 0
        self._count += 1

    def _close(self) -> None:
        for limit in ABOVE:
            self._above[limit] += self._count > limit
        if self._count > self._worst:
            self._worst, self._worst_at = self._count, self._index * self.width

    def above(self, limit: int) -> int:
        """Periods with more than `limit`, one of ABOVE."""
        return self._above[limit] + (self._count > limit)

    @property
    def worst(self) -> tuple[int, int]:
        """Most in a period, and when that began (ns); of equals the first."""
        if self._count > self._worst:
            return self._count, self._index * self.width
        return self._worst, self._worst_at

    def periods(self, start: int, end: int) -> int:
        """How many periods `start` to `end` (ns) touches, at least 1."""
        return max(1, -(-end // self.width) - start // self.width)

    def dump(self) -> list[Any]:
        """Plain data for `load`."""
        return [self._index, self._count, [self._above[n] for n in ABOVE], self._worst, self._worst_at]

    def load(self, data: list[Any]) -> None:
        """What `dump` gave."""
        self._index, self._count, above, self._worst, self._worst_at = data
        self._above = dict(zip(ABOVE, above, strict=True))
