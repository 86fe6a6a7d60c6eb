"""Who is on call now and next, and what the policies would do if an alarm came now: read from the rules alone."""

from __future__ import annotations

from dataclasses import dataclass

from services.alerts.oncall.policy import OnCall, Person, Policy
from services.core.clock import DAY

#: So far ahead (ns) it is looked for who is next.
AHEAD = 35 * DAY


@dataclass(frozen=True, slots=True)
class OnDuty:
    """One roster. people: who is on call now; none is a hole.  until: ns; 0: longer than it was looked ahead.

    follows: who is next, if anybody else is.
    """

    roster: str
    name: str
    people: tuple[Person, ...]
    until: int
    follows: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """After `wait` (ns) from the beginning these people are told, `times` times in all, every `repeat` (ns)."""

    wait: int
    people: tuple[Person, ...]
    urgency: str
    repeat: int
    times: int


def on_duty(rules: OnCall, at: int) -> tuple[OnDuty, ...]:
    """Each roster at `at` (ns)."""
    found = []
    for roster in rules.rosters:
        shifts = roster.shifts(at, at + AHEAD)
        last = len(shifts) < 2
        found.append(OnDuty(
            roster.id, roster.name or roster.id, _people(rules, shifts[0].people), 0 if last else shifts[0].end,
            () if last else _people(rules, shifts[1].people),
        ))  # fmt: skip
    return tuple(found)


def would_be_told(rules: OnCall, site: str, priority: str, at: int) -> tuple[Policy | None, tuple[Stage, ...]]:
    """The policy of an alarm of that priority without an incident, and what it would do from `at` (ns) on."""
    policy = rules.policy_of(site, priority, "", 0, at)
    if policy is None:
        return None, ()
    stages = (
        Stage(step.wait, _people(rules, rules.on_duty(step.to, at + step.wait)), step.urgency, step.repeat, step.times)
        for step in policy.steps
    )
    return policy, tuple(stages)


def _people(rules: OnCall, names: tuple[str, ...]) -> tuple[Person, ...]:
    return tuple(person for name in names if (person := rules.person(name)) is not None)
