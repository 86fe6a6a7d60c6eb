"""What another source of the same supply can carry while the intake gives too little.

The other source has a log of its own, which a fold over this site's log never sees. So what it can give is taken from
the catalogue (`other_sources`), and said to be so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from services.alerts.derived.supply import HORIZON, SupplyHours
from services.core.catalogue.incident_use import OtherSource
from services.core.clock import HOUR

if TYPE_CHECKING:
    from services.alerts.incidents.base import IncidentModel, Instant

_CASES = {"pessimistic": 1.0, "expected": 0.0, "optimistic": -1.0}
#: Smoothing as in the forecast without the other source (hours), so that the two can be compared.
_SMOOTH = {"level": 0.05, "inflow": 0.25, "day": 2.0}


class OtherSources:
    """Of one incident model; its memory is the model's."""

    def __init__(self, model: IncidentModel) -> None:
        self.model, self.sources = model, model.use.other_sources
        self.supply: SupplyHours | None = None
        place = model.at.get("hours_pessimistic", "")
        site = model.site
        derived = site.points[site.point_index[place]].derived if place else None
        if self.sources and site.demand is not None and derived is not None and derived.function == "supply_hours":
            given = {name: value for name, value in derived.parameters.items() if value is not None}
            self.supply = SupplyHours(site, list(derived.inputs), given)

    def remember(self, now: Instant) -> None:
        """Level, inflow and the day's demand, smoothed; the day's only until a crisis begins.

        Once another source runs, this plant's outflow no longer tells what the city draws.
        """
        if self.supply is None:
            return
        value, site = self.model.value, self.model.site
        level, inflow, outflow = value(now, "level"), value(now, "inflow"), value(now, "outflow")
        if level is None or inflow is None or outflow is None or site.demand is None:
            return
        self._smooth("level", level)
        self._smooth("inflow", inflow)
        if not self.model.memory.phase:
            self._smooth("day", outflow / (site.demand.mean * self.supply.factor(self.supply.hour(now.time))))

    def _smooth(self, name: str, value: float) -> None:
        numbers, key = self.model.memory.numbers, f"supply {name}"
        weight = -math.expm1(-self.model.site.grid / (_SMOOTH[name] * HOUR))
        numbers[key] = numbers[key] + weight * (value - numbers[key]) if key in numbers else value

    def evidence(self, now: Instant) -> dict[str, Any]:
        """{} when the site names no other source; unknown when what it would have to carry cannot be judged."""
        supply, demand = self.supply, self.model.site.demand
        if supply is None or demand is None:
            return {}
        numbers, seen = self.model.memory.numbers, self.model.value
        if any(seen(now, role) is None for role in ("level", "inflow")) or "supply day" not in numbers:
            why = "level or inflow of the clear well is not known"
            return {"other_source": {"known": False, "why": why, "sources": [_plain(one) for one in self.sources]}}
        hour, day, inflow = supply.hour(now.time), numbers["supply day"], numbers["supply inflow"]
        ahead = [demand.mean * day * supply.factor((hour + h / 4.0) % 24.0) for h in range(int(4 * HORIZON))]
        ready = [one for one in self.sources if one.available]
        found: dict[str, Any] = {
            "known": True,
            "sources": [_plain(one) for one in self.sources],
            "inflow_m3h": round(inflow, 1),
            "demand_m3h": round(sum(ahead) / len(ahead), 1),
            **self._carried(hour, day, inflow, ahead, ready),
            "assumptions": [
                "what the other source can give, and how soon, is from the catalogue: its own log is not seen here",
                "it is ordered now and gives its capacity from its start on",
                "demand follows the daily profile at the level of the day as it was when the crisis began",
                "inflow to the clear well stays as it is",
            ],
        }
        if len(ready) < len(self.sources):
            found["with_all"] = self._carried(hour, day, inflow, ahead, list(self.sources))
        return {"other_source": found}

    def _carried(
        self, hour: float, day: float, inflow: float, ahead: list[float], sources: list[OtherSource]
    ) -> dict[str, Any]:
        supply = self.supply
        assert supply is not None
        capacity = sum(one.capacity for one in sources)
        deficit = max(0.0, sum(ahead) / len(ahead) - inflow)
        level = self.model.memory.numbers["supply level"]
        stored = supply.parameters["area"] * (level - supply.parameters["minimum_level"])
        others = [(one.capacity, one.start_minutes / 60.0) for one in sources]
        said: dict[str, Any] = {
            "capacity_m3h": round(capacity, 1),
            "deficit_m3h": round(deficit, 1),
            "carries_m3h": round(min(deficit, capacity), 1),
            "short_m3h": round(max(0.0, deficit - capacity), 1),
            "short_at_peak_m3h": round(max(0.0, max(ahead) - inflow - capacity), 1),
        }
        for case, bias in _CASES.items():
            hours = supply.hours(hour, stored, inflow, day, bias, others)
            said[f"hours_{case}"] = None if hours >= HORIZON else round(hours, 3)
        return said


def _plain(one: OtherSource) -> dict[str, Any]:
    return {
        "name": one.name, "capacity_m3h": one.capacity, "start_minutes": one.start_minutes,
        "available": one.available,
    }  # fmt: skip
