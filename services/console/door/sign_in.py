"""Signing in and out, and the choice of a language: plain forms, which work before any script does."""

from __future__ import annotations

import math
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Form, Request
from starlette.responses import RedirectResponse, Response

from services.access.accounts import LONGEST_PASSWORD
from services.access.guesses import TooOften
from services.access.sessions import limits
from services.console.door.gate import LANGUAGE, SESSION, Gate, address_of, language_of
from services.console.door.plain import document, field, said
from services.console.markup import tag
from services.console.words import LANGUAGES, NAVIGATION, SIGN_IN, speaking
from services.core.clock import DAY, SECOND
from services.store.database import StoreError


def mount(app: FastAPI, gate: Gate) -> None:
    """Adds the routes. Whatever a form holds is answered by a page in words."""

    @app.get("/sign-in", include_in_schema=False)
    def form(request: Request, next: str = "/") -> Response:
        return _page(request, next, "")

    # `def`, not `async def`: argon2 takes its time on purpose, in a thread of its own.
    @app.post("/sign-in", include_in_schema=False)
    def sign_in(
        request: Request,
        name: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",
    ) -> Response:
        address = address_of(request)
        with speaking(language_of(request)):
            try:
                user = gate.accounts.sign_in(name.strip().lower(), password, address)
                if user is None:
                    return _page(request, next, SIGN_IN["wrong"], 403, name)
                gate.sessions.end(request.cookies.get(SESSION, ""))  # whoever sat here before is not here any more
                cookie = gate.sessions.begin(user, address)
            except TooOften as error:
                seconds = math.ceil(error.seconds)
                answer = _page(request, next, SIGN_IN["too_often"].format(seconds=seconds), 429, name)
                answer.headers["Retry-After"] = str(seconds)
                return answer
            except StoreError:
                return _page(request, next, SIGN_IN["unavailable"], 503, name)
        answer = RedirectResponse(inside(next), 303)
        let_in(answer, request, cookie, limits(user.role)[0] // SECOND)
        return answer

    @app.post("/sign-out", include_in_schema=False)
    def sign_out(request: Request) -> Response:
        cookie = request.cookies.get(SESSION, "")
        session = gate.sessions.of(cookie)
        gate.sessions.end(cookie)
        if session is not None:
            gate.accounts.record(session.user.name, address_of(request), "sign out", "", "done", "")
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(SESSION, httponly=True, samesite="lax", secure=_secure(request))
        return answer

    @app.get("/language/{code}", include_in_schema=False)
    def language(request: Request, code: str, next: str = "/") -> Response:
        answer = RedirectResponse(inside(next), 303)
        if code in LANGUAGES:
            answer.set_cookie(
                LANGUAGE, code, 365 * DAY // SECOND, httponly=True, samesite="lax", secure=_secure(request)
            )
        return answer


def let_in(answer: Response, request: Request, cookie: str, seconds: int) -> None:
    """The answer brings the session's cookie, which no script can read and no other site's form can send."""
    answer.set_cookie(SESSION, cookie, seconds, httponly=True, samesite="lax", secure=_secure(request))


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def inside(wanted: str) -> str:
    """A path of this console; anything that a browser could take for another place leads to the overview."""
    fits = len(wanted) <= 1000 and wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable()
    return wanted if fits and "\\" not in wanted else "/"


def _page(request: Request, wanted: str, problem: str, status: int = 200, name: str = "") -> Response:
    language = language_of(request)
    with speaking(language):
        wanted, other = inside(wanted), "zh" if language == "en" else "en"
        back = quote(f"/sign-in?next={quote(wanted, safe='')}", safe="")
        hint = {"maxlength": str(LONGEST_PASSWORD)}
        fields = tag(
            "form",
            tag("h1", SIGN_IN["title"]),
            said(problem, bad=True),
            field(SIGN_IN["name"], "name", name[:64], "text", "username", id="name", autocapitalize="none", **hint),
            field(SIGN_IN["password"], "password", "", "password", "current-password", id="password", **hint),
            tag("input", type="hidden", name="next", value=wanted),
            tag("button", SIGN_IN["submit"], type="submit"),
            tag("a", NAVIGATION["language"], href=f"/language/{other}?next={back}", lang=other),
            method="post", action="/sign-in", _class="panel signin",
        )  # fmt: skip
        return document(SIGN_IN["title"], fields, status=status)
