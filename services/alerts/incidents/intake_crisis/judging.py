"""What the readings of an intake allow to say; and which reading stands for one that is not there.

A stand-in is physics, not hope: each says in words why it may stand for what is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.alerts.incidents.base import IncidentModel, Instant

#: A plant's own use of what it takes in (GB 50013 allows for some 5 %); so much less comes to the clear well.
_OWN_USE = 0.05
#: What passes the screens, in % of required, shows that they are not blocked, when the wet well is full as well.
_FULL_FLOW = 95.0
#: A screen as clean as this (m) tells of no debris; with full flow it stands for a turbidity that is not seen.
_CLEAN_HEAD = 0.15


@dataclass(frozen=True, slots=True)
class Verdict:
    """met: None when it cannot be judged.  because: what stood for it, or why it cannot be judged."""

    met: bool | None
    because: str = ""


class Judge:
    """Of one incident model's instants."""

    def __init__(self, model: IncidentModel) -> None:
        self.model = model

    def flow(self, now: Instant, least: float) -> Verdict:
        """Whether at least `least` % of the required flow comes in."""
        value = self.model.value
        ratio = value(now, "flow_ratio")
        if ratio is not None:
            return Verdict(ratio >= least)
        share = self._inflow_share(now)
        if share is None:
            return Verdict(None, "the raw flow cannot be seen, nor the inflow to the clear well against it")
        return Verdict(share >= least, "the inflow to the clear well stands for the raw flow")

    def head(self, now: Instant, below: float) -> Verdict:
        """Whether the screens' head is below `below` m."""
        head = self.model.value(now, "screen_head")
        if head is not None:
            return Verdict(head < below)
        if self.model.value(now, "submergence") is None or self.model.value(now, "flow_ratio") is None:
            return Verdict(None, "the screen head cannot be seen, and nothing stands for it")
        passes = bool(self.flow(now, _FULL_FLOW).met) and not self.model.standing(now, "submergence")
        return Verdict(passes, "full flow at a full wet well stands for the screen head")

    def supply(self, now: Instant, hours: float) -> Verdict:
        """Whether the supply lasts longer than `hours` at worst."""
        left = self.model.value(now, "hours_pessimistic")
        if left is not None:
            return Verdict(left > hours)
        if self.model.value(now, "level") is None:
            return Verdict(None, "neither forecast nor level of the clear well can be seen")
        fills = bool(self.flow(now, _FULL_FLOW).met) and self.rising() and not self.model.standing(now, "level")
        return Verdict(fills, "full flow into a clear well that rises stands for the forecast")

    def calm(self, now: Instant) -> Verdict:
        """Whether nothing tells of a surge any more."""
        model = self.model
        if any(model.standing(now, role) for role in ("raw_turbidity", "screen_head", "upstream")):
            return Verdict(False)
        if model.value(now, "raw_turbidity") is not None:
            return Verdict(True)
        head = model.value(now, "screen_head")
        if head is None:
            return Verdict(None, "neither turbidity nor screen head can be seen")
        return Verdict(head < _CLEAN_HEAD, "clean screens stand for the turbidity")

    def alarmed(self, now: Instant) -> bool:
        """Whether an alarm still stands that would open the next incident at once."""
        return any(self.model.standing(now, role) for role in ("flow_ratio", "hours_pessimistic"))

    def rising(self) -> bool:
        """Whether the clear well is higher than half an hour ago."""
        trail = self.model.memory.trail
        return trail[0] is not None and trail[-1] is not None and trail[-1] > trail[0]

    def restriction(self, now: Instant, below: float) -> str:
        """How other readings show that the intake is restricted while its flow is unknown; empty when they do not."""
        share = self._inflow_share(now)
        if share is not None:
            said = f"the raw flow is not seen, but only {share:.0f} % of what is required reaches the clear well"
            return said if share < below else ""
        model = self.model
        blocked = model.standing(now, "screen_head", "screen-head-structural")
        drawn = model.standing(now, "submergence")
        if not (blocked and drawn) or model.value(now, "pumps_running") == 0.0:
            return ""
        seen = "the pumps run" if model.value(now, "pumps_running") is not None else "the pumps are taken to run"
        return f"the raw flow is not seen, but screens are blocked, the wet well is drawn down, and {seen}"

    def _inflow_share(self, now: Instant) -> float | None:
        """Inflow to the clear well in % of what the required raw flow would bring there."""
        inflow, required = self.model.value(now, "inflow"), self.model.value(now, "required_flow")
        if inflow is None or required is None or required <= 0.0:
            return None
        return 100.0 * inflow / (required * (1.0 - _OWN_USE))
