"""What people write down beside the alarms: playbook steps done, notes of a shift.

One way for pages and programs alike: each asks for the role and leaves a line in the audit, whatever came of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.access.accounts import Accounts, Identity
from services.access.audit import plain
from services.access.roles import NEEDS, may
from services.console.acting.acts import Forbidden
from services.core.errors import HeadworksError
from services.duty.notes import LONGEST, Note, Notes
from services.duty.steps import Steps, Tick
from services.store.database import Database


class Empty(HeadworksError):
    """There is nothing in it, or too much."""


class Logbook:
    """Of one console. Forbidden, Empty: nothing was written. StoreError: the database fails."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._accounts = accounts
        self._steps, self._notes = Steps(database), Notes(database)

    # -- reading

    def ticks(self, incident: str) -> list[Tick]:
        """All ticks of an incident, the first first."""
        return self._steps.of(incident)

    def notes(self, limit: int = 10) -> list[Note]:
        """The newest notes, newest first."""
        return self._notes.newest(limit)

    # -- writing

    def tick(self, user: Identity, address: str, tick: Tick) -> bool:
        """See Steps.tick; whose it is and what is kept of its text are set here."""
        target = f"{tick.incident} {tick.phase} {tick.place + 1}"
        self._must(user, address, "step", target)
        changed = self._steps.tick(Tick(
            tick.incident, tick.phase, tick.place, plain(tick.text, 1000), tick.done, tick.time, user.name
        ))  # fmt: skip
        outcome = "done" if changed else "as it was"
        self._accounts.record(user.name, address, "step", target, outcome, "ticked" if tick.done else "taken back")
        return changed

    def note(
        self, user: Identity, address: str, text: str, now: int, lists: Mapping[str, Sequence[str]]
    ) -> Note:  # fmt: skip
        """A note of the leaving shift with the lists that it hands over."""
        self._must(user, address, "shift_note", "handover")
        note = Note(now, user.name, _written(text, LONGEST), lists)
        self._notes.write(note)
        self._accounts.record(user.name, address, "shift_note", "handover", "done", note.text)
        return note

    def _must(self, user: Identity, address: str, act: str, target: str) -> None:
        if not may(user.role, act):
            self._accounts.record(user.name, address, act, target, "forbidden", "")
            raise Forbidden(f"{act}: needs the role {NEEDS[act].value}, this is {user.role.value}")


def _written(text: str, longest: int) -> str:
    """The text as it is kept: its lines, without what cannot be shown."""
    lines = [plain(line.strip(), longest) for line in text.strip().splitlines()]
    said = "\n".join(lines).strip()
    if not said or len(said) > longest:
        raise Empty(f"text: must have 1 to {longest} characters, has {len(said)}")
    return said
