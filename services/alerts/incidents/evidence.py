"""What every incident shows for itself: how sure it is and why, and how much time is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: From here on confidence is called high, from here on medium (engineering judgement).
HIGH, MEDIUM = 0.75, 0.45


def level_of(share: float) -> str:
    """`share` (0..1) in a word."""
    return "high" if share >= HIGH else "medium" if share >= MEDIUM else "low"


def confidence(share: float, because: Sequence[str], missing: Sequence[str]) -> dict[str, Any]:
    """share: 0..1.  because: what is seen, and what is concluded from something else.  missing: what is not seen."""
    bounded = round(min(max(share, 0.0), 1.0), 3)
    return {"level": level_of(bounded), "value": bounded, "because": list(because), "missing": list(missing)}


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Hours until `what`, as a range; None: not within `horizon` (h).

    known: False when nothing at all can be said.  assumptions: each in words, for the operator.
    """

    what: str
    pessimistic: float | None = None
    expected: float | None = None
    optimistic: float | None = None
    known: bool = True
    horizon: float = 24.0
    assumptions: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON data, hours to a few seconds."""
        return {
            "what": self.what,
            "hours_pessimistic": self._within(self.pessimistic),
            "hours_expected": self._within(self.expected),
            "hours_optimistic": self._within(self.optimistic),
            "known": self.known,
            "horizon_hours": self.horizon,
            "assumptions": list(self.assumptions),
        }

    def _within(self, hours: float | None) -> float | None:
        return None if hours is None or not self.known or hours >= self.horizon else round(max(hours, 0.0), 3)
