"""The windows of planned work in the database: planned, changed while they are what they were, and read."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import CursorResult, select, update

from services.duty.areas import NotDone
from services.duty.work import OPEN, Work
from services.store.database import Database
from services.store.tables import WorkWindow


class WorkBook:
    """Of one database. StoreError when the database fails."""

    def __init__(self, database: Database, wall: Callable[[], int]) -> None:
        """`wall`: ns UTC, for when it was written down; a window's own times are of the run's clock."""
        self._database, self._wall = database, wall

    def open(self) -> list[Work]:
        """Planned and begun windows, by start."""
        wanted = select(WorkWindow).where(WorkWindow.state.in_(OPEN)).order_by(WorkWindow.start, WorkWindow.number)
        with self._database.reading() as session:
            return [_work(row) for row in session.scalars(wanted)]

    def closed(self, limit: int = 30) -> list[Work]:
        """Those that are neither, the newest first."""
        wanted = select(WorkWindow).where(WorkWindow.state.not_in(OPEN)).order_by(WorkWindow.number.desc())
        with self._database.reading() as session:
            return [_work(row) for row in session.scalars(wanted.limit(limit))]

    def get(self, number: int) -> Work:
        """NotDone when there is none of that number."""
        with self._database.reading() as session:
            row = session.get(WorkWindow, number)
            if row is None:
                raise NotDone(f"planned work {number}: there is none of that number")
            return _work(row)

    def plan(self, target: str, start: int, end: int, who: str, why: str) -> Work:
        """A new window; what will begin it has its name from now on."""
        row = WorkWindow(
            target=target, start=start, end=end, time=self._wall(), who=who, why=why[:500], state="planned",
            command=new_name(), reason="",
        )  # fmt: skip
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            return _work(row)

    def change(
        self, work: Work, *, state: str = "", end: int = 0, reason: str | None = None, command: str = ""
    ) -> None:
        """What is given is changed, `command` added. NotDone when somebody else changed the window meanwhile."""
        values: dict[str, object] = {"state": state or work.state, "end": end or work.end}
        values["reason"] = (work.reason if reason is None else reason)[:500]
        values["command"] = " ".join((*work.commands, command) if command else work.commands)
        wanted = update(WorkWindow).where(
            WorkWindow.number == work.number, WorkWindow.state == work.state, WorkWindow.end == work.end
        )
        with self._database.writing() as session:
            result = session.execute(wanted.values(**values))
            if isinstance(result, CursorResult) and result.rowcount != 1:
                raise NotDone("somebody else was quicker: look again")


def new_name() -> str:
    """Of a command that nobody has given yet."""
    return secrets.token_hex(12)


def _work(row: WorkWindow) -> Work:
    return Work(
        row.number, row.target, row.start, row.end, row.who, row.why, row.state, tuple(row.command.split()),
        row.reason, row.time,
    )  # fmt: skip
