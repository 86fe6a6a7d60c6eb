"""An incident as the overview and its own page show it: how far it has gone, how long supply holds, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from services.console import wording
from services.console.markup import Markup, join, tag
from services.console.pages import alarms
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.view import playbook
from services.console.view.snapshots import Forecast, IncidentView, severity
from services.console.words import INCIDENT, PLANTS
from services.core.catalogue.model import Site
from services.core.clock import HOUR

#: Phases that have a colour of their own while no alarm has one.
WORSENING = ("surge", "restricted", "threatened", "recovering", "closed")

#: Priorities that have a colour.
COLOURED = ("critical", "high", "medium")

#: Below these hours at worst the countdown is coloured as the alarms on it are (ALARMS.md, row 19).
CRITICAL_HOURS = 2.0
HIGH_HOURS = 8.0


def incidents(moment: Moment) -> Markup:
    """Every open incident, or one quiet line."""
    found = moment.view.incidents()
    opened = [panel(moment, one) for one in found if one.closed is None]
    if opened:
        return join(*opened)
    if found:
        newest = max(found, key=lambda one: one.closed or 0)
        said = INCIDENT["closed"].format(kind=kind_of(newest), site=wording.said(newest.site_name),
                                         time=moment.at(newest.closed))  # fmt: skip
        link = tag("a", said, href=address(newest.incident), _class="muted")
        return tag("div", link, _class="panel quiet")
    said = INCIDENT["none_old" if moment.old else "none"]
    return tag("div", tag("span", said, _class="muted"), _class="panel quiet")


def address(incident: str) -> str:
    """Of the incident's own page: the same for as long as it is known."""
    return f"/incidents?incident={quote(incident, safe='')}"


def site_of(moment: Moment, one: IncidentView) -> Site | None:
    """Its site as it is configured now."""
    return next((site for site in moment.view.catalogue() if site.id == one.site), None)


def kind_of(one: IncidentView) -> str:
    """Its kind in words; of one that is not known the kind itself, legibly."""
    return str(INCIDENT["kinds"].get(one.kind, one.kind.replace("-", " ").capitalize()))


def panel(moment: Moment, one: IncidentView) -> Markup:
    """All of it in one panel; its title leads to its page."""
    now = moment.view.now or one.began
    since = INCIDENT["since"].format(time=moment.at(one.began), age=wording.age(max(now - one.began, 0)))
    name = f"{kind_of(one)}: {wording.said(one.site_name)}"
    what = tag("h2", tag("a", name, href=address(one.incident)), " ", tag("small", since), _class="what")
    course = tag("div", strip(moment, one), evidence(moment, one), _class="course")
    return tag(
        "section", what, countdown(moment, one.forecast), what_next(moment, one), course,
        _class=f"panel incident {colour(moment, one)}",
        aria_label=f"{INCIDENT['title']}: {name}",
    )  # fmt: skip


def colour(moment: Moment, one: IncidentView) -> str:
    """The colour of the plant's worst shown alarm, so that panel and list agree; without any, the phase's."""
    worst = min(moment.view.listing().by_site.get(one.site, ()), key=severity, default="")
    if worst in COLOURED:
        return f"worst-{worst}"
    return f"phase-{one.phase if one.phase in WORSENING else 'other'}"


def what_next(moment: Moment, one: IncidentView) -> Markup:
    """What to do: what the worst, then newest critical alarm of the plant asks for, then the playbook's step."""
    critical = (
        moment.view.alarm(alarm)
        for alarm in moment.view.listing().shown
        if alarm.first.site == one.site and alarm.last.priority == "critical"
    )
    first = next((alarm for alarm in critical if alarm.rule is not None), None)
    told = wording.said(one.next_step)
    steps = [tag("p", told or wording.UNKNOWN, _class="step")]
    if first is not None and first.rule is not None:
        named = tag("span", symbol(first.priority, small=True), " ", alarms.named(first), _class="for")
        steps = [
            tag("p", named, wording.said(first.rule.response), _class="step urgent"),
            tag("p", tag("span", INCIDENT["playbook"], _class="for muted"), told, _class="step") if told else Markup(),
        ]  # fmt: skip
    return tag("div", tag("h3", INCIDENT["next"]), *steps, _class="next")


def phase_of(name: str) -> str:
    """A phase in words; one that is not known as it is called."""
    return str(INCIDENT["phases"].get(name, name.replace("_", " ")))


