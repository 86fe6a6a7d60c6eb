"""A value against what is usual: its ratio to the median of the last weeks."""

from __future__ import annotations

import math

import numpy as np

from services.alerts.derived.base import DerivedFunction, usable, worst
from services.core.clock import DAY, MINUTE
from services.core.frame import Qualities, Times, Values
from services.core.quality import Quality

#: Logarithmic bins of the histogram: 24 a decade from 0.01 to 10,000, so that the median is known to about 5 %.
_BINS, _A_DECADE, _LOWEST = 144, 24, 0.01

#: Less than this share of `days` says nothing about what is usual.
_ENOUGH = 0.25


class OfUsual(DerivedFunction):
    """value / median, where the median forgets with an e-fold of `days`; bad until a quarter of `days` was seen.

    The median is that of a histogram whose old counts decay, once a minute: a fixed 1.2 KB where a window of 30 days
    would be 260,000 readings.
    """

    memory_size = _BINS + 2  # counts, then minutes seen and the last minute counted

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q, good = np.full(len(times), np.nan), worst(quality), usable(quality)
        days = self.parameters["days"]
        decay = math.exp(-MINUTE / (days * DAY))
        counts = self.memory[:_BINS]
        column = self.at("value")
        for g, time in enumerate(times.tolist()):
            value = float(values[g, column])
            minute = float(time // MINUTE)
            if good[g] and minute != self.memory[_BINS + 1]:
                if math.isnan(self.memory[_BINS]):
                    self.memory[:] = 0.0
                counts *= decay
                counts[self._bin(value)] += 1.0
                self.memory[_BINS] += 1.0
                self.memory[_BINS + 1] = minute
            if good[g] and self.memory[_BINS] >= _ENOUGH * days * DAY / MINUTE:
                out[g] = value / self._median()
            elif q[g] < Quality.BAD:
                q[g] = Quality.BAD
        return out, q

    def _bin(self, value: float) -> int:
        place = math.log10(min(max(value, _LOWEST), 1e12) / _LOWEST) * _A_DECADE
        return min(_BINS - 1, int(place))

    def _median(self) -> float:
        total = np.cumsum(self.memory[:_BINS])
        place = int(np.searchsorted(total, total[-1] / 2.0))
        return float(_LOWEST * 10.0 ** ((place + 0.5) / _A_DECADE))


class FromMean(DerivedFunction):
    """100 · (value - mean) / mean, the mean forgetting with an e-fold of `days`; bad until a quarter of them was seen.

    For what hardly varies, a spring's conductivity: finer than the bins of `of_usual`, but moved by what it measures.
    """

    memory_size = 2  # the mean, and how long it has been seen, in ns

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q, good = np.full(len(times), np.nan), worst(quality), usable(quality)
        span = self.parameters["days"] * DAY
        weight = -math.expm1(-self.site.grid / span)
        column = self.at("value")
        for g in range(len(times)):
            if good[g]:
                value, (mean, seen) = float(values[g, column]), self.memory.tolist()
                # Young, it is the plain mean of what was seen.
                seen = self.site.grid if math.isnan(seen) else min(seen + self.site.grid, span)
                mean = value if math.isnan(mean) else mean + max(weight, self.site.grid / seen) * (value - mean)
                self.memory[:] = mean, seen
                if seen >= _ENOUGH * span and mean > 0.0:
                    out[g] = 100.0 * (value - mean) / mean
                    continue
            q[g] = max(q[g], Quality.BAD)
        return out, q
