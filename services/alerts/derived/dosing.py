"""Coagulant: how far dosing is from falling short."""

from __future__ import annotations

import numpy as np

from services.alerts.derived.base import DerivedFunction, worst
from services.core.frame import Qualities, Times, Values


class CoagulantReserve(DerivedFunction):
    """The smaller of (dose in % of its target − `least_ratio`) and (`pump_cap` − pump output), in percent.

    Below 0 the plant cannot dose what the water needs, whichever way it shows (ALARMS.md row 10: one alarm).
    """

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        dose, target = values[:, self.at("dose")], values[:, self.at("target")]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(target > 0.1, 100.0 * dose / target, 100.0)
        short = ratio - self.parameters["least_ratio"]
        return np.minimum(short, self.parameters["pump_cap"] - values[:, self.at("pump")]), worst(quality)
