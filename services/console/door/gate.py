"""The gate: who looks at a page, in what language, and the way in and out of the console.

While nobody has an account the console may be looked at and not used. From the first account on every page asks who
it is. A page that is open asks again at every act: whoever was signed out meanwhile does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse

from services.access.accounts import Accounts, Identity
from services.access.roles import may
from services.access.sessions import Sessions
from services.console.words import DEFAULT, LANGUAGES

SESSION, LANGUAGE = "headworks_session", "headworks_language"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page. user: None while nobody has an account.  digest: the session's, "" without one."""

    user: Identity | None
    language: str
    address: str
    digest: str = ""

    def may(self, act: str) -> bool:
        """Whether it is worth offering the act; whether it is done is decided anew when it is asked for."""
        return self.user is not None and may(self.user.role, act)


class Gate:
    """Of one console."""

    def __init__(self, accounts: Accounts, sessions: Sessions) -> None:
        self.accounts, self.sessions = accounts, sessions

    def visitor(self, request: Request) -> Visitor | None:
        """Who it is; None when they must sign in first. StoreError when it cannot be looked up."""
        language, address = language_of(request), address_of(request)
        session = self.sessions.of(request.cookies.get(SESSION, ""))
        if session is not None:
            return Visitor(session.user, language, address, session.digest)
        return None if self.accounts.any() else Visitor(None, language, address)

    def present(self, visitor: Visitor) -> Identity | None:
        """The visitor's user as they are now; None when they are not signed in any more."""
        found = self.sessions.known(visitor.digest) if visitor.digest else None
        return found.user if found is not None else None

    def may_look(self, visitor: Visitor) -> bool:
        """Whether an open page may go on showing. StoreError when it cannot be looked up."""
        if visitor.digest:
            return self.present(visitor) is not None
        return not self.accounts.any()


def language_of(request: Request) -> str:
    """As chosen before (a cookie), else as the browser asks, else English."""
    chosen = request.cookies.get(LANGUAGE, "")
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "")[:200].split(","):
        code = part.split(";")[0].strip().split("-")[0].lower()
        if code in LANGUAGES:
            return code
    return DEFAULT


def address_of(request: Request) -> str:
    """Of whoever asks, for the audit and for counting wrong guesses."""
    return request.client.host if request.client is not None else ""


def to_sign_in(request: Request) -> RedirectResponse:
    """To the sign-in, and from there back to where they wanted to go."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303)