def strip(moment: Moment, one: IncidentView) -> Markup:
    """The phases from the first to the last, with when each was entered."""
    reached = {phase.phase: phase for phase in one.phases}
    names = playbook.phases(one.kind, reached, site_of(moment, one))
    shown = []
    for name in names:
        entered = reached.get(name)
        kind = "now" if name == one.phase else "done" if entered else "ahead"
        shown.append(
            tag(
                "li",
                tag("span", phase_of(name)),
                tag("time", moment.at(entered.time) if entered else " "),
                _class=kind,
                aria_current="step" if kind == "now" else None,
                title=cause_of(moment, one.site, entered.cause) if entered else None,
            )
        )
    return tag("ol", *shown, _class="steps")


def evidence(moment: Moment, one: IncidentView, extra: Mapping[str, Markup] | None = None) -> Markup:
    """What the phase rests on: its cause, and each reading now beside what it was when the phase began.

    extra: by the reading's label what is drawn beside it.
    """
    at, before = at_beginning(moment, one)
    drawn = extra or {}
    labels = dict.fromkeys([*one.readings, *before])
    shown = [
        _fact(moment, one, label, before.get(label, one.readings.get(label, "")), at, drawn.get(label))
        for label in labels
    ]
    why = tag("p", cause(moment, one), _class="why") if one.cause else None
    return tag("div", why, *shown, sure(one), _class="evidence")


def at_beginning(moment: Moment, one: IncidentView) -> tuple[int, Mapping[str, str]]:
    """When the present phase began (ns), and its readings then; the newest ones where its beginning is not known."""
    course = moment.view.shift.courses.get(one.incident)
    begun = course.begun.get(one.phase) if course is not None else None
    readings = begun.evidence.get("readings") if begun is not None else None
    if begun is None or not isinstance(readings, Mapping):
        return one.time, one.readings
    return begun.time, {str(label): str(text) for label, text in readings.items()}


def sure(one: IncidentView) -> Markup | None:
    """How sure the incident is and what it does not see; nothing while it is sure and sees everything."""
    if not one.confidence or (one.confidence == "high" and not one.missing):
        return None
    level = INCIDENT["levels"].get(one.confidence, one.confidence)
    said: list[Markup | str] = [tag("b", INCIDENT["confidence"].format(level=level))]
    if one.missing:
        said += [" ", tag("span", f"{INCIDENT['missing']} {wording.said('; '.join(one.missing))}", _class="muted")]
    return tag("p", *said, _class="why sure")


def point_of(one: IncidentView, label: str) -> str:
    """`station/point` that a reading of the evidence is of, "" when nothing says."""
    return one.points.get(label) or str(INCIDENT["points"].get(label, ""))


def _fact(
    moment: Moment, one: IncidentView, label: str, before: str, since: int, drawn: Markup | None
) -> Markup:  # fmt: skip
    view = moment.view.point(one.site, point_of(one, label))
    at = moment.at(since)
    if view is None:
        said = INCIDENT["at_time"].format(value=before, time=at)
        return tag("span", tag("span", wording.said(label), _class="muted"), " ", tag("b", said), _class="fact")
    now = wording.reading(view)
    now = now if view.value is None else f"{now} {wording.unit(view.unit)}"
    return tag(
        "span", tag("span", wording.said(alarms.name_of(view.name, view.description)), _class="muted"), " ",
        tag("b", now), drawn, " ", tag("span", INCIDENT["was"].format(value=before, time=at), _class="muted was"),
        _class="fact",
    )  # fmt: skip


def cause(moment: Moment, one: IncidentView) -> str:
    """What the newest event of it says, in words."""
    return cause_of(moment, one.site, one.cause)


def cause_of(moment: Moment, site: str, text: str) -> str:
    """A cause in words: that of a rule (`station/point/rule`) is told as its alarm would be."""
    again, plain = text.startswith("again: "), text.removeprefix("again: ")
    station, _, rest = plain.partition("/")
    point, _, rule_id = rest.partition("/")
    found = moment.view.point(site, f"{station}/{point}")
    rule = moment.view.rule(site, station, point, rule_id)
    if found is None or rule is None:
        return wording.said(text)
    told = alarms.title(wording.said(alarms.name_of(point, found.description)), rule, rule_id)
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


def countdown(moment: Moment, forecast: Forecast | None) -> Markup:
    """How long until what, as a range with its assumptions, told down to now."""
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
    assumed = wording.said("; ".join(forecast.assumptions)) or INCIDENT["no_assumptions"]
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
