"""The dispatch of pages: events, moments and outcomes in; decisions out. No clock, no channel, no database.

A problem begins to page when it opens, and again when it becomes worse than what somebody has acknowledged. A round
goes through the steps of the policy until it is acknowledged or gone. Everything that is decided has a reason.
"""

from __future__ import annotations

from dataclasses import fields, replace
from heapq import heappop, heappush
from typing import Any

from services.alerts.lifecycle.chatter import WHO as BY_ITSELF
from services.alerts.oncall.decisions import Decision, Kind, Why, why_nobody
from services.alerts.oncall.morning import Morning
from services.alerts.oncall.policy import OnCall, Policy, Step
from services.alerts.oncall.problems import Problem, Problems, Status, plain, problem_of
from services.alerts.oncall.silences import Silence, Silences
from services.alerts.oncall.words import facts_of, left_of, summary, text_of
from services.core.clock import MINUTE, SECOND
from services.core.records import AlarmEvent, IncidentEvent

#: The last person of all is given this long to answer, where the step says nothing.
_LAST_WAIT = 5 * MINUTE

#: After an absence a page that is late by more than this goes out this much later than the return (ns): what came
#: meanwhile, an answer perhaps, is read first.
_LATE, _SOON = MINUTE, 5 * SECOND

#: What people, or the design, do to an alarm that then asks nobody any more.
_ANSWERS = frozenset(("acknowledged", "reset", "shelved", "removed", "suppressed"))

#: States of an alarm that holds and that nobody has acknowledged.
_ASKS = frozenset("BE")

_DECISION = tuple(one.name for one in fields(Decision))

#: Pages whose outcome is waited for; more than any utility has people.
_PENDING = 10_000


