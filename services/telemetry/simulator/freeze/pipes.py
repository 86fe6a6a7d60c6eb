"""All exposed meters at once: what their pipes are at, which are frozen, which burst on the thaw."""

from __future__ import annotations

import numpy as np

from services.telemetry.simulator.freeze.event import Between, Meters
from services.telemetry.simulator.sensors import Floats, stream


class Pipes:
    """Lagged cooling of each pipe; degree-hours of frost block it, degree-hours of thaw free it again.

    Columns of length `count`: temperature (°C), flow (m³/h), frozen, burst.
    """

    def __init__(self, meters: Meters, seed: int, air: float) -> None:
        """`air`: °C, at which they have stood for long."""
        self._meters = meters
        count = meters.count

        def draw(name: str, between: Between) -> Floats:
            bits = np.random.Philox(key=stream(seed, "meters", name))
            return between.least + (between.most - between.least) * np.random.Generator(bits).random(count)

        self._exposure = draw("exposure", meters.exposure)
        self._lag = draw("lag_hours", meters.lag_hours)
        self._limit = draw("limit", meters.limit)
        self._use = draw("flow", meters.flow)
        self._weak = draw("burst", Between(least=0, most=1)) < meters.burst_share
        self._profile = np.array(meters.profile)
        self.temperature = np.maximum(self._standing(air), 0.5)
        self.frozen, self.burst = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        self.closed = np.zeros(count, np.bool_)
        self.ever_frozen, self.ever_burst = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        self._frost, self._open = np.zeros(count), np.zeros(count)
        self.flow = np.zeros(count)

    def _standing(self, air: float) -> Floats:
        return self._exposure * air + (1.0 - self._exposure) * self._meters.ground

    def step(self, hours: float, air: float, hour_of_day: float) -> None:
        """Moves on by `hours`; `hour_of_day`: local, 0 to 24."""
        one = self._meters
        use = self._use * float(np.interp(hour_of_day, np.arange(25), [*self._profile, self._profile[0]]))
        self.flow = np.where(self.frozen | self.closed, 0.0, np.where(self.burst, one.burst_flow, use))
        moves = 1.0 / self._lag + one.warming * self.flow
        wanted = (self._standing(air) / self._lag + one.warming * self.flow * one.main) / moves
        self.temperature = wanted + (self.temperature - wanted) * np.exp(-moves * hours)
        self._frost = np.clip(self._frost - self.temperature * hours, 0.0, self._limit)
        freezes = ~self.frozen & (self._frost >= self._limit)
        thaws = self.frozen & (self._frost <= 0.0)
        self.frozen = (self.frozen | freezes) & ~thaws
        self.ever_frozen |= freezes
        # Ice splits the pipe; it shows when the ice goes.
        self.burst |= thaws & self._weak
        self.ever_burst |= self.burst
        self._open += np.where(self.burst, hours, 0.0)
        closes = self.burst & (self._open >= one.closed_after_hours)
        self.burst &= ~closes
        self.closed |= closes
