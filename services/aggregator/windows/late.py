"""What came too late for memory: which windows the archive has to give anew, and when that can be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.aggregator.windows.course import WIDTHS
from services.aggregator.windows.terms import day_of
from services.core.clock import DAY, MINUTE
from services.core.records import Recompute


def window_of(moment: int, width: int, zone: str) -> tuple[int, int]:
    """Beginning and end (ns) of the window of `width` that `moment` (ns) is in."""
    if width == DAY:
        return day_of(moment, zone)
    return moment // width * width, moment // width * width + width


@dataclass(slots=True)
class TooLate:
    """readings, first, last: since the last time that it was told: how many, and what they change (ns).

    open: by (width, start) the end and the readings of windows that are partly in memory; said when they leave it.
    """

    readings: int = 0
    first: int = 0
    last: int = 0
    open: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def add(self, readings: int, first: int, last: int) -> None:
        """So many readings, the earliest at `first`; what they change ends at `last`."""
        self.first = min(self.first, first) if self.readings else first
        self.last = max(self.last, last) if self.readings else last
        self.readings += readings

    def told(self, site: str, sealed: int, zone: str, version: str) -> list[Recompute]:
        """What is to be recomputed of windows that are wholly before the moment `sealed` (ns)."""
        out = []
        if self.readings:
            for width in WIDTHS:
                start, _ = window_of(self.first, width, zone)
                open_from, open_to = window_of(sealed, width, zone)
                _, end = window_of(max(self.first, self.last - 1), width, zone)
                if start < open_from:
                    out.append(Recompute(site, width, start, min(end, open_from), self.readings, version))
                if end > open_from and sealed > open_from:
                    _, before = self.open.get((width, open_from), (0, 0))
                    self.open[width, open_from] = (open_to, before + self.readings)
            self.readings = 0
        return out

    def left(self, site: str, sealed: int, version: str) -> list[Recompute]:
        """The windows that were partly in memory, and are not any more."""
        gone = sorted(key for key, (end, _) in self.open.items() if end <= sealed)
        out = []
        for width, start in gone:
            end, readings = self.open.pop((width, start))
            out.append(Recompute(site, width, start, end, readings, version))
        return out

    def dump(self) -> list[Any]:
        """As JSON data."""
        return [self.readings, self.first, self.last, [[*key, *value] for key, value in sorted(self.open.items())]]

    @classmethod
    def load(cls, data: list[Any]) -> TooLate:
        """What `dump` gave."""
        readings, first, last, some = data
        return cls(readings, first, last, {(width, start): (end, n) for width, start, end, n in some})


def keeps(lateness: int) -> int:
    """For how many minutes after its end a minute stays in memory."""
    return 2 + -(-lateness // MINUTE)
