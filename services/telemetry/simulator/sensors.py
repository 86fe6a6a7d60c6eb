"""From true values to readings: noise, resolution, range, period and report by exception.

Noise comes from a counter-based generator (Philox) keyed by seed and point, with the hour of the
event as counter: the noise of one point at one instant depends on nothing else.
"""

import hashlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STEP = 5
"""Physics step, s: no instrument samples faster."""
BLOCK = 720
"""Noise is drawn an hour of steps at a time."""
LONGEST_SILENCE = 60
"""A point that reports by exception reports at least this often, s."""


@dataclass(frozen=True)
class Sensor:
    """One instrument. `noise` is absolute, in the unit of the point, `relative` a share of it.

    `deadband` None reports every period; 0 on any change; else when the value has moved further.
    """

    name: str
    period: int = 10
    noise: float = 0.0
    relative: float = 0.0
    resolution: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    deadband: float | None = None


@dataclass(frozen=True)
class Samples:
    """Readings of one station, sorted by (time, point): ns UTC, index into its points, value."""

    times: NDArray[np.int64]
    points: NDArray[np.int32]
    values: Floats

    def __len__(self) -> int:
        return len(self.times)

    @classmethod
    def none(cls) -> Self:
        """No reading."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float64))


def switch(name: str) -> Sensor:
    """A state or switch: on change, and once a minute."""
    return Sensor(name, period=STEP, deadband=0.0)


def stream(seed: int, *names: str) -> int:
    """A 128-bit Philox key for one named stream of one seed."""
    digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
    return int.from_bytes(digest[:16], "big")


class SensorBank:
    """All instruments of an event, in one fixed order of columns."""

    def __init__(
        self,
        sensors: list[tuple[str, str, Sensor]],
        seed: int,
        *,
        step: int = STEP,
        longest_silence: int = LONGEST_SILENCE,
    ) -> None:
        """Takes (site, station, sensor) for each column.  step: of the model, s; no period may be shorter.

        longest_silence: s within which a point that reports by exception reports in any case.
        """
        self._step, self._longest_silence = step, longest_silence
        only = [sensor for _, _, sensor in sensors]
        self._keys = [stream(seed, site, station, one.name) for site, station, one in sensors]
        self._every = np.array([one.period // step for one in only])
        self._noise = np.array([one.noise for one in only])
        self._relative = np.array([one.relative for one in only])
        self._noisy = np.flatnonzero((self._noise > 0) | (self._relative > 0))
        self._low = np.array([one.low for one in only])
        self._high = np.array([one.high for one in only])
        resolution = np.array([one.resolution for one in only])
        self._rounded = np.flatnonzero(resolution > 0)
        # Multiplying by the whole inverse gives the shortest decimal: 0.3, not 0.30000000000000004.
        self._inverse = np.round(1.0 / resolution[self._rounded])
        self._exception = np.flatnonzero([one.deadband is not None for one in only])
        self._deadband = np.array([one.deadband for one in only if one.deadband is not None])
        self._last = np.full(len(self._exception), np.nan)
        self._silent = np.zeros(len(self._exception))
        self._block = -1
        self._drawn = np.zeros((0, len(only)))

    def read(self, first: int, truth: Floats, calm: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Readings of steps first, first+1, … from true values, float64[steps, columns].

        `calm` marks cells whose instrument sees standing water: noise is a tenth there.
        Returns the values and a mask of those that are reported; everything is, at step 0.
        """
        steps = np.arange(first, first + len(truth))
        noise = np.vstack([self._noise_at(int(step)) for step in steps])
        noise = np.where(calm, 0.1 * noise, noise)
        values = truth * (1.0 + self._relative * noise) + self._noise * noise
        values = np.clip(values, self._low, self._high)
        rounded = self._rounded
        values[:, rounded] = np.round(values[:, rounded] * self._inverse) / self._inverse
        values += 0.0  # no negative zero
        due = steps[:, None] % self._every[None, :] == 0
        for row, step in enumerate(steps):
            self._by_exception(int(step), values[row], due[row])
        return values, due

    def _by_exception(self, step: int, values: Floats, due: NDArray[np.bool_]) -> None:
        columns = self._exception
        now = values[columns]
        self._silent += self._step
        moved = ~(np.abs(now - self._last) <= self._deadband)
        send = due[columns] & moved | (self._silent >= self._longest_silence)
        if step == 0:
            send[:] = True
        due[columns] = send
        self._last[send] = now[send]
        self._silent[send] = 0.0

    def _noise_at(self, step: int) -> Floats:
        block = step // BLOCK
        if block != self._block:
            self._block = block
            # A fresh array: rows of the hour before may still be in use.
            self._drawn = np.zeros((BLOCK, len(self._keys)))
            for column in self._noisy:
                bits = np.random.Philox(key=self._keys[column], counter=[0, 0, 0, block])
                self._drawn[:, column] = np.random.Generator(bits).standard_normal(BLOCK)
        row: Floats = self._drawn[step % BLOCK]
        return row
