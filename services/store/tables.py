"""All tables. Plain SQL types, so that another database than SQLite takes them too."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Of all tables here."""


class Progress(Base):
    """Up to where a source has been taken, by its parts, and the dispatch's state after it: written together.

    seen: when the paging service last was alive, by the machine's clock (ns); 0: it never said.  owner: which one it
    is; "": none.
    """

    __tablename__ = "progress"

    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    positions: Mapped[str] = mapped_column(Text)
    now: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[bytes] = mapped_column(LargeBinary)
    seen: Mapped[int] = mapped_column(BigInteger, default=0)
    owner: Mapped[str] = mapped_column(String(100), default="")


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


class SessionRow(Base):
    """Somebody who is signed in at a browser: what the cookie opens is known, itself is not. Times in ns."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name"))
    address: Mapped[str] = mapped_column(String(64))
    created: Mapped[int] = mapped_column(BigInteger)
    seen: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int] = mapped_column(BigInteger)


class SecretRow(Base):
    """A key that this installation made for itself, such as the one that signs the links in pages."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
    created: Mapped[int] = mapped_column(BigInteger)


class UsedLink(Base):
    """A link of a page that has been used: when, and for what."""

    __tablename__ = "used_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    time: Mapped[int] = mapped_column(BigInteger)
    page: Mapped[str] = mapped_column(String(700))


class WishRow(Base):
    """What somebody asks of paging. taken: when paging took it (ns), 0: it waits."""

    __tablename__ = "wishes"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(100), unique=True)
    time: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    taken: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(200))


class OncallRules(Base):
    """A version of rosters, policies and channels; the newest is in force. body: JSON, without secrets."""

    __tablename__ = "oncall_rules"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    version: Mapped[str] = mapped_column(String(64))
    time: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)


class DutyChange(Base):
    """Somebody takes a roster's duty from start to end (ns), whatever its turns say. withdrawn: when, 0: it holds."""

    __tablename__ = "duty_changes"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    roster: Mapped[str] = mapped_column(String(64))
    person: Mapped[str] = mapped_column(String(64))
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String(64))
    why: Mapped[str] = mapped_column(String(500))
    withdrawn: Mapped[int] = mapped_column(BigInteger)


class Responsible(Base):
    """Who answers for a site in the control room now. A site without a row is nobody's, and is shown to be."""

    __tablename__ = "responsible"

    site: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    since: Mapped[int] = mapped_column(BigInteger)


class HandoverRow(Base):
    """An offer to hand sites over. ended: when it was accepted, declined or withdrawn (ns), 0: it is open."""

    __tablename__ = "handovers"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    time: Mapped[int] = mapped_column(BigInteger)
    giver: Mapped[str] = mapped_column(String(64))
    taker: Mapped[str] = mapped_column(String(64))
    sites: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(20))
    ended: Mapped[int] = mapped_column(BigInteger)


class CommentRow(Base):
    """What somebody wrote about an occurrence."""

    __tablename__ = "comments"
    __table_args__ = (Index("comments_occurrence", "occurrence"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    time: Mapped[int] = mapped_column(BigInteger)
    user: Mapped[str] = mapped_column(String(64))
    occurrence: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)


class StepRow(Base):
    """A step of an incident's playbook that somebody ticked as done, or took back. The newest of a step is in force.

    place: which of its phase's steps, from 0.  text: the step as it was read then.  time: the run's clock, ns.
    """

    __tablename__ = "incident_steps"
    __table_args__ = (Index("incident_steps_incident", "incident"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    incident: Mapped[str] = mapped_column(String(300))
    phase: Mapped[str] = mapped_column(String(64))
    place: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(String(1000))
    done: Mapped[bool] = mapped_column(Boolean)
    time: Mapped[int] = mapped_column(BigInteger)
    user: Mapped[str] = mapped_column(String(64))


class ShiftNote(Base):
    """What a leaving shift wrote for the next. time: the run's clock, ns.  lists: JSON, what was handed over then."""

    __tablename__ = "shift_notes"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    time: Mapped[int] = mapped_column(BigInteger)
    user: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    lists: Mapped[str] = mapped_column(Text)


class WorkWindow(Base):
    """Planned work on a site, station or point from start to end (ns).

    state: see services/duty/work.py.  command: what began it in the log, and what prolonged it, separated by spaces.
    """

    __tablename__ = "work_windows"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    target: Mapped[str] = mapped_column(String(400))
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String(64))
    why: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(20))
    command: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(500))
