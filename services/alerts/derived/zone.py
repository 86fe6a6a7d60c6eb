"""District meters: night flow against its nights, inflow against the same hour of other weeks."""

from __future__ import annotations

import math
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from services.alerts.derived.base import DerivedFunction, usable, worst
from services.core.clock import DAY, HOUR, to_datetime
from services.core.frame import Qualities, Times, Values
from services.core.quality import Quality

_NIGHTS = 14
#: Of the night's instants, at least this share must have been measured; of the nights, this many.
_MEASURED, _FEWEST = 0.75, 5
_HOURS = 168
#: Weeks seen before anything can be called unusual, and the share that is usual.
_WEEKS, _USUAL = 4, 0.995
_STEP = 0.05
#: No flow and no pressure is as large as this; a tracked percentile would never come back from it.
_NO_FLOW = 1e9


class _Local(DerivedFunction):
    """Base: what hangs on the local day and hour."""

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.time_zone)

    def _local(self, time: int) -> int:
        """Local wall time as ns since 1970."""
        offset = to_datetime(time).astimezone(self._zone).utcoffset()
        assert offset is not None
        return time + int(offset.total_seconds()) * 10**9


class NightFlowRise(_Local):
    """The mean flow of 02:00-04:00 local time, in percent above the median of the 14 nights before, as it was in at
    least two of the last three nights: the second highest of the three.

    Bad until five nights are known. A night of which less than three quarters was measured is left out. Night use that
    grows (filling roof tanks) looks like a leak.
    """

    memory_size = _NIGHTS + 3 + 4  # nights, newest last; three rises, newest last; day, sum, count, instants

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q, good = np.full(len(times), np.nan), np.zeros(len(times), np.uint8), usable(quality)
        nights, rises, night = self.memory[:_NIGHTS], self.memory[_NIGHTS:-4], self.memory[-4:]
        flow = values[:, self.at("flow")]
        for g, time in enumerate(times.tolist()):
            local = self._local(time)
            day, hour = float(local // DAY), (local % DAY) / HOUR
            if night[0] != day and hour < 4.0:
                self._close(nights, rises, night)
                night[:] = day, 0.0, 0.0, 0.0
            if 2.0 <= hour < 4.0:
                night[3] += 1.0
                if good[g]:
                    night[1] += flow[g]
                    night[2] += 1.0
            elif hour >= 4.0:
                self._close(nights, rises, night)
            known = np.sort(rises[np.isfinite(rises)])
            if len(known) >= 2:
                out[g] = known[-2]
            else:
                q[g] = Quality.BAD
        return out, q

    def _close(self, nights: Values, rises: Values, night: Values) -> None:
        """Once a night, when it is over: its rise and its mean."""
        if not night[2] > 0.0:
            return
        enough = night[2] * self.site.grid >= _MEASURED * 2 * HOUR
        mean = night[1] / night[2]
        night[1:] = 0.0
        if not enough:
            return
        before = np.sort(nights[np.isfinite(nights)])
        if len(before) >= _FEWEST:
            middle = 0.5 * (before[(len(before) - 1) // 2] + before[len(before) // 2])
            rises[:-1] = rises[1:].copy()
            rises[-1] = 100.0 * (mean - middle) / middle if middle > 0.0 else np.nan
        nights[:-1] = nights[1:].copy()
        nights[-1] = mean


class BurstExcess(_Local):
    """Inflow in percent above the 99.5th percentile of its hour of the week, while the pressure is at least `drop`
    (kPa) below what it usually is at that hour; else 0. Bad until four weeks were seen, and of the hour something.

    The percentile of each of the 168 hours is tracked, not stored: a value above it lifts it 199 times as far as one
    below lowers it (stochastic approximation), in steps that go with the flow's scatter.
    """

    memory_size = 2 * _HOURS + 2  # percentile and mean pressure of each hour; instants seen, scatter

    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        out, q, good = np.zeros(len(times)), worst(quality), usable(quality)
        high, usual, rest = self.memory[:_HOURS], self.memory[_HOURS : 2 * _HOURS], self.memory[2 * _HOURS :]
        if math.isnan(rest[0]):
            rest[:] = 0.0
        an_hour = HOUR / self.site.grid
        flow, pressure = values[:, self.at("flow")], values[:, self.at("pressure")]
        for g, time in enumerate(times.tolist()):
            if not good[g] or abs(flow[g]) > _NO_FLOW or abs(pressure[g]) > _NO_FLOW:
                q[g] = max(q[g], Quality.BAD)
                continue
            h = (self._local(time) // HOUR) % _HOURS
            f, p = float(flow[g]), float(pressure[g])
            if math.isnan(high[h]) or rest[0] < _WEEKS * an_hour * _HOURS:
                q[g] = Quality.BAD
            elif high[h] > 0.0 and usual[h] - p >= self.parameters["drop"]:
                out[g] = max(0.0, 100.0 * (f - high[h]) / high[h])
            if math.isnan(high[h]):
                high[h], usual[h] = f, p
            step = _STEP * max(rest[1], 0.01 * abs(high[h]))
            rest[1] += (abs(f - high[h]) - rest[1]) / (24 * an_hour)
            high[h] += step * _USUAL if f > high[h] else -step * (1.0 - _USUAL)
            usual[h] += (p - usual[h]) / (4 * an_hour)
            rest[0] += 1.0
        return out, q
