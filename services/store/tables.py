"""All tables. Plain SQL types, so that another database than SQLite takes them too."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Of all tables here."""


class Progress(Base):
    """Up to where a source has been taken, by its parts, and the dispatch's state after it: written together."""

    __tablename__ = "progress"

    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    positions: Mapped[str] = mapped_column(Text)
    now: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[bytes] = mapped_column(LargeBinary)


class DecisionRow(Base):
    """One decision, for `headworks why`. `number` is the dispatch's own: it never comes twice."""

    __tablename__ = "decisions"
    __table_args__ = (Index("decisions_occurrence", "occurrence"), Index("decisions_problem", "problem"))

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    time: Mapped[int] = mapped_column(BigInteger)
    problem: Mapped[str] = mapped_column(String(500))
    occurrence: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(20))
    why: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)


class Outgoing(Base):
    """A message that is to go, by the name of its page. `tries`: begun, whether or not their end is known."""

    __tablename__ = "outgoing"

    page: Mapped[str] = mapped_column(String(700), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[int] = mapped_column(BigInteger, default=0)
    body: Mapped[str] = mapped_column(Text)


class User(Base):
    """Somebody who may sign in. `password`: argon2's own form; empty: tokens only."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    shown: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    password: Mapped[str] = mapped_column(String(300))
    active: Mapped[bool] = mapped_column(Boolean)
    created: Mapped[int] = mapped_column(BigInteger)


class TokenRow(Base):
    """A token of a user: what it opens is known, itself is not."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name"))
    label: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    created: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """One thing that somebody did or tried: who, from where, what, and how it ended."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    time: Mapped[int] = mapped_column(BigInteger)
    user: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(String(500))
    outcome: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(String(500))
