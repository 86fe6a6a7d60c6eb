"""Signing in and out, and the choice of a language: plain forms, which work before any script does."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.access.accounts import LONGEST_PASSWORD
from services.access.guesses import TooOften
from services.access.sessions import LONGEST
from services.console.gate import LANGUAGE, SESSION, Gate, address_of, language_of
from services.console.markup import Markup, tag
from services.console.pages import style
from services.console.words import LANGUAGES, NAVIGATION, PAGE, SIGN_IN, speaking
from services.core.clock import DAY, SECOND
from services.store.database import StoreError


def mount(app: FastAPI, gate: Gate) -> None:
    """Adds the routes."""

    @app.get("/sign-in", include_in_schema=False)
    def form(request: Request, next: Annotated[str, Query(max_length=1000)] = "/") -> Response:
        return _page(request, next, "")

    # `def`, not `async def`: argon2 takes its time on purpose, in a thread of its own.
    @app.post("/sign-in", include_in_schema=False)
    def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=64)] = "",
        password: Annotated[str, Form(max_length=4 * LONGEST_PASSWORD)] = "",
        next: Annotated[str, Form(max_length=1000)] = "/",
    ) -> Response:
        with speaking(language_of(request)):
            try:
                user = gate.accounts.sign_in(name.strip(), password, address_of(request))
                cookie = gate.sessions.begin(user, address_of(request)) if user is not None else ""
            except TooOften as error:
                said = SIGN_IN["too_often"].format(seconds=round(error.seconds))
                return _page(request, next, said, 429, name)
            except StoreError:
                return _page(request, next, SIGN_IN["unavailable"], 503, name)
            if not cookie:
                return _page(request, next, SIGN_IN["wrong"], 403, name)
        answer = RedirectResponse(_inside(next), 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(SESSION, cookie, LONGEST // SECOND, httponly=True, samesite="lax", secure=secure)
        return answer

    @app.post("/sign-out", include_in_schema=False)
    def sign_out(request: Request) -> Response:
        cookie = request.cookies.get(SESSION, "")
        session = gate.sessions.of(cookie)
        gate.sessions.end(cookie)
        if session is not None:
            gate.accounts.record(session.user.name, address_of(request), "sign out", "", "done", "")
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(SESSION)
        return answer

    @app.get("/language/{code}", include_in_schema=False)
    def language(code: str, next: Annotated[str, Query(max_length=1000)] = "/") -> Response:
        answer = RedirectResponse(_inside(next), 303)
        if code in LANGUAGES:
            answer.set_cookie(LANGUAGE, code, 365 * DAY // SECOND, samesite="lax")
        return answer


def _inside(wanted: str) -> str:
    """A path of this console; anything that a browser could take for another place leads to the overview."""
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if inside and "\\" not in wanted else "/"


def _page(request: Request, wanted: str, problem: str, status: int = 200, name: str = "") -> HTMLResponse:
    language = language_of(request)
    with speaking(language):
        return HTMLResponse(_document(language, _inside(wanted), problem, name), status)


def _document(language: str, wanted: str, problem: str, name: str) -> str:
    other = "zh" if language == "en" else "en"
    back = quote(f"/sign-in?next={quote(wanted, safe='')}", safe="")
    fields = tag(
        "form",
        tag("h1", SIGN_IN["title"]),
        tag("p", problem, _class="banner alert", role="alert") if problem else None,
        tag("label", SIGN_IN["name"], _for="name"),
        _input("name", "text", "username", name),
        tag("label", SIGN_IN["password"], _for="password"),
        _input("password", "password", "current-password", ""),
        tag("input", type="hidden", name="next", value=wanted),
        tag("button", SIGN_IN["submit"], type="submit"),
        tag("a", NAVIGATION["language"], href=f"/language/{other}?next={back}", lang=other),
        method="post", action="/sign-in", _class="panel signin",
    )  # fmt: skip
    head = tag("head", tag("meta", charset="utf-8"), tag("meta", name="viewport", content="width=device-width"),
               tag("title", f"{SIGN_IN['title']} · {PAGE['title']}"), tag("style", Markup(style.CSS)))  # fmt: skip
    return f"<!doctype html>{tag('html', head, tag('body', tag('main', fields)), lang=language)}"


def _input(name: str, kind: str, complete: str, value: str) -> Markup:
    return tag("input", id=name, name=name, type=kind, autocomplete=complete, required="", maxlength="256", value=value)
