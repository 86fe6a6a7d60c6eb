"""How long things took, counted so that memory is bounded: exact to a second below an hour, then to a minute."""

from __future__ import annotations

from typing import Any

from services.core.clock import DAY, HOUR, MINUTE, SECOND

_LONGEST = 30 * DAY


class Durations:
    """At most 3,600 + 43,140 + 1 numbers, however many are added; the longest is kept as it is.

    A quantile is the nearest rank (the least that so many lie at or below), cut to a second, above an hour to a minute;
    what is longer than 30 days counts as that.
    """

    def __init__(self) -> None:
        self.count, self.longest = 0, 0
        self._of: dict[int, int] = {}

    def add(self, duration: int) -> None:
        """One duration, ns."""
        self.count += 1
        self.longest = max(self.longest, duration)
        unit = SECOND if duration < HOUR else MINUTE
        cut = min(duration, _LONGEST) // unit * unit
        self._of[cut] = self._of.get(cut, 0) + 1

    def quantile(self, share: float) -> int | None:
        """ns that `share` (0 to 1) of them did not exceed; None when there are none."""
        wanted, below = max(1, -int(-share * self.count // 1)), 0
        for duration in sorted(self._of):
            below += self._of[duration]
            if below >= wanted:
                return duration
        return None

    def merge(self, other: Durations) -> None:
        """Those of `other` too."""
        self.count += other.count
        self.longest = max(self.longest, other.longest)
        for duration, count in other._of.items():
            self._of[duration] = self._of.get(duration, 0) + count

    def dump(self) -> dict[str, Any]:
        """Plain data for `load`."""
        return {"count": self.count, "longest": self.longest, "of": sorted(map(list, self._of.items()))}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Durations:
        """What `dump` gave."""
        held = cls()
        held.count, held.longest = data["count"], data["longest"]
        held._of = dict(data["of"])
        return held
