"""What a page's link shows of a problem: phone first, what is wrong, what to do, what has happened, then the button."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.alerts.oncall.decisions import Decision, Kind
from services.alerts.oncall.policy import WEIGHTS
from services.alerts.oncall.problems import Member, Problem, Status
from services.console import wording
from services.console.markup import Markup, tag
from services.console.pages.alarms import named
from services.console.pages.moment import Moment
from services.console.pages.symbols import labelled, symbol
from services.console.view.snapshots import AlarmView
from services.console.words import INCIDENT, LINK, PAGE

#: Alarms that are named, and lines of what has happened.
_NAMED, _LINES = 5, 6


def shown(moment: Moment, problem: Problem, told: Sequence[Decision], form: Markup | None) -> Iterator[Markup | None]:
    """The parts of the page, in order. told: what paging decided of it so far."""
    if moment.stopped:
        silence = wording.age(round(moment.status.silence) * 10**9)
        yield tag("p", PAGE["stopped"].format(time=moment.at(moment.view.now), silence=silence), _class="banner alert")
    now = moment.view.now or problem.opened
    age = wording.age(now - problem.opened)
    yield tag(
        "header",
        tag("h1", _site(moment, problem.site)),
        tag("p", labelled(problem.worst), " ", tag("b", _title(moment, problem)), _class="wrong"),
        *(tag("p", words, _class="worst") for words in _worst(moment, problem)),
        tag("p", LINK["since"].format(time=moment.at(problem.opened), age=age), _class="muted"),
    )
    if problem.status == Status.GONE:
        yield tag("p", LINK["gone"], _class="banner")
    steps = _steps(moment, problem)
    if steps:
        yield tag("section", tag("h2", LINK["do"]), *(tag("p", one, _class="step") for one in steps), _class="panel")
    if form is not None:
        yield form
    yield tag("section", tag("ul", *_alarms(moment, problem)), _class="panel")
    lines = list(_happened(moment, told))
    if lines:
        yield tag("section", tag("h2", LINK["meanwhile"]), tag("ul", *lines[-_LINES:]), _class="panel")
    yield tag("p", tag("a", LINK["console"], href="/"))


def answered(problem: Problem, moment: Moment) -> str:
    """Who has taken it on, and when."""
    return str(LINK["answered"].format(who=problem.by or wording.UNKNOWN, time=moment.at(problem.answered_at or None)))


def _site(moment: Moment, site: str) -> str:
    names = {one.id: one.name for one in moment.view.catalogue()}
    return wording.said(names.get(site, site))


def _title(moment: Moment, problem: Problem) -> str:
    if problem.kind:
        phase = INCIDENT["phases"].get(problem.phase, problem.phase)
        return f"{INCIDENT['kinds'].get(problem.kind, problem.kind)} · {phase}"
    for name, member in _worst_first(problem):
        return _name(_view(moment, name), member)
    return problem.id


def _worst_first(problem: Problem) -> list[tuple[str, Member]]:
    """What stands, else all of it."""
    members = list(problem.members.items())
    standing = [one for one in members if one[1].stands] or members
    return sorted(standing, key=lambda one: -WEIGHTS[one[1].priority])


def _view(moment: Moment, occurrence: str) -> AlarmView | None:
    found = moment.view.occurrence(occurrence)
    return None if found is None else moment.view.alarm(found)


def _worst(moment: Moment, problem: Problem) -> list[str]:
    """Value and limit of the worst alarm, where it has them; of an incident its name too, since the title has not."""
    for name, member in _worst_first(problem)[:1]:
        view = _view(moment, name)
        figures = _figures(view) if view is not None else ""
        words = [_name(view, member), figures] if problem.kind else [figures]
        return [" · ".join(one for one in words if one)] if any(words) else []
    return []


def _name(view: AlarmView | None, member: Member) -> str:
    if view is None:
        return member.text
    return f"{wording.said(view.station_name)}: {named(view)}"


def _steps(moment: Moment, problem: Problem) -> list[str]:
    """The incident's next steps, else what the catalogue asks for of its worst alarms."""
    if problem.next_step:
        return [wording.said(one) for one in problem.next_step.split("; ")]
    views = [_view(moment, name) for name, _ in _worst_first(problem)[:2]]
    return list(dict.fromkeys(wording.said(one.rule.response) for one in views if one is not None and one.rule))


def _alarms(moment: Moment, problem: Problem) -> Iterator[Markup]:
    found = _worst_first(problem)
    for name, member in found[:_NAMED]:
        view = _view(moment, name)
        yield tag("li", symbol(member.priority, small=True), " ", _name(view, member), *_standing(moment, view))
    if len(found) > _NAMED:
        yield tag("li", LINK["more"].format(n=len(found) - _NAMED), _class="muted")


def _figures(view: AlarmView) -> str:
    """What met the condition, the limit, and what it is now."""
    if view.value is None:
        return ""
    unit = wording.unit(view.unit)
    figures = [f"{wording.number(view.value, saturated=view.saturated)} {unit}".strip()]
    if view.limit is not None:
        figures.append(LINK["limit"].format(limit=f"{wording.limit(view.limit)} {unit}".strip()))
    if view.now is not None:
        figures.append(LINK["now"].format(value=f"{wording.reading(view.now)} {unit}".strip()))
    return " · ".join(figures)


def _standing(moment: Moment, view: AlarmView | None) -> Iterator[Markup]:
    """Its figures, since when, and whether anybody has seen it."""
    if view is None:
        return
    if figures := _figures(view):
        yield tag("span", figures, _class="figures")
    if view.cleared is not None:
        state = LINK["cleared"].format(time=moment.at(view.cleared))
    elif view.seen_by:
        state = LINK["seen"].format(who=view.seen_by, time=moment.at(view.seen_at))
    else:
        state = LINK["waits"]
    since = LINK["since"].format(time=moment.at(view.raised), age=wording.age(view.age))
    yield tag("span", f"{since} · {state}", _class="muted")


def _happened(moment: Moment, told: Sequence[Decision]) -> Iterator[Markup]:
    """Whom messages reached, and when nobody was."""
    for one in told:
        if one.kind is Kind.SENT:
            yield tag("li", LINK["told"].format(time=moment.at(one.time), who=one.person))
        elif one.kind is Kind.UNREACHED:
            yield tag("li", LINK["unreached"].format(time=moment.at(one.time)))
