"""The people's own pages, plain forms: one's account for everybody; users and the audit for administrators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.access.accounts import AccessError, Identity
from services.access.guesses import TooOften
from services.access.roles import NEEDS, Role, may
from services.access.sessions import limits
from services.console import wording
from services.console.door.gate import SESSION, Visitor, language_of, to_sign_in
from services.console.door.plain import choice, field, said, signed_in, table
from services.console.door.sign_in import let_in
from services.console.markup import Markup, join, tag
from services.console.pages.navigation import Links
from services.console.room import Room
from services.console.words import NAVIGATION, PEOPLE, SIGN_IN, speaking
from services.core.clock import SECOND

#: Lines of the audit on a page.
LINES = 100

_Word = Annotated[str, Form()]


def mount(app: FastAPI, room: Room, links: Links) -> None:
    """Adds the routes. StoreError goes to the application's handler."""
    pages = _Pages(room, links)

    @app.get("/account", include_in_schema=False)
    def account(request: Request, said: str = "") -> Response:
        return pages.answer(request, "view", lambda who: pages.account(request, who, PEOPLE["said"].get(said, "")))

    @app.post("/account/password", include_in_schema=False)
    def password(request: Request, old: _Word = "", new: _Word = "", again: _Word = "") -> Response:
        return pages.answer(request, "view", lambda who: pages.password(request, who, old, new, again))

    @app.post("/account/sessions", include_in_schema=False)
    def sessions(request: Request, digest: _Word = "") -> Response:
        return pages.answer(request, "view", lambda who: pages.end(request, who, digest))

    @app.get("/users", include_in_schema=False)
    def users(request: Request, said: str = "") -> Response:
        return pages.answer(request, "users", lambda who: pages.users(who, PEOPLE["said"].get(said, "")))

    @app.post("/users", include_in_schema=False)
    def add(request: Request, name: _Word = "", shown: _Word = "", role: _Word = "", password: _Word = "") -> Response:
        def added() -> None:
            pages.accounts.add(name.strip(), _role(role), shown.strip(), password)

        return pages.answer(request, "users", lambda who: pages.change(who, "add user", name, role, added, "added"))

    @app.post("/users/{name}", include_in_schema=False)
    def change(request: Request, name: str, role: _Word = "", active: _Word = "", password: _Word = "") -> Response:
        def changed() -> None:
            pages.accounts.change(
                name, role=_role(role) if role else None, password=password or None,
                active={"yes": True, "no": False}.get(active),
            )  # fmt: skip

        what = ", ".join(filter(None, (role, active and f"active: {active}", "password" if password else "")))
        return pages.answer(request, "users", lambda who: pages.change(who, "change user", name, what, changed))

    @app.get("/audit", include_in_schema=False)
    def audit(request: Request, user: str = "", action: str = "", outcome: str = "", page: str = "0") -> Response:
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 0
        return pages.answer(request, "audit", lambda who: pages.audit(who, user, action, outcome, number))


