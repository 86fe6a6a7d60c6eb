"""One thing against another: a value and its setpoint, instruments that measure the same, a command and its echo."""

from __future__ import annotations

import numpy as np

from services.alerts.derived.base import DerivedFunction, worst
from services.core.frame import Qualities, Times, Values
from services.core.quality import FIRST_BAD, Quality


class Deviation(DerivedFunction):
    """value - reference, in their unit: a pressure above (below, when negative) its setpoint."""

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        return values[:, self.at("value")] - values[:, self.at("reference")], worst(quality)


class DeviationPercent(DerivedFunction):
    """100 · (value - reference) / reference; bad while the reference is below `least_reference` (> 0)."""

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        reference, q = values[:, self.at("reference")], worst(quality)
        small = ~(reference >= self.parameters["least_reference"])
        change = values[:, self.at("value")] - reference
        out = np.where(small, np.nan, 100.0 * change / np.where(small, 1.0, reference))
        return out, np.where(small & (q < Quality.BAD), np.uint8(Quality.BAD), q).astype(np.uint8)


def good_of(values: Values, quality: Qualities) -> Values:
    """The values that can be used, NaN elsewhere, f8[G, n]."""
    return np.where((quality < FIRST_BAD) & np.isfinite(values), values, np.nan)


def medians(values: Values) -> Values:
    """The median of each row without its NaN, f8[G]; NaN where there is none."""
    ordered = np.sort(values, axis=1)  # NaN sorts last
    count = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(ordered))
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, np.maximum(count - 1, 0))
    middle = 0.5 * (ordered[rows, low] + ordered[rows, high])
    return np.where(count > 0, middle, np.nan)


def _enough(quality: Qualities, good: Values, least: float) -> Qualities:
    """Of each instant: bad below `least` good ones, uncertain when one is missing, else good."""
    count = np.isfinite(good).sum(axis=1)
    missing = np.where(count < good.shape[1], np.uint8(Quality.UNCERTAIN), np.uint8(Quality.GOOD))
    return np.where(count < max(1.0, least), np.uint8(Quality.BAD), missing).astype(np.uint8)


class MedianOf(DerivedFunction):
    """The median of the redundant instruments that can be read: of three, the two that agree outvote the third.

    Uncertain while one is missing, bad when fewer than `least_good` are left.
    """

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        good = good_of(values, quality)
        return medians(good), _enough(quality, good, self.parameters["least_good"])


class FromMedian(DerivedFunction):
    """How far instrument `one` is from the median of all that can be read (itself among them), in their unit.

    Where two of three agree, this is about 0 for them and the whole error for the third: each has a point of its own,
    and its alarm names the instrument. Bad with fewer than three: two that differ cannot say who is wrong (`spread`).
    """

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        good = good_of(values, quality)
        mine = self.at("one")
        q = _enough(quality, good, 3.0)
        q = np.where(np.isfinite(good[:, mine]), q, np.maximum(quality[:, mine], np.uint8(Quality.BAD)))
        return good[:, mine] - medians(good), q.astype(np.uint8)


class Spread(DerivedFunction):
    """The highest less the lowest of the redundant instruments that can be read; bad with fewer than two."""

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        good = good_of(values, quality)
        high = np.where(np.isfinite(good), good, -np.inf).max(axis=1)
        low = np.where(np.isfinite(good), good, np.inf).min(axis=1)
        q = _enough(quality, good, 2.0)
        out = np.full(len(times), np.nan)
        np.subtract(high, low, out=out, where=q < FIRST_BAD)
        return out, q


class HowMany(DerivedFunction):
    """How many switches are on (0.5 or more): votes of floats, power feeds that are left. Bad with fewer than
    `least_good` readable; uncertain while one is missing, which then counts as off.
    """

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        good = good_of(values, quality)
        return (good >= 0.5).sum(axis=1).astype(np.float64), _enough(quality, good, self.parameters["least_good"])


class Mismatch(DerivedFunction):
    """0: the feedback is as commanded; 1: commanded on, but off; 2: commanded off, but on. How long that is normal
    (a valve travels, a pump starts) is the rule's on-delay.
    """

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        wanted, found = values[:, self.at("command")] >= 0.5, values[:, self.at("feedback")] >= 0.5
        out = np.where(wanted == found, 0.0, np.where(wanted, 1.0, 2.0))
        return out, worst(quality)
