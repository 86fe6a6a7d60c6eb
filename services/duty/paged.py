"""What is being paged now, for whoever shows it: problems with who was told, silences, and is paging alive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from services.alerts.oncall.problems import Problem, Status
from services.alerts.oncall.silences import Silence
from services.duty.board import Board, Boards
from services.duty.log import decision_of
from services.store.database import Database
from services.store.tables import DecisionRow, Progress

#: Problems whose messages are looked up, and messages of one that are shown.
LOOKED_UP, MESSAGES = 50, 12


@dataclass(frozen=True, slots=True)
class Told:
    """A message to a person. outcome: `sent`, `failed`, or "" while its end is not known."""

    time: int
    person: str
    channel: str
    urgency: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Paged:
    """A problem of which people are, or were, told; the newest messages last."""

    problem: Problem
    told: tuple[Told, ...]

    @property
    def unreached(self) -> bool:
        """Nobody could be told, or nobody answered, and it still asks."""
        asks = self.problem.status in (Status.PAGING, Status.UNANSWERED)
        return asks and bool(self.problem.unreached or self.problem.status == Status.UNANSWERED)


@dataclass(frozen=True, slots=True)
class Paging:
    """All of it. running: whether a paging service ever wrote here.  seen: when it last was alive (ns of the machine's
    clock); 0: it does not say.
    """

    running: bool = False
    seen: int = 0
    paged: tuple[Paged, ...] = ()
    silences: tuple[Silence, ...] = ()

    @property
    def unreached(self) -> tuple[Paged, ...]:
        """Problems of which nobody knows."""
        return tuple(one for one in self.paged if one.unreached)


_ORDER = (Status.UNANSWERED, Status.PAGING, Status.ANSWERED, Status.GONE)


class Pagings:
    """Of one database: read anew only as far as paging has stored something."""

    def __init__(self, database: Database, boards: Boards) -> None:
        self._database, self._boards = database, boards
        self._board: Board | None = None
        self._paged: tuple[Paged, ...] = ()

    def look(self) -> Paging:
        """StoreError when the database fails."""
        board = self._boards.look()
        if board is not self._board:
            self._paged, self._board = self._all(board.problems.values()), board
        with self._database.reading() as session:
            count, seen = session.execute(select(func.count(), func.max(Progress.seen)).select_from(Progress)).one()
        silences = sorted(board.silences.values(), key=lambda one: (one.until, one.id))
        return Paging(count > 0, seen or 0, self._paged, tuple(silences))

    def _all(self, problems: Iterable[Problem]) -> tuple[Paged, ...]:
        shown = sorted((one for one in problems if one.status != Status.QUIET), key=lambda one: -one.opened)
        found = [Paged(one, self._told(one) if i < LOOKED_UP else ()) for i, one in enumerate(shown)]
        found.sort(key=lambda one: (not one.unreached, _ORDER.index(one.problem.status), -one.problem.opened))
        return tuple(found)

    def _told(self, problem: Problem) -> tuple[Told, ...]:
        kinds = ("page", "sent", "failed")
        wanted = select(DecisionRow.body).where(DecisionRow.problem == problem.id, DecisionRow.kind.in_(kinds))
        with self._database.reading() as session:
            bodies = list(session.scalars(wanted.order_by(DecisionRow.number.desc()).limit(3 * MESSAGES)))
        told: dict[str, Told] = {}
        for one in map(decision_of, reversed(bodies)):
            outcome = "" if one.kind.value == "page" else one.kind.value
            told[one.page] = Told(one.time, one.person, one.channel, one.urgency, outcome)
        return tuple(told.values())[-MESSAGES:]
