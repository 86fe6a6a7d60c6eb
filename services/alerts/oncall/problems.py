"""One page for one problem: which alarms and incidents of a site belong together, and how heavy they weigh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.alerts.oncall.policy import WEIGHTS
from services.core.records import AlarmEvent, IncidentEvent

#: Letters of an alarm that is out of sight: shelved, suppressed by design, out of service.
_ASIDE = frozenset("GHI")


@dataclass(slots=True)
class Member:
    """An occurrence in a problem, as it last stood. `key`: station/point/rule."""

    key: str
    priority: str
    state: str
    text: str

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


@dataclass(slots=True)
class Problem:
    """What belongs together at a site. Times in ns.

    id: the first occurrence or incident of it, for ever.  place: the station of a problem without an incident.
    answered: the weight that somebody has acknowledged, None: nobody yet.  status: see Status.
    round: how often it began to page; since: when the present round began; step, times: where in its policy it
    stands; due: its next page, 0 none.  reached: a channel has taken a page of this round.
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
    status: str = "quiet"
    policy: str = ""
    round: int = 0
    since: int = 0
    step: int = 0
    times: int = 0
    due: int = 0
    reached: bool = False

    @property
    def weight(self) -> tuple[int, int, int]:
        """Worst priority, critical alarms it has had, rank of the incident's phase at its worst."""
        return WEIGHTS[self.worst], self.criticals, self.rank

    @property
    def stands(self) -> bool:
        """An alarm of it holds, or its incident is open."""
        return bool(self.incident) or any(m.stands for m in self.members.values())

    @property
    def over(self) -> bool:
        """Nothing of it stands or waits to be seen."""
        return not self.stands and not self.unanswered

    @property
    def unanswered(self) -> bool:
        """Whether anything of it waits to be acknowledged."""
        return any(m.unanswered for m in self.members.values())


class Problems:
    """All open problems, by id in the order in which they opened."""

    def __init__(self) -> None:
        self.open: dict[str, Problem] = {}

    def of_alarm(self, event: AlarmEvent) -> Problem | None:
        """The problem that the occurrence is in, else the one that it would join."""
        for problem in self.open.values():
            if event.occurrence in problem.members:
                return problem
        key = f"{event.station}/{event.point}/{event.rule}"
        here = [p for p in self.open.values() if p.site == event.site]
        claimed = next((p for p in here if p.incident and key in p.claims), None)
        return claimed or next((p for p in here if p.place == event.station), None)

    def take_alarm(self, event: AlarmEvent, text: str) -> tuple[Problem, bool]:
        """The alarm's problem after the event, opened if need be; and whether the event made it heavier."""
        problem = self.of_alarm(event)
        if problem is None:
            problem = Problem(event.occurrence, event.site, event.station, event.time)
            self.open[problem.id] = problem
        before = problem.weight
        known = event.occurrence in problem.members
        key = f"{event.station}/{event.point}/{event.rule}"
        problem.members[event.occurrence] = Member(key, event.priority, event.state, text)
        if event.annunciated and event.state not in _ASIDE:
            if WEIGHTS[event.priority] > WEIGHTS[problem.worst]:
                problem.worst = event.priority
            if event.priority == "critical" and (not known or event.transition == "raised"):
                problem.criticals += 1
        return problem, problem.weight > before

    def take_incident(self, event: IncidentEvent) -> tuple[Problem, bool]:
        """The incident's problem after the event; what it explains is taken into the oldest problem of that."""
        problem = next((p for p in self.open.values() if p.incident == event.incident), None)
        claims = [str(one) for one in _list(event.evidence.get("claims"))]
        if problem is None:
            problem = self._found(event, claims)
        before = problem.weight
        rank = event.evidence.get("rank")
        problem.kind, problem.phase, problem.next_step = event.kind, event.phase, event.next_step
        problem.claims = claims or problem.claims
        problem.rank = max(problem.rank, rank if isinstance(rank, int) else 0)
        if event.phase == "closed":
            problem.incident = ""
        return problem, problem.weight > before

    def _found(self, event: IncidentEvent, claims: list[str]) -> Problem:
        explained = [
            p for p in self.open.values()
            if p.site == event.site and not p.incident and any(m.key in claims for m in p.members.values())
        ]  # fmt: skip
        if explained:
            problem, *others = explained
            for other in others:
                self._move(other, problem, claims)
        else:
            problem = Problem(event.incident, event.site, "", event.time)
            self.open[problem.id] = problem
        problem.incident = event.incident
        return problem

    def _move(self, source: Problem, target: Problem, claims: Iterable[str]) -> None:
        claimed = set(claims)
        moved = {name: m for name, m in source.members.items() if m.key in claimed}
        for occurrence, member in moved.items():
            target.members[occurrence] = source.members.pop(occurrence)
            target.worst = max(target.worst, member.priority, key=WEIGHTS.__getitem__)
        target.criticals += sum(m.priority == "critical" for m in moved.values())
        if not source.members:
            del self.open[source.id]


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
