"""Customers who are frozen, or whose pipe bursts, call the hotline: once, after a while, and when they are awake."""

from __future__ import annotations

from services.telemetry.simulator.freeze.event import Hotline

NIGHT_SHARE = 0.1
"""Of the calls of a day's hour, that come in an hour between 23:00 and 06:00 (assumption)."""


class Calls:
    """Who is concerned joins those who have not called yet; these call at a rate, and are then done."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._told = 0.0
        self._waiting = 0.0
        self.rate = 0.0
        self.made = 0.0

    def step(self, hours: float, share: float, hour_of_day: float) -> None:
        """`share`: of all meters, how many have ever been concerned, 0 to 1. `rate`: calls/h, `made`: calls so far."""
        one = self._hotline
        concerned = one.customers * share * one.call_share
        self._waiting += concerned - self._told
        self._told = concerned
        awake = 1.0 if 6.0 <= hour_of_day < 23.0 else NIGHT_SHARE
        self.rate = self._waiting / one.lag_hours * awake
        self._waiting -= self.rate * hours
        self.made += self.rate * hours
