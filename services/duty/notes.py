"""What a leaving shift writes for the next, with the lists that it handed over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from services.store.database import Database
from services.store.tables import ShiftNote

#: Characters of a note.
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Note:
    """time: the run's clock, ns.  lists: by the name of a list, the alarms, incidents or stations that were on it."""

    time: int
    user: str
    text: str
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    number: int = 0


class Notes:
    """Of one database. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, note: Note) -> int:
        """Durable when it returns; its number."""
        lists = json.dumps({name: list(found) for name, found in note.lists.items()}, ensure_ascii=False)
        with self._database.writing() as session:
            row = ShiftNote(time=note.time, user=note.user[:64], text=note.text[:LONGEST], lists=lists)
            session.add(row)
            session.flush()
            return row.number

    def newest(self, limit: int = 10) -> list[Note]:
        """The newest notes, newest first."""
        wanted = select(ShiftNote).order_by(ShiftNote.number.desc()).limit(limit)
        with self._database.reading() as session:
            return [
                Note(row.time, row.user, row.text, json.loads(row.lists), row.number) for row in session.scalars(wanted)
            ]
