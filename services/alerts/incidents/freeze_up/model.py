"""The phases of a freeze-up: warning → freezing → thaw → closed.

It is looked at once a minute: frost is slow, and a district has many meters.
"""

from __future__ import annotations

from typing import Any

from services.alerts.incidents.base import IncidentModel, Instant, Weight
from services.alerts.incidents.evidence import TimeLeft
from services.alerts.incidents.freeze_up.meters import Meters
from services.core.catalogue import Site
from services.core.catalogue.incident_use import IncidentUse
from services.core.clock import HOUR, MINUTE
from services.core.records import IncidentEvent

#: Of the degree-hours that freeze a pipe, this share is warned of, and below half of it the frost is over.
_WARNED = 0.25
#: So many of the meters, stopped together, tell of frost where neither air nor water is seen.
_TOGETHER = 0.25
#: A thinner or barer pipe freezes at this share of the degree-hours, a lagged one at that.
_BARE, _LAGGED = 0.5, 1.5
_THAWS, _FREEZES_AGAIN, _QUIET = HOUR, 3 * HOUR, 6 * HOUR
#: Air this warm (°C) contradicts calls about frozen meters.
_WARM = 5.0
_METERS = 0.30


class FreezeUp(IncidentModel):
    """See the module."""

    kind = "FreezeUp"
    name = "freeze-up"
    ranks = {"warning": 1, "freezing": 2, "thaw": 2, "closed": 0}
    weights = {
        "air_temperature": Weight(0.35, "air temperature", "{:.1f} °C", vital=True),
        "forecast_low": Weight(0.05, "forecast low", "{:.0f} °C"),
        "frozen_calls": Weight(0.20, "calls of frozen meters", "{:.0f} 1/h"),
        "burst_calls": Weight(0.10, "calls of bursts", "{:.0f} 1/h"),
    }
    lasting = ("frost", "high ")
    enduring = ("look ", "burst ")

    def __init__(self, site: Site, use: IncidentUse | None = None) -> None:
        super().__init__(site, use)
        self.meters = Meters(self)

    def claims(self) -> set[str]:
        # A burst needs an answer of its own.
        return {rule for rule in super().claims() if not rule.endswith(("/flow-high", "/burst-calls-many"))}

    def step(self, now: Instant) -> IncidentEvent | None:
        if now.time % MINUTE:
            return None
        news = self.look(now)
        self._feel(now)
        phase = self.memory.phase
        stopped = self.meters.stopped(now)
        if phase in ("", "warning") and not stopped:
            self.meters.learn(now)
        event = None
        if phase in ("", "warning"):
            event = self._freezes(now, stopped) or (self._passes(now) if phase else self._warns(now))
        elif phase == "freezing":
            event = self._thaws(now) or self._spreads(now, stopped)
        elif phase == "thaw":
            event = self._again(now, stopped) or self._bursts(now) or self._ends(now, stopped)
        if event is None and phase and news:
            event = self.tell(news, now)
        return event

    @property
    def frost(self) -> float:
        """Degree-hours of frost so far, °C·h."""
        return self.memory.numbers.get("frost", 0.0)

    def _feel(self, now: Instant) -> None:
        """Frost adds up below 0 °C, and warm air takes it back as it came; unseen air changes nothing."""
        air = self.value(now, "air_temperature")
        if air is not None:
            most = 2.0 * self.parameters["frost_limit"]
            self.memory.numbers["frost"] = min(max(self.frost - air * MINUTE / HOUR, 0.0), most)

    # --- the frost comes -----------------------------------------------------------------------------------

    def _warns(self, now: Instant) -> IncidentEvent | None:
        air, low = self.value(now, "air_temperature"), self.value(now, "forecast_low")
        if self.frost >= _WARNED * self.parameters["frost_limit"] and (air is None or air < 0.0):
            return self.move("warning", f"{self.frost:.0f} degree-hours of frost", now)
        if low is not None and low <= self.parameters["forecast_limit"]:
            return self.move("warning", f"{low:.0f} °C are forecast", now)
        return None

    def _frosty(self, now: Instant, stopped: int) -> str:
        """What shows that it is frost that stops the meters; empty when nothing does."""
        if self.frost >= _WARNED * self.parameters["frost_limit"]:
            return f"{self.frost:.0f} degree-hours of frost"
        if self.value(now, "air_temperature") is not None:
            return ""
        if (cold := self.meters.cold(now)) >= self.parameters["least_stopped"]:
            return f"the air is not seen, water near freezing in {cold} pipes stands for it"
        if stopped >= max(self.parameters["least_stopped"], _TOGETHER * len(self.meters)):
            return "neither air nor water is seen, but so many do not stop together for another reason"
        return ""

    def _freezes(self, now: Instant, stopped: list[str]) -> IncidentEvent | None:
        calls, air = self.value(now, "frozen_calls"), self.value(now, "air_temperature")
        if len(stopped) >= self.parameters["least_stopped"] and (why := self._frosty(now, len(stopped))):
            return self._freezing(f"{self._count(stopped)} stopped; {why}", now, stopped)
        many = calls is not None and calls >= self.parameters["calls_limit"]
        if many and not (air is not None and air > _WARM and self.frost == 0.0):
            return self._freezing(f"{calls:.0f} calls an hour about frozen meters", now, stopped)
        return None

    def _freezing(self, cause: str, now: Instant, stopped: list[str]) -> IncidentEvent:
        self.memory.numbers["told stopped"] = float(max(len(stopped), 1))
        return self.move("freezing", cause, now)

    def _count(self, stopped: list[str]) -> str:
        return f"{len(stopped)} of {len(self.meters)} exposed meters"

    def _spreads(self, now: Instant, stopped: list[str]) -> IncidentEvent | None:
        """News when twice as many have stopped as were last told: forty meters are six lines, not forty."""
        told = self.memory.numbers.get("told stopped", 1.0)
        if len(stopped) < 2.0 * told:
            return None
        self.memory.numbers["told stopped"] = float(len(stopped))
        return self.tell(f"{self._count(stopped)} stopped", now)

    def _passes(self, now: Instant) -> IncidentEvent | None:
        """From warning: the frost is over before it stopped anything."""
        air, low = self.value(now, "air_temperature"), self.value(now, "forecast_low")
        mild = low is None or low > self.parameters["forecast_limit"]
        over = air is not None and self.frost < 0.5 * _WARNED * self.parameters["frost_limit"] and mild
        if not self.held("passes", over, now.time, _THAWS):
            return None
        unseen = "forecast_low" in self.at and low is None
        said = "; the air's temperature stands for a forecast that cannot be seen" if unseen else ""
        return self.move("closed", f"the frost passed without stopping the exposed meters{said}", now)

    # --- the thaw ------------------------------------------------------------------------------------------

    def _thaws(self, now: Instant) -> IncidentEvent | None:
        air, bursting = self.value(now, "air_temperature"), self.meters.bursting(now)
        if self.held("thaw", air is not None and air > 0.0, now.time, _THAWS):
            return self._thaw("air above 0 °C for an hour: pipes burst as they thaw", now, bursting)
        if air is None and len(bursting) >= 2:
            said = f"the air is not seen, but {', '.join(bursting[:5])} run far above their usual flow"
            return self._thaw(said, now, bursting)
        return None

    def _thaw(self, cause: str, now: Instant, bursting: list[str]) -> IncidentEvent:
        self.memory.numbers["told bursts"] = float(len(bursting))
        self.memory.numbers["stopped at thaw"] = float(len(self.meters.stopped(now)))
        return self.move("thaw", cause, now)

    def _again(self, now: Instant, stopped: list[str]) -> IncidentEvent | None:
        air, before = self.value(now, "air_temperature"), self.memory.numbers.get("stopped at thaw", 0.0)
        self.memory.numbers["stopped at thaw"] = min(before, float(len(stopped)))
        cold = self.held("again", air is not None and air < 0.0, now.time, _FREEZES_AGAIN)
        if cold and len(stopped) >= before + self.parameters["least_stopped"]:
            return self._freezing(f"again: {self._count(stopped)} stopped", now, stopped)
        return None

    def _bursts(self, now: Instant) -> IncidentEvent | None:
        bursting, told = self.meters.bursting(now), self.memory.numbers.get("told bursts", 0.0)
        if len(bursting) < max(1.0, 2.0 * told):
            return None
        self.memory.numbers["told bursts"] = float(len(bursting))
        return self.tell(f"burst suspected behind {', '.join(bursting[:5])}: flow far above the usual", now)

    def _ends(self, now: Instant, stopped: list[str]) -> IncidentEvent | None:
        air, frozen = self.value(now, "air_temperature"), self.value(now, "frozen_calls")
        bursts, unseen = self.value(now, "burst_calls"), self.meters.unseen(now)
        most = self.parameters["calls_limit"]
        hidden = [name for name in unseen if name not in stopped]
        calm = (
            (air is None or air > 0.0)
            and len(stopped) < self.parameters["least_stopped"]
            and not self.meters.bursting(now)
            and (frozen is None or frozen < 0.5 * most)
            and (bursts is None or bursts < 0.5 * most)
        )
        blind = []
        if air is None:
            blind.append("the air cannot be seen")
        if hidden and frozen is None:
            blind.append(f"{len(hidden)} meters cannot be seen, nor the calls that would stand for them")
        elif len(hidden) == len(self.meters):
            blind.append("no meter can be seen")
        if self.held("end", calm and not blind, now.time, _QUIET):
            said = "air above 0 °C, meters flow, no burst, few calls, for 6 hours"
            left = f"; {', '.join(stopped)} still stopped: work orders" if stopped else ""
            stands = f"; calls stand for {len(hidden)} meters that cannot be seen" if hidden else ""
            return self.move("closed", said + left + stands, now)
        if self.held("unseen", calm and bool(blind), now.time, _QUIET) and "told end" not in self.memory.numbers:
            self.memory.numbers["told end"] = 1.0
            return self.tell(f"not closed: {'; '.join(blind)}", now)
        return None

    # --- evidence ------------------------------------------------------------------------------------------

    def partly(self, now: Instant) -> list[tuple[float, float, str]]:
        unseen = self.meters.unseen(now)
        said = f"{len(unseen)} of {len(self.meters)} exposed meters: flow unknown" if unseen else ""
        return [(_METERS, 1.0 - len(unseen) / len(self.meters), said)] if len(self.meters) else []

    def reasons(self, now: Instant) -> list[str]:
        stopped = self.meters.stopped(now)
        out = [f"{self._count(stopped)} stopped"] if stopped else []
        return out + ([why] if stopped and (why := self._frosty(now, len(stopped))) else [])

    def readings(self, now: Instant) -> dict[str, str]:
        stopped, first = self.meters.stopped(now), self.meters.first()
        said = {"frost": f"{self.frost:.0f} °C·h", "meters stopped": f"{len(stopped)} of {len(self.meters)}"}
        if first:
            said["first stopped"] = f"{first[0][1]} at {self.clock(first[0][0])}"
        return super().readings(now) | said

    def time_left(self, now: Instant) -> list[TimeLeft]:
        what, limit = "exposed pipes freeze", self.parameters["frost_limit"]
        air, low = self.value(now, "air_temperature"), self.value(now, "forecast_low")
        if self.memory.phase == "freezing":
            return [TimeLeft(what, 0.0, 0.0, 0.0, assumptions=("they have begun to",))]
        if self.memory.phase != "warning":
            return []
        if air is None:
            return [TimeLeft(what, known=False, assumptions=("the air's temperature is not known",))]
        coldest = air if low is None else min(air, low)

        def until(degree_hours: float, cold: float) -> float | None:
            return max(0.0, (degree_hours - self.frost) / -cold) if cold < 0.0 else None

        assumptions = (
            f"an exposed pipe freezes at {limit:g} degree-hours, a bare one at {_BARE * limit:g}, a lagged one at "
            f"{_LAGGED * limit:g} (engineering judgement)",
            "the air stays as it is; at worst it is at the forecast's lowest already",
        )
        range_ = until(_BARE * limit, coldest), until(limit, air), until(_LAGGED * limit, air)
        return [TimeLeft(what, *range_, assumptions=assumptions)]

    def more(self, now: Instant) -> dict[str, Any]:
        stopped = self.meters.stopped(now)
        total = self.value(now, "frozen_calls_total")
        return {
            "degree_hours": round(self.frost, 1),
            "meters": {
                "of": len(self.meters),
                "stopped": stopped,
                "unseen": self.meters.unseen(now),
                "bursting": self.meters.bursting(now) if self.memory.phase in ("freezing", "thaw") else [],
                "first": [{"station": name, "time": self.clock(time)} for time, name in self.meters.first()[:5]],
            },
            "calls": {"frozen_total": None if total is None else round(total)},
        }
