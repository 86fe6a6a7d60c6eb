"""Who is signed in at a browser: a random name in a cookie, of which the database knows only the digest.

Limits as OWASP's session management cheat sheet advises for a shared control room: a shift's length in all, and an
end when nobody has looked for some hours. A viewer can do nothing, so a wall display is signed in as one and stays for
a month. A page that is open looks.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select

from services.access.accounts import Identity
from services.access.roles import Role
from services.core.clock import DAY, HOUR, MINUTE
from services.store.database import Database
from services.store.tables import SessionRow, User

#: A session ends after a shift and its handover, and when nothing was asked of it for so long (ns).
LONGEST, IDLE = 14 * HOUR, 4 * HOUR

#: The same of a viewer's, such as a wall display that is dark over a weekend.
LONGEST_VIEWER, IDLE_VIEWER = 30 * DAY, 4 * DAY

#: When it was last seen is written down this seldom (ns): a page asks every second.
_SEEN_EVERY = 5 * MINUTE

_NAME = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody at a browser. digest: what the database calls it; never the cookie itself."""

    digest: str
    user: Identity


@dataclass(frozen=True, slots=True)
class Open:
    """A session as its owner sees it: since when, last seen (ns), from where."""

    digest: str
    address: str
    created: int
    seen: int


def limits(role: Role) -> tuple[int, int]:
    """(longest, idle), ns, of a role's sessions."""
    return (LONGEST_VIEWER, IDLE_VIEWER) if role is Role.VIEWER else (LONGEST, IDLE)


class Sessions:
    """Of one database; `now` gives ns UTC. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database, self._now = database, now

    def begin(self, user: Identity, address: str) -> str:
        """The cookie's value, told once. What has run out is forgotten on the way."""
        cookie, now = secrets.token_urlsafe(32), self._now()
        with self._database.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires <= now))
            session.add(SessionRow(
                digest=_digest(cookie), user=user.name, address=address[:64], created=now, seen=now,
                expires=now + limits(user.role)[0],
            ))  # fmt: skip
        return cookie

    def of(self, cookie: str) -> Session | None:
        """Whose cookie it is; None when it opens nothing (any more)."""
        return self.known(_digest(cookie)) if _NAME.fullmatch(cookie) else None

    def known(self, digest: str, *, look: bool = True) -> Session | None:
        """The session of that digest, if it still is one: neither ended nor idle, its user active.

        look: somebody is there, so it is not idle.
        """
        now = self._now()
        with self._database.reading() as session:
            row = session.get(SessionRow, digest)
            user = session.get(User, row.user) if row is not None else None
            if row is None or user is None or not user.active:
                return None
            # By the role of now, so that a viewer who was made an operator has no operator's session for a month.
            longest, idle = limits(Role(user.role))
            if min(row.expires, row.created + longest) <= now or row.seen + idle <= now:
                return None
            found = Session(digest, Identity(user.name, user.shown, Role(user.role)))
            late = look and now - row.seen >= _SEEN_EVERY
        if late:
            with self._database.writing() as session:
                row = session.get(SessionRow, digest)
                if row is not None:
                    row.seen = now
        return found

    def open(self, user: str) -> list[Open]:
        """Where the user is signed in, the newest first."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(SessionRow).where(SessionRow.user == user).order_by(SessionRow.created.desc())
            ).all()
            found = [Open(row.digest, row.address, row.created, row.seen) for row in rows]
        return [one for one in found if self.known(one.digest, look=False) is not None]

    def end(self, cookie: str) -> None:
        """It opens nothing any more."""
        with self._database.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.digest == _digest(cookie)))

    def end_of(self, user: str, digest: str = "") -> int:
        """The user's session of that digest ends, or all of theirs; how many ended."""
        wanted = delete(SessionRow).where(SessionRow.user == user)
        wanted = wanted.where(SessionRow.digest == digest) if digest else wanted
        with self._database.writing() as session:
            ended = session.execute(wanted.returning(SessionRow.digest)).all()
        return len(ended)


def _digest(secret: str) -> str:
    """Of 256 random bits a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
