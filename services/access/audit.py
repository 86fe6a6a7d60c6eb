"""The audit: what people did and tried, line by line, in the database of people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from services.store.database import Database
from services.store.tables import AuditRow


@dataclass(frozen=True, slots=True)
class Act:
    """A line of the audit."""

    time: int
    user: str
    address: str
    action: str
    target: str
    outcome: str
    detail: str


class Audit:
    """Of one database; `now` gives ns UTC. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database, self._now = database, now

    def record(self, user: str, address: str, action: str, target: str, outcome: str, detail: str) -> None:
        """A line of the audit, durable when this returns."""
        self.record_all([Act(self._now(), user, address, action, target, outcome, detail)])

    def record_all(self, acts: Iterable[Act]) -> list[int]:
        """Several at once, all or none; their numbers. Their `time` is taken as given."""
        rows = [
            AuditRow(
                time=act.time, user=plain(act.user, 64), address=plain(act.address, 64),
                action=plain(act.action, 40),
                target=plain(act.target, 500), outcome=plain(act.outcome, 40), detail=plain(act.detail, 500),
            )
            for act in acts
        ]  # fmt: skip
        with self._database.writing() as session:
            session.add_all(rows)
            session.flush()
            return [row.number for row in rows]

    def ended(self, outcomes: Iterable[tuple[int, str, str]]) -> None:
        """How acts of `record_all` ended: (number, outcome, detail)."""
        with self._database.writing() as session:
            for number, outcome, detail in outcomes:
                changed = {"outcome": plain(outcome, 40), "detail": plain(detail, 500)}
                session.execute(update(AuditRow).where(AuditRow.number == number).values(**changed))

    def lines(
        self, limit: int = 100, before: int = 2**62, *, user: str = "", action: str = "", outcome: str = "",
        offset: int = 0,
    ) -> Sequence[Act]:  # fmt: skip
        """The newest lines up to `before` (ns), newest first; those of a user, an action or an outcome, if given."""
        wanted = select(AuditRow).where(AuditRow.time <= before)
        for column, value in ((AuditRow.user, user), (AuditRow.action, action), (AuditRow.outcome, outcome)):
            wanted = wanted.where(column == value) if value else wanted
        wanted = wanted.order_by(AuditRow.number.desc()).limit(limit).offset(offset)
        with self._database.reading() as session:
            return [
                Act(row.time, row.user, row.address, row.action, row.target, row.outcome, row.detail)
                for row in session.scalars(wanted)
            ]

    def came_in(self, name: str, address: str) -> bool:
        """Whether the user has signed in from there before."""
        wanted = select(AuditRow.number).where(
            AuditRow.user == name, AuditRow.address == address[:64], AuditRow.action == "sign in",
            AuditRow.outcome == "done",
        )  # fmt: skip
        with self._database.reading() as session:
            return session.scalars(wanted.limit(1)).first() is not None


def plain(text: str, longest: int) -> str:
    """What can be shown on a line: a control character, or one that turns the writing round, is shown as a mark."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text[:longest])
