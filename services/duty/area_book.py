"""The areas of responsibility in the database: each step judged by the rules and written in one transaction.

The rows are written only where they still are what the rules looked at, so that of two who take at once one wins, in
whichever process they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.access.roles import Role, may
from services.duty.areas import Areas, NotDone, Offer
from services.store.database import Database
from services.store.tables import HandoverRow, Responsible, User

_LOST = "somebody else was quicker: look again"


@dataclass(frozen=True, slots=True)
class Book:
    """The areas as they are.  since: when a site's holder took it (ns).  was: of sites that lost their holder, whom.

    able: those who may answer for sites, by their shown names.
    """

    areas: Areas
    since: dict[str, int]
    was: dict[str, str]
    able: dict[str, str]


@dataclass(frozen=True, slots=True)
class Ended:
    """A hand-over that is no longer open."""

    offer: Offer
    outcome: str
    ended: int


class AreaBook:
    """Of one database. StoreError when the database fails; NotDone, with why, when a step cannot be done."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        """`now`: ns UTC, of the wall: responsibility is between people."""
        self._database, self._now = database, now

    def read(self) -> Book:
        """All of it; whoever may not answer for sites any more answers for none."""
        with self._database.reading() as session:
            return _read(session)

    def take(self, who: str, sites: Collection[str]) -> None:
        """What is nobody's becomes theirs."""
        with self._database.writing() as session:
            book = _read(session)
            self._write(session, book, book.areas.taken(who, sites))

    def take_over(self, who: str, sites: Collection[str]) -> dict[str, str]:
        """Theirs, whoever held them; gives who that was, by site."""
        with self._database.writing() as session:
            book = _read(session)
            self._write(session, book, book.areas.taken_over(who, sites), "taken over")
            return {site: book.areas.holders.get(site, "") for site in sites}

    def offer(self, giver: str, taker: str, sites: Collection[str], note: str) -> int:
        """Opens a hand-over; its number."""
        with self._database.writing() as session:
            book = _read(session)
            if taker not in book.able:
                raise NotDone(f"{taker[:64]} cannot answer for sites")
            row = HandoverRow(
                time=self._now(), giver=giver, taker=taker, sites=json.dumps(sorted(set(sites))), note=note[:2000],
                outcome="", ended=0,
            )  # fmt: skip
            book.areas.offered(Offer(0, giver, taker, tuple(sites)))
            session.add(row)
            session.flush()
            return row.number

    def accept(self, number: int, who: str) -> Offer:
        """The sites become theirs."""
        with self._database.writing() as session:
            book = _read(session)
            after = book.areas.accepted(number, who)
            self._write(session, book, after, "accepted")
            return book.areas.offers[number]

    def end(self, number: int, who: str) -> tuple[Offer, str]:
        """The giver withdraws it, or the taker declines; the offer, and which of the two."""
        with self._database.writing() as session:
            book = _read(session)
            after = book.areas.ended(number, who)
            offer = book.areas.offers[number]
            outcome = "withdrawn" if who == offer.giver else "declined"
            self._write(session, book, after, outcome)
            return offer, outcome

    def settle(self) -> list[tuple[str, str]]:
        """Writes down which sites have lost their holder: (site, who it was), each told once."""
        with self._database.writing() as session:
            book = _read(session)
            for site, who in book.was.items():
                session.execute(delete(Responsible).where(Responsible.site == site, Responsible.holder == who))
            stale = select(HandoverRow).where(HandoverRow.ended == 0)
            for row in list(session.scalars(stale)):
                if row.number not in book.areas.offers:
                    row.outcome, row.ended = "void", self._now()
            return sorted(book.was.items())

    def ended(self, limit: int = 20) -> list[Ended]:
        """Hand-overs that are not open any more, the newest first."""
        wanted = select(HandoverRow).where(HandoverRow.ended > 0).order_by(HandoverRow.ended.desc()).limit(limit)
        with self._database.reading() as session:
            return [Ended(_offer(row), row.outcome, row.ended) for row in session.scalars(wanted)]

    def _write(self, session: Session, book: Book, after: Areas, outcome: str = "") -> None:
        for number in book.areas.offers.keys() - after.offers.keys():
            closed = update(HandoverRow).where(HandoverRow.number == number, HandoverRow.ended == 0)
            _one(session.execute(closed.values(outcome=outcome, ended=self._now())))
        for site, who in after.holders.items():
            before = book.areas.holders.get(site) or book.was.get(site)
            if before == who:
                continue
            if before is None:
                session.add(Responsible(site=site, holder=who, since=self._now()))
            else:
                moved = update(Responsible).where(Responsible.site == site, Responsible.holder == before)
                _one(session.execute(moved.values(holder=who, since=self._now())))
        try:
            session.flush()
        except IntegrityError:
            raise NotDone(_LOST) from None


def _one(result: object) -> None:
    if isinstance(result, CursorResult) and result.rowcount != 1:
        raise NotDone(_LOST)


def _read(session: Session) -> Book:
    people = session.scalars(select(User).where(User.active.is_(True)).order_by(User.name))
    able = {row.name: row.shown for row in people if may(Role(row.role), "responsible")}
    rows = list(session.scalars(select(Responsible).order_by(Responsible.site)))
    offers = session.scalars(select(HandoverRow).where(HandoverRow.ended == 0).order_by(HandoverRow.number))
    everybody = Areas({row.site: row.holder for row in rows}, {row.number: _offer(row) for row in offers})
    return Book(
        everybody.among(able),
        {row.site: row.since for row in rows if row.holder in able},
        {row.site: row.holder for row in rows if row.holder not in able},
        able,
    )


def _offer(row: HandoverRow) -> Offer:
    return Offer(row.number, row.giver, row.taker, tuple(json.loads(row.sites)), row.note, row.time)
