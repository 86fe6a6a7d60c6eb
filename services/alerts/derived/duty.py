"""How much a machine has worked: running hours, starts."""

from __future__ import annotations

import math

import numpy as np

from services.alerts.derived.base import DerivedFunction
from services.core.clock import HOUR
from services.core.frame import Qualities, Times, Values
from services.core.quality import FIRST_BAD, Quality

#: Parts into which the window of counted starts is cut.
_PARTS = 60

#: Starts between two instants of the grid, at most: more is no count of machines.
_MOST = 99.0


class RunningHours(DerivedFunction):
    """Hours run since the log began, or since `service` (optional: a counter, or the date of the last one) changed.

    A run of less than a grid step may be missed. Time of which nothing is known is not counted, and the sum so far
    stays good: it is what is known to have been run.
    """

    memory_size = 2  # hours, last service

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q = np.zeros(len(times)), np.zeros(len(times), np.uint8)
        running = self.at("running")
        service = self.at("service") if "service" in self.inputs else -1
        step = self.site.grid / HOUR
        for g in range(len(times)):
            hours = float(self.memory[0])
            hours = 0.0 if math.isnan(hours) else hours
            if service >= 0 and quality[g, service] < FIRST_BAD:
                last = float(values[g, service])
                if not math.isnan(self.memory[1]) and last != self.memory[1]:
                    hours = 0.0
                self.memory[1] = last
            if quality[g, running] < FIRST_BAD and values[g, running] >= 0.5:
                hours += step
            self.memory[0] = out[g] = hours
        return out, q


class Starts(DerivedFunction):
    """Starts within the last `hours`, to a sixtieth of them: motors and their starters stand a few an hour.

    `running` is a switch, or how many of a group run: each one more is a start. What was not seen (an outage, a
    restart within one grid step) is not counted; bad while the switch cannot be read.
    """

    memory_size = _PARTS + 2  # starts of each part, then the newest part and the last value

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q = np.zeros(len(times)), np.zeros(len(times), np.uint8)
        running = self.at("running")
        part = self.parameters["hours"] * HOUR / _PARTS
        counts = self.memory[:_PARTS]
        if math.isnan(self.memory[_PARTS]):
            counts[:] = 0.0
        for g, time in enumerate(times.tolist()):
            newest = math.floor(time / part)
            last = self.memory[_PARTS]
            if not math.isnan(last):
                for passed in range(int(last) + 1, min(newest, int(last) + _PARTS) + 1):
                    counts[passed % _PARTS] = 0.0
            self.memory[_PARTS] = float(newest)
            if quality[g, running] < FIRST_BAD:
                now, before = float(values[g, running]), float(self.memory[_PARTS + 1])
                if now > before:  # never of the first one
                    counts[newest % _PARTS] += float(round(min(_MOST, now - before)))
                self.memory[_PARTS + 1] = now
            else:
                self.memory[_PARTS + 1] = np.nan  # what it did meanwhile nobody knows
                q[g] = max(quality[g, running], Quality.BAD)
            out[g] = counts.sum()
        return out, q
