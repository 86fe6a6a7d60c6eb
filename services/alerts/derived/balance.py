"""Water balance inside a plant."""

from __future__ import annotations

import math

import numpy as np

from services.alerts.derived.base import DerivedFunction, usable, worst
from services.core.frame import Qualities, Times, Values
from services.core.quality import Quality


class BalanceResidual(DerivedFunction):
    """|raw·(1 − own_use) − filtered| in percent of raw, each an exponential mean over `hours`.

    Storage in raw main, clarifiers and filters is full and so cancels; a wash shows for minutes and is averaged out.
    Bad below `least_flow` (m3/h).

    What it can see: two meters of ±e % leave a residual of up to about 1.4·e % of raw by themselves (±2 % each: 2.8 %),
    and `own_use` its own error; a limit below two or three times that alarms about nothing. The mean forgets a wash or
    a filling clarifier only over some `hours`, so the rule's on-delay should be no shorter than they are.
    """

    memory_size = 2

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        weight = -math.expm1(-self.site.grid / (self.parameters["hours"] * 3600e9))
        good, q = usable(quality), worst(quality)
        out = np.full(len(times), np.nan)
        raw, filtered = values[:, self.at("raw")], values[:, self.at("filtered")]
        for g in range(len(times)):
            if good[g]:
                for m, value in ((0, raw[g]), (1, filtered[g])):
                    old = self.memory[m]
                    self.memory[m] = value if math.isnan(old) else old + weight * (value - old)
            mean_raw, mean_filtered = self.memory
            if mean_raw >= self.parameters["least_flow"]:
                made = mean_raw * (1.0 - self.parameters["own_use"])
                out[g] = 100.0 * abs(made - mean_filtered) / mean_raw
            elif q[g] < Quality.BAD:
                q[g] = Quality.BAD
        return out, q
