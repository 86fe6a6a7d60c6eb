"""Scripts of incidents: which alarms stand and what is read for so many minutes, and what the model says to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.alerts.incidents import INCIDENTS, Instant
from services.core.catalogue import Demand, Point, Site
from services.core.catalogue.incident_use import IncidentUse
from services.core.catalogue.known_incidents import INCIDENTS as KNOWN
from services.core.catalogue.model import DerivedBy
from services.core.clock import MINUTE, SECOND
from services.core.quality import Quality
from services.core.records import IncidentEvent
from tests.unit.alerts.build import point, rule, site

DEMAND = Demand(mean=4000, hourly=(1.0,) * 24, spread=0.1)
_FORECAST = DerivedBy(
    function="supply_hours",
    inputs={"level": "clearwell/level", "inflow": "clearwell/inflow", "outflow": "clearwell/outflow"},
    parameters={"area": 4000, "minimum_level": 1.2, "demand_bias": 1},
)


def places(model: str, units: int = 0) -> dict[str, list[str]]:
    """The points of each role: `*` becomes m01, m02, …"""
    stations = [f"m{n:02d}" for n in range(1, units + 1)]
    out = {}
    for role, one in KNOWN[model].roles.items():
        place = one.place or f"river/{role}"
        out[role] = [place.replace("*", s) for s in stations] if one.several else [place]
    return out


def made(model: str, use: Mapping[str, Any] | None = None, units: int = 0, without: tuple[str, ...] = ()) -> Site:
    """A site that has a point for every role but those in `without`."""
    points: list[Point] = []
    for role, found in places(model, units).items():
        if role in without:
            continue
        rules = [rule(name, "high") for name in KNOWN[model].roles[role].rules]
        for place in found:
            station, name = place.split("/")
            derived = _FORECAST if role.startswith("hours_") else None
            points.append(point(name, *rules, station=station, derived=derived))
    asked = IncidentUse.model_validate({"model": model, **(use or {})})
    steps = {phase: f"do {phase}" for phase in KNOWN[model].phases}
    return site(*points, demand=DEMAND, incidents=(asked,), playbooks={model: steps})


class Script:
    """Feeds instants, `step` s apart, and keeps what the model says."""

    def __init__(
        self, model: str, start: Mapping[str, Any], use: Mapping[str, Any] | None = None, units: int = 0,
        without: tuple[str, ...] = (), step: int = 10,
    ) -> None:  # fmt: skip
        self.step, self.instant = step, Instant(0, {}, {}, frozenset(), frozenset())
        self.site = made(model, use, units, without)
        self.model = INCIDENTS[model](self.site, self.site.incidents[0])
        self.places = places(model, units)
        self.now, self.active = 0, frozenset[str]()
        self.values: dict[str, float | None] = {}
        self.events: list[IncidentEvent] = []
        self._set(start)

    def _set(self, values: Mapping[str, Any]) -> None:
        for role, value in values.items():
            for place in self.places[role]:
                if not isinstance(value, Mapping):
                    self.values[place] = value
                elif (station := place.partition("/")[0]) in value:
                    self.values[place] = value[station]

    def _key(self, alarm: str) -> list[str]:
        """`role/rule` as keys; `flows/flow-stopped@3` is that of the first three."""
        name, _, count = alarm.partition("@")
        role, _, rule_id = name.partition("/")
        return [f"{place}/{rule_id}" for place in self.places[role][: int(count) if count else None]]

    def go(
        self, minutes: float, alarms: tuple[str, ...] | list[str] = (), values: Mapping[str, Any] | None = None,
        ramp: Mapping[str, float] | None = None, quality: Mapping[str, int] | None = None,
    ) -> Script:  # fmt: skip
        """`alarms` stand from here on for `minutes`; ramp: change a minute; None as value: unknown."""
        self._set(values or {})
        active = frozenset(key for alarm in alarms for key in self._key(alarm))
        raised, self.active = active - self.active, active
        given = {self.places[role][0]: code for role, code in (quality or {}).items()}
        for _ in range(round(minutes * 60 / self.step)):
            for role, change in (ramp or {}).items():
                for place in self.places[role]:
                    if (old := self.values.get(place)) is not None:
                        self.values[place] = old + change * self.step / 60
            known = {name: v for name, v in self.values.items() if v is not None}
            codes = {name: given.get(name, int(Quality.GOOD)) for name in known}
            codes |= {name: int(Quality.STALE) for name, v in self.values.items() if v is None}
            self.instant = Instant(self.now, known, codes, self.active, raised)
            event = self.model.step(self.instant)
            if event is not None:
                self.events.append(event)
            self.now += self.step * SECOND
            raised = frozenset()
        return self

    def story(self) -> list[tuple[float, str]]:
        """(minute, phase) of each change of phase; news within a phase is left out."""
        out: list[tuple[float, str]] = []
        last = ("", "")
        for e in self.events:
            if (e.incident, e.phase) != last:
                out.append((e.time / MINUTE, e.phase))
            last = (e.incident, e.phase)
        return out

    @property
    def phase(self) -> str:
        return self.model.memory.phase

    @property
    def evidence(self) -> Any:
        return self.events[-1].evidence
