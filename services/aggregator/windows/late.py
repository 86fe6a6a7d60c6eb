"""What came too late for memory: which windows the archive has to give anew, and when that can be said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.aggregator.windows.course import WIDTHS
from services.aggregator.windows.layout import Ints
from services.aggregator.windows.terms import day_of
from services.core.clock import DAY, HOUR, MINUTE
from services.core.records import Recompute


def window_of(moment: int, width: int, zone: str) -> tuple[int, int]:
    """Beginning and end (ns) of the window of `width` that `moment` (ns) is in."""
    if width == DAY:
        return day_of(moment, zone)
    return moment // width * width, moment // width * width + width


Span = tuple[int, int, int]


def joined_spans(spans: Iterable[Span], apart: int = 0) -> list[Span]:
    """Spans (first, last, readings) in order; those that overlap, touch or are at most `apart` ns apart are one."""
    out: list[Span] = []
    for first, last, readings in sorted(spans):
        if out and first <= out[-1][1] + apart:
            out[-1] = (out[-1][0], max(out[-1][1], last), out[-1][2] + readings)
        else:
            out.append((first, last, readings))
    return out


@dataclass(slots=True)
class TooLate:
    """spans: since the last time that it was told, what has come: from the earliest reading to the end of what the
    readings change (ns), and how many they are.

    open: by (width, start) the end and the readings of windows that are partly in memory; said when they leave it.
    """

    spans: list[Span] = field(default_factory=list)
    open: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def add(self, times: Ints, reach: Ints) -> None:
        """Readings at `times` (ns); what each changes ends at `reach` (ns)."""
        order = np.argsort(times, kind="stable")
        first, last = times[order], np.maximum.accumulate(reach[order])
        # A stray reading of a year ago must not make a year of the backlog of a night.
        starts = np.flatnonzero(np.concatenate(([True], first[1:] > last[:-1] + HOUR)))
        counts = np.diff(np.append(starts, len(first)))
        lasts = last[np.append(starts[1:], len(first)) - 1]
        new = zip(first[starts].tolist(), lasts.tolist(), counts.tolist(), strict=True)
        self.spans = joined_spans([*self.spans, *new], HOUR)

    def told(self, site: str, sealed: int, zone: str, version: str) -> list[Recompute]:
        """What is to be recomputed of windows that are wholly before the moment `sealed` (ns)."""
        out: list[Recompute] = []
        for width in WIDTHS if self.spans else ():
            open_from, open_to = window_of(sealed, width, zone)
            whole: list[Span] = []
            for first, last, readings in self.spans:
                start, _ = window_of(first, width, zone)
                _, end = window_of(max(first, last - 1), width, zone)
                if start < open_from:
                    whole.append((start, min(end, open_from), readings))
                if end > open_from and sealed > open_from:
                    _, before = self.open.get((width, open_from), (0, 0))
                    self.open[width, open_from] = (open_to, before + readings)
            out += [Recompute(site, width, *span, version) for span in joined_spans(whole)]
        self.spans = []
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
        return [[*map(list, self.spans)], [[*key, *value] for key, value in sorted(self.open.items())]]

    @classmethod
    def load(cls, data: list[Any]) -> TooLate:
        """What `dump` gave."""
        spans, some = data
        windows = {(width, start): (end, n) for width, start, end, n in some}
        return cls([(first, last, n) for first, last, n in spans], windows)


def keeps(lateness: int) -> int:
    """For how many minutes after its end a minute stays in memory."""
    return 2 + -(-lateness // MINUTE)
