"""The phases of an intake crisis: surge → restricted → threatened → recovering → closed (STORM: events/liuyang-…).

A crisis only worsens until its recovery has lasted: night demand may refill the clear well for hours while the intake
is still blocked, and the phase must not relax for that. Nor does it relax because a sensor is silent.
"""

from __future__ import annotations

from typing import Any

from services.alerts.derived.supply import HORIZON
from services.alerts.incidents.base import BLIND, IncidentModel, Instant, Weight
from services.alerts.incidents.evidence import TimeLeft
from services.alerts.incidents.intake_crisis.judging import Judge, Verdict
from services.alerts.incidents.intake_crisis.sources import OtherSources
from services.core.catalogue import Site
from services.core.catalogue.incident_use import IncidentUse
from services.core.clock import HOUR, MINUTE
from services.core.records import IncidentEvent

_ORDER = ("", "surge", "restricted", "threatened")

#: Every condition of recovery and of closing must hold this long.
STEADY = 30 * MINUTE
_RECOVERY_FLOW, _RECOVERY_HEAD, _RECOVERY_HOURS = 85.0, 0.60, 12.0
_CLOSING_FLOW, _CLOSING_HEAD = 95.0, 0.15
#: Below this share (%) of the required flow the crisis has begun: the alarm's limit.
_RESTRICTED_FLOW = 85.0