class _Pages:
    """Each method gives the answer for a visitor who may see it, in the language that is spoken."""

    def __init__(self, room: Room, links: Links) -> None:
        assert room.gate is not None
        self._room, self._links, self._gate = room, links, room.gate
        self.accounts = room.gate.accounts

    def answer(self, request: Request, act: str, made: Callable[[Visitor], Response]) -> Response:
        """What `made` makes for a visitor who may do `act`; else the sign-in, or a refusal in words."""
        visitor = self._gate.visitor(request)
        with speaking(language_of(request)):
            if visitor is None or visitor.user is None:
                return to_sign_in(request) if request.method == "GET" else RedirectResponse("/sign-in", 303)
            if may(visitor.user.role, act):
                return made(visitor)
            self.accounts.record(visitor.user.name, visitor.address, act, request.url.path, "forbidden", "")
            roles = NAVIGATION["roles"]
            words = PEOPLE["forbidden"].format(needed=roles[NEEDS[act].value], role=roles[visitor.user.role.value])
            return self._page(visitor, request.url.path, PEOPLE["refused"].format(why=""), [said(words, bad=True)], 403)

    # -- one's own account

    def account(self, request: Request, visitor: Visitor, done: str, problem: str = "", status: int = 200) -> Response:
        """Who one is, what that allows, the password, and where one is signed in."""
        user = _user(visitor)
        secret = tag(
            "form", tag("h2", PEOPLE["change_password"]), tag("p", PEOPLE["password_hint"], _class="muted"),
            tag("input", type="hidden", name="username", value=user.name, autocomplete="username"),
            field(PEOPLE["old"], "old", kind="password", complete="current-password"),
            *(field(PEOPLE[name], name, kind="password", complete="new-password", minlength="10", maxlength="256")
              for name in ("new", "again")),
            tag("button", PEOPLE["change_password"], type="submit"),
            method="post", action="/account/password", _class="panel",
        )  # fmt: skip
        rows = [
            (self._at(one.created), one.address, self._at(one.seen),
             PEOPLE["here"] if one.digest == visitor.digest else _end(one.digest, PEOPLE["end"]))
            for one in self._gate.sessions.open(user.name)
        ]  # fmt: skip
        places = tag(
            "section", tag("h2", PEOPLE["sessions"]),
            table((PEOPLE["since"], PEOPLE["from"], PEOPLE["seen"], ""), rows), _end("", PEOPLE["end_all"]),
            _class="panel",
        )  # fmt: skip
        title = f"{NAVIGATION['account']}: {user.shown}"
        return self._page(visitor, "/account", title, [said(done), said(problem, bad=True), secret, places], status)

    def password(self, request: Request, visitor: Visitor, old: str, new: str, again: str) -> Response:
        """Changes it; this browser gets a session of its own anew."""
        user = _user(visitor)
        if new != again:
            return self.account(request, visitor, "", PEOPLE["unlike"], 422)
        try:
            if not self.accounts.change_own_password(user.name, old, new, visitor.address):
                return self.account(request, visitor, "", PEOPLE["wrong"], 403)
        except AccessError as error:
            return self.account(request, visitor, "", PEOPLE["refused"].format(why=error), 422)
        except TooOften as error:
            words = SIGN_IN["too_often"].format(seconds=round(error.seconds))
            return self.account(request, visitor, "", words, 429)
        answer = RedirectResponse("/account?said=password", 303)
        let_in(answer, request, self._gate.sessions.begin(user, visitor.address), limits(user.role)[0] // SECOND)
        return answer

    def end(self, request: Request, visitor: Visitor, digest: str) -> Response:
        """Ends one's own session of that digest, or all of them."""
        user = _user(visitor)
        ended = self._gate.sessions.end_of(user.name, digest)
        self.accounts.record(
            user.name, visitor.address, "sign out", "", "done", f"{ended} elsewhere" if digest else "all"
        )
        if digest:
            return RedirectResponse("/account?said=ended", 303)
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(SESSION)
        return answer

    # -- for administrators

    def users(self, visitor: Visitor, done: str, problem: str = "", status: int = 200) -> Response:
        """Everybody, and a form for one more."""
        rows = [self._row(user, active) for user, active in self.accounts.users()]
        columns = (PEOPLE["name"], PEOPLE["shown"], PEOPLE["role"], PEOPLE["state"], "")
        add = tag(
            "form", tag("h2", PEOPLE["add"]), tag("p", PEOPLE["name_hint"], _class="muted"),
            field(PEOPLE["name"], "name", maxlength="64", autocapitalize="none", pattern="[a-z0-9][a-z0-9._\\-]*"),
            field(PEOPLE["shown"], "shown", maxlength="200"), choice(PEOPLE["role"], "role", _roles()),
            field(PEOPLE["password"], "password", kind="password", complete="new-password", minlength="10",
                  maxlength="256"),
            tag("button", PEOPLE["add"], type="submit"),
            method="post", action="/users", _class="panel",
        )  # fmt: skip
        everybody = tag("section", table(columns, rows), _class="panel")
        content = [said(done), said(problem, bad=True), everybody, add]
        return self._page(visitor, "/users", NAVIGATION["users"], content, status)

    def _row(self, user: Identity, active: bool) -> tuple[object, ...]:
        state = PEOPLE["active" if active else "inactive"]
        tokens = len(self.accounts.tokens(user.name))
        if tokens:
            state = f"{state} · {PEOPLE['tokens'].format(n=tokens)}"
        action = f"/users/{user.name}"
        forms = [
            (choice(PEOPLE["role"], "role", _roles(), user.role.value), PEOPLE["set_role"]),
            (field(PEOPLE["password"], "password", kind="password", complete="new-password", minlength="10",
                   maxlength="256"), PEOPLE["set_password"]),
            (tag("input", type="hidden", name="active", value="no" if active else "yes"),
             PEOPLE["deactivate" if active else "activate"]),
        ]  # fmt: skip
        change = tag("details", tag("summary", PEOPLE["change"], tag("span", f" {user.name}", _class="aloud")), *(
            tag("form", inside, tag("button", words, type="submit"), method="post", action=action)
            for inside, words in forms
        ))  # fmt: skip
        return user.name, user.shown, NAVIGATION["roles"][user.role.value], state, change

    def change(
        self, visitor: Visitor, action: str, name: str, what: str, made: Callable[[], None],
        done: str = "changed",
    ) -> Response:  # fmt: skip
        """Does it, with a line in the audit however it ends."""
        user = _user(visitor)
        try:
            made()
        except AccessError as error:
            self.accounts.record(user.name, visitor.address, action, name, "refused", f"{what} ({error})")
            return self.users(visitor, "", PEOPLE["refused"].format(why=error), 422)
        self.accounts.record(user.name, visitor.address, action, name, "done", what)
        return RedirectResponse(f"/users?said={done}", 303)

    def audit(self, visitor: Visitor, user: str, action: str, outcome: str, page: int) -> Response:
        """What people did, newest first."""
        asked = {"user": user[:64], "action": action[:40], "outcome": outcome[:40]}
        book = self.accounts.book
        found = book.lines(
            LINES + 1, offset=page * LINES, user=asked["user"], action=asked["action"], outcome=asked["outcome"]
        )
        rows = [
            (self._at(one.time), one.user, one.address, one.action, one.target, one.outcome, one.detail)
            for one in found[:LINES]
        ]
        _, who, _, what, _, how, _ = PEOPLE["columns"]
        form = tag(
            "form",
            *(field(words, name, asked[name], required=None)
              for words, name in ((who, "user"), (what, "action"), (how, "outcome"))),
            tag("button", PEOPLE["filter"], type="submit"),
            method="get", action="/audit", _class="panel",
        )  # fmt: skip
        shown = table(PEOPLE["columns"], rows) if rows else tag("p", PEOPLE["none"])

        def to(number: int, words: str) -> Markup:
            return tag("a", words, href=f"/audit?{urlencode(asked | {'page': str(number)})}")

        ways = join(
            to(0, PEOPLE["newer"]) if page else None, " ", to(page + 1, PEOPLE["older"]) if found[LINES:] else None
        )
        content = [form, tag("section", shown, tag("p", ways), _class="panel")]
        return self._page(visitor, "/audit", NAVIGATION["audit"], content)

    def _page(
        self, visitor: Visitor, path: str, title: str, content: Sequence[Markup | None], status: int = 200
    ) -> HTMLResponse:
        return signed_in(visitor, self._links, path, title, content, status)

    def _at(self, ns: int) -> str:
        return wording.local(ns, self._room.zone, "%Y-%m-%d %H:%M:%S")


def _user(visitor: Visitor) -> Identity:
    assert visitor.user is not None
    return visitor.user


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise AccessError(f"role {name[:40]!r}: must be one of {', '.join(one.value for one in Role)}") from None


def _roles() -> list[tuple[str, str]]:
    return [(role.value, NAVIGATION["roles"][role.value]) for role in Role]


def _end(digest: str, words: str) -> Markup:
    button = tag("button", words, type="submit")
    return tag("form", tag("input", type="hidden", name="digest", value=digest), button, method="post",
               action="/account/sessions")  # fmt: skip
