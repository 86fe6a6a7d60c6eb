"""The event-time grid: what each input was at each instant, so that rules over several points see one moment.

An instant is evaluated when every contributing station has passed it, or a tick says that it is overdue. The value
at an instant is the newest reading at or before it, so the order in which stations arrive does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.core.clock import NEVER
from services.core.compiled import compiled
from services.core.frame import Points, Qualities, Times, Values
from services.core.quality import Quality

_STALE, _CLOCK, _NEVER = int(Quality.STALE), int(Quality.CLOCK), int(Quality.NEVER_SEEN)


@compiled
def _take(
    times: Any, points: Any, values: Any, quality: Any, late: Any, column: Any,
    step: int, base: int, filled: Any, now_v: Any, now_q: Any, now_t: Any, hold: Any,
    buffer_v: Any, buffer_q: Any,
) -> None:  # fmt: skip
    for j in range(len(times)):
        p = points[j]
        if late[j] or quality[j] == _CLOCK or p < 0 or p >= len(column) or column[p] < 0:
            continue
        i = column[p]
        first = -(-times[j] // step)  # the first instant at or after the reading
        for k in range(filled[i], first):
            old = now_q[i] != _NEVER and k * step - now_t[i] > hold[i]
            buffer_v[k - base, i] = now_v[i]
            buffer_q[k - base, i] = _STALE if old else now_q[i]
        filled[i] = max(filled[i], first)
        now_v[i], now_q[i], now_t[i] = values[j], quality[j], times[j]


@compiled
def _complete(
    which: Any, upto: int, step: int, base: int, filled: Any, now_v: Any, now_q: Any, now_t: Any, hold: Any,
    buffer_v: Any, buffer_q: Any,
) -> None:  # fmt: skip
    for i in which:
        for k in range(filled[i], upto):
            old = now_q[i] != _NEVER and k * step - now_t[i] > hold[i]
            buffer_v[k - base, i] = now_v[i]
            buffer_q[k - base, i] = _STALE if old else now_q[i]
        filled[i] = max(filled[i], upto)


class Grid:
    """As-of values of n inputs at instants k·step.

    inputs: point indices.  hold: ns a value holds, per input.  `base` is the next instant to evaluate; rows of
    the buffers are instants from there on.
    """

    def __init__(self, inputs: list[int], hold: NDArray[np.int64], step: int, points: int) -> None:
        n = len(inputs)
        self.step, self.inputs, self.hold = step, inputs, hold
        self.column = np.full(points, -1, np.int32)
        self.column[inputs] = np.arange(n)
        self.base, self.begun = -1, False
        self.floor = 0
        self.filled = np.zeros(n, np.int64)
        self.now_v = np.full(n, np.nan)
        self.now_q = np.full(n, Quality.NEVER_SEEN, np.uint8)
        self.now_t = np.zeros(n, np.int64)
        self._v = np.full((64, n), np.nan)
        self._q = np.zeros((64, n), np.uint8)

    def start(self, time: int) -> None:
        """The first instant is the first at or after the earliest `time`; once one is evaluated nothing changes it.

        None is before `not_before`: what is read earlier is only known from there on.
        """
        first = max(-(-time // self.step), self.floor)
        if self.base < 0:
            self.base = first
            self.filled[:] = first
        elif not self.begun and first < self.base:
            # Which station's first frame comes first must not matter: what it shows is unknown before it.
            room = int(self.filled.max(initial=self.base)) - self.base
            earlier, self.base = self.base - first, first
            self._grow(first + earlier + room)
            for buffer, unknown in ((self._v, np.nan), (self._q, Quality.NEVER_SEEN)):
                buffer[earlier : earlier + room] = buffer[:room].copy()
                buffer[:earlier] = unknown
            self.filled[self.now_q == Quality.NEVER_SEEN] = first

    def not_before(self, time: int) -> None:
        """No instant is before `time` (ns)."""
        self.floor = max(0, -(-time // self.step))

    def take(self, times: Times, points: Points, values: Values, quality: Qualities, late: NDArray[np.uint8]) -> None:
        """Judged readings in order."""
        believed = times[quality != _CLOCK]
        if not len(believed):
            return
        self.start(int(believed.min()))
        self._grow(-(-int(believed.max()) // self.step))
        _take(
            times, points, values, quality, late, self.column, self.step, self.base, self.filled,
            self.now_v, self.now_q, self.now_t, self.hold, self._v, self._q,
        )  # fmt: skip

    def silence(self, points: set[int], time: int) -> None:
        """The inputs among `points` are unknown at every instant after `time`, until they are read again."""
        if self.base < 0:
            return
        first = time // self.step + 1
        self._grow(first)
        which = np.array(
            [i for i, p in enumerate(self.inputs) if p in points and self.now_q[i] != Quality.NEVER_SEEN], np.int64
        )
        self._fill(which, first)
        self.now_q[which] = Quality.STALE

    def due(self, reached: int) -> int:
        """How many instants lie at or before `reached` (ns) and are not yet evaluated."""
        return 0 if self.base < 0 else max(0, reached // self.step - self.base + 1)

    def evaluate(self, count: int) -> tuple[Times, Values, Qualities]:
        """The next `count` instants: times i8[count], values f8[count, n], quality u1[count, n]."""
        upto = self.base + count
        self._grow(upto)
        self._fill(np.arange(len(self.inputs)), upto)
        self.begun = True
        times = np.arange(self.base, upto, dtype=np.int64) * self.step
        values, quality = self._v[:count].copy(), self._q[:count].copy()
        ahead = int(self.filled.max(initial=upto)) - upto
        self._v[:ahead] = self._v[count : count + ahead].copy()
        self._q[:ahead] = self._q[count : count + ahead].copy()
        self.base = upto
        return times, values, quality

    def _fill(self, which: NDArray[np.int64], upto: int) -> None:
        _complete(
            which, upto, self.step, self.base, self.filled, self.now_v, self.now_q, self.now_t, self.hold,
            self._v, self._q,
        )  # fmt: skip

    def _grow(self, upto: int) -> None:
        need = upto - self.base + 1
        if need > len(self._v):
            size = max(need, 2 * len(self._v))
            for name in ("_v", "_q"):
                old = getattr(self, name)
                new = np.zeros((size, old.shape[1]), old.dtype)
                new[: len(old)] = old
                setattr(self, name, new)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """State, with only the rows that hold anything."""
        ahead = max(0, int(self.filled.max(initial=self.base)) - self.base)
        # What no reading has filled yet is what an earlier instant left there, and no part of the state.
        known = np.arange(self.base, self.base + ahead)[:, None] < self.filled
        return {
            "grid_base": np.array([self.base, self.begun, self.floor]),
            "grid_filled": self.filled,
            "grid_now_v": self.now_v,
            "grid_now_q": self.now_q,
            "grid_now_t": self.now_t,
            "grid_v": np.where(known, self._v[:ahead], 0.0),
            "grid_q": np.where(known, self._q[:ahead], 0).astype(np.uint8),
        }

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """State from `arrays`; ValueError when it is of other inputs."""
        if arrays["grid_filled"].shape != self.filled.shape:
            raise ValueError("stored grid is of other inputs")
        base, begun, self.floor = arrays["grid_base"].tolist()
        self.base, self.begun = base, bool(begun)
        for name in ("filled", "now_v", "now_q", "now_t"):
            getattr(self, name)[:] = arrays[f"grid_{name}"]
        ahead = len(arrays["grid_v"])
        self._grow(self.base + ahead)
        self._v[:ahead], self._q[:ahead] = arrays["grid_v"], arrays["grid_q"]


def holds(stale_after: list[int | None]) -> NDArray[np.int64]:
    """The `hold` of inputs: None holds for ever (until the station is silent)."""
    return np.array([NEVER if h is None else h for h in stale_after], np.int64)
