"""The incidents that a site may name: what each needs of the site, and where its points are unless the site says so.

The code of each is a folder of services.alerts.incidents, which reads its roles and parameters here; a test holds the
two together. To add an incident: one entry here, one folder there, one line in the registry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise

from services.core.catalogue.incident_use import IncidentUse
from services.core.catalogue.model import Point, Site


@dataclass(frozen=True, slots=True)
class Role:
    """A part that a point of the site plays.

    place: `station/point` unless the site names another; with `*` for a role that several points play, "" when only
    the site can say.  rules: alarms of the point that the model listens to; a needed role must have one of them.
    """

    place: str
    needed: bool = False
    rules: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether several points may play it."""
        return "*" in self.place


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of the model, in `unit`: its default and the bounds of what makes sense."""

    default: float
    low: float
    high: float
    unit: str
    source: str = "engineering judgement"


@dataclass(frozen=True, slots=True)
class Incident:
    """phases: each needs a step in the playbook.  ascending: parameters of which each must be above the one before."""

    phases: tuple[str, ...]
    roles: dict[str, Role]
    parameters: dict[str, Parameter] = field(default_factory=dict)
    ascending: tuple[str, ...] = ()
    demand: bool = False
    other_sources: bool = False


INCIDENTS: dict[str, Incident] = {
    "intake-crisis": Incident(
        ("surge", "restricted", "threatened", "recovering", "closed"),
        {
            "raw_turbidity": Role(
                "intake/raw_turbidity", True, ("turbidity-surge", "turbidity-high", "turbidity-high-high")
            ),
            "screen_head": Role("intake/screen_head", True, ("screen-head-high-high", "screen-head-structural")),
            "flow_ratio": Role("intake/flow_ratio", True, ("flow-low", "flow-low-low")),
            "required_flow": Role("intake/required_flow"),
            "submergence": Role("intake/submergence", False, ("submergence-low", "submergence-low-low")),
            "pumps_running": Role("intake/pumps_running"),
            "level": Role("clearwell/level", True, ("level-low", "level-low-low")),
            "inflow": Role("clearwell/inflow"),
            "outflow": Role("clearwell/outflow"),
            "hours_pessimistic": Role(
                "clearwell/supply_hours_pessimistic", True, ("supply-threatened", "supply-loss-near")
            ),
            "hours_expected": Role("clearwell/supply_hours_expected"),
            "hours_optimistic": Role("clearwell/supply_hours_optimistic"),
            "upstream": Role("", False, ("stage-rising",)),
        },
        demand=True,
        other_sources=True,
    ),
    "power-loss-flooding": Incident(
        ("power_lost", "rising", "flooded", "recovering", "closed"),
        {
            "feeds": Role("exchange/feeds", True, ("power-lost",)),
            "sump_level": Role("exchange/sump_level", True, ("sump-high", "sump-high-high")),
            "sump_pump": Role("exchange/sump_pump"),
            "battery_hours": Role("exchange/battery_hours", False, ("battery-low",)),
            "floor_water": Role("exchange/floor_water", False, ("floor-wet",)),
            "generator": Role("exchange/generator"),
            "portable_pump": Role("exchange/portable_pump"),
        },
        {
            "pump_start": Parameter(0.5, 0.0, 20.0, "m"),
            "floor": Parameter(1.5, 0.0, 20.0, "m"),
            "worst_rise": Parameter(1.0, 0.01, 20.0, "m/h"),
            "battery_trust": Parameter(0.7, 0.1, 1.0, "share of what the UPS says"),
            "battery_least": Parameter(1.0, 0.0, 72.0, "h, when the battery cannot be read"),
        },
        ascending=("pump_start", "floor"),
    ),
    "freeze-up": Incident(
        ("warning", "freezing", "thaw", "closed"),
        {
            "air_temperature": Role("weather/air_temperature", True, ("hard-frost",)),
            "forecast_low": Role("weather/forecast_low"),
            "flows": Role("*/flow", True, ("flow-stopped", "flow-high")),
            "water_temperatures": Role("*/water_temperature"),
            "frozen_calls": Role("hotline/frozen_calls", False, ("frozen-calls-many",)),
            "frozen_calls_total": Role("hotline/frozen_calls_total"),
            "burst_calls": Role("hotline/burst_calls", False, ("burst-calls-many",)),
        },
        {
            "frost_limit": Parameter(60.0, 1.0, 2000.0, "°C·h until an exposed pipe freezes"),
            "forecast_limit": Parameter(-8.0, -40.0, 0.0, "°C forecast that is warned of"),
            "least_stopped": Parameter(3.0, 1.0, 1000.0, "meters"),
            "calls_limit": Parameter(30.0, 1.0, 5000.0, "calls/h"),
            "burst_ratio": Parameter(1.5, 1.1, 20.0, "× the highest usual flow"),
        },
    ),
}


def playing(site: Site, use: IncidentUse) -> dict[str, tuple[str, ...]]:
    """The site's points in each role, in catalogue order; empty where the site has none."""
    points = site.point_index
    found: dict[str, tuple[str, ...]] = {}
    for name, role in INCIDENTS[use.model].roles.items():
        place = use.roles.get(name, role.place)
        found[name] = (
            tuple(p for p in points if fnmatchcase(p, place)) if "*" in place else (place,) * (place in points)
        )
    return found


