"""A part of a whole, in percent."""

from __future__ import annotations

import numpy as np

from services.alerts.derived.base import DerivedFunction, worst
from services.core.frame import Qualities, Times, Values
from services.core.quality import Quality


class Percent(DerivedFunction):
    """100 · part / whole. A whole below `least_whole` cannot be judged (a plant that needs nothing)."""

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        part, whole = values[:, self.at("part")], values[:, self.at("whole")]
        q = worst(quality)
        small = ~(whole >= self.parameters["least_whole"])
        with np.errstate(divide="ignore", invalid="ignore"):
            out = np.where(small, np.nan, 100.0 * part / whole)
        return out, np.where(small & (q < Quality.BAD), np.uint8(Quality.BAD), q).astype(np.uint8)
