"""IntakeCrisis: the river surges, screens clog, intake flow falls, the clear well runs down.

Phases: surge → restricted → threatened → recovering → closed (STORM.md). A crisis only worsens until its recovery
has lasted: night demand may refill the clear well for hours while the intake is still blocked, and the phase must
not relax for that.
"""

from __future__ import annotations

from typing import Any

from services.alerts.derived.supply import HORIZON
from services.alerts.incidents.base import IncidentModel, Instant
from services.core.clock import MINUTE
from services.core.quality import Quality
from services.core.records import IncidentEvent

SURGE = tuple(f"intake/raw_turbidity/turbidity-{name}" for name in ("surge", "high", "high-high"))
RESTRICTED = ("intake/flow_ratio/flow-low", "intake/flow_ratio/flow-low-low")
THREATENED = (
    "clearwell/supply_hours_pessimistic/supply-threatened",
    "clearwell/supply_hours_pessimistic/supply-loss-near",
)
_ORDER = ("", "surge", "restricted", "threatened")

#: Every condition of recovery and of closing must hold this long (STORM.md).
STEADY = 30 * MINUTE
_RECOVERY_FLOW, _RECOVERY_HEAD, _RECOVERY_HOURS = 85.0, 0.60, 12.0
_CLOSING_FLOW, _CLOSING_HEAD = 95.0, 0.15


class IntakeCrisis(IncidentModel):
    """See the module."""

    kind = "IntakeCrisis"
    name = "intake-crisis"
    needs = ("intake/raw_turbidity", "intake/screen_head", "intake/raw_flow", "clearwell/level")

    def step(self, now: Instant) -> IncidentEvent | None:
        phase = self.memory.phase
        self._remember_level(now)
        if phase in ("", "surge", "restricted", "threatened"):
            worse = self._worse(now, phase)
            if worse is not None:
                return worse
        if phase == "surge":
            return self._surge_passes(now)
        if phase in ("restricted", "threatened"):
            return self._recovers(now)
        if phase == "recovering":
            return self._relapses(now) or self._closes(now)
        return None

    def _worse(self, now: Instant, phase: str) -> IncidentEvent | None:
        found = ""
        for name, rules in (("threatened", THREATENED), ("restricted", RESTRICTED), ("surge", SURGE)):
            # A standing turbidity alarm does not open a second incident after the first has closed.
            seen = now.active if phase or name != "surge" else now.raised
            if any(rule in seen for rule in rules):
                found = name
                break
        if _ORDER.index(found) > _ORDER.index(phase):
            causes = {"threatened": THREATENED, "restricted": RESTRICTED, "surge": SURGE}[found]
            return self.move(found, self._first(now, causes), now, self._evidence(now))
        return None

    def _surge_passes(self, now: Instant) -> IncidentEvent | None:
        calm = not any(rule in now.active for rule in SURGE) and self._at_least(now, _CLOSING_FLOW)
        if self.held("calm", calm, now.time, STEADY):
            return self.move("closed", "the surge passed without restricting the intake", now, self._evidence(now))
        return None

    def _recovers(self, now: Instant) -> IncidentEvent | None:
        hours = now.value("clearwell/supply_hours_pessimistic")
        good = (
            self._at_least(now, _RECOVERY_FLOW)
            and self._head_below(now, _RECOVERY_HEAD)
            and hours is not None
            and hours > _RECOVERY_HOURS
        )
        if self.held("recovery", good, now.time, STEADY):
            cause = "flow at least 85 %, screen head below 0.6 m, forecast above 12 h, for 30 minutes"
            return self.move("recovering", cause, now, self._evidence(now))
        return None

    def _relapses(self, now: Instant) -> IncidentEvent | None:
        for name, rules in (("threatened", THREATENED), ("restricted", RESTRICTED)):
            if any(rule in now.raised for rule in rules):
                return self.move(name, f"again: {self._first(now, rules)}", now, self._evidence(now))
        return None

    def _closes(self, now: Instant) -> IncidentEvent | None:
        trail = self.memory.trail
        rising = trail[0] is not None and trail[-1] is not None and trail[-1] > trail[0]
        good = self._at_least(now, _CLOSING_FLOW) and self._head_below(now, _CLOSING_HEAD)
        if self.held("closing", good, now.time, STEADY) and rising:
            cause = "flow at least 95 %, screen head below 0.15 m, for 30 minutes, clear-well level rising"
            return self.move("closed", cause, now, self._evidence(now))
        return None

    def _at_least(self, now: Instant, percent: float) -> bool:
        ratio = now.value("intake/flow_ratio")
        return ratio is not None and ratio >= percent

    def _head_below(self, now: Instant, limit: float) -> bool:
        head = now.value("intake/screen_head")
        return head is not None and head < limit

    def _remember_level(self, now: Instant) -> None:
        """Levels of the last 30 minutes, one a minute."""
        if now.time % MINUTE == 0 or not self.memory.trail:
            self.memory.trail = [*self.memory.trail[-30:], now.value("clearwell/level")]

    def _first(self, now: Instant, rules: tuple[str, ...]) -> str:
        return next((rule for rule in rules if rule in now.active), rules[0])

    def _evidence(self, now: Instant) -> dict[str, Any]:
        readings = {}
        for point, label, form in (
            ("intake/raw_turbidity", "raw turbidity", "{:,.0f} NTU"),
            ("intake/screen_head", "screen head", "{:.2f} m"),
            ("intake/flow_ratio", "raw flow of required", "{:.0f} %"),
            ("clearwell/level", "clear-well level", "{:.2f} m"),
        ):
            value = now.value(point)
            least = "≥ " if now.quality.get(point) == Quality.SATURATED else ""
            readings[label] = "unknown" if value is None else least + form.format(value)
        hours = {
            f"hours_{case}": now.value(f"clearwell/supply_hours_{case}")
            for case in ("pessimistic", "expected", "optimistic")
        }
        forecast: dict[str, Any] = {
            name: None if value is None or value >= HORIZON else round(value, 3) for name, value in hours.items()
        }
        spread = self.site.demand.spread if self.site.demand else 0.0
        forecast["known"] = all(value is not None for value in hours.values())
        forecast["horizon_hours"] = HORIZON
        forecast["assumptions"] = [
            "inflow to the clear well stays as it is",
            f"demand follows the daily profile at today's level, ±{spread:.0%}",
            "supply is lost when the clear well reaches its minimum level",
        ]
        return {"readings": readings, "forecast": forecast, "alarms": sorted(now.active)}
