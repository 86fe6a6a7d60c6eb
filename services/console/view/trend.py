"""A bounded trend of one point: at most one sample a slot of event time, gaps kept as gaps."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from services.console.view.snapshots import Trend
from services.core.clock import HOUR, SECOND

SLOT = 15 * SECOND
SPAN = 6 * HOUR


class Ring:
    """The newest sample of each slot, over `span`. Memory: at most span/slot samples of two numbers."""

    def __init__(self, span: int = SPAN, slot: int = SLOT) -> None:
        self.slot = slot
        self.span = span
        self._times: deque[int] = deque(maxlen=span // slot)
        self._values: deque[float | None] = deque(maxlen=span // slot)

    def __len__(self) -> int:
        return len(self._times)

    def put(self, time: int, value: float | None) -> None:
        """Keeps a sample; None is "unknown from here". Of one slot the later sample stands.

        A sample older than the newest is put at its place, unless it is older than the whole trend.
        """
        times, values = self._times, self._values
        while times and times[0] < max(time, times[-1]) - self.span:
            times.popleft()
            values.popleft()
        if not times or time // self.slot > times[-1] // self.slot:
            times.append(time)
            values.append(value)
            return
        at = bisect_left(times, time - time % self.slot)
        if times[at] // self.slot == time // self.slot:
            if time >= times[at]:
                times[at], values[at] = time, value
        elif time >= times[-1] - self.span and len(times) < (times.maxlen or 0):
            times.insert(at, time)
            values.insert(at, value)

    def at(self, time: int) -> float | None:
        """The sample that held at `time`; None when there is none or it is a gap."""
        at = bisect_left(self._times, time + 1) - 1
        return self._values[at] if at >= 0 else None

    def mean(self, after: int, until: int) -> float | None:
        """The mean of the samples later than `after` and not later than `until`; None without any."""
        found = []
        for time, value in zip(reversed(self._times), reversed(self._values), strict=True):
            if time <= after:
                break
            if time <= until and value is not None:
                found.append(value)
        return sum(found) / len(found) if found else None

    def lines(self, points: int) -> Trend:
        """At most about `points` samples; each stretch keeps its lowest, its highest and its gaps."""
        times, values = list(self._times), list(self._values)
        if len(times) <= points:
            return Trend(tuple(times), tuple(values))
        width = -(-len(times) // max(points // 3, 1))
        kept: list[int] = []
        for start in range(0, len(times), width):
            stretch = range(start, min(start + width, len(times)))
            known = [(v, i) for i in stretch if (v := values[i]) is not None]
            chosen = {i for i in stretch if values[i] is None and (i == 0 or values[i - 1] is not None)}
            if known:
                chosen |= {min(known)[1], max(known)[1]}
            kept += sorted(chosen)
        if kept[-1] != len(times) - 1:
            kept.append(len(times) - 1)
        return Trend(tuple(times[i] for i in kept), tuple(values[i] for i in kept))
