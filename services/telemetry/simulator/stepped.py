"""What the smaller models share: stations with instruments, and a state that moves a step at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from services.telemetry.simulator.described import NS, Described
from services.telemetry.simulator.sensors import Samples, Sensor, SensorBank

Layout = list[tuple[str, str, list[Sensor]]]
"""(site, station, instruments) of every station, in the order of the columns."""


class Stepped:
    """Plays a state through an event: a subclass moves it (`_move`), and says what is true (`_truth`, `summary`).

    The same event and seed give the same readings, bit for bit, however `advance` is called.
    """

    def __init__(
        self, event: Described, seed: int | None, layout: Layout, *, step: int, longest_silence: int, frame: int
    ) -> None:
        """step, longest_silence, frame: s; at least every longest_silence a point reports, a station every frame."""
        self._described = event
        self.seed = event.seed if seed is None else seed
        self.start, self.end = event.start_ns, event.end_ns
        self.now = self.start
        self.step, self.frame_seconds = step, frame
        self._count = int(event.seconds // step) + 1
        self._steps = 0
        self._points = {(site, station): tuple(one.name for one in found) for site, station, found in layout}
        sites: dict[str, list[str]] = {}
        self._columns: dict[tuple[str, str], slice] = {}
        begin = 0
        for site, station, found in layout:
            sites.setdefault(site, []).append(station)
            self._columns[site, station] = slice(begin, begin + len(found))
            begin += len(found)
        self._sites = sites
        columns = [(site, station, one) for site, station, found in layout for one in found]
        self._bank = SensorBank(columns, self.seed, step=step, longest_silence=longest_silence)

    @property
    def event(self) -> Described:
        """What its file says."""
        return self._described

    @property
    def sites(self) -> Mapping[str, list[str]]:
        """The stations of each site."""
        return self._sites

    def points(self, site: str, station: str) -> tuple[str, ...]:
        """Names of a station's points, in the order of the index in `Samples.points`.

        Raises:
            KeyError: if there is no such station.
        """
        return self._points[site, station]

    @abstractmethod
    def _move(self, seconds: float) -> None:
        """Moves the state by one step, to `seconds` after the start."""

    @abstractmethod
    def _truth(self) -> list[float]:
        """True values of all points, in the order of the layout."""

    @abstractmethod
    def summary(self) -> dict[str, float]:
        """What a person wants to see of the state, by name with unit."""

    def advance(self, seconds: int = 60) -> dict[tuple[str, str], Samples]:
        """Moves on, and returns the readings after the previous `now` and up to the new one.

        The first call also gives a reading of every point at the start.

        Raises:
            ValueError: if `seconds` is not positive.
        """
        if seconds <= 0:
            raise ValueError(f"seconds: value {seconds}, must be greater than 0")
        self.now = min(self.now + seconds * NS, self.end)
        first = self._steps
        last = min((self.now - self.start) // (self.step * NS), self._count - 1)
        rows = []
        while self._steps <= last:
            if self._steps > 0:
                self._move(float(self._steps * self.step))
            rows.append(self._truth())
            self._steps += 1
        if not rows:
            return {key: Samples.none() for key in self._columns}
        truth = np.array(rows, dtype=np.float64)
        values, send = self._bank.read(first, truth, np.zeros(truth.shape, np.bool_))
        times = self.start + (first + np.arange(len(rows), dtype=np.int64)) * (self.step * NS)
        found = {}
        for key, columns in self._columns.items():
            row, point = np.nonzero(send[:, columns])
            found[key] = Samples(times[row], point.astype(np.int32), values[:, columns][row, point])
        return found
