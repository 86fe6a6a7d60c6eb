"""A quantity that an event file gives at moments, linear in between."""

from __future__ import annotations

import numpy as np

from services.telemetry.simulator.described import Described


class Series:
    """Values at seconds after start: linear between entries, level before the first and after the last."""

    def __init__(self, event: Described, entries: list[tuple[str, float]]) -> None:
        """Entries of (moment, value), in order."""
        self._at = [event.after_start(moment) for moment, _ in entries]
        self._values = [value for _, value in entries]

    def at(self, seconds: float) -> float:
        """The value `seconds` after start."""
        return float(np.interp(seconds, self._at, self._values))

    def least(self, seconds: float, until: float) -> float:
        """The least value from `seconds` to `until`, s after start."""
        inside = [v for at, v in zip(self._at, self._values, strict=True) if seconds < at < until]
        return min(self.at(seconds), self.at(until), *inside)
