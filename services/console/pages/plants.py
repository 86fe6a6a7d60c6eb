"""The plants: each site's key values in the water's way, its state, how fresh it is, its worst alarm."""

from __future__ import annotations

from collections.abc import Mapping

from services.console import wording
from services.console.markup import Markup, join, tag
from services.console.pages import alarms
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.view.snapshots import PointView, SiteView, StationView, severity
from services.console.words import ALARMS, PLANTS

#: What is shown of each type of station; a point that the catalogue lacks is left out.
KEYS = {
    "intake": ("raw_turbidity", "screen_head", "raw_flow"),
    "clarifier": ("settled_turbidity",),
    "filters": ("combined_turbidity",),
    "clearwell": ("level",),
    "highlift": ("pressure",),
    "river_gauge": ("stage", "rain"),
    "isolation_station": ("feeds", "sump_level", "battery_hours", "static_pressure"),
    "weather_station": ("air_temperature", "forecast_low"),
    "hotline": ("frozen_calls", "burst_calls"),
}
WAY = tuple(KEYS)

#: A key value also carries the alarms of what is computed from it.
JUDGED_BY = {
    "raw_flow": ("flow_ratio", "pump_flow_ratio"),
    "level": ("supply_hours_pessimistic",),
    "pressure": ("pressure_ratio", "pressure_drop"),
    "static_pressure": ("pressure_deviation",),
}
#: What the tile shows beside the key value itself.
BESIDE = ("flow_ratio",)
DIRECTIONS = {-1: "falling", 0: "steady", 1: "rising"}
IDLE = ("off", "standby")

Worst = Mapping[tuple[str, str], str]


def plants(moment: Moment) -> Markup:
    """A tile for each site."""
    worst = moment.view.listing().worst_of_points
    return join(*(_tile(moment, site, worst) for site in moment.view.sites()))


def _tile(moment: Moment, site: SiteView, worst: Worst) -> Markup:
    stations = sorted(site.stations, key=lambda one: WAY.index(one.type) if one.type in WAY else len(WAY))
    states = {one.state for one in stations if one.state}
    state = states.pop() if len(states) == 1 else ""
    idle = bool(state) and state in IDLE
    values = [
        _value(moment, station, station.points[name], worst)
        for station in stations
        for name in KEYS.get(station.type, ())
        if name in station.points
    ]
    return tag(
        "section",
        tag(
            "header",
            symbol(site.worst) if site.worst else None,
            tag("h3", wording.said(site.name)),
            tag("span", wording.said(state), _class="state") if state else None,
            _fresh(moment, site),
        ),
        # A plant that never reported has no values to look for.
        tag("dl", *values) if site.through is not None else None,
        _class="tile" + (" idle" if idle else "") + (" silent" if site.silent else ""),
        aria_label=wording.said(site.name),
    )


def _fresh(moment: Moment, site: SiteView) -> Markup:
    if site.through is None:
        return tag("span", PLANTS["never"], _class="fresh stale")
    if site.silent:
        said = PLANTS["silent"].format(time=moment.at(site.through))
        return tag("span", said, _class="fresh stale")
    return tag("span", PLANTS["reported"].format(time=moment.at(site.through)), _class="fresh muted")


def _value(moment: Moment, station: StationView, view: PointView, worst: Worst) -> Markup:
    priority, judge = _judged(view, worst)
    of = _name(station, judge) if judge and judge != view.name else ""
    label = PLANTS["points"].get(view.name) or wording.said(view.description) or view.name
    if view.value is None:
        why = PLANTS["whys"].get(view.why) or wording.said(view.why)
        if view.good_at is not None:
            why = PLANTS["since"].format(why=why, time=moment.at(view.good_at))
        shown = join(tag("span", wording.UNKNOWN, _class="number"), tag("span", why, _class="muted why"))
    else:
        shown = join(
            tag("span", wording.reading(view), _class="number"),
            tag("span", wording.unit(view.unit), _class="unit"),
            _arrow(view),
            _required(station, view),
        )
    return tag(
        "div",
        tag("dt", symbol(priority, small=True, of=of) if priority else None, tag("span", label)),
        tag("dd", shown),
        _judge(priority, of) if of and judge not in BESIDE else None,
        _class="value" + (f" has-{priority}" if priority else ""),
    )


def _judged(view: PointView, worst: Worst) -> tuple[str, str]:
    """The worst priority of the value and of what is computed from it, and whose it is; its own goes first."""
    judged = (view.name, *JUDGED_BY.get(view.name, ()))
    found = [(worst[key], name) for name in judged if (key := (view.site, f"{view.station}/{name}")) in worst]
    return min(found, key=lambda one: severity(one[0]), default=("", ""))


def _name(station: StationView, point: str) -> str:
    found = station.points.get(point)
    name = alarms.name_of(point, wording.said(found.description) if found else "")
    return name[:1].lower() + name[1:]


def _judge(priority: str, of: str) -> Markup:
    letter = ALARMS["letters"].get(priority, priority)
    said = PLANTS["judged"].format(priority=letter, name=of)
    return tag("dd", said, _class="muted judge", aria_hidden="true")


def _arrow(view: PointView) -> Markup | None:
    if view.direction is None:
        return None
    word = PLANTS[DIRECTIONS[view.direction]]
    return tag(
        "span", wording.ARROWS[view.direction], _class=f"arrow turn{view.direction}",
        role="img", aria_label=str(word), title=str(word),
    )  # fmt: skip


def _required(station: StationView, view: PointView) -> Markup | None:
    wanted = station.points.get("required_flow")
    if view.name != "raw_flow" or wanted is None or not wanted.value or view.value is None:
        return None
    # The alarm list and the incident tell the derived share; the tile must not compute another one.
    known = station.points.get("flow_ratio")
    percent = known.value if known is not None and known.value is not None else 100 * view.value / wanted.value
    share = f"{percent:.0f} % "
    plan = PLANTS["required_flow"].format(value=wording.number(wanted.value), unit=wording.unit(wanted.unit))
    return tag("span", tag("b", share), PLANTS["required"], _class="muted required", title=plan)
