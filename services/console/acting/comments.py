"""What people write about an alarm's occurrence: kept beside the journal, for the next shift to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from services.access.accounts import Identity
from services.access.roles import NEEDS, may
from services.console.acting.acts import Desk, Forbidden
from services.core.errors import HeadworksError
from services.store.database import Database
from services.store.tables import CommentRow

#: Characters of a comment, and comments of one occurrence that are shown.
LONGEST, SHOWN = 1000, 200

#: Occurrences that one statement may ask for; databases bound the number of its parameters.
_TOGETHER = 200


class BadComment(HeadworksError):
    """A comment that is empty or too long; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Comment:
    """time: of the run's clock, ns.  user: the name of whoever wrote it."""

    number: int
    time: int
    user: str
    occurrence: str
    text: str


class Comments:
    """Of one database. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, occurrences: Sequence[str], user: str, text: str, time: int) -> None:
        """The same text for each, all or none."""
        with self._database.writing() as session:
            for occurrence in dict.fromkeys(occurrences):
                session.add(CommentRow(time=time, user=user[:64], occurrence=occurrence[:500], text=text))

    def of(self, occurrence: str) -> list[Comment]:
        """The newest SHOWN of an occurrence, the oldest of them first."""
        wanted = select(CommentRow).where(CommentRow.occurrence == occurrence)
        with self._database.reading() as session:
            rows = session.scalars(wanted.order_by(CommentRow.number.desc()).limit(SHOWN))
            found = [Comment(row.number, row.time, row.user, row.occurrence, row.text) for row in rows]
        return found[::-1]

    def counts(self, occurrences: Sequence[str]) -> dict[str, int]:
        """How many there are of each; those without any are left out."""
        found: dict[str, int] = {}
        with self._database.reading() as session:
            for start in range(0, len(occurrences), _TOGETHER):
                some = occurrences[start : start + _TOGETHER]
                counted = select(CommentRow.occurrence, func.count()).where(CommentRow.occurrence.in_(some))
                for occurrence, number in session.execute(counted.group_by(CommentRow.occurrence)):
                    found[occurrence] = number
        return found


def write(
    desk: Desk, comments: Comments, user: Identity, address: str, occurrences: Sequence[str], text: str
) -> None:  # fmt: skip
    """A person's comment on one or many, each in the audit. Forbidden, BadComment: nothing was kept. StoreError."""
    said = "".join(c for c in text if c.isprintable() or c == "\n").strip()
    if not may(user.role, "comment"):
        desk.accounts.record(user.name, address, "comment", ", ".join(occurrences), "forbidden", "")
        raise Forbidden(f"comment: needs the role {NEEDS['comment'].value}, this is {user.role.value}")
    if not 1 <= len(said) <= LONGEST:
        raise BadComment(f"comment: {len(said)} characters: must be 1 to {LONGEST}")
    comments.add(occurrences, user.name, said, desk.now())
    for occurrence in dict.fromkeys(occurrences):
        desk.accounts.record(user.name, address, "comment", occurrence, "done", said[:200])
