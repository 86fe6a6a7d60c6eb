"""What point index 17 of a site is called in InfluxDB, for whole columns at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.aggregator.sinks.influx.words import escape, tags
from services.core.catalogue import from_json
from services.core.frame import Points
from services.core.records import Config

#: InfluxDB takes a field of this name without a word, and drops it.
UNSTORABLE = frozenset({"time"})

Indices = NDArray[np.int32]
#: How many of a column are of each block.
Lengths = Sequence[int] | NDArray[np.int64]


class Texts:
    """Texts by number, as the kernel wants them: one array of bytes, and where each begins and ends."""

    def __init__(self, *texts: bytes) -> None:
        self._numbers: dict[bytes, int] = {}
        for text in texts:
            self.number(text)
        self._arrays: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None

    def number(self, text: bytes) -> int:
        """The number of `text`, a new one if it has none."""
        if text not in self._numbers:
            self._numbers[text] = len(self._numbers)
            self._arrays = None
        return self._numbers[text]

    @property
    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """(bytes u1[*], bounds i8[n + 1])."""
        if self._arrays is None:
            lengths = [len(text) for text in self._numbers]
            bounds = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
            self._arrays = np.frombuffer(b"".join(self._numbers), np.uint8), bounds
        return self._arrays


class Names:
    """By site, for each point index: the number of its tags (`,site=…,station=…`) and that of its field's key."""

    def __init__(self) -> None:
        self.series, self.keys = Texts(), Texts()
        self._sites: dict[str, tuple[int, int]] = {}  # (first row, rows) of its points in the two columns
        self._versions: dict[str, str] = {}
        self._columns: tuple[Indices, Indices] = (np.full(1, -1, np.int32), np.full(1, -1, np.int32))

    def learn(self, configs: Iterable[Config]) -> None:
        """Takes the points of sites; indices are append-only, so the longest list has them all.

        ValueError for a catalogue that cannot be read. A point that InfluxDB cannot store has number -1.
        """
        for config in configs:
            if self._versions.get(config.site) == config.version:
                continue
            points = from_json(config.catalogue_json).points
            self._versions[config.site] = config.version
            if len(points) <= self.count(config.site):
                continue
            series = [self.series.number(tags(site=config.site, station=p.station).encode()) for p in points]
            keys = [-1 if p.name in UNSTORABLE else self.keys.number(escape(p.name).encode()) for p in points]
            self._sites[config.site] = (len(self._columns[0]), len(points))
            before = self._columns
            self._columns = (
                np.append(before[0], np.array(series, np.int32)),
                np.append(before[1], np.array(keys, np.int32)),
            )

    def count(self, site: str) -> int:
        """How many points of the site are known; 0 when the site is not."""
        return self._sites.get(site, (0, 0))[1]

    def of(self, sites: Sequence[str], lengths: Lengths, points: Points) -> tuple[Indices, Indices]:
        """(numbers of tags, numbers of keys) of each index; both -1 where no catalogue has it.

        points i4[n]: lengths[0] of them are of sites[0], and so on.
        """
        first, count = np.array([self._sites.get(site, (0, 0)) for site in sites], np.int64).T
        rows = np.repeat(first, lengths) + points
        rows[(points < 0) | (points >= np.repeat(count, lengths))] = 0
        return self._columns[0][rows], self._columns[1][rows]
