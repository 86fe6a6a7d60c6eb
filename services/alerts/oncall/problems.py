"""One page for one problem: which alarms and incidents of a site belong together, and how heavy they weigh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, fields, replace
from typing import Any

from services.alerts.oncall.policy import WEIGHTS
from services.core.records import AlarmEvent, IncidentEvent

#: Letters of an alarm that is out of sight: shelved, suppressed by design, out of service.
_ASIDE = frozenset("GHI")


@dataclass(slots=True)
class Member:
    """An occurrence in a problem, as it last stood. `key`: station/point/rule; `text`, `facts`: see words.py."""

    key: str
    priority: str
    state: str
    text: str
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def stands(self) -> bool:
        """Its condition holds, or it is latched, and it is in sight."""
        return self.state in ("B", "C", "E", "F")

    @property
    def unanswered(self) -> bool:
        """Somebody has yet to acknowledge it."""
        return self.state in ("B", "D", "E")


class Status:
    """Where the paging of a problem stands."""

    QUIET = "quiet"  # it pages nobody, by its policy
    PAGING = "paging"
    ANSWERED = "answered"  # somebody has acknowledged all of it
    GONE = "gone"  # nothing of it stands; it waits to be seen
    UNANSWERED = "unanswered"  # everybody was told, and nobody answered


#: Of problems that are found to be one, the one that goes on: whom people were told of before the others.
_TOLD = (Status.PAGING, Status.UNANSWERED, Status.ANSWERED, Status.GONE, Status.QUIET)


@dataclass(slots=True)
class Problem:
    """What belongs together at a site. Times in ns.

    id: the first occurrence or incident of it, for ever.  place: the station of a problem without an incident.
    answered: the weight that somebody has acknowledged, None: nobody yet; by, answered_at: who did so last, and when.
    status: see Status.  round: how often it began to page; asked: the round with which it last became worth a page by
    itself, and not by other rules; since: when the waits of the present round count from; step, times: where in its
    policy it stands; due: its next page, 0 none.  reached: a channel has taken a page of this round.
    silence: the one that holds its pages, since held.  unreached: why nobody was reached, since unreached_at; told:
    how often the last resort was.  pages: how often anybody was paged.  left: what its incident counts down (words.py).
    standing, waiting: how many of its members stand, and wait to be acknowledged.
    """

    id: str
    site: str
    place: str
    opened: int
    members: dict[str, Member] = field(default_factory=dict)
    incident: str = ""
    kind: str = ""
    phase: str = ""
    rank: int = 0
    next_step: str = ""
    claims: list[str] = field(default_factory=list)
    worst: str = "journal"
    criticals: int = 0
    answered: tuple[int, int, int] | None = None
    by: str = ""
    answered_at: int = 0
    status: str = "quiet"
    policy: str = ""
    round: int = 0
    asked: int = 0
    since: int = 0
    step: int = 0
    times: int = 0
    due: int = 0
    reached: bool = False
    silence: str = ""
    held: int = 0
    unreached: str = ""
    unreached_at: int = 0
    told: int = 0
    pages: int = 0
    left: dict[str, object] = field(default_factory=dict)
    standing: int = 0
    waiting: int = 0

    def __post_init__(self) -> None:
        self.standing = sum(m.stands for m in self.members.values())
        self.waiting = sum(m.unanswered for m in self.members.values())

    def put(self, occurrence: str, member: Member) -> None:
        """An occurrence of it, new or as it stands now."""
        before = self.members.get(occurrence)
        if before is not None:
            self.standing -= before.stands
            self.waiting -= before.unanswered
        self.members[occurrence] = member
        self.standing += member.stands
        self.waiting += member.unanswered

    def drop(self, occurrence: str) -> Member:
        """It belongs to it no more."""
        member = self.members.pop(occurrence)
        self.standing -= member.stands
        self.waiting -= member.unanswered
        return member

    @property
    def weight(self) -> tuple[int, int, int]:
        """Worst priority, critical alarms it has had, rank of the incident's phase at its worst."""
        return WEIGHTS[self.worst], self.criticals, self.rank

    @property
    def stands(self) -> bool:
        """An alarm of it holds, or its incident is open."""
        return bool(self.incident) or self.standing > 0

    @property
    def over(self) -> bool:
        """Nothing of it stands or waits to be seen."""
        return not self.stands and not self.unanswered

    @property
    def unanswered(self) -> bool:
        """Whether anything of it waits to be acknowledged."""
        return self.waiting > 0


#: Read by name: `dataclasses.asdict` copies all that it meets, ten times as slowly, and a flood is written often.
_FIELDS, _MEMBER = [tuple(one.name for one in fields(kind)) for kind in (Problem, Member)]


def plain(problem: Problem) -> dict[str, Any]:
    """As JSON data, to be written at once: it shares its parts with the problem."""
    data = {name: getattr(problem, name) for name in _FIELDS}
    members = problem.members.items()
    return data | {"members": {key: {name: getattr(one, name) for name in _MEMBER} for key, one in members}}


