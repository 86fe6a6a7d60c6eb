"""The phases of a station without power: power_lost → rising → flooded → recovering → closed.

A station that falls silent in it is where it was, and worse: the incident counts on by the last rate, and neither
relaxes nor closes until somebody sees again.
"""

from __future__ import annotations

from typing import Any

from services.alerts.incidents.base import IncidentModel, Instant, Weight
from services.alerts.incidents.evidence import TimeLeft
from services.alerts.incidents.power_loss_flooding.rise import Rise, rise_of
from services.core.clock import HOUR, MINUTE
from services.core.records import IncidentEvent

_ORDER = ("", "power_lost", "rising", "flooded")

#: Water that has risen by this (m) since the power went is no ripple.
_RISEN = 0.05
#: Beyond the pump's start by this (m) is still its ordinary run.
_RIPPLE = 0.05
_SURE, _FALLING, _HELD_DOWN, STEADY = MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE
_COMMS_HORIZON = 72.0
#: An inflow may quicken: at worst by so much (engineering judgement).
_QUICKENS = 1.2
#: Hours: at half of this, or of what was told, the time left is news; with less than that left no more.
_FIRST_TOLD, _LEAST_TOLD = 2.0, 0.2


class PowerLossFlooding(IncidentModel):
    """See the module."""

    kind = "PowerLossFlooding"
    name = "power-loss-flooding"
    ranks = {"power_lost": 2, "rising": 3, "flooded": 3, "recovering": 1, "closed": 0}
    weights = {
        "feeds": Weight(0.25, "power feeds", "{:.0f} of 2", vital=True),
        "sump_level": Weight(0.40, "sump level", "{:.2f} m", vital=True),
        "sump_pump": Weight(0.15, "sump pump", "{:.0f}"),
        "battery_hours": Weight(0.10, "battery", "{:.1f} h"),
        "floor_water": Weight(0.10, "water on the floor", "{:.0f}"),
    }
    lasting = ("level ", "rise ", "pump")

    def step(self, now: Instant) -> IncidentEvent | None:
        news = self.look(now)
        self._remember(now)
        phase = self.memory.phase
        event = self._worse(now, phase)
        if event is None and phase in ("power_lost", "rising", "flooded"):
            event = self._recovers(now) or (self._spared(now) if phase == "power_lost" else None)
        elif event is None and phase == "recovering":
            event = self._closes(now)
        if event is None and phase and news:
            event = self.tell(news + self._counted_on(now), now)
        if event is None and phase in ("power_lost", "rising"):
            event = self._flooded_unseen(now) or self._sooner(now)
        return event

    # --- worse ---------------------------------------------------------------------------------------------

    def _worse(self, now: Instant, phase: str) -> IncidentEvent | None:
        found, cause = self._found(now, phase)
        if not found:
            return None
        if phase == "recovering":
            self.memory.numbers.pop("told hours", None)
            return self.move(found, f"again: {cause}", now)
        if _ORDER.index(found) <= _ORDER.index(phase):
            return None
        if not phase:
            level = self.value(now, "sump_level")
            self.memory.numbers["lost at"] = float(now.time)
            if level is not None:
                self.memory.numbers["lost level"] = level
        return self.move(found, cause, now)

    def _found(self, now: Instant, phase: str) -> tuple[str, str]:
        """The worst that the readings show, and by what; empty when they show nothing new."""
        level, feeds = self.value(now, "sump_level"), self.value(now, "feeds")
        dark = self._dark(now)
        if phase == "recovering":
            for role, found in (("floor_water", "flooded"), ("sump_level", "rising"), ("feeds", "power_lost")):
                if raised := self.raised(now, role):
                    return found, raised
            return self._again(now, level)
        # Power unseen, pump dead, water over its limit: nobody waits for the feeds to be seen.
        unseen = feeds is None and self.value(now, "sump_pump") != 1.0
        opened = phase or dark or (self.raised(now, "sump_level") if unseen else "")
        if not opened:
            return "", ""
        if level is not None and level >= self.parameters["floor"]:
            return "flooded", f"sump level {level:.2f} m: at the floor"
        if wet := self.standing(now, "floor_water"):
            return "flooded", wet
        rising = self._rising(now, level)
        if self.held("rising", bool(rising), now.time, _SURE if phase else 0):
            return "rising", rising
        return ("power_lost", dark) if dark else ("", "")

    def _again(self, now: Instant, level: float | None) -> tuple[str, str]:
        """Water that rises anew under an alarm that never cleared, and so is not raised again: the pump has tripped."""
        wet, rise = self.standing(now, "floor_water"), self._rise(now)
        worse = level is not None and rise is not None and rise.slow > 0.0
        worse = worse and bool(wet or self.standing(now, "sump_level"))
        if not self.held("again", worse, now.time, _FALLING):
            return "", ""
        flooded = wet or (level or 0.0) >= self.parameters["floor"]
        return "flooded" if flooded else "rising", f"sump level {level:.2f} m, and it rises"

    def _dark(self, now: Instant) -> str:
        """The alarm of the lost power; one that only stands, power being back or unseen, opens nothing."""
        if self.memory.phase or self.value(now, "feeds") == 0.0:
            return self.standing(now, "feeds")
        return self.raised(now, "feeds")

    def _rising(self, now: Instant, level: float | None) -> str:
        """What shows that the water rises while nothing pumps; empty when nothing does."""
        if found := self.standing(now, "sump_level"):
            return found
        if level is None or self._pumping(now):
            return ""
        start = self.memory.numbers.get("lost level", level)
        if level > self.parameters["pump_start"] + _RIPPLE:
            return f"sump level {level:.2f} m: above the start of a pump that stands"
        return f"sump level {level - start:+.2f} m since the power went" if level - start >= _RISEN else ""

    def _pumping(self, now: Instant) -> bool:
        return 1.0 in (self.value(now, "sump_pump"), self.value(now, "portable_pump"))

    # --- better --------------------------------------------------------------------------------------------

    def _powered(self, now: Instant) -> tuple[bool | None, str]:
        """Whether there is power; what stood for the feeds when they are not seen."""
        feeds = self.value(now, "feeds")
        if self.value(now, "generator") == 1.0:
            return True, "the generator runs"
        if feeds is not None:
            return feeds >= 1.0, ""
        if self.value(now, "sump_pump") == 1.0:
            return True, "the sump pump runs and so has power, the feeds cannot be seen"
        return None, "the power cannot be seen"

    def _recovers(self, now: Instant) -> IncidentEvent | None:
        """Power, and water that falls; or that stays below the pump's start, since a pump works in spells."""
        powered, why = self._powered(now)
        rise, level = self._rise(now), self.value(now, "sump_level")
        falls = level is not None and rise is not None and rise.fast < 0.0
        unseen = self.value(now, "sump_pump") is None and not self._pumping(now)
        if unseen:
            why = "; ".join(one for one in (why, "the level stands for the pump, which cannot be seen") if one)
        said = f"; {why}" if why else ""
        if self.held("falling", bool(powered) and falls and (unseen or self._pumping(now)), now.time, _FALLING):
            return self.move("recovering", f"power is there, water falls{said}", now)
        numbers = self.memory.numbers
        ran = unseen or numbers.get("pumped at", 0.0) > numbers.get("lost at", 0.0)
        if self.held("held down", bool(powered) and bool(self._low(now)) and ran, now.time, _HELD_DOWN):
            return self.move("recovering", f"power is there, the pump holds the water below its start{said}", now)
        return None

    def _low(self, now: Instant) -> bool | None:
        """Whether the water is below the pump's start and off the floor; None when nobody sees it."""
        level = self.value(now, "sump_level")
        if level is None:
            return None
        return level < self.parameters["pump_start"] + _RIPPLE and self.value(now, "floor_water") != 1.0

    def _spared(self, now: Instant) -> IncidentEvent | None:
        return self._ends("power came back before the water rose", now)

    def _closes(self, now: Instant) -> IncidentEvent | None:
        return self._ends("power is back, the pump has run, water below its start for 30 minutes", now)

    def _ends(self, cause: str, now: Instant) -> IncidentEvent | None:
        (powered, why), low = self._powered(now), self._low(now)
        feeds = self.value(now, "feeds")
        if feeds == 0.0:
            powered = False  # a generator pumps the water out; it does not end the loss of power
        elif feeds is None and self.standing(now, "feeds"):
            powered, why = None, "the alarm of the lost power stands, and its feeds cannot be seen"
        if self.held("end", bool(powered) and bool(low), now.time, STEADY):
            return self.move("closed", f"{cause}{f'; {why}' if why else ''}", now)
        unseen = "the sump level cannot be seen" if low is None else why if powered is None else ""
        waits = bool(unseen) and powered is not False and low is not False
        if not waits:
            self.memory.numbers.pop("told end", None)
        if self.held("unseen", waits, now.time, STEADY) and "told end" not in self.memory.numbers:
            self.memory.numbers["told end"] = 1.0
            return self.tell(f"not closed: {unseen}", now)
        return None

    # --- time ----------------------------------------------------------------------------------------------

    def _remember(self, now: Instant) -> None:
        """When it pumped last; levels of the last half hour, one a minute; the last level and rise that were known."""
        numbers, pumping = self.memory.numbers, self._pumping(now)
        if pumping:
            numbers["pumped at"] = float(now.time)
        if numbers.get("pump runs") != float(pumping):
            numbers |= {"pump runs": float(pumping), "pump since": float(now.time)}
        if now.time % MINUTE and self.memory.trail:
            return
        level = self.value(now, "sump_level")
        self.memory.trail = [*self.memory.trail[-30:], level]
        rise = self._rise(now)
        if level is not None:
            numbers |= {"level last": level, "level at": float(now.time)}
        if rise is not None and not pumping:
            numbers |= {"rise slow": rise.slow, "rise middle": rise.middle, "rise fast": rise.fast}

    def _rise(self, now: Instant) -> Rise | None:
        """How it rises since the pump last started or stopped: a pump's work says nothing of the inflow."""
        minutes = int((now.time - self.memory.numbers.get("pump since", 0.0)) // MINUTE)
        return rise_of(self.memory.trail[-minutes:]) if minutes > 0 else None

    def _hours_to_floor(self, now: Instant) -> tuple[float | None, float | None, float | None] | None:
        """(soonest, expected, latest); each None when it does not rise. None: there is no level to reckon from."""
        kept, floor = self.memory.numbers, self.parameters["floor"]
        level = self.value(now, "sump_level")
        if level is not None and level >= floor:
            return 0.0, 0.0, 0.0
        if "level last" not in kept or "rise middle" not in kept:
            return None
        if self._carried(now):
            return None, None, None
        filling = Rise(kept["rise slow"], kept["rise middle"], kept["rise fast"])
        rise = self._rise(now) if self._pumping(now) else filling
        if rise is None:
            return None, None, None
        start, ago = (kept["level last"], (now.time - kept["level at"]) / HOUR) if level is None else (level, 0.0)

        def reckoned(rate: float) -> float | None:
            return max(0.0, (floor - start) / rate - ago) if rate > 0.0 else None

        return reckoned(_QUICKENS * rise.fast), reckoned(rise.middle), reckoned(rise.slow)

    def _carried(self, now: Instant) -> bool:
        """Whether a pump holds the water: it has power, ran within half an hour, and the level is below its start."""
        lately = now.time - self.memory.numbers.get("pumped at", -1e19) <= STEADY
        return bool(self._powered(now)[0] and lately and self._low(now))

    def _worst_case(self, now: Instant) -> float:
        """Hours to the floor when nothing of the level is known."""
        given = self.parameters
        gone = (now.time - self.memory.numbers.get("lost at", float(now.time))) / HOUR
        return max(0.0, (given["floor"] - given["pump_start"]) / given["worst_rise"] - gone)

    def _counted_on(self, now: Instant) -> str:
        """Where the level is not seen: when it floods by the last rate, or at worst."""
        if "sump_level" not in self.memory.blind:
            return ""
        hours = self._hours_to_floor(now)
        if hours is None:
            worst = self._worst_case(now)
            return f"; at worst the floor floods at {self.clock(now.time + round(worst * HOUR))}"
        if hours[0] is None:
            return "; by the last rate the water does not rise"
        if hours[0] == 0.0:
            self.memory.numbers["told flood"] = 1.0
            return "; by the last rate the floor is under water by now"
        return f"; by the last rate the floor floods at {self.clock(now.time + round(hours[0] * HOUR))}"

    def _flooded_unseen(self, now: Instant) -> IncidentEvent | None:
        """Once: by the last rate the floor is under water by now, and nobody sees it."""
        numbers = self.memory.numbers
        if "sump_level" not in self.memory.blind:
            numbers.pop("told flood", None)
            return None
        hours = self._hours_to_floor(now)
        soonest = self._worst_case(now) if hours is None else hours[0]
        if soonest != 0.0 or "told flood" in numbers:
            return None
        numbers["told flood"] = 1.0
        by = "at worst" if hours is None else "by the last rate"
        return self.tell(f"blind: {by} the floor is under water by now, which nobody sees", now)

    def _sooner(self, now: Instant) -> IncidentEvent | None:
        """News under an hour, then whenever half of what was told is left: inflow may quicken."""
        if now.time % MINUTE or self.value(now, "sump_level") is None:
            return None
        hours, numbers = self._hours_to_floor(now), self.memory.numbers
        if hours is None or hours[0] is None:
            return None
        told = numbers.setdefault("told hours", min(hours[0], _FIRST_TOLD))
        if hours[0] > 0.5 * told or told < _LEAST_TOLD:
            return None
        numbers["told hours"] = hours[0]
        return self.tell(f"the floor floods at {self.clock(now.time + round(hours[0] * HOUR))} at worst", now)

    def time_left(self, now: Instant) -> list[TimeLeft]:
        return [self._flood_left(now), self._comms_left(now)]

    def _flood_left(self, now: Instant) -> TimeLeft:
        hours = self._hours_to_floor(now)
        assumptions = [
            "the sump is a prism up to the floor",
            "inflow stays within what the last 20 minutes showed",
            f"at worst it is {_QUICKENS - 1:.0%} more",
        ]
        if self.value(now, "sump_level") is None and hours is not None:
            seen = self.clock(int(self.memory.numbers["level at"]))
            assumptions.append(f"level not seen since {seen}: counted on by the last rate")
        if self._carried(now):
            assumptions = ["a pump holds the water below its start, and goes on to"]
        if hours is None:
            given = self.parameters
            worst = self.clock(now.time + round(self._worst_case(now) * HOUR))
            at = f"at worst, {given['worst_rise']:g} m/h from the pump's start, it floods at {worst}"
            return TimeLeft("the floor floods", known=False, assumptions=("the level is not known", at))
        return TimeLeft("the floor floods", *hours, assumptions=tuple(assumptions))

    def _comms_left(self, now: Instant) -> TimeLeft:
        what, given = "the station's link is lost", self.parameters
        if self._powered(now)[0]:
            return TimeLeft(what, horizon=_COMMS_HORIZON, assumptions=("the station has power",))
        left = self.value(now, "battery_hours")
        if left is None:
            text = f"the battery cannot be read; {given['battery_least']:g} h from the loss of power are assumed"
            return TimeLeft(what, known=False, horizon=_COMMS_HORIZON, assumptions=(text,))
        text = f"the UPS reckons its hours at the present load; {given['battery_trust']:.0%} of them are taken at worst"
        return TimeLeft(what, given["battery_trust"] * left, left, left, True, _COMMS_HORIZON, (text,))

    def reasons(self, now: Instant) -> list[str]:
        out = []
        powered, why = self._powered(now)
        if why and self.value(now, "feeds") is None:
            out.append(why)
        if self.value(now, "sump_pump") is None and powered is False:
            out.append("the sump pump is taken to stand: there is no power")
        return out

    def more(self, now: Instant) -> dict[str, Any]:
        if self._hours_to_floor(now) is not None:
            return {}
        return {"worst_case_hours": round(self._worst_case(now), 3)}