class Dispatch:
    """Of one utility. The same inputs give the same decisions, numbers and names of pages."""

    def __init__(self, rules: OnCall) -> None:
        self.rules = rules
        self.problems = Problems()
        self.silences = Silences()
        self.morning = Morning(rules)
        self._pending: dict[str, Decision] = {}
        self._number = 0
        # A heap of (due, opened, problem); what is not so any more is passed.
        self._due: list[tuple[int, int, str]] = []

    # -- what comes

    def take(self, event: AlarmEvent | IncidentEvent, now: int) -> list[Decision]:
        """An event of the journal, at `now` (ns)."""
        out = self.advance(now)
        if isinstance(event, IncidentEvent):
            problem, heavier, joined = self.problems.take_incident(event, left_of(event))
            out += [self._decide(now, p.id, Kind.STOP, Why.JOINED, problem.id) for p in joined if p.round]
            detail = f"{event.kind}: {event.phase}"
            return out + self._weighed(problem, heavier, False, "", now, detail, event.incident)
        self.morning.heard(event)
        known = self.problems.of_alarm(event)
        member = known is not None and event.occurrence in known.members
        if not member:
            refusal = why_nobody(event)
            if refusal is not None:
                return [*out, self._decide(now, event.occurrence, Kind.HOLD, refusal, occurrence=event.occurrence)]
            if not event.annunciated or event.state not in _ASKS:
                return out  # nobody was told of it, or it was before the first start: its end or answer pages nobody
        problem, heavier = self.problems.take_alarm(event, text_of(event), facts_of(event))
        detail = f"{event.rule}: {event.transition}"
        seen = (event.who or "somebody") if event.transition in _ANSWERS and event.who != BY_ITSELF else ""
        return out + self._weighed(problem, heavier, not member, seen, now, detail, event.occurrence)

    def advance(self, now: int) -> list[Decision]:
        """What comes due up to `now` (ns), in order of its time."""
        out: list[Decision] = []
        while self._due and self._due[0][0] <= now:
            due, _, name = heappop(self._due)
            problem = self.problems.open.get(name)
            if problem is not None and problem.due == due:
                out += self._page(problem)
        self.silences.end(now)
        for at, person, text in self.morning.due(now, self.problems):
            out.append(self._decide(at, "", Kind.DIGEST, Why.MORNING, person=person, urgency="mail", text=text))
        return out

    def resume(self, now: int) -> None:
        """After an absence, or with other rules: what is late is due soon, and nobody is passed over for having had
        no time to answer; what nobody answered goes to a last resort that there was not before.
        """
        for problem in self.problems.open.values():
            if problem.status == Status.UNANSWERED and not problem.due and self.rules.last_resort:
                self._plan(problem, now)
            elif 0 < problem.due < now - _LATE:
                problem.since += now + _SOON - problem.due
                self._plan(problem, now + _SOON)

    def use(self, rules: OnCall, now: int) -> None:
        """Other rules, from `now` (ns) on."""
        self.rules = self.morning.rules = rules
        self.resume(now)

    def silence(self, silence: Silence, now: int) -> list[Decision]:
        """From now on; what is being paged and lies under it waits for its end."""
        self.silences.open[silence.id] = silence
        detail = f"{silence.prefix} {silence.words()}"
        out = [self._decide(now, "", Kind.HOLD, Why.SILENCED, detail, silence.id)]
        for problem in self.problems.open.values():
            if problem.due and not problem.held and silence.covers(problem):
                out.append(self._hold(problem, silence, now))
        return out

    def unsilence(self, silence: str, who: str, now: int) -> list[Decision]:
        """It ends now: what it held pages, as far as it still asks. Nothing when there is none of that id."""
        if self.silences.open.pop(silence, None) is None:
            return []
        out = [self._decide(now, "", Kind.RESUME, Why.UNSILENCED, f"by {who}", silence)]
        for problem in self.problems.open.values():
            if problem.held and problem.silence == silence:
                self._plan(problem, now)
        return out + self.advance(now)

    def answer(
        self, problem: str, who: str, now: int, detail: str = "", weight: tuple[int, int, int] | None = None
    ) -> list[Decision]:
        """Somebody has taken the problem on: it pages nobody until it is worse than `weight`, which they have seen
        (without it: than it is now). Nothing when it is over, or answered already.
        """
        found = self.problems.open.get(problem)
        if found is None or found.status == Status.ANSWERED:
            return []
        out = self._answered(found, now, f"by {who}" + (f", {detail}" if detail else ""), "", who)
        if weight is not None and weight < found.weight:
            found.answered = weight
            return out + self._begin(found, now, Why.WORSE, "since they looked", "")
        return out

    def forget(self, page: str) -> None:
        """A page that was not sent, since it asks nobody any more."""
        self._pending.pop(page, None)

    def outcome(self, page: str, taken: bool, detail: str, now: int) -> list[Decision]:
        """What a channel said of a page. One that failed goes the person's next way, then to the next in line."""
        sent = self._pending.pop(page, None)
        if sent is None:
            return []
        kind, why = (Kind.SENT, Why.TAKEN) if taken else (Kind.FAILED, Why.REFUSED)
        out = [replace(sent, time=now, kind=kind, why=why, detail=detail, number=self._count(), text={})]
        problem = self.problems.open.get(sent.problem)
        if problem is None or not page.startswith(prefix_of(problem)):
            return out
        problem.reached |= taken
        if taken and problem.status == Status.PAGING and problem.unreached != Why.NO_ANSWER:
            problem.unreached, problem.unreached_at = "", 0
        if taken or problem.status != Status.PAGING or sent.why is Why.LAST_RESORT:
            return out
        way = self._next_way(sent)
        if way is not None:
            again = page.rpartition(".")[0]
            return [*out, self._message(problem, now, Why.NEXT_WAY, detail, sent.person, sent.urgency, way, again)]
        if problem.reached or any(name.startswith(prefix_of(problem)) for name in self._pending):
            return out
        out.append(self._unreached(problem, now, Why.ALL_FAILED, detail, person=sent.person))
        if problem.due:  # no use in telling the same people again: the next in line, at once
            problem.step, problem.times = problem.step + (problem.times > 0), 0
            self._plan(problem, now)
            out += self.advance(now)
        return out

    # -- what is decided

    def _weighed(
        self, problem: Problem, heavier: bool, new: bool, seen: str, now: int, detail: str, occurrence: str
    ) -> list[Decision]:
        if problem.over:
            self.morning.closed(problem, now)
            self.problems.close(problem)
            if problem.status == Status.QUIET:
                return []
            return [self._decide(now, problem.id, Kind.CLOSED, Why.GONE, detail, occurrence)]
        if problem.status in (Status.PAGING, Status.UNANSWERED):
            # An incident that became worse asks too, though all of its alarms have been seen: only an act answers.
            if seen and not problem.unanswered:
                return self._answered(problem, now, detail, occurrence, seen)
            if not problem.stands:
                self._rest(problem, Status.GONE)
                return [self._decide(now, problem.id, Kind.STOP, Why.GONE, detail, occurrence)]
        if self._should_begin(problem, heavier, new, now):
            why = Why.NEW if problem.round == 0 else Why.AGAIN if problem.status == Status.GONE else Why.WORSE
            return self._begin(problem, now, why, detail, occurrence)
        out = []
        if heavier or new:
            why = Why.ANSWERED if problem.status == Status.ANSWERED else Why.JOINED
            out.append(self._decide(now, problem.id, Kind.HOLD, why, detail, occurrence))
        if problem.held and not self._holds(problem, occurrence):
            self._plan(problem, now)  # something that the silence does not lie over
            out += self.advance(now)
        return out

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

    def _answered(self, problem: Problem, now: int, detail: str, occurrence: str, who: str) -> list[Decision]:
        self._rest(problem, Status.ANSWERED)
        problem.answered, problem.by, problem.answered_at = problem.weight, who, now
        return [self._decide(now, problem.id, Kind.STOP, Why.ACKNOWLEDGED, detail, occurrence)]

    def _begin(self, problem: Problem, now: int, why: Why, detail: str, occurrence: str) -> list[Decision]:
        policy = self._policy(problem, now)
        if policy is None or not policy.steps:
            reason = Why.NO_POLICY if policy is None else Why.NO_STEPS
            where = detail if policy is None else f"{detail}; {policy.id}: {policy.because}"
            return [self._decide(now, problem.id, Kind.HOLD, reason, where, occurrence)]
        problem.status, problem.policy, problem.reached = Status.PAGING, policy.id, False
        problem.round, problem.since, problem.answered = problem.round + 1, now, None
        if why is not Why.NEW_RULES:
            problem.asked = problem.round
        problem.step = problem.times = problem.held = 0
        self._plan(problem, max(1, now + policy.steps[0].wait))
        out = [self._decide(now, problem.id, Kind.RESUME, why, detail, occurrence)] if problem.round > 1 else []
        # What began it is named, or nobody could ask why this alarm paged: its problem may be older than it.
        return out + [
            replace(one, occurrence=occurrence) if one.kind is Kind.PAGE and one.problem == problem.id else one
            for one in self.advance(now)
        ]

    def _page(self, problem: Problem) -> list[Decision]:
        """The page that is due, and when the next one is."""
        at, out = problem.due, list[Decision]()
        quiet = self.silences.over(problem, at)
        if quiet is not None:
            return [self._hold(problem, quiet, at)]
        if problem.held:
            problem.since += at - problem.held
            problem.held, problem.silence = 0, ""
            out.append(self._decide(at, problem.id, Kind.RESUME, Why.UNSILENCED))
        if problem.status == Status.UNANSWERED:
            return out + self._last_resort(problem, at)
        policy = next((p for p in self.rules.policies if p.id == problem.policy), None)
        if policy is None:
            return out + self._by_new_rules(problem, at)
        if problem.step >= len(policy.steps):
            return out + self._give_up(problem, at, Why.NO_ANSWER, problem.policy)
        step = policy.steps[problem.step]
        why = Why.NEW if problem.round == 1 else Why.WORSE
        if problem.step or problem.times:
            why = Why.REPEAT if problem.times else Why.ESCALATE
        people = self.rules.on_duty(step.to, at)
        out += [self._message(problem, at, why, "", person, step.urgency, 0) for person in people]
        problem.pages += bool(people)
        if not people:
            out.append(self._unreached(problem, at, Why.NOBODY_ON_CALL, ", ".join(step.to)))
        self._next(problem, policy, step, bool(people))
        return out

    def _next(self, problem: Problem, policy: Policy, step: Step, told: bool) -> None:
        """When the next page is due. Where nobody is on call the next step does not wait."""
        problem.times += 1
        if told and problem.times < step.times and step.repeat:
            return self._plan(problem, problem.due + step.repeat)
        problem.step, problem.times = problem.step + 1, 0
        due = problem.due
        if problem.step >= len(policy.steps):
            due += (step.repeat or _LAST_WAIT) if told else 0
        elif told:
            due = max(due, problem.since + policy.steps[problem.step].wait)
        return self._plan(problem, due)

    def _by_new_rules(self, problem: Problem, at: int) -> list[Decision]:
        """Its policy is gone: the one that fits now goes on, from its first step, since others may be in it."""
        fits, gone = self._policy(problem, at), f"{problem.policy} is gone"
        if fits is None:
            return self._give_up(problem, at, Why.NO_POLICY, gone)
        if not fits.steps:
            self._rest(problem, Status.QUIET)
            return [self._decide(at, problem.id, Kind.HOLD, Why.NO_STEPS, f"{gone}; {fits.id}: {fits.because}")]
        return self._begin(problem, at, Why.NEW_RULES, f"{gone}: {fits.id}", "")

    def _give_up(self, problem: Problem, at: int, why: Why, detail: str) -> list[Decision]:
        problem.status = Status.UNANSWERED
        return [self._unreached(problem, at, why, detail), *self._last_resort(problem, at)]

    def _unreached(self, problem: Problem, at: int, why: Why, detail: str, **more: Any) -> Decision:
        problem.unreached, problem.unreached_at = why.value, problem.unreached_at or at
        return self._decide(at, problem.id, Kind.UNREACHED, why, detail, **more)

    def _last_resort(self, problem: Problem, at: int) -> list[Decision]:
        """By every way at once, and again until somebody answers."""
        self._plan(problem, at + self.rules.last_resort_every if self.rules.last_resort else 0)
        problem.told += 1
        problem.pages += 1
        return [
            self._message(problem, at, Why.LAST_RESORT, problem.unreached, person, "wake", way)
            for person in self.rules.on_duty(self.rules.last_resort, at)
            for way in range(len(self._ways(person, every=True)))
        ]

    def _hold(self, problem: Problem, silence: Silence, at: int) -> Decision:
        problem.held, problem.silence = problem.held or at, silence.id
        self._plan(problem, silence.until)
        return self._decide(at, problem.id, Kind.HOLD, Why.SILENCED, silence.words(), silence.id)

    def _holds(self, problem: Problem, occurrence: str) -> bool:
        """Whether its silence still does, after what has come: the others of it were asked about before."""
        silence, member = self.silences.open.get(problem.silence), problem.members.get(occurrence)
        if silence is None or (problem.worst == "critical" and not silence.critical):
            return False
        asks = member is not None and (member.stands or member.unanswered)  # it may have come back from a shelf
        return member is None or not asks or silence.lies_over(f"{problem.site}/{member.key}")

    def _rest(self, problem: Problem, status: str) -> None:
        """It pages nobody any more, for now."""
        problem.status, problem.due, problem.held, problem.silence = status, 0, 0, ""
        problem.unreached, problem.unreached_at = "", 0

    def _plan(self, problem: Problem, due: int) -> None:
        problem.due = due
        if due:
            heappush(self._due, (due, problem.opened, problem.id))

    def _message(
        self, problem: Problem, now: int, why: Why, detail: str, person: str, urgency: Any, way: int, again: str = ""
    ) -> Decision:
        """`again`: what the page's name begins with, of a page that goes another way."""
        ways = self._ways(person, urgency, every=why is Why.LAST_RESORT)
        channel = ways[way] if way < len(ways) else ""
        turn = f"last.{problem.told}" if why is Why.LAST_RESORT else f"{problem.step}.{problem.times}"
        page = f"{again or f'{prefix_of(problem)}{turn}.{person}'}.{channel}"
        told = self._decide(
            now, problem.id, Kind.PAGE, why, detail, problem.id, page=page, person=person,
            channel=channel, urgency=urgency, way=way, text=summary(problem),
        )  # fmt: skip
        self._pending[page] = told
        while len(self._pending) > _PENDING:
            del self._pending[next(iter(self._pending))]
        return told

    def _ways(self, person: str, urgency: str = "", every: bool = False) -> tuple[str, ...]:
        someone = self.rules.person(person)
        return () if someone is None else someone.every_way if every else someone.ways(urgency)

    def _next_way(self, sent: Decision) -> int | None:
        """The way after the one that failed, as the rules are now: a channel may have been taken out of them."""
        ways = self._ways(sent.person, sent.urgency)
        way = ways.index(sent.channel) + 1 if sent.channel in ways else sent.way
        return way if way < len(ways) else None

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
        """All of the state as JSON data, to be written at once: it shares its parts with the state."""
        return {
            "problems": [plain(p) for p in self.problems.open.values()],
            "silences": self.silences.dump(),
            "morning": self.morning.dump(),
            "pending": [{name: getattr(d, name) for name in _DECISION} for d in self._pending.values()],
            "number": self._number,
        }

    def load(self, data: dict[str, Any]) -> None:
        """What `dump` gave."""
        self.problems = Problems(map(problem_of, data["problems"]))
        self._due = sorted((p.due, p.opened, p.id) for p in self.problems.open.values() if p.due)
        self.silences = Silences(Silence(**s) for s in data["silences"])
        self.morning.load(data["morning"])
        pending = [Decision(**(d | {"kind": Kind(d["kind"]), "why": Why(d["why"])})) for d in data["pending"]]
        self._pending = {d.page: d for d in pending}
        self._number = data["number"]


def prefix_of(problem: Problem) -> str:
    """What the names of all pages of its present round begin with."""
    return f"{problem.id}#{problem.round}."
