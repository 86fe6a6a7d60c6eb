"""Pumps: flow per running pump, pressure lost while flow rises, a trip that no standby covers."""

from __future__ import annotations

import numpy as np

from services.alerts.derived.base import DerivedFunction, usable, worst
from services.core.frame import Qualities, Times, Values
from services.core.quality import Quality


class FlowPerPump(DerivedFunction):
    """Flow per running pump, in percent of `rated_flow` (m3/h); bad while no pump runs."""

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        flow, running = values[:, self.at("flow")], values[:, self.at("running")]
        q = worst(quality)
        none = ~(running >= 0.5)
        out = np.where(none, np.nan, 100.0 * flow / np.where(none, 1.0, running) / self.parameters["rated_flow"])
        return out, np.where(none & (q < Quality.BAD), np.uint8(Quality.BAD), q).astype(np.uint8)


class DropWithFlow(DerivedFunction):
    """Pressure lost (kPa) over `seconds` while the flow rose, else 0: a falling flow is a throttle, not a burst."""

    #: Instants remembered, two values each: 12 instants of 10 s are more than the 60 s that the rule looks back.
    memory_size = 2 * 12

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        back = max(1, min(11, round(self.parameters["seconds"] * 1e9 / self.site.grid)))
        pressures, flows = self.memory[:12], self.memory[12:]
        out = np.zeros(len(times))
        good = usable(quality)
        for g in range(len(times)):
            pressures[:-1], flows[:-1] = pressures[1:].copy(), flows[1:].copy()
            pressures[-1] = values[g, self.at("pressure")] if good[g] else np.nan
            flows[-1] = values[g, self.at("flow")] if good[g] else np.nan
            if flows[-1] > flows[-1 - back]:
                out[g] = max(0.0, pressures[-1 - back] - pressures[-1])
        return out, worst(quality)


class UncoveredTrip(DerivedFunction):
    """1 while a pump has tripped and no standby has started."""

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        tripped = values[:, self.at("trip")] >= 0.5
        return (tripped & ~(values[:, self.at("standby")] >= 0.5)).astype(np.float64), worst(quality)
