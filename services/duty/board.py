"""What pages now: the problems and silences of paging, read from what it last stored. For whoever shows them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from services.alerts.oncall.problems import Problem, Status, problem_of
from services.alerts.oncall.silences import Silence
from services.store.database import Database
from services.store.tables import DecisionRow, Progress

#: Statuses of a problem of which people are being told.
ASKS = (Status.PAGING, Status.UNANSWERED)


@dataclass(frozen=True, slots=True)
class Board:
    """One look. problems: all that is open, by id, those that page nobody too.  now: paging's clock at its last step
    (ns), 0: it has never run.
    """

    problems: Mapping[str, Problem]
    silences: Mapping[str, Silence]
    now: int = 0

    def find(self, name: str) -> Problem | None:
        """The problem of that id, or the one that it went into: its first occurrence is there."""
        found = self.problems.get(name)
        return found or next((p for p in self.problems.values() if name in p.members), None)

    @property
    def unreached(self) -> tuple[Problem, ...]:
        """Those of which nobody could be told, or that nobody answered: the longest first."""
        return tuple(sorted(
            (p for p in self.problems.values() if p.unreached and p.status in ASKS), key=lambda p: p.unreached_at
        ))  # fmt: skip


def board(database: Database) -> Board:
    """As paging last stored it, over all of its sources. StoreError."""
    problems: dict[str, Problem] = {}
    silences: dict[str, Silence] = {}
    now = 0
    with database.reading() as session:
        for row in session.scalars(select(Progress).order_by(Progress.source)):
            state = json.loads(row.state)
            problems |= {one["id"]: problem_of(one) for one in state["problems"]}
            silences |= {one["id"]: Silence(**one) for one in state["silences"]}
            now = max(now, row.now)
    return Board(problems, silences, now)


def unreached(database: Database) -> tuple[Problem, ...]:
    """The problems of which nobody could be told, or that nobody answered: the longest first. StoreError."""
    return board(database).unreached


class Boards:
    """The board for many who look each second: read anew only when paging has stored something. `seconds` is a clock
    that never goes back.
    """

    def __init__(self, database: Database, seconds: Callable[[], float]) -> None:
        self._database, self._seconds = database, seconds
        self._mark: tuple[object, ...] | None = None
        self._seen = Board({}, {})
        self._looked = float("-inf")

    def look(self) -> Board:
        """At most a second old. StoreError."""
        if self._seconds() - self._looked >= 1.0:
            mark = self._changed()
            if mark != self._mark:
                self._seen, self._mark = board(self._database), mark
            self._looked = self._seconds()
        return self._seen

    def _changed(self) -> tuple[object, ...]:
        """Something that is another after every step of paging: a clock, positions and decisions alone move it."""
        with self._database.reading() as session:
            rows = session.execute(select(Progress.source, Progress.now, Progress.positions).order_by(Progress.source))
            return (*map(tuple, rows), session.scalar(select(func.max(DecisionRow.number))))
