"""How long the clear well lasts against the forecast demand, and how long until it overflows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.alerts.derived.base import DerivedFunction, usable, worst
from services.core.clock import DAY, HOUR, to_datetime
from services.core.frame import Qualities, Times, Values
from services.core.quality import Quality

#: How far the forecast looks (h); a well that lasts longer shows this.
HORIZON = 24.0
_STEPS = 24 * 12
#: Hours of two days, every five minutes.
_MARKS = np.arange(2 * _STEPS + 1) / 12.0


class SupplyHours(DerivedFunction):
    """Hours until the level reaches `minimum_level` (m), at most HORIZON.

    Assumptions: inflow stays at its 15-minute mean; demand is the site's daily profile times the day's factor (a
    two-hour mean of outflow over profile, which sees an ordered pressure reduction or another source taking over),
    times 1 + `demand_bias`·spread. The well is prismatic: `area` m2. Not the present net outflow, which says "never"
    at 02:00 of a night that runs dry at 06:00.
    """

    memory_size = 3  # inflow mean, day factor, level mean

    @cached_property
    def _day(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The demand factor at the hours 0 to 24 of the local day."""
        assert self.site.demand is not None
        return np.arange(25.0), np.array([*self.site.demand.hourly, self.site.demand.hourly[0]])

    @cached_property
    def _cumulative(self) -> tuple[NDArray[np.float64], ZoneInfo]:
        """Integral of the hourly factor over two days, in hours, at 5-minute marks of the local day."""
        factors = np.interp(_MARKS % 24.0, *self._day)
        steps = (factors[1:] + factors[:-1]) / 24.0
        total = np.zeros(2 * _STEPS + 1)
        for i in range(2 * _STEPS):  # in order: the sum must not depend on how NumPy splits it
            total[i + 1] = total[i] + steps[i]
        return total, ZoneInfo(self.site.time_zone)

    def hour(self, time: int) -> float:
        """The local hour of the day at `time` (ns)."""
        offset = to_datetime(time).astimezone(self._cumulative[1]).utcoffset()
        assert offset is not None
        return ((time + int(offset.total_seconds()) * 10**9) % DAY) / HOUR

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q = np.full(len(times), np.nan), worst(quality)
        demand = self.site.demand
        if demand is None:
            return out, np.full(len(times), Quality.BAD, np.uint8)
        good = usable(quality)
        level_at, inflow_at, outflow_at = self.at("level"), self.at("inflow"), self.at("outflow")
        for g in range(len(times)):
            if not good[g]:
                continue
            hour = self.hour(int(times[g]))
            self._remember(0, float(values[g, inflow_at]), 0.25)
            self._remember(1, float(values[g, outflow_at]) / (demand.mean * self.factor(hour)), 2.0)
            self._remember(2, float(values[g, level_at]), 0.05)
            inflow, scale, level = self.memory.tolist()
            stored = self.parameters["area"] * (level - self.parameters["minimum_level"])
            out[g] = self.hours(hour, stored, inflow, scale, self.parameters["demand_bias"])
        return out, q

    def factor(self, hour: float) -> float:
        """The demand of the profile at the local `hour`, of its mean."""
        return float(np.interp(hour, *self._day))

    def hours(
        self, hour: float, stored: float, inflow: float, scale: float, bias: float,
        others: Sequence[tuple[float, float]] = (),
    ) -> float:  # fmt: skip
        """Hours that `stored` m3 last from the local `hour` on.

        inflow: m3/h.  scale: demand of its profile.  bias: in spreads of the demand.  others: what comes besides, as
        (m3/h, hours until it comes).
        """
        demand = self.site.demand
        assert demand is not None
        ahead = _MARKS[: _STEPS + 1]
        used = np.interp(hour + ahead, _MARKS, self._cumulative[0])
        used -= used[0]
        left = stored + inflow * ahead - demand.mean * scale * (1.0 + bias * demand.spread) * used
        for capacity, start in others:
            left = left + capacity * np.maximum(ahead - start, 0.0)
        return first_below_zero(ahead, left)

    def _remember(self, slot: int, value: float, hours: float) -> None:
        old = float(self.memory[slot])
        weight = -math.expm1(-self.site.grid / (hours * HOUR))
        self.memory[slot] = value if math.isnan(old) else old + weight * (value - old)


class OverflowHours(SupplyHours):
    """Hours until the level reaches `overflow_level` (m), at most HORIZON.

    As SupplyHours, with demand below forecast at a negative `demand_bias`: at 23:00 it is the night's demand, not the
    present one, that fills the well. A site without a demand profile: outflow stays at its two-hour mean.
    """

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q, good = np.full(len(times), np.nan), worst(quality), usable(quality)
        demand = self.site.demand
        bias = 1.0 + self.parameters["demand_bias"] * (demand.spread if demand is not None else 0.0)
        total, ahead = (self._cumulative[0] if demand is not None else _MARKS), _MARKS[: _STEPS + 1]
        level_at, inflow_at, outflow_at = self.at("level"), self.at("inflow"), self.at("outflow")
        for g in range(len(times)):
            if not good[g]:
                continue
            hour = self.hour(int(times[g])) if demand is not None else 0.0
            usual = demand.mean * float(np.interp(hour, *self._day)) if demand is not None else 1.0
            self._remember(0, float(values[g, inflow_at]), 0.25)
            self._remember(1, float(values[g, outflow_at]) / usual, 2.0)
            self._remember(2, float(values[g, level_at]), 0.05)
            inflow, scale, level = self.memory.tolist()
            used = np.interp(hour + ahead, _MARKS, total)
            used = (used - used[0]) * scale * bias * (demand.mean if demand is not None else 1.0)
            room = self.parameters["area"] * (self.parameters["overflow_level"] - level)
            out[g] = first_below_zero(ahead, room - inflow * ahead + used)
        return out, q


def first_below_zero(hours: NDArray[np.float64], left: NDArray[np.float64]) -> float:
    """Where `left` (m3, at `hours`) first crosses zero, between marks linearly; the last hour when it does not."""
    below = left <= 0.0
    if not below.any():
        return float(hours[-1])
    i = int(below.argmax())
    if i == 0:
        return 0.0
    before, after = float(left[i - 1]), float(left[i])
    return float(hours[i - 1] + (hours[i] - hours[i - 1]) * before / (before - after))
