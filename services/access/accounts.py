"""Users, their passwords and tokens, and the audit of what they do, in the database of people."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import delete, select, update

from services.access.audit import Act, Audit
from services.access.guesses import Guesses, TooOften
from services.access.roles import Role
from services.access.throttle import Throttle
from services.core.clock import DAY, iso
from services.core.errors import HeadworksError
from services.store.database import Database
from services.store.tables import SessionRow, TokenRow, User

#: A password shorter than this is refused; NIST SP 800-63B asks for 8 at least, and for no rules of composition.
SHORTEST, LONGEST_PASSWORD = 10, 256

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TOKEN = re.compile(r"hw_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


class AccessError(HeadworksError):
    """Something about users that a person can mend; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has shown who they are."""

    name: str
    shown: str
    role: Role


class Accounts:
    """Of one database. `now` gives ns UTC; `seconds` a clock that never goes back.

    `hasher`: argon2 with its own defaults, RFC 9106's choice for a server with little memory.
    """

    def __init__(
        self, database: Database, now: Callable[[], int], seconds: Callable[[], float],
        hasher: PasswordHasher | None = None,
    ) -> None:  # fmt: skip
        self._database, self._now = database, now
        self.book = Audit(database, now)
        self._guesses, self._throttle = Guesses(seconds, self.book.came_in), Throttle(seconds)
        self._hasher = hasher or PasswordHasher()
        #: Checked where there is no such user, so that the time of an answer does not say who exists.
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def now(self) -> int:
        """ns UTC, of the wall: the audit's time."""
        return self._now()

    # -- users

    def add(self, name: str, role: Role, shown: str = "", password: str = "") -> None:
        """A new user; without a password only tokens open. AccessError for a name or password that will not do."""
        if not _NAME.fullmatch(name):
            raise AccessError(f"user {name!r}: must be up to 64 of a-z, 0-9, . _ -, and begin with a letter or digit")
        hashed = self._hash(password) if password else ""
        with self._database.writing() as session:
            if session.get(User, name) is not None:
                raise AccessError(f"user {name}: exists already")
            session.add(User(
                name=name, shown=(shown or name)[:200], role=role.value, password=hashed, active=True,
                created=self._now(),
            ))  # fmt: skip

    def change(
        self, name: str, *, role: Role | None = None, password: str | None = None, active: bool | None = None
    ) -> None:
        """What is given is changed, and the user signed out everywhere. The last active administrator stays one:
        AccessError.
        """
        hashed = None if password is None else self._hash(password)
        with self._database.writing() as session:
            user = session.get(User, name)
            if user is None:
                raise AccessError(f"user {name}: there is none of that name")
            loses = active is False or (role is not None and role is not Role.ADMINISTRATOR)
            if loses and user.active and user.role == Role.ADMINISTRATOR.value:
                others = select(User).where(User.role == user.role, User.active.is_(True), User.name != name)
                if session.scalars(others).first() is None:
                    raise AccessError(f"user {name}: is the last administrator")
            user.role = role.value if role is not None else user.role
            user.active = active if active is not None else user.active
            user.password = hashed if hashed is not None else user.password
            # In the same breath: nobody stays in with a password, a role or an account that is no more.
            session.execute(delete(SessionRow).where(SessionRow.user == name))

    def change_own_password(self, name: str, old: str, new: str, address: str) -> bool:
        """The user's own change; False when the old one is wrong, which counts as a guess. Signs out everywhere.

        AccessError for a new one that will not do, TooOften after many wrong guesses.
        """
        hashed = self._hash(new)
        if self._shown(name, old, address, "change password") is None:
            return False
        with self._database.writing() as session:
            session.execute(update(User).where(User.name == name).values(password=hashed))
            session.execute(delete(SessionRow).where(SessionRow.user == name))
        return True

    def users(self) -> list[tuple[Identity, bool]]:
        """Everybody, by name, and whether they may sign in."""
        with self._database.reading() as session:
            rows = session.scalars(select(User).order_by(User.name))
            return [(Identity(row.name, row.shown, Role(row.role)), row.active) for row in rows]

    def any(self) -> bool:
        """Whether anybody has an account, active or not."""
        with self._database.reading() as session:
            return session.scalars(select(User.name).limit(1)).first() is not None

    # -- showing who one is

    def sign_in(self, name: str, password: str, address: str) -> Identity | None:
        """Who it is; None when name and password do not fit, whichever it was. TooOften after many wrong guesses."""
        return self._shown(name, password, address, "sign in")

    def _shown(self, name: str, password: str, address: str, action: str) -> Identity | None:
        with self._database.reading() as session:
            user = session.get(User, name) if _NAME.fullmatch(name) else None
            usable = user is not None and user.active and bool(user.password)
            stored = user.password if user is not None and usable else self._nobody
            identity = Identity(user.name, user.shown, Role(user.role)) if user is not None else None
        written = name if _NAME.fullmatch(name) else "?"  # else it may be a password in the wrong field
        # What is no name is nobody's, and makes nobody wait elsewhere.
        with self._guesses.guess(written if written == name else f"? {address}", address) as right:
            fits = len(password) <= LONGEST_PASSWORD and self._verified(stored, password) and usable
            if fits:
                right()
        self.record(written, address, action, "", "done" if fits else "refused", "")
        return identity if fits else None

    def new_token(self, user: str, label: str, days: int) -> str:
        """A token for programs, shown once. AccessError for nobody, or for days out of 1..400."""
        if not 1 <= days <= 400:
            raise AccessError(f"token: {days} days: must be between 1 and 400")
        name, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        with self._database.writing() as session:
            if session.get(User, user) is None:
                raise AccessError(f"user {user}: there is none of that name")
            session.add(TokenRow(
                id=name, user=user, label=label[:200], digest=_digest(secret), created=self._now(),
                expires=self._now() + days * DAY,
            ))  # fmt: skip
        return f"hw_{name}_{secret}"

    def tokens(self, user: str) -> list[tuple[str, str, str]]:
        """(id, label, expiry as ISO 8601) of a user's tokens; never the token itself."""
        with self._database.reading() as session:
            rows = session.scalars(select(TokenRow).where(TokenRow.user == user).order_by(TokenRow.created))
            return [(row.id, row.label, iso(row.expires)) for row in rows]

    def revoke(self, token_id: str) -> None:
        """It opens nothing any more. AccessError when there is none."""
        with self._database.writing() as session:
            row = session.get(TokenRow, token_id)
            if row is None:
                raise AccessError(f"token {token_id[:16]!r}: there is none of that id")
            session.delete(row)

    def by_token(self, token: str, address: str) -> Identity | None:
        """Whose token it is; None when it opens nothing (any more). TooOften after many wrong guesses.

        A right one opens however many wrong ones came from the same address: behind a proxy, or on one machine, that
        is everybody's, and a program with an old token must not keep an operator from an alarm.
        """
        match = _TOKEN.fullmatch(token)
        with self._database.reading() as session:
            row = session.get(TokenRow, match[1]) if match else None
            user = session.get(User, row.user) if row is not None else None
            fits = match is not None and row is not None and hmac.compare_digest(row.digest, _digest(match[2]))
            if fits and row is not None and user is not None and user.active and row.expires > self._now():
                return Identity(user.name, user.shown, Role(user.role))
        mark = f"token from {address}"
        if (wait := self._throttle.wait(mark)) > 0:
            raise TooOften(wait)
        self._throttle.wrong(mark)
        return None

    # -- what was done

    def record(self, user: str, address: str, action: str, target: str, outcome: str, detail: str) -> None:
        """A line of the audit, durable when this returns."""
        self.book.record(user, address, action, target, outcome, detail)

    def audit(self, limit: int = 100, before: int = 2**62) -> Sequence[Act]:
        """The newest lines of the audit up to `before` (ns), newest first."""
        return self.book.lines(limit, before)

    def _hash(self, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST_PASSWORD:
            raise AccessError(f"password: {len(password)} characters: must be {SHORTEST} to {LONGEST_PASSWORD}")
        try:
            return self._hasher.hash(password)
        except UnicodeEncodeError:
            raise AccessError("password: has a character that is no character") from None

    def _verified(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, InvalidHashError, UnicodeEncodeError):
            return False


def _digest(secret: str) -> str:
    """Of 256 random bits a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
