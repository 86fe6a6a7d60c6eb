"""The incident panel: how far it has gone, how long supply holds, what to do next."""

from __future__ import annotations

from services.console import wording
from services.console.markup import Markup, join, tag
from services.console.pages import alarms
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.snapshots import Forecast, IncidentView, severity
from services.console.words import INCIDENT, PLANTS
from services.core.clock import HOUR

STEPS = ("surge", "restricted", "threatened", "recovering", "closed")
#: The way of other kinds of incident.
OTHER_STEPS = {
    "PowerLossFlooding": ("power_lost", "rising", "flooded", "recovering", "closed"),
    "FreezeUp": ("warning", "freezing", "thaw", "closed"),
}

#: Priorities that have a colour.
COLOURED = ("critical", "high", "medium")

#: Below these hours at worst the countdown is coloured as the alarms on it are (ALARMS.md, row 19).
CRITICAL_HOURS = 2.0
HIGH_HOURS = 8.0


def incidents(moment: Moment) -> Markup:
    """Every open incident, or one quiet line."""
    found = moment.view.incidents()
    opened = [_panel(moment, one) for one in found if one.closed is None]
    if opened:
        return join(*opened)
    if found:
        newest = max(found, key=lambda one: one.closed or 0)
        said = INCIDENT["closed"].format(kind=_kind(newest), site=newest.site_name, time=moment.at(newest.closed))
        return tag("div", tag("span", said, _class="muted"), _class="panel quiet")
    said = INCIDENT["none_old" if moment.old else "none"]
    return tag("div", tag("span", said, _class="muted"), _class="panel quiet")


def _kind(one: IncidentView) -> str:
    return str(INCIDENT["kinds"].get(one.kind, one.kind.replace("-", " ").capitalize()))


def _panel(moment: Moment, one: IncidentView) -> Markup:
    now = moment.view.now or one.began
    since = INCIDENT["since"].format(time=moment.at(one.began), age=wording.age(max(now - one.began, 0)))
    what = tag("h2", f"{_kind(one)}: {one.site_name} ", tag("small", since), _class="what")
    course = tag("div", _steps(moment, one), _evidence(moment, one), _class="course")
    return tag(
        "section", what, _countdown(moment, one.forecast), _next(moment, one), course,
        _class=f"panel incident {_colour(moment, one)}",
        aria_label=f"{INCIDENT['title']}: {_kind(one)}, {one.site_name}",
    )  # fmt: skip


def _colour(moment: Moment, one: IncidentView) -> str:
    """The colour of the plant's worst shown alarm, so that panel and list agree; without any, the phase's."""
    worst = min(moment.view.listing().by_site.get(one.site, ()), key=severity, default="")
    if worst in COLOURED:
        return f"worst-{worst}"
    return f"phase-{one.phase if one.phase in STEPS else 'other'}"


def _next(moment: Moment, one: IncidentView) -> Markup:
    """What to do: what the worst, then newest critical alarm of the plant asks for, then the playbook's step."""
    critical = (
        moment.view.alarm(alarm)
        for alarm in moment.view.listing().shown
        if alarm.first.site == one.site and alarm.last.priority == "critical"
    )
    first = next((alarm for alarm in critical if alarm.rule is not None), None)
    steps = [tag("p", one.next_step or wording.UNKNOWN, _class="step")]
    if first is not None and first.rule is not None:
        named = tag("span", symbol(first.priority, small=True), " ", alarms.named(first), _class="for")
        steps = [
            tag("p", named, first.rule.response, _class="step urgent"),
            tag("p", tag("span", INCIDENT["playbook"], _class="for muted"), one.next_step, _class="step")
            if one.next_step else Markup(),
        ]  # fmt: skip
    return tag("div", tag("h3", INCIDENT["next"]), *steps, _class="next")


def _steps(moment: Moment, one: IncidentView) -> Markup:
    reached = {phase.phase: phase for phase in one.phases}
    steps = OTHER_STEPS.get(one.kind, STEPS)
    names = [*steps, *(phase for phase in reached if phase not in steps)]
    shown = []
    for name in names:
        entered = reached.get(name)
        kind = "now" if name == one.phase else "done" if entered else "ahead"
        shown.append(
            tag(
                "li",
                tag("span", INCIDENT["phases"].get(name, name)),
                tag("time", moment.at(entered.time) if entered else " "),
                _class=kind,
                aria_current="step" if kind == "now" else None,
                title=entered.cause if entered else None,
            )
        )
    return tag("ol", *shown, _class="steps")


def _evidence(moment: Moment, one: IncidentView) -> Markup:
    """What the newest phase rests on: its cause, and each reading now beside what it was when the phase began."""
    shown = [_fact(moment, one, label, before) for label, before in one.readings.items()]
    why = tag("p", cause(moment, one), _class="why") if one.cause else None
    return tag("div", why, *shown, _sure(one), _class="evidence")