class IntakeCrisis(IncidentModel):
    """See the module."""

    kind = "IntakeCrisis"
    name = "intake-crisis"
    lasting = ("supply ", "last ")
    ranks = {"surge": 1, "restricted": 2, "threatened": 3, "recovering": 1, "closed": 0}
    weights = {
        "raw_turbidity": Weight(0.15, "raw turbidity", "{:,.0f} NTU"),
        "screen_head": Weight(0.15, "screen head", "{:.2f} m"),
        "flow_ratio": Weight(0.25, "raw flow of required", "{:.0f} %", vital=True),
        "submergence": Weight(0.10, "pump submergence", "{:.2f} m"),
        "level": Weight(0.10, "clear-well level", "{:.2f} m"),
        "hours_pessimistic": Weight(0.20, "supply forecast at worst", "{:.1f} h", vital=True),
        "upstream": Weight(0.05, "upstream stage", "{:.2f} m"),
    }

    def __init__(self, site: Site, use: IncidentUse | None = None) -> None:
        super().__init__(site, use)
        self.judge = Judge(self)
        self.others = OtherSources(self)

    def step(self, now: Instant) -> IncidentEvent | None:
        news = self.look(now)
        self._remember_level(now)
        self.others.remember(now)
        phase = self.memory.phase
        event: IncidentEvent | None = None
        if phase != "recovering":
            event = self._worse(now, phase)
        if event is None and phase == "surge":
            event = self._surge_passes(now)
        elif event is None and phase in ("restricted", "threatened"):
            event = self._recovers(now)
        elif phase == "recovering":
            event = self._relapses(now) or self._closes(now)
        if event is None and phase and news:
            event = self.tell(news, now)
        return event

    # --- worse ---------------------------------------------------------------------------------------------

    def _worse(self, now: Instant, phase: str) -> IncidentEvent | None:
        for name, cause in (
            ("threatened", self._standing(now, "hours_pessimistic") or self._low_unforecast(now)),
            ("restricted", self._standing(now, "flow_ratio") or self._flow_concluded(now)),
            ("surge", self._surging(now)),
        ):
            if cause and _ORDER.index(name) > _ORDER.index(phase):
                return self.move(name, cause, now)
        return None

    def _standing(self, now: Instant, role: str) -> str:
        """The role's alarm. What merely stands, held on a reading that was lost, opens no second incident."""
        if self.memory.phase or self.value(now, role) is not None:
            return self.standing(now, role)
        return self.raised(now, role)

    def _surging(self, now: Instant) -> str:
        """What tells of a surge: turbid water, screens that block; a river upstream where turbidity is not seen."""
        if self.memory.phase:
            return ""
        # A standing alarm does not open a second incident after the first has closed.
        found = self.raised(now, "raw_turbidity") or self.raised(now, "screen_head")
        if not found and self.value(now, "raw_turbidity") is None:
            found = self.raised(now, "upstream")
        return found

    def _low_unforecast(self, now: Instant) -> str:
        """Where nobody can forecast, a clear well below its lowest limit."""
        if self.value(now, "hours_pessimistic") is not None or not self.memory.phase:
            return ""
        return self.standing(now, "level", "level-low-low")

    def _flow_concluded(self, now: Instant) -> str:
        """A restriction that other readings show while the flow is unknown."""
        unseen = self.value(now, "flow_ratio") is None
        cause = self.judge.restriction(now, _RESTRICTED_FLOW) if unseen else ""
        return cause if self.held("flow concluded", bool(cause), now.time, BLIND) else ""

    def _relapses(self, now: Instant) -> IncidentEvent | None:
        for name, role in (("threatened", "hours_pessimistic"), ("restricted", "flow_ratio")):
            if found := self.raised(now, role):
                return self.move(name, f"again: {found}", now)
        # An alarm that never cleared is not raised again: what it stands for may get worse all the same.
        flow, standing = self.value(now, "flow_ratio"), self.standing(now, "flow_ratio")
        if self.held("again", bool(standing) and flow is not None and flow < _RESTRICTED_FLOW, now.time, BLIND):
            return self.move("restricted", f"again: {standing}", now)
        if found := self._flow_concluded(now):
            return self.move("restricted", f"again: {found}", now)
        return None

    # --- better --------------------------------------------------------------------------------------------

    def _surge_passes(self, now: Instant) -> IncidentEvent | None:
        judged = [self.judge.calm(now), self.judge.flow(now, _CLOSING_FLOW)]
        return self._relax("closed", "the surge passed without restricting the intake", judged, now)

    def _recovers(self, now: Instant) -> IncidentEvent | None:
        judged = [
            self.judge.flow(now, _RECOVERY_FLOW),
            self.judge.head(now, _RECOVERY_HEAD),
            self.judge.supply(now, _RECOVERY_HOURS),
        ]
        cause = "flow at least 85 %, screen head below 0.6 m, forecast above 12 h, for 30 minutes"
        return self._relax("recovering", cause, judged, now)

    def _closes(self, now: Instant) -> IncidentEvent | None:
        judged = [self.judge.flow(now, _CLOSING_FLOW), self.judge.head(now, _CLOSING_HEAD)]
        # The level must be rising when the half hour is over, not all through it.
        cause = "flow at least 95 %, screen head below 0.15 m, for 30 minutes, clear-well level rising"
        return self._relax("closed", cause, judged, now, self.judge.rising() and not self.judge.alarmed(now))

    def _relax(
        self, phase: str, cause: str, judged: list[Verdict], now: Instant, besides: bool = True
    ) -> IncidentEvent | None:
        """Goes to a milder phase when every condition has held; says once what keeps it from that unseen."""
        good = all(one.met for one in judged)
        if self.held(f"to {phase}", good, now.time, STEADY) and besides:
            stood_for = "".join(f"; {one.because}" for one in judged if one.because)
            return self.move(phase, cause + stood_for, now)
        unseen = [one.because for one in judged if one.met is None]
        waits = bool(unseen) and all(one.met is not False for one in judged)
        begun = self.memory.numbers.get("told", 0.0)
        if not waits:
            self.memory.numbers.pop("told", None)
        if self.held("unseen", waits, now.time, STEADY) and not begun:
            self.memory.numbers["told"] = 1.0
            return self.tell(f"not relaxed: {'; '.join(unseen)}", now)
        return None

    # --- evidence ------------------------------------------------------------------------------------------

    def _remember_level(self, now: Instant) -> None:
        """Levels of the last 30 minutes, one a minute."""
        if now.time % MINUTE == 0 or not self.memory.trail:
            level = self.value(now, "level")
            self.memory.trail = [*self.memory.trail[-30:], level]
            hours = self.value(now, "hours_pessimistic")
            if hours is not None:
                self.memory.numbers["last hours"], self.memory.numbers["last hours at"] = hours, float(now.time)

    def reasons(self, now: Instant) -> list[str]:
        out = []
        if self.value(now, "flow_ratio") is None and (found := self.judge.restriction(now, _RESTRICTED_FLOW)):
            out.append(found)
        if self.value(now, "hours_pessimistic") is None and self.memory.phase not in ("threatened", "closed"):
            out.append("that supply is threatened cannot be excluded: there is no forecast")
        return out

    def time_left(self, now: Instant) -> list[TimeLeft]:
        hours = [self.value(now, f"hours_{case}") for case in ("pessimistic", "expected", "optimistic")]
        known = all(value is not None for value in hours)
        spread = self.site.demand.spread if self.site.demand else 0.0
        assumptions = [
            "inflow to the clear well stays as it is",
            f"demand follows the daily profile at today's level, ±{spread:.0%}",
            "supply is lost when the clear well reaches its minimum level",
        ]
        kept = self.memory.numbers
        if not known and "last hours" in kept:
            at = int(kept["last hours at"])
            rest = max(0.0, kept["last hours"] - (now.time - at) / HOUR)
            said = f"by the last one {rest:.1f} h would be left at worst"
            assumptions.append(f"no forecast since {self.clock(at)}: {said}")
        return [
            TimeLeft("supply loss", hours[0], hours[1], hours[2], known, HORIZON, tuple(assumptions)),
        ]

    def more(self, now: Instant) -> dict[str, Any]:
        # Once the intake is free again nobody asks what another would have to carry.
        return self.others.evidence(now) if self.memory.phase in _ORDER else {}
