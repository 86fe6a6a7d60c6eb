"""Swaps: somebody takes a roster's duty for a while, whatever its turns say. The newest of several holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import CursorResult, select, update

from services.alerts.oncall.policy import OnCall
from services.alerts.oncall.roster import Override, Roster
from services.core.clock import DAY, to_datetime, to_ns
from services.duty.areas import NotDone
from services.store.database import Database
from services.store.tables import DutyChange

#: A swap lasts no longer (ns): beyond that the roster itself is to be changed.
LONGEST_SWAP = 31 * DAY

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """`person` has the duty of `roster` from start to end (ns). who: entered it."""

    number: int
    roster: str
    person: str
    start: int
    end: int
    who: str
    why: str


def applied(rules: OnCall, changes: Iterable[Change]) -> OnCall:
    """The rules with the swaps on top of their turns and overrides; one person at each moment of a swap."""
    newest_first = sorted(changes, key=lambda one: -one.number)
    if not newest_first:
        return rules
    rosters = tuple(_swapped(one, [c for c in newest_first if c.roster == one.id]) for one in rules.rosters)
    return rules.model_copy(update={"rosters": rosters})


def _swapped(roster: Roster, newest_first: Sequence[Change]) -> Roster:
    covered: list[_Span] = []
    overrides: list[Override] = []
    for one in newest_first:
        overrides += [_override(one.person, span, one.why) for span in _less((one.start, one.end), covered)]
        covered.append((one.start, one.end))
    for own in roster.overrides:
        left = _less((to_ns(own.start), to_ns(own.until)), covered)
        overrides += [_override(own.person, span, own.why) for span in left]
    return roster.model_copy(update={"overrides": tuple(sorted(overrides, key=lambda one: one.start))})


def _less(span: _Span, covered: Iterable[_Span]) -> list[_Span]:
    """What is left of a span outside of those that are covered."""
    left = [span]
    for start, end in covered:
        left = [
            part for a, b in left for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]
        ]  # fmt: skip
    return left


def _override(person: str, span: _Span, why: str) -> Override:
    start, until = (to_datetime(at) for at in span)
    return Override.model_validate({"person": person, "from": start, "until": until, "why": why or "a swap"})


def check(rules: OnCall, change: Change, now: int) -> None:
    """NotDone for a swap that leaves a hole, begins in a time that is over, or puts in somebody out of reach."""
    roster, person = rules.roster(change.roster), rules.person(change.person)
    if roster is None:
        raise NotDone(f"roster {change.roster[:64]!r}: must be one of {', '.join(r.id for r in rules.rosters)}")
    if person is None:
        raise NotDone(f"person {change.person[:64]!r}: must be one of {', '.join(p.id for p in rules.people)}")
    if not change.why.strip():
        raise NotDone("why: must be said")
    if change.end <= max(change.start, now):
        raise NotDone("end: must be after the start and still to come")
    if change.end - change.start > LONGEST_SWAP:
        raise NotDone(f"end: {(change.end - change.start) / DAY:.1f} days: a swap lasts 31 days at most")
    for policy in rules.policies:
        for step in policy.steps:
            if roster.id in step.to and not person.ways(step.urgency):
                raise NotDone(f"{person.name} has no channel for {step.urgency}, which {policy.id} asks of {roster.id}")
    after = applied(rules, [change]).roster(roster.id)
    for shift in after.shifts(change.start, change.end) if after is not None else []:
        if shift.people != (person.id,):
            raise NotDone(f"the swap would not hold from {to_datetime(shift.start):%Y-%m-%d %H:%M} UTC")


class Changes:
    """Of one database. StoreError when the database fails."""

    def __init__(self, database: Database, wall: Callable[[], int]) -> None:
        """`wall`: ns UTC, for when it was entered; a swap's own times are of the run's clock."""
        self._database, self._wall = database, wall

    def holding(self, now: int) -> list[Change]:
        """Swaps that hold or are still to come at `now` (ns), the first to begin first."""
        wanted = select(DutyChange).where(DutyChange.withdrawn == 0, DutyChange.end > now)
        with self._database.reading() as session:
            return [_change(row) for row in session.scalars(wanted.order_by(DutyChange.start, DutyChange.number))]

    def enter(self, change: Change) -> Change:
        """Writes it down; it has its number then."""
        row = DutyChange(
            roster=change.roster, person=change.person, start=change.start, end=change.end, time=self._wall(),
            who=change.who, why=change.why[:500], withdrawn=0,
        )  # fmt: skip
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            return _change(row)

    def get(self, number: int) -> Change:
        """NotDone when there is none, or it was withdrawn."""
        with self._database.reading() as session:
            row = session.get(DutyChange, number)
            if row is None or row.withdrawn:
                raise NotDone(f"swap {number}: there is none of that number")
            return _change(row)

    def withdraw(self, number: int) -> None:
        """The roster's own turns hold again. NotDone when it does not hold any more."""
        wanted = update(DutyChange).where(DutyChange.number == number, DutyChange.withdrawn == 0)
        with self._database.writing() as session:
            result = session.execute(wanted.values(withdrawn=self._wall()))
            if isinstance(result, CursorResult) and result.rowcount != 1:
                raise NotDone(f"swap {number}: there is none of that number")


def _change(row: DutyChange) -> Change:
    return Change(row.number, row.roster, row.person, row.start, row.end, row.who, row.why)