def _sure(one: IncidentView) -> Markup | None:
    """How sure the incident is and what it does not see; nothing while it is sure and sees everything."""
    if not one.confidence or (one.confidence == "high" and not one.missing):
        return None
    level = INCIDENT["levels"].get(one.confidence, one.confidence)
    said: list[Markup | str] = [tag("b", INCIDENT["confidence"].format(level=level))]
    if one.missing:
        said += [" ", tag("span", f"{INCIDENT['missing']} {'; '.join(one.missing)}", _class="muted")]
    return tag("p", *said, _class="why sure")


def _fact(moment: Moment, one: IncidentView, label: str, before: str) -> Markup:
    point = one.points.get(label) or INCIDENT["points"].get(label, "")
    view = moment.view.point(one.site, point)
    at = moment.at(one.time)
    if view is None:
        said = INCIDENT["at_time"].format(value=before, time=at)
        return tag("span", tag("span", label, _class="muted"), " ", tag("b", said), _class="fact")
    now = wording.reading(view)
    now = now if view.value is None else f"{now} {wording.unit(view.unit)}"
    return tag(
        "span", tag("span", alarms.name_of(view.name, view.description), _class="muted"), " ",
        tag("b", now), " ", tag("span", INCIDENT["was"].format(value=before, time=at), _class="muted was"),
        _class="fact",
    )  # fmt: skip


def cause(moment: Moment, one: IncidentView) -> str:
    """The cause in words: that of a rule (`station/point/rule`) is told as its alarm would be."""
    again, plain = one.cause.startswith("again: "), one.cause.removeprefix("again: ")
    station, _, rest = plain.partition("/")
    point, _, rule_id = rest.partition("/")
    found = moment.view.point(one.site, f"{station}/{point}")
    rule = moment.view.rule(one.site, station, point, rule_id)
    if found is None or rule is None:
        return one.cause
    told = alarms.title(alarms.name_of(point, found.description), rule, rule_id)
    if rule.kind in ("high", "low"):
        sign = alarms.SIGNS[rule.kind]
        told = f"{told} {sign} {wording.limit(rule.limit)} {wording.unit(found.unit)}".strip()
    return str(INCIDENT["again"].format(cause=told)) if again else told


def _hours(value: float | None, horizon: float | None) -> str:
    if value is not None:
        return wording.hours(value)
    if horizon is None:
        return str(INCIDENT["beyond_unknown"])
    return str(INCIDENT["beyond"].format(hours=wording.limit(horizon)))


def _countdown(moment: Moment, forecast: Forecast | None) -> Markup:
    what = "" if forecast is None else forecast.what
    head = tag("h3", INCIDENT["countdowns"].get(what, INCIDENT["countdown"]))
    if forecast is None or forecast.unknown:
        said = INCIDENT["no_forecast"] if forecast is None else INCIDENT["unknown"]
        why = "" if forecast is None else PLANTS["whys"].get(forecast.unknown, forecast.unknown)
        return tag(
            "div", head, tag("div", wording.UNKNOWN, _class="hours"),
            tag("div", f"{said} {why}".strip(), _class="muted"), _class="countdown",
        )  # fmt: skip
    worst, age = forecast.pessimistic, 0
    if moment.view.now is not None and forecast.time is not None:
        age = max(moment.view.now - forecast.time, 0)
    left = None if worst is None else max(worst - age / HOUR, 0.0)
    level = "" if left is None else _level(left)
    others = INCIDENT["range"].format(
        expected=_hours(_less(forecast.expected, age), forecast.horizon),
        optimistic=_hours(_less(forecast.optimistic, age), forecast.horizon),
    )
    when = ""
    if left is not None and moment.view.now is not None:
        end = moment.view.now + round(left * HOUR)
        pattern = "%H:%M" if left < 20 else "%m-%d %H:%M"
        when = INCIDENT["at"].format(time=wording.local(end, moment.zone, pattern))
    assumed = "; ".join(forecast.assumptions) or INCIDENT["no_assumptions"]
    return tag(
        "div", head,
        tag(
            "div", tag("span", _hours(left, forecast.horizon), _class="hours"),
            tag("span", tag("b", INCIDENT["worst"]), tag("span", when), _class="when"),
            _class="line",
        ),
        tag("div", others, _class="others"),
        tag(
            "div", tag("b", INCIDENT["assumptions"]), " ", assumed,
            _class="assumed muted", title=assumed,
        ),
        _class=f"countdown {level}".strip(),
    )  # fmt: skip


def _less(value: float | None, age: int) -> float | None:
    return None if value is None else max(value - age / HOUR, 0.0)


def _level(left: float) -> str:
    return "critical" if left < CRITICAL_HOURS else "high" if left < HIGH_HOURS else ""
