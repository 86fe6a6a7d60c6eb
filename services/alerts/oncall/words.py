"""What a message has to say of a problem, as plain data for a template in the reader's language."""

from __future__ import annotations

from services.alerts.oncall.policy import WEIGHTS
from services.alerts.oncall.problems import Problem
from services.core.clock import iso
from services.core.records import AlarmEvent

#: Alarms that a message names; of the others it says how many.
_NAMED = 5


def text_of(event: AlarmEvent) -> str:
    """An alarm in a line: where, what, value with unit, limit."""
    value = "" if event.value is None else f" {event.value:g} {event.unit}".rstrip()
    limit = "" if event.limit is None else f" (limit {event.limit:g})"
    return f"{event.station}/{event.point} {event.rule}{value}{limit}"


def summary(problem: Problem) -> dict[str, object]:
    """Site, incident and phase, worst priority, the alarms that stand (worst first), what to do next."""
    standing = [m for m in problem.members.values() if m.stands] or list(problem.members.values())
    worst = sorted(standing, key=lambda m: -WEIGHTS[m.priority])
    return {
        "site": problem.site,
        "incident": problem.kind,
        "phase": problem.phase,
        "priority": problem.worst,
        "since": iso(problem.opened),
        "alarms": [m.text for m in worst[:_NAMED]],
        "more": max(0, len(worst) - _NAMED),
        "next_step": problem.next_step,
        "round": problem.round,
    }
