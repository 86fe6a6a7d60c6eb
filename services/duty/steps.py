"""Which steps of an incident's playbook are done: who ticked each, when, and who took a tick back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from services.store.database import Database
from services.store.tables import StepRow

#: Ticks of one incident that are read; more than anybody gives.
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Tick:
    """A step done, or taken back. place: which of its phase's steps, from 0.  text: as it was read then.  time: ns."""

    incident: str
    phase: str
    place: int
    text: str
    done: bool
    time: int
    user: str


class Steps:
    """Of one database. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tick(self, tick: Tick) -> bool:
        """Durable when it returns. False: the step stood like that already, by whoever was first."""
        of_step = select(StepRow.done).where(
            StepRow.incident == tick.incident, StepRow.phase == tick.phase, StepRow.place == tick.place
        )
        with self._database.writing() as session:
            known = session.scalars(of_step.order_by(StepRow.number.desc()).limit(1)).first()
            if bool(known) == tick.done:
                return False
            session.add(StepRow(
                incident=tick.incident, phase=tick.phase, place=tick.place, text=tick.text[:1000], done=tick.done,
                time=tick.time, user=tick.user[:64],
            ))  # fmt: skip
            return True

    def of(self, incident: str) -> list[Tick]:
        """All ticks of an incident, the first first."""
        wanted = select(StepRow).where(StepRow.incident == incident).order_by(StepRow.number).limit(MOST)
        with self._database.reading() as session:
            return [
                Tick(row.incident, row.phase, row.place, row.text, row.done, row.time, row.user)
                for row in session.scalars(wanted)
            ]


def in_force(ticks: list[Tick]) -> dict[tuple[str, int], Tick]:
    """By phase and place the tick of each step that is done now."""
    newest = {(tick.phase, tick.place): tick for tick in ticks}
    return {step: tick for step, tick in newest.items() if tick.done}
