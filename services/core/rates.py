"""How many in ten minutes: a sliding window over event times, and the floods in it. Numbers only, no clock.

A flood of alarms begins when there are 10 or more in 10 minutes and ends when there are fewer than 5 in 10 minutes
(ANSI/ISA-18.2 and EEMUA 191). The window slides, (t - 10 min, t], because an upset does not wait for a round minute: a
fixed grid can cut its burst in two and see no flood.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.core.clock import MINUTE

#: ns: the window of alarm rates.
WINDOW = 10 * MINUTE
#: In the window: a flood begins at so many, and ends below so many.
BEGINS, ENDS = 10, 5


@dataclass(frozen=True, slots=True)
class Flood:
    """begin: when the tenth came.  end: when there were fewer than five, None while it lasts (ns UTC).

    total: all of them, the first ten and those of its last ten minutes too.  peak: most in any 10 minutes.
    """

    begin: int
    end: int | None
    total: int
    peak: int


class Rate:
    """Takes event times in order. Holds one number for each time of the last ten minutes, no more.

    worst, worst_at: most in any ten minutes, and the time (ns) of the last of those; of equals the first.
    flood: the one that lasts.
    """

    def __init__(self) -> None:
        self._recent: deque[int] = deque()
        self._now = -(2**63)
        self.worst, self.worst_at = 0, 0
        self.flood: Flood | None = None

    @property
    def count(self) -> int:
        """How many there were in the ten minutes up to the last time taken."""
        return len(self._recent)

    def advance(self, time: int) -> Flood | None:
        """It is `time` (ns), and nothing more comes from before: the flood that has ended by then, at its own end."""
        ended = None
        if self.flood is not None:
            # When the fifth from the end leaves the window; it has left where the last one came as many went at once.
            over = self._recent[-ENDS] + WINDOW if len(self._recent) >= ENDS else self._now
            if over < time:
                flood = self.flood
                ended = Flood(flood.begin, over, flood.total, flood.peak)
                self.flood = None
        self._now = max(self._now, time)
        while self._recent and self._recent[0] < self._now - WINDOW:
            self._recent.popleft()  # not what leaves at this very moment: another may still come at it
        return ended

    def take(self, time: int) -> Flood | None:
        """One at `time` (ns). Gives the flood that this begins. Call `advance(time)` first: it may end another."""
        if time < self._now:
            raise ValueError(f"{time} comes after {self._now}: times must be in order")
        self._now = time
        while self._recent and self._recent[0] <= time - WINDOW:
            self._recent.popleft()
        self._recent.append(time)
        count = len(self._recent)
        if count > self.worst:
            self.worst, self.worst_at = count, time
        if self.flood is not None:
            flood = self.flood
            self.flood = Flood(flood.begin, None, flood.total + 1, max(flood.peak, count))
        elif count >= BEGINS:
            self.flood = Flood(time, None, count, count)
            return self.flood
        return None

    def dump(self) -> dict[str, Any]:
        """Plain data for `load`."""
        flood = self.flood
        return {
            "recent": list(self._recent), "now": self._now, "worst": [self.worst, self.worst_at],
            "flood": None if flood is None else [flood.begin, flood.total, flood.peak],
        }  # fmt: skip

    @classmethod
    def load(cls, data: dict[str, Any]) -> Rate:
        """What `dump` gave."""
        rate = cls()
        rate._recent, rate._now = deque(data["recent"]), data["now"]
        rate.worst, rate.worst_at = data["worst"]
        if data["flood"] is not None:
            begin, total, peak = data["flood"]
            rate.flood = Flood(begin, None, total, peak)
        return rate


def worst_and_floods(times: Iterable[int], end: int | None = None) -> tuple[int, list[Flood]]:
    """Most of `times` (ns, in any order) in ten minutes, and the floods; one that lasts at `end` has no end."""
    rate, floods = Rate(), list[Flood]()
    for time in sorted(times):
        if (over := rate.advance(time)) is not None:
            floods.append(over)
        rate.take(time)
    if end is not None and (over := rate.advance(end)) is not None:
        floods.append(over)
    if rate.flood is not None:
        floods.append(rate.flood)
    return rate.worst, floods