def verify_uses(site: Site, names: dict[str, Point]) -> list[tuple[tuple[str | int, ...], object, str]]:
    """(where, value, bound) of what is wrong with the incidents and playbooks of a site."""
    out: list[tuple[tuple[str | int, ...], object, str]] = []
    used = [use.model for use in site.incidents]
    known = ", ".join(sorted(INCIDENTS))
    for n, use in enumerate(site.incidents):
        where: tuple[str | int, ...] = ("", "incidents", n)
        model = INCIDENTS.get(use.model)
        if model is None:
            out.append((where, use.model, f"must be one of {known}"))
            continue
        if use.model in used[:n]:
            out.append((where, use.model, "must be listed once"))
        if model.demand and site.demand is None:
            out.append((where, use.model, "needs the site's `demand`, or nobody can say how long supply lasts"))
        if use.other_sources and not model.other_sources:
            out.append(((*where, "other_sources"), use.model, "has no use for other sources"))
        out += [((*where, *at), value, bound) for at, value, bound in _verify_roles(site, use, model, names)]
        for name, value in use.parameters.items():
            at = (*where, "parameters", name)
            one = model.parameters.get(name)
            if one is None:
                out.append((at, name, f"must be one of {', '.join(model.parameters) or 'none'}"))
            elif not one.low <= value <= one.high:
                out.append((at, value, f"must be between {one.low:g} and {one.high:g} {one.unit}"))
        given = {name: use.parameters.get(name, model.parameters[name].default) for name in model.ascending}
        for lower, upper in pairwise(model.ascending):
            if not given[lower] < given[upper]:
                at = (*where, "parameters", upper if upper in use.parameters else lower)
                out.append((at, given[upper], f"{upper} must be above {lower}, {given[lower]:g}"))
        for phase in model.phases:
            if phase not in site.playbooks.get(use.model, {}):
                out.append(
                    (("", "playbooks", use.model), phase, "is missing: the operator needs a step for each phase")
                )
    for name, steps in site.playbooks.items():
        if name not in INCIDENTS:
            out.append((("", "playbooks", name), name, f"must be one of {known}"))
            continue
        for phase in steps:
            if phase not in INCIDENTS[name].phases:
                bound = f"must be one of {', '.join(INCIDENTS[name].phases)}"
                out.append((("", "playbooks", name, phase), phase, bound))
    return out


def _verify_roles(
    site: Site, use: IncidentUse, model: Incident, names: dict[str, Point]
) -> list[tuple[tuple[str | int, ...], object, str]]:
    out: list[tuple[tuple[str | int, ...], object, str]] = []
    found = playing(site, use)
    for name, place in use.roles.items():
        if name not in model.roles:
            out.append((("roles", name), name, f"must be one of {', '.join(model.roles)}"))
        elif "*" in place and not model.roles[name].several:
            out.append((("roles", name), place, "must be one point of the site, without `*`"))
        elif not found[name]:
            out.append((("roles", name), place, "must be a point of the site, as station/point"))
    for name, role in model.roles.items():
        at = ("roles", name) if name in use.roles else ()
        if role.needed and not found[name] and name not in use.roles:
            out.append((at, use.model, f"needs a point as {name}: {role.place}, or another by `roles:`"))
        for point in found[name]:
            if role.needed and not {rule.id for rule in names[point].rules} & set(role.rules):
                out.append((at, point, f"needs one of the alarms {', '.join(role.rules)} to be {name}"))
                break
    return out
