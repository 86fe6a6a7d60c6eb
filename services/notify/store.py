"""The notification log: events taken, decisions made and messages to send, in one transaction each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, delete, event, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.alerts.oncall.decisions import Decision, Kind, Why
from services.core.errors import HeadworksError
from services.notify.tables import DecisionRow, Outgoing, Progress

_MIGRATIONS = Path(__file__).parent / "migrations"


class StoreError(HeadworksError):
    """The notification log cannot be read or written. Retry when the disk or the database is back."""


class Store:
    """One process writes it at a time; several may read."""

    def __init__(self, engine: Engine) -> None:
        """Not for callers: use `open`."""
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Store:
        """The log behind an SQLAlchemy `url`, made or brought to the present tables. StoreError when it cannot be."""
        try:
            engine = create_engine(url)
            if engine.dialect.name == "sqlite":
                event.listen(engine, "connect", _durable)
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise _explained(error) from None
        return cls(engine)

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def progress(self, source: str) -> tuple[dict[str, int], int, dict[str, Any]] | None:
        """(positions by part, now in ns, the dispatch's state) as last written for `source`; None when it is new."""
        try:
            with Session(self._engine) as session:
                row = session.get(Progress, source)
                return None if row is None else (json.loads(row.positions), row.now, json.loads(row.state))
        except SQLAlchemyError as error:
            raise _explained(error) from None

    def advance(
        self,
        source: str,
        positions: Mapping[str, int],
        now: int,
        state: dict[str, Any],
        decisions: Sequence[Decision],
        done: Iterable[str] = (),
    ) -> None:
        """All of a step at once: where the source is, the state, what was decided, and which pages are `done`."""
        packed = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            with Session(self._engine) as session, session.begin():
                session.merge(Progress(source=source, positions=json.dumps(dict(positions)), now=now, state=packed))
                for one in decisions:
                    body = json.dumps(asdict(one), ensure_ascii=False)
                    session.merge(DecisionRow(
                        number=one.number, time=one.time, problem=one.problem, occurrence=one.occurrence,
                        kind=one.kind.value, why=one.why.value, body=body,
                    ))  # fmt: skip
                    if one.kind in (Kind.PAGE, Kind.DIGEST):
                        page = one.page or f"digest {one.time} {one.person}"
                        session.merge(Outgoing(page=page, number=one.number, tries=0, not_before=0, body=body))
                finished = list(done)
                if finished:
                    session.execute(delete(Outgoing).where(Outgoing.page.in_(finished)))
        except SQLAlchemyError as error:
            raise _explained(error) from None

    def outgoing(self, now: int, limit: int = 100) -> list[tuple[str, int, Decision]]:
        """(page, tries begun, decision) of the messages that may go at `now` (ns), oldest first."""
        try:
            with Session(self._engine) as session:
                rows = session.scalars(
                    select(Outgoing).where(Outgoing.not_before <= now).order_by(Outgoing.number).limit(limit)
                )
                return [(row.page, row.tries, decision_of(row.body)) for row in rows]
        except SQLAlchemyError as error:
            raise _explained(error) from None

    def begun(self, page: str, not_before: int) -> None:
        """A try of `page` begins; should its end never be known, it is tried again at `not_before` (ns)."""
        try:
            with Session(self._engine) as session, session.begin():
                row = session.get(Outgoing, page)
                if row is not None:
                    row.tries, row.not_before = row.tries + 1, not_before
        except SQLAlchemyError as error:
            raise _explained(error) from None

    def again(self, page: str, not_before: int) -> None:
        """The try of `page` failed: the next one may begin at `not_before` (ns)."""
        try:
            with Session(self._engine) as session, session.begin():
                row = session.get(Outgoing, page)
                if row is not None:
                    row.not_before = not_before
        except SQLAlchemyError as error:
            raise _explained(error) from None

    def decisions(self, name: str) -> list[Decision]:
        """Everything that was decided on an occurrence, an incident or a problem, and on the problem that it is in."""
        try:
            with Session(self._engine) as session:
                mine = or_(DecisionRow.occurrence == name, DecisionRow.problem == name)
                problems = set(session.scalars(select(DecisionRow.problem).where(mine)))
                wanted = or_(mine, DecisionRow.problem.in_(sorted(problems - {""})))
                rows = session.scalars(select(DecisionRow).where(wanted).order_by(DecisionRow.number))
                return [decision_of(row.body) for row in rows]
        except SQLAlchemyError as error:
            raise _explained(error) from None


def decision_of(body: str) -> Decision:
    """The decision as it was stored."""
    data = json.loads(body)
    return Decision(**(data | {"kind": Kind(data["kind"]), "why": Why(data["why"])}))


def _durable(connection: Any, _record: Any) -> None:
    """What a page's fate rests on is on the disk before anybody is called."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _explained(error: SQLAlchemyError) -> StoreError:
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    return StoreError(f"the notification log cannot be used ({cause}): check its place, its rights and the space there")