def problem_of(data: Mapping[str, Any]) -> Problem:
    """A problem as `plain` gave it, by this version or one before it."""
    answered = tuple(data["answered"]) if data["answered"] is not None else None
    members = {name: Member(**member) for name, member in data["members"].items()}
    return Problem(**({"asked": data["round"]} | dict(data) | {"answered": answered, "members": members}))


class Problems:
    """All open problems, by id in the order in which they opened."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self.open: dict[str, Problem] = {}
        self._at: dict[str, dict[str, Problem]] = {}  # by site: a flood at one asks nothing of the others
        self._of: dict[str, Problem] = {}  # by occurrence
        for problem in problems:
            self._add(problem)

    def _add(self, problem: Problem) -> None:
        self.open[problem.id] = problem
        self._at.setdefault(problem.site, {})[problem.id] = problem
        for occurrence in problem.members:
            self._of[occurrence] = problem

    def close(self, problem: Problem) -> None:
        """It is over."""
        del self.open[problem.id]
        del self._at[problem.site][problem.id]
        for occurrence in problem.members:
            del self._of[occurrence]

    def of_alarm(self, event: AlarmEvent) -> Problem | None:
        """The problem that the occurrence is in, else the one that it would join."""
        known = self._of.get(event.occurrence)
        if known is not None:
            return known
        key = f"{event.station}/{event.point}/{event.rule}"
        here = self._at.get(event.site, {}).values()
        claimed = next((p for p in here if p.incident and key in p.claims), None)
        return claimed or next((p for p in here if p.place == event.station), None)

    def take_alarm(self, event: AlarmEvent, text: str, facts: dict[str, object]) -> tuple[Problem, bool]:
        """The alarm's problem after the event, opened if need be; and whether the event made it heavier."""
        problem = self.of_alarm(event)
        if problem is None:
            problem = Problem(event.occurrence, event.site, event.station, event.time)
            self._add(problem)
        before = problem.weight
        known = problem.members.get(event.occurrence)
        key = f"{event.station}/{event.point}/{event.rule}"
        member = Member(key, event.priority, event.state, text, facts)
        if known is not None and not member.stands:
            member = replace(member, text=known.text, facts=known.facts)  # the value at its end is beyond no limit
        problem.put(event.occurrence, member)
        self._of[event.occurrence] = problem
        if event.annunciated and event.state not in _ASIDE:
            if WEIGHTS[event.priority] > WEIGHTS[problem.worst]:
                problem.worst = event.priority
            if event.priority == "critical" and (known is None or event.transition == "raised"):
                problem.criticals += 1
        return problem, problem.weight > before

    def take_incident(self, event: IncidentEvent, left: dict[str, object]) -> tuple[Problem, bool, list[Problem]]:
        """The incident's problem after the event, whether it is heavier, and the problems that went into it.

        What it explains is taken into the one of them that was told to people, else into the oldest.
        """
        here = self._at.get(event.site, {}).values()
        problem = next((p for p in here if p.incident == event.incident), None)
        claims = [str(one) for one in _list(event.evidence.get("claims"))]
        joined: list[Problem] = []
        before = (0, 0, 0)
        if problem is None:
            problem, before, joined = self._found(event, set(claims))
        else:
            before = problem.weight
        rank = event.evidence.get("rank")
        problem.kind, problem.phase, problem.next_step = event.kind, event.phase, event.next_step
        problem.claims, problem.left = claims or problem.claims, left
        problem.rank = max(problem.rank, rank if isinstance(rank, int) else 0)
        if event.phase == "closed":
            problem.incident = ""
        return problem, problem.weight > before, joined

    def _found(self, event: IncidentEvent, claimed: Set[str]) -> tuple[Problem, tuple[int, int, int], list[Problem]]:
        explained = [
            p for p in self._at.get(event.site, {}).values()
            if not p.incident and any(m.key in claimed for m in p.members.values())
        ]  # fmt: skip
        if not explained:
            problem = Problem(event.incident, event.site, "", event.time, incident=event.incident)
            self._add(problem)
            return problem, problem.weight, []
        problem = min(explained, key=lambda p: _TOLD.index(p.status))
        before = problem.weight
        others = [p for p in explained if p is not problem]
        for other in others:
            self._move(other, problem, claimed)
        problem.incident = event.incident
        return problem, before, [p for p in others if p.id not in self.open]

    def _move(self, source: Problem, target: Problem, claimed: Set[str]) -> None:
        moved = {name: m for name, m in source.members.items() if m.key in claimed}
        for occurrence, member in moved.items():
            target.put(occurrence, source.drop(occurrence))
            self._of[occurrence] = target
            target.worst = max(target.worst, member.priority, key=WEIGHTS.__getitem__)
        criticals = sum(m.priority == "critical" for m in moved.values())
        target.criticals += criticals
        if source.status == target.status == Status.ANSWERED and target.answered is not None:
            # Both had been seen: together they are no news.
            worst, count, rank = target.answered
            target.answered = max(worst, WEIGHTS[source.worst]), count + criticals, rank
        if not source.members:
            self.close(source)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
