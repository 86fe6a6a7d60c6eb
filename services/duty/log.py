"""The notification log: events taken, decisions made and messages to send, in one transaction each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from services.alerts.oncall.decisions import Decision, Kind, Why
from services.duty import wishes
from services.duty.lease import Lease
from services.store.database import Database
from services.store.tables import DecisionRow, Outgoing, Progress

#: Under which the place in a data folder's log is kept.
FOLDER = "log"


class Store:
    """One process writes it at a time, its lease sees to that; several may read.

    Every method raises StoreError when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        #: Of whoever pages by it: what is written for paging is written only while it holds.
        self.lease: Lease | None = None

    def progress(self, source: str) -> tuple[dict[str, int], int, dict[str, Any]] | None:
        """(positions by part, now in ns, the dispatch's state) as last written for `source`; None when it is new."""
        with self._database.reading() as session:
            row = session.get(Progress, source)
            return None if row is None else (json.loads(row.positions), row.now, json.loads(row.state))

    def advance(
        self, source: str, positions: Mapping[str, int], now: int, state: dict[str, Any],
        decisions: Sequence[Decision], done: Iterable[str] = (), wished: Iterable[tuple[int, str]] = (),
    ) -> None:  # fmt: skip
        """All of a step at once: where the source is, the state, what was decided, which pages are `done`, and which
        wishes, by number, were taken with what outcome.
        """
        packed = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
        with self._paging() as session:
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
            for number, outcome in wished:
                wishes.take(session, number, now, outcome)

    def forget(self, source: str) -> None:
        """The source was started over: where it was, what was decided and what was to go are of what is gone.

        People, rules, swaps and who answers for what stay.
        """
        with self._database.writing() as session:
            for table in (Outgoing, DecisionRow):
                session.execute(delete(table))
            session.execute(delete(Progress).where(Progress.source == source))

    def outgoing(self, now: int, limit: int = 100) -> list[tuple[str, int, Decision]]:
        """(page, tries begun, decision) of the messages that may go at `now` (ns), oldest first."""
        wanted = select(Outgoing).where(Outgoing.not_before <= now).order_by(Outgoing.number).limit(limit)
        with self._database.reading() as session:
            return [(row.page, row.tries, decision_of(row.body)) for row in session.scalars(wanted)]

    def begun(self, page: str, not_before: int) -> None:
        """A try of `page` begins; should its end never be known, it is tried again at `not_before` (ns)."""
        with self._paging() as session:
            row = session.get(Outgoing, page)
            if row is not None:
                row.tries, row.not_before = row.tries + 1, not_before

    def again(self, page: str, not_before: int) -> None:
        """The try of `page` failed: the next one may begin at `not_before` (ns)."""
        with self._database.writing() as session:
            row = session.get(Outgoing, page)
            if row is not None:
                row.not_before = not_before

    @contextmanager
    def _paging(self) -> Iterator[Session]:
        """A transaction of the service that pages: Superseded when another one does."""
        with self._database.writing() as session:
            if self.lease is not None:
                self.lease.hold(session)
            yield session

    def decisions(self, name: str) -> list[Decision]:
        """Everything that was decided on an occurrence, an incident or a problem, and on the problem that it is in."""
        with self._database.reading() as session:
            mine = or_(DecisionRow.occurrence == name, DecisionRow.problem == name)
            problems = set(session.scalars(select(DecisionRow.problem).where(mine)))
            wanted = or_(mine, DecisionRow.problem.in_(sorted(problems - {""})))
            rows = session.scalars(select(DecisionRow).where(wanted).order_by(DecisionRow.number))
            return [decision_of(row.body) for row in rows]


def decision_of(body: str) -> Decision:
    """The decision as it was stored."""
    data = json.loads(body)
    return Decision(**(data | {"kind": Kind(data["kind"]), "why": Why(data["why"])}))
