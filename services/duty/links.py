"""Links in pages: signed, so that nobody makes one up; expiring; and used once, whichever message they came in.

A link opens one thing: that its person takes its problem on. Its key is the installation's own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from services.core.clock import SECOND, iso
from services.core.errors import HeadworksError
from services.duty import wishes
from services.store.database import Database, StoreError
from services.store.tables import SecretRow, UsedLink

#: The key's name among the installation's secrets, and what its signatures are for.
_KEY, _SALT = "links", "headworks.page"

#: No token is longer: a page's name is at most 700 characters.
LONGEST = 1500


class WrongLink(HeadworksError):
    """Nobody here made it, or it has been altered."""


class UsedUp(HeadworksError):
    """It has been used. `at`: when (ns)."""

    def __init__(self, at: int) -> None:
        super().__init__(f"this link was used at {iso(at)}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says. round: of the problem's paging.  language: the person's.  expires: ns."""

    page: str
    round: int
    person: str
    language: str
    expires: int

    @property
    def problem(self) -> str:
        """The problem that the page was of."""
        return self.page.rpartition("#")[0]

    @property
    def digest(self) -> str:
        """Names what can be done once: a message that went out twice has two tokens and one digest."""
        return hashlib.sha256(f"{self.page} {self.person}".encode()).hexdigest()


class Links:
    """Of one installation. `now` gives ns UTC of the machine's clock: a link's life is not an event's.

    Every method raises StoreError when the database fails.
    """

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database, self.now = database, now
        self._known: URLSafeSerializer | None = None

    def token(self, page: str, round: int, person: str, language: str, lasts: int) -> str:
        """For an address: opens for `lasts` ns from now on."""
        expires = (self.now() + lasts) // SECOND
        return str(self._signer().dumps([page, round, person, language, expires]))

    def read(self, token: str) -> Link:
        """What it says; whether it has expired or was used is for the caller to look at. WrongLink."""
        try:
            if len(token) > LONGEST:
                raise WrongLink("this is no link of ours")
            page, turn, person, language, expires = self._signer().loads(token)
            return Link(str(page), int(turn), str(person), str(language), int(expires) * SECOND)
        except (BadData, ValueError, TypeError):
            raise WrongLink("this is no link of ours") from None

    def used(self, link: Link) -> int:
        """When it was used (ns); 0: it was not."""
        with self._database.reading() as session:
            row = session.get(UsedLink, link.digest)
            return 0 if row is None else row.time

    def use(self, link: Link, wish: wishes.Wish) -> None:
        """It is used up, and the wish asked: both or neither. UsedUp when somebody was faster."""
        now = self.now()
        try:
            with self._database.writing() as session:
                row = session.get(UsedLink, link.digest)
                if row is not None:
                    raise UsedUp(row.time)
                session.add(UsedLink(digest=link.digest, time=now, page=link.page[:700]))
                wishes.add(session, wish)
        except StoreError:
            if at := self.used(link):  # two at the same moment: the database lets one
                raise UsedUp(at) from None
            raise

    def _signer(self) -> URLSafeSerializer:
        if self._known is None:
            options = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
            self._known = URLSafeSerializer(self._key(), salt=_SALT, signer_kwargs=options)
        return self._known

    def _key(self) -> str:
        """Made by whoever comes first; two processes that start at once end with the same one."""
        try:
            with self._database.writing() as session:
                if session.get(SecretRow, _KEY) is None:
                    session.add(SecretRow(name=_KEY, value=secrets.token_urlsafe(32), created=self.now()))
        except StoreError:
            pass  # the other one was faster, or the database is away: the reading says which
        with self._database.reading() as session:
            row = session.get(SecretRow, _KEY)
            if row is None:
                raise StoreError("the key of the links cannot be made: the database of people takes nothing")
            return row.value
