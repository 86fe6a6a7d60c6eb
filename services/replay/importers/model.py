"""What an importer gives: time series by parameter code, and what could not be taken."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.core.clock import iso, parse_time
from services.core.errors import Rejected

#: Rejected rows that are kept with their detail; the rest are only counted.
MAX_EXAMPLES = 100
_MAX_TEXT = 80

#: Readings outside these years are mistakes of a logger, or of the file.
_EARLIEST, _LATEST = parse_time("1900-01-01T00:00:00Z"), parse_time("2200-01-01T00:00:00Z")


def cut(text: object) -> str:
    """`text` as a short, printable literal: it comes from a file that nobody vouches for."""
    shown = repr(text)
    return shown if len(shown) <= _MAX_TEXT else shown[: _MAX_TEXT - 1] + "…"


@dataclass(frozen=True, slots=True)
class BadRow:
    """One thing that was not taken: `where` (`line 31`, `timeSeries[0].values[1].value[7]`) and why."""

    where: str
    reason: str
    detail: str


@dataclass(slots=True)
class Rejects:
    """Counts by reason, and the first of them in full."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: list[BadRow] = field(default_factory=list)

    def add(self, where: str, reason: str, detail: str) -> None:
        """Counts one."""
        self.counts[reason] += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(BadRow(where, reason, detail))

    @property
    def total(self) -> int:
        """How many in all."""
        return self.counts.total()


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One time series of one parameter at one station; times (ns UTC) strictly increase.

    station: the source's number.  code: parameter code, five digits.  id: what tells it from
    another series of the same parameter (time-series or method number), "" when the source gives
    none.  unit: as the source writes it, "" when it does not.  values: in that unit, NaN where the
    source has a word instead of a number (quality is bad then).  quality: services.core.quality
    codes.
    """

    station: str
    code: str
    id: str
    unit: str
    description: str
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Recording:
    """A file's content. `names`: station number to name, where the file tells it."""

    format: str
    names: dict[str, str]
    series: tuple[Series, ...]
    rejects: Rejects

    @property
    def readings(self) -> int:
        """Readings in all series."""
        return sum(len(series) for series in self.series)


class SeriesBuilder:
    """Collects one series in packed columns (17 bytes a reading)."""

    def __init__(self, station: str, code: str, id: str, unit: str = "", description: str = "") -> None:
        self.station, self.code, self.id = station, code, id
        self.unit, self.description = unit, description
        self._times, self._values, self._quality = array("q"), array("d"), array("B")

    def add(self, time: int, value: float, quality: int) -> None:
        """Takes a reading; any order."""
        self._times.append(time)
        self._values.append(value)
        self._quality.append(quality)

    def build(self, rejects: Rejects, *, sort: bool = False) -> Series:
        """The series. Of several readings of one time the first stands, the others are counted.

        Without `sort`, a reading that is older than one before it is counted and left out: files of
        these formats are written in order, so it is a logger's clock that jumped, and nobody can
        tell which time is right.
        """
        times = np.frombuffer(self._times, np.int64) if self._times else np.zeros(0, np.int64)
        values = np.frombuffer(self._values, np.float64) if self._values else np.zeros(0)
        quality = np.frombuffer(self._quality, np.uint8) if self._quality else np.zeros(0, np.uint8)
        if sort:
            order = np.argsort(times, kind="stable")
            times, values, quality = times[order], values[order], quality[order]
        keep = np.ones(len(times), bool)
        if len(times):
            newest = np.maximum.accumulate(times)
            keep[1:] = times[1:] > newest[:-1]
        for i in np.flatnonzero(~keep):
            reason = "duplicate" if times[i] == newest[i - 1] else "out of order"
            where = f"{self.station}/{self.code} {self.id}".rstrip()
            rejects.add(f"{where} reading {i + 1}", reason, f"time {iso(int(times[i]))}")
        return Series(
            self.station, self.code, self.id, self.unit, self.description,
            times[keep], values[keep], quality[keep],
        )  # fmt: skip


def checked_time(time: int) -> int:
    """`time`; Rejected when it is outside what a river record can hold."""
    if not _EARLIEST <= time < _LATEST:
        raise Rejected("time out of range", "must be between the years 1900 and 2200")
    return time
