"""The dispatch of pages: events, moments and outcomes in; decisions out. No clock, no channel, no database.

A problem begins to page when it opens, and again when it becomes worse than what somebody has acknowledged. A round
goes through the steps of the policy until it is acknowledged or gone. Everything that is decided has a reason.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from services.alerts.lifecycle.chatter import WHO as BY_ITSELF
from services.alerts.oncall.decisions import Decision, Kind, Why
from services.alerts.oncall.morning import Morning
from services.alerts.oncall.policy import OnCall, Policy, Step
from services.alerts.oncall.problems import Member, Problem, Problems, Status
from services.alerts.oncall.words import summary, text_of
from services.core.clock import MINUTE, iso
from services.core.records import AlarmEvent, IncidentEvent

#: The last person of all is given this long to answer, where the step says nothing.
_LAST_WAIT = 5 * MINUTE

#: What people, or the design, do to an alarm that then asks nobody any more.
_ANSWERS = frozenset(("acknowledged", "reset", "shelved", "removed", "suppressed"))

#: Pages whose outcome is waited for; more than any utility has people.
_PENDING = 10_000


@dataclass(slots=True)
class Silence:
    """Until `until` (ns) nothing under `prefix` (site, site/station, …) pages. It ends by itself."""

    id: str
    prefix: str
    until: int
    who: str
    why: str

    def covers(self, problem: Problem) -> bool:
        """Whether everything of the problem lies under it."""
        names = [f"{problem.site}/{m.key}" for m in problem.members.values() if m.unanswered or m.stands]
        names = names or [f"{problem.site}/{problem.place}"]
        return all(name == self.prefix or name.startswith(f"{self.prefix}/") for name in names)


class Dispatch:
    """Of one utility. The same inputs give the same decisions, numbers and names of pages."""

    def __init__(self, rules: OnCall) -> None:
        self.rules = rules
        self.problems = Problems()
        self.silences: dict[str, Silence] = {}
        self.morning = Morning(rules)
        self._pending: dict[str, Decision] = {}
        self._number = 0

    # -- what comes

    def take(self, event: AlarmEvent | IncidentEvent, now: int) -> list[Decision]:
        """An event of the journal, at `now` (ns)."""
        out = self.advance(now)
        if isinstance(event, IncidentEvent):
            problem, heavier = self.problems.take_incident(event)
            detail = f"{event.kind}: {event.phase}"
            return out + self._weighed(problem, heavier, False, False, now, detail, event.incident)
        known = self.problems.of_alarm(event)
        member = known is not None and event.occurrence in known.members
        if not member:
            refusal = _not_for_people(event)
            if refusal is not None:
                return [*out, self._decide(now, event.occurrence, Kind.HOLD, refusal, occurrence=event.occurrence)]
            if not event.annunciated:
                return out  # nothing that anybody was told of
        problem, heavier = self.problems.take_alarm(event, text_of(event))
        detail = f"{event.rule}: {event.transition}"
        seen = event.transition in _ANSWERS and event.who != BY_ITSELF
        return out + self._weighed(problem, heavier, not member, seen, now, detail, event.occurrence)

    def advance(self, now: int) -> list[Decision]:
        """What comes due up to `now` (ns), in order of its time."""
        for silence in [s for s in self.silences.values() if s.until <= now]:
            del self.silences[silence.id]
        out: list[Decision] = []
        while due := [p for p in self.problems.open.values() if 0 < p.due <= now]:
            out += self._page(min(due, key=lambda p: (p.due, p.opened, p.id)))
        for at, person, text in self.morning.due(now, self.problems):
            out.append(self._decide(at, "", Kind.DIGEST, Why.MORNING, person=person, urgency="mail", text=text))
        return out

    def silence(self, silence: Silence) -> None:
        """From now on; what is being paged and lies under it waits for its end."""
        self.silences[silence.id] = silence

    def answer(self, problem: str, who: str, now: int) -> list[Decision]:
        """Somebody has taken the problem on, by a page's link: it pages nobody until it is worse."""
        found = self.problems.open.get(problem)
        if found is None or found.status == Status.ANSWERED:
            return []
        return self._answered(found, now, f"by {who}", "")

    def outcome(self, page: str, taken: bool, detail: str, now: int) -> list[Decision]:
        """What a channel said of a page. One that failed goes the person's next way, then to the next in line."""
        sent = self._pending.pop(page, None)
        if sent is None:
            return []
        kind, why = (Kind.SENT, Why.TAKEN) if taken else (Kind.FAILED, Why.REFUSED)
        out = [replace(sent, time=now, kind=kind, why=why, detail=detail, number=self._count(), text={})]
        problem = self.problems.open.get(sent.problem)
        if problem is None:
            return out
        problem.reached |= taken
        if taken or problem.status not in (Status.PAGING, Status.UNANSWERED):
            return out
        person = self.rules.person(sent.person)
        if person is not None and sent.way + 1 < len(person.ways(sent.urgency)):
            return [*out, self._message(problem, now, Why.NEXT_WAY, detail, sent.person, sent.urgency, sent.way + 1)]
        if problem.reached or any(p.problem == problem.id for p in self._pending.values()):
            return out
        out.append(self._decide(now, problem.id, Kind.UNREACHED, Why.ALL_FAILED, detail, person=sent.person))
        if problem.due:  # no use in telling the same people again: the next in line, at once
            problem.step, problem.times, problem.due = problem.step + (problem.times > 0), 0, now
            out += self.advance(now)
        return out

    # -- what is decided

    def _weighed(
        self, problem: Problem, heavier: bool, new: bool, seen: bool, now: int, detail: str, occurrence: str
    ) -> list[Decision]:
        if problem.over:
            self.morning.closed(problem, now)
            del self.problems.open[problem.id]
            if problem.status == Status.QUIET:
                return []
            return [self._decide(now, problem.id, Kind.CLOSED, Why.GONE, detail, occurrence)]
        if problem.status == Status.PAGING:
            # An incident that became worse asks too, though all of its alarms have been seen: only an act answers.
            if seen and not problem.unanswered:
                return self._answered(problem, now, detail, occurrence)
            if not problem.stands:
                problem.status, problem.due = Status.GONE, 0
                return [self._decide(now, problem.id, Kind.STOP, Why.GONE, detail, occurrence)]
        if self._should_begin(problem, heavier, new, now):
            why = Why.NEW if problem.round == 0 else Why.AGAIN if problem.status == Status.GONE else Why.WORSE
            return self._begin(problem, now, why, detail, occurrence)
        if not (heavier or new):
            return []
        why = Why.ANSWERED if problem.status == Status.ANSWERED else Why.JOINED
        return [self._decide(now, problem.id, Kind.HOLD, why, detail, occurrence)]

    def _should_begin(self, problem: Problem, heavier: bool, new: bool, now: int) -> bool:
        match problem.status:
            case Status.QUIET:
                return heavier or new
            case Status.GONE:
                return problem.stands and problem.unanswered
            case Status.ANSWERED:
                return problem.answered is None or problem.weight > problem.answered
            case Status.UNANSWERED:
                return heavier
        policy = self._policy(problem, now)
        return heavier and policy is not None and policy.id != problem.policy and bool(policy.steps)

    def _answered(self, problem: Problem, now: int, detail: str, occurrence: str) -> list[Decision]:
        problem.status, problem.due, problem.answered = Status.ANSWERED, 0, problem.weight
        return [self._decide(now, problem.id, Kind.STOP, Why.ACKNOWLEDGED, detail, occurrence)]

    def _begin(self, problem: Problem, now: int, why: Why, detail: str, occurrence: str) -> list[Decision]:
        policy = self._policy(problem, now)
        if policy is None or not policy.steps:
            reason = Why.NO_POLICY if policy is None else Why.NO_STEPS
            where = detail if policy is None else f"{detail}; {policy.id}: {policy.because}"
            return [self._decide(now, problem.id, Kind.HOLD, reason, where, occurrence)]
        problem.status, problem.policy, problem.reached = Status.PAGING, policy.id, False
        problem.round, problem.since, problem.answered = problem.round + 1, now, None
        problem.step = problem.times = 0
        problem.due = max(1, now + policy.steps[0].wait)
        out = []
        if problem.round > 1:
            out.append(self._decide(now, problem.id, Kind.RESUME, why, detail, occurrence))
        # What began it is named, or nobody could ask why this alarm paged: its problem may be older than it.
        return out + [
            replace(one, occurrence=occurrence) if one.kind is Kind.PAGE and one.problem == problem.id else one
            for one in self.advance(now)
        ]

    def _page(self, problem: Problem) -> list[Decision]:
        """The page that is due, and when the next one is."""
        at, policy = problem.due, next((p for p in self.rules.policies if p.id == problem.policy), None)
        if policy is None or problem.step >= len(policy.steps):
            problem.status, problem.due = Status.UNANSWERED, 0
            return [self._decide(at, problem.id, Kind.UNREACHED, Why.NO_ANSWER, problem.policy)]
        quiet = [s for s in self.silences.values() if s.until > at and s.covers(problem)]
        if quiet:
            last = max(quiet, key=lambda s: (s.until, s.id))
            problem.due = last.until
            detail = f"until {iso(last.until)} by {last.who}: {last.why}"
            return [self._decide(at, problem.id, Kind.HOLD, Why.SILENCED, detail)]
        step = policy.steps[problem.step]
        why = Why.NEW if problem.round == 1 else Why.WORSE
        if problem.step or problem.times:
            why = Why.REPEAT if problem.times else Why.ESCALATE
        people = self.rules.on_duty(step.to, at)
        out = [self._message(problem, at, why, "", person, step.urgency, 0) for person in people]
        if not people:
            out.append(self._decide(at, problem.id, Kind.UNREACHED, Why.NOBODY_ON_CALL, ", ".join(step.to)))
        self._next(problem, policy, step, bool(people))
        return out

    def _next(self, problem: Problem, policy: Policy, step: Step, told: bool) -> None:
        """When the next page is due. Where nobody is on call the next step does not wait."""
        problem.times += 1
        if told and problem.times < step.times and step.repeat:
            problem.due += step.repeat
            return
        problem.step, problem.times = problem.step + 1, 0
        if problem.step >= len(policy.steps):
            problem.due += (step.repeat or _LAST_WAIT) if told else 0
        elif told:
            problem.due = max(problem.due, problem.since + policy.steps[problem.step].wait)

    def _message(
        self, problem: Problem, now: int, why: Why, detail: str, person: str, urgency: Any, way: int
    ) -> Decision:
        someone = self.rules.person(person)
        ways = someone.ways(urgency) if someone is not None else ()
        page = f"{problem.id}#{problem.round}.{problem.step}.{problem.times}.{person}.{way}"
        told = self._decide(
            now, problem.id, Kind.PAGE, why, detail, problem.id, page=page, person=person,
            channel=ways[way] if way < len(ways) else "", urgency=urgency, way=way, text=summary(problem),
        )  # fmt: skip
        self._pending[page] = told
        while len(self._pending) > _PENDING:
            del self._pending[next(iter(self._pending))]
        return told

    def _policy(self, problem: Problem, now: int) -> Policy | None:
        return self.rules.policy_of(problem.site, problem.worst, problem.kind, problem.rank, now)

    def _decide(
        self, time: int, problem: str, kind: Kind, why: Why, detail: str = "", occurrence: str = "", **more: Any
    ) -> Decision:
        return Decision(time, problem, self._count(), kind, why, detail, occurrence, **more)

    def _count(self) -> int:
        self._number += 1
        return self._number

    # -- state

    def dump(self) -> dict[str, Any]:
        """All of the state as JSON data."""
        return {
            "problems": [asdict(p) for p in self.problems.open.values()],
            "silences": [asdict(s) for _, s in sorted(self.silences.items())],
            "morning": self.morning.dump(),
            "pending": [asdict(d) for d in self._pending.values()],
            "number": self._number,
        }

    def load(self, data: dict[str, Any]) -> None:
        """What `dump` gave."""
        self.problems = Problems()
        for one in data["problems"]:
            answered = tuple(one["answered"]) if one["answered"] is not None else None
            members = {name: Member(**member) for name, member in one["members"].items()}
            self.problems.open[one["id"]] = Problem(**(one | {"answered": answered, "members": members}))
        self.silences = {s["id"]: Silence(**s) for s in data["silences"]}
        self.morning.load(data["morning"])
        pending = [Decision(**(d | {"kind": Kind(d["kind"]), "why": Why(d["why"])})) for d in data["pending"]]
        self._pending = {d.page: d for d in pending}
        self._number = data["number"]


def _not_for_people(event: AlarmEvent) -> Why | None:
    """Why an alarm that has just been raised pages nobody, if that can be seen from itself."""
    if event.transition != "raised":
        return None
    if event.lane:
        return Why.HISTORICAL
    if event.priority == "journal":
        return Why.JOURNAL
    if event.state in ("G", "H", "I"):
        return Why.ASIDE
    return None if event.annunciated else Why.QUIET
