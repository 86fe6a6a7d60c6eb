"""The exposed meters of a district: which have stopped, which are not seen, which run out since the thaw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from services.core.clock import DAY, MINUTE

if TYPE_CHECKING:
    from services.alerts.incidents.base import IncidentModel, Instant

#: A meter's usual high is forgotten with this e-fold, so that one flushing of a year ago hides no burst.
_FORGOTTEN = math.exp(-MINUTE / (7 * DAY))
#: So long must a flow be above it: roof tanks fill in less (assumption).
_BURST = 10 * MINUTE
#: Water this cold (°C) stands still or nearly; below it a pipe's water says what the air would.
_COLD = 1.0


class Meters:
    """Of one incident model; its memory is the model's. A meter is named by its station."""

    def __init__(self, model: IncidentModel) -> None:
        self.model = model
        self.flows = {place.partition("/")[0]: place for place in model.places["flows"]}
        self.waters = model.places["water_temperatures"]

    def __len__(self) -> int:
        return len(self.flows)

    def learn(self, now: Instant) -> None:
        """Each meter's usual high, once a minute; not in frost and thaw."""
        numbers = self.model.memory.numbers
        for name, place in self.flows.items():
            flow = now.value(place)
            if flow is not None:
                numbers[f"high {name}"] = max(flow, numbers.get(f"high {name}", 0.0) * _FORGOTTEN)

    def stopped(self, now: Instant) -> list[str]:
        """Those whose alarm stands. One that was lost while it stood is still stopped for all that is known."""
        found = [name for name, place in self.flows.items() if f"{place}/flow-stopped" in now.active]
        for name in found:
            self.model.memory.numbers.setdefault(f"stopped {name}", float(now.time))
        return found

    def first(self) -> list[tuple[int, str]]:
        """(ns, name) of those that have stopped, the first first; the incident's whole time."""
        numbers = self.model.memory.numbers
        return sorted((int(numbers[f"stopped {n}"]), n) for n in self.flows if f"stopped {n}" in numbers)

    def unseen(self, now: Instant) -> list[str]:
        """Those whose flow is not known."""
        return [name for name, place in self.flows.items() if now.value(place) is None]

    def bursting(self, now: Instant) -> list[str]:
        """Those that run well above their usual high for ten minutes, or whose own alarm says so."""
        model, found = self.model, []
        for name, place in self.flows.items():
            flow, high = now.value(place), model.memory.numbers.get(f"high {name}")
            above = flow is not None and high is not None and flow > model.parameters["burst_ratio"] * high
            if model.held(f"burst {name}", above, now.time, _BURST) or f"{place}/flow-high" in now.active:
                found.append(name)
        return found

    def cold(self, now: Instant) -> int:
        """How many pipes are seen to hold water near freezing."""
        return sum(1 for place in self.waters if (value := now.value(place)) is not None and value < _COLD)
