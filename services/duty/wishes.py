"""What people ask of paging: an answer to a problem, a silence, its end. Asked here, taken by the paging service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.store.database import Database
from services.store.tables import WishRow

#: What an outcome begins with.
DONE, REFUSED = "done", "refused: "

Kind = Literal["answer", "silence", "unsilence"]


@dataclass(frozen=True, slots=True)
class Wish:
    """id: whoever asks names it, so that asking twice is asking once.  time: ns.  body by kind:

    answer: {problem}, and as far as known {round, weight} as they were when the person looked, {how}: by what way.
    silence: {prefix, until (ns of paging's clock), why, critical}; its id is the wish's.  unsilence: {silence}.
    """

    id: str
    time: int
    who: str
    kind: Kind
    body: Mapping[str, Any]


class Wishes:
    """Of one database. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, wish: Wish) -> None:
        """Durable when it returns; one whose id was asked before changes nothing."""
        with self._database.writing() as session:
            add(session, wish)

    def waiting(self, limit: int = 100) -> list[tuple[int, Wish]]:
        """(number, wish) of those that were not taken yet, in the order in which they were asked."""
        wanted = select(WishRow).where(WishRow.taken == 0).order_by(WishRow.number).limit(limit)
        with self._database.reading() as session:
            return [(row.number, _wish(row)) for row in session.scalars(wanted)]

    def outcome(self, wish: str) -> str | None:
        """What became of it: "" while it waits; None when nobody asked it."""
        with self._database.reading() as session:
            return session.scalars(select(WishRow.outcome).where(WishRow.id == wish)).first()


def add(session: Session, wish: Wish) -> None:
    """Asks within a transaction of the caller's."""
    if session.scalars(select(WishRow).where(WishRow.id == wish.id)).first() is None:
        session.add(WishRow(
            id=wish.id, time=wish.time, who=wish.who[:64], kind=wish.kind,
            body=json.dumps(dict(wish.body), ensure_ascii=False), taken=0, outcome="",
        ))  # fmt: skip


def take(session: Session, number: int, now: int, outcome: str) -> None:
    """Marks a wish as taken at `now` (ns), in the transaction that holds what came of it: DONE or REFUSED and why."""
    row = session.get(WishRow, number)
    if row is not None:
        row.taken, row.outcome = max(now, 1), outcome[:200]


def _wish(row: WishRow) -> Wish:
    return Wish(row.id, row.time, row.who, row.kind, json.loads(row.body))  # type: ignore[arg-type]
