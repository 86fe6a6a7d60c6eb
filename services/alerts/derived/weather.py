"""What comes from outside: frost on standing water, and a surge on its way down the river."""

from __future__ import annotations

import math

import numpy as np

from services.alerts.derived.base import DerivedFunction, usable, worst
from services.core.clock import HOUR, MINUTE
from services.core.frame import Qualities, Times, Values
from services.core.quality import Quality

#: Minutes to arrival when nothing is on its way.
NOTHING = 1440.0
_MINUTES = 60
#: °C·h, far beyond any winter: what an instrument without a range may say must not stay for ever.
_MOST = 1e5


class FreezeDegreeHours(DerivedFunction):
    """Degree-hours (°C·h) of frost on standing water: how far the air has been below `air_below`, and for how long,
    while the water was below `water_below` and the flow below `least_flow`.

    Water that moves brings heat: a flow ends it at once. Warm air takes it back as it came. A pipe's time to freeze
    goes with its degree-hours of frost; the limit is the pipe's, by diameter and lagging.
    """

    memory_size = 1

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q, good = np.full(len(times), np.nan), worst(quality), usable(quality)
        step = self.site.grid / HOUR
        air, water, flow = (values[:, self.at(name)] for name in ("air", "water", "flow"))
        for g in range(len(times)):
            if not good[g]:
                continue
            frost = float(self.memory[0])
            frost = 0.0 if math.isnan(frost) else frost
            if flow[g] >= self.parameters["least_flow"] or water[g] >= self.parameters["water_below"]:
                frost = 0.0
            else:
                frost = max(0.0, min(frost, _MOST) + (self.parameters["air_below"] - float(air[g])) * step)
            self.memory[0] = out[g] = frost
        return out, q


class SurgeArrival(DerivedFunction):
    """Minutes until a surge that passed an upstream gauge of the same site arrives at the intake; 1440: none is coming.

    A surge: the gauge rose by `rise` (its unit) within `minutes` (at most 60). It needs `travel_minutes` from there to
    the intake; 0 while it passes the intake. The gauge is a station of this site's own log: what another site has
    measured is not in it, so a gauge that matters to a plant is catalogued (again) as the plant's.
    """

    memory_size = _MINUTES + 1 + 3  # the gauge's minutes; then the newest minute, first and last sight of the surge

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q, good = np.full(len(times), NOTHING), worst(quality), usable(quality)
        size = _MINUTES + 1
        ring = self.memory[:size]
        back = max(1, min(_MINUTES, round(self.parameters["minutes"])))
        travel = self.parameters["travel_minutes"] * MINUTE
        gauge = values[:, self.at("gauge")]
        for g, time in enumerate(times.tolist()):
            minute = time // MINUTE
            newest, first, last = self.memory[size:].tolist()
            if math.isnan(newest) or minute - newest > _MINUTES:
                ring[:] = np.nan
            elif minute > newest:
                for k in range(int(newest) + 1, minute + 1):
                    ring[k % size] = np.nan
            self.memory[size] = float(minute)
            if good[g]:
                if math.isnan(ring[minute % size]):
                    ring[minute % size] = gauge[g]
                lowest = min(v for k in range(back + 1) if not math.isnan(v := float(ring[(minute - k) % size])))
                if gauge[g] - lowest >= self.parameters["rise"]:
                    if math.isnan(last) or time - last > travel:
                        first = float(time)
                    self.memory[size + 1], self.memory[size + 2] = first, float(time)
                    last = float(time)
            if not math.isnan(last) and time - last <= travel:
                out[g] = max(0.0, (first + travel - time) / MINUTE)
            elif not good[g] and q[g] < Quality.BAD:
                q[g] = Quality.BAD
        return out, q
