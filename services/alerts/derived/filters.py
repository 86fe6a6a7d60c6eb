"""Filters: how many wait for a wash."""

from __future__ import annotations

import numpy as np

from services.alerts.derived.base import DerivedFunction
from services.core.frame import Qualities, Times, Values
from services.core.quality import FIRST_BAD, Quality


class WashQueue(DerivedFunction):
    """How many filters would be at their head-loss `limit` (m) at design rate.

    Head loss through a bed is proportional to the rate (laminar, Darcy), so a low flow hides clogging: each head
    loss is scaled to `design_flow` (m3/h, the whole gallery). A filter that cannot be read is not counted.
    """

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        flow = values[:, self.at("flow")]
        columns = [i for i, name in enumerate(self.inputs) if name.startswith("head_loss")]
        # Below a quarter of design flow the scaling would say more than the meter can.
        scale = np.clip(self.parameters["design_flow"] / np.maximum(flow, 1.0), 1.0, 4.0)
        clogged = values[:, columns] * scale[:, None] >= self.parameters["limit"]
        readable = quality[:, columns] < FIRST_BAD
        out = (clogged & readable).sum(axis=1).astype(np.float64)
        flow_quality = quality[:, self.at("flow")]
        none = ~readable.any(axis=1)
        return out, np.where(none, np.uint8(Quality.BAD), flow_quality).astype(np.uint8)
