"""What a message has to say of a problem, as plain data: for the templates of the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.alerts.oncall.policy import WEIGHTS
from services.alerts.oncall.problems import Problem
from services.core.clock import HOUR, iso
from services.core.records import AlarmEvent, IncidentEvent

#: Alarms that a message names; of the others it says how many.
_NAMED = 5


def text_of(event: AlarmEvent) -> str:
    """An alarm in a line, for programs and for where all else fails: where, what, value with unit, limit."""
    value = "" if event.value is None else f" {event.value:g} {event.unit}".rstrip()
    limit = "" if event.limit is None else f" (limit {event.limit:g})"
    return f"{event.station}/{event.point} {event.rule}{value}{limit}"


def facts_of(event: AlarmEvent) -> dict[str, object]:
    """The same as data. value, limit: in `unit`, None where there is none; since: its onset, ns."""
    onset = event.occurrence.rpartition("@")[2].partition("~")[0]
    return {
        "station": event.station,
        "point": event.point,
        "rule": event.rule,
        "priority": event.priority,
        "value": event.value,
        "limit": event.limit,
        "unit": event.unit,
        "quality": event.quality,
        "since": int(onset) if onset.isdigit() else event.time,
    }


def left_of(event: IncidentEvent) -> dict[str, object]:
    """What the incident counts down: `what` at worst happens `at` (ns). Empty where nobody can say, or none is in
    sight.
    """
    left = event.evidence.get("forecast")
    if not isinstance(left, Mapping) or left.get("known") is False:
        return {}
    hours = left.get("hours_pessimistic")
    if isinstance(hours, bool) or not isinstance(hours, int | float):
        return {}
    return {"what": str(left.get("what", "")), "at": event.time + round(hours * HOUR)}


def summary(problem: Problem) -> dict[str, object]:
    """Site, incident and phase, worst priority, the alarms that stand (worst first), what to do next. Times in ns."""
    standing = [m for m in problem.members.values() if m.stands] or list(problem.members.values())
    worst = sorted(standing, key=lambda m: -WEIGHTS[m.priority])
    return {
        "site": problem.site,
        "incident": problem.kind,
        "phase": problem.phase,
        "priority": problem.worst,
        "since": iso(problem.opened),
        "opened": problem.opened,
        "alarms": [m.text for m in worst[:_NAMED]],
        "facts": [m.facts for m in worst[:_NAMED]],
        "more": max(0, len(worst) - _NAMED),
        "next_step": problem.next_step,
        "left": problem.left,
        "round": problem.round,
        "told": problem.pages,
    }
