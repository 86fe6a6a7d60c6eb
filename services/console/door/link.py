"""The page behind a page's link: what is wrong, and one button that takes it on. Nobody is signed in by it.

Looking changes nothing, since mail scanners and chat previews follow links; only the button does. What is done is the
person's of the link: the alarms are acknowledged in the log, and paging is told, once.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import FastAPI, Form, Request
from starlette.responses import Response

from services.access.accounts import Identity
from services.access.roles import Role
from services.access.throttle import Throttle
from services.alerts.oncall.problems import Problem, Status
from services.console import wording
from services.console.acting.acts import Act, Desk, Forbidden, Result, do
from services.console.door.gate import address_of, language_of
from services.console.door.link_view import answered, shown
from services.console.door.plain import document, said
from services.console.markup import Markup, tag
from services.console.room import Room
from services.console.words import LINK, language, speaking
from services.core.errors import LogError
from services.duty.board import board
from services.duty.links import Link, Links, UsedUp, WrongLink
from services.duty.log import Store
from services.duty.wishes import Wish
from services.store.database import Database, StoreError

#: What the journal and the audit say of why, and by what way.
BY_LINK = "by a page's link"

#: Commands sent at a time.
_AT_ONCE = 500

_log = structlog.get_logger("headworks.console")


class _Closed(Exception):
    """The link does nothing now: in these words, with this status."""

    def __init__(self, words: str, status: int, wait: float = 0.0) -> None:
        super().__init__(words)
        self.status, self.wait, self.language = status, wait, language()


def mount(app: FastAPI, room: Room) -> None:
    """Adds the routes; without people behind the room there are none."""
    if room.desk is None or room.database is None:
        return
    door = _Door(room, room.desk, room.database)

    @app.get("/p/{token}", include_in_schema=False)
    async def look(token: str, request: Request) -> Response:
        return await door.look(token, request)

    @app.post("/p/{token}", include_in_schema=False)
    async def take(token: str, request: Request, seen: Annotated[str, Form(max_length=40)] = "") -> Response:
        return await door.take(token, request, seen)


class _Door:
    """Of one console. `seconds` serves the slowing of guesses alone."""

    def __init__(self, room: Room, desk: Desk, database: Database) -> None:
        self._room, self._desk, self._database = room, desk, database
        self._links = Links(database, desk.accounts.now)
        self._store = Store(database)
        self._wrong = Throttle(time.monotonic)

    async def look(self, token: str, request: Request) -> Response:
        """The page. It changes nothing."""
        return await self._answered(token, request, self._page)

    async def take(self, token: str, request: Request, seen: str) -> Response:
        """The button. Safe to press twice: the log knows a command that comes again, and the link is used once."""

        async def taken(link: Link, problem: Problem) -> Response:
            shown = names_shown(problem, seen)
            if shown is None:
                return await self._page(link, problem, LINK["again"], 409)
            return await self._taken(link, problem, shown, address_of(request))

        return await self._answered(token, request, taken)

    async def _answered(
        self, token: str, request: Request, then: Callable[[Link, Problem], Awaitable[Response]]
    ) -> Response:
        """`then` of a link that opens and a problem that asks; else why not, in words."""
        with speaking(language_of(request)):
            try:
                link = await asyncio.to_thread(self._opened, token, request)
            except _Closed as end:
                return _closed(end)
            except StoreError as error:
                return _closed(_Closed(LINK["not_taken"].format(why=error), 503))
        with speaking(link.language):
            try:
                return await then(link, await asyncio.to_thread(self._asked, link))
            except _Closed as end:
                return _closed(end)
            except (StoreError, LogError) as error:
                return _closed(_Closed(LINK["not_taken"].format(why=error), 503))

    def _opened(self, token: str, request: Request) -> Link:
        """Whose link it is, if it opens. A right one opens however many wrong ones came from the same address."""
        place = f"link from {address_of(request)}"
        try:
            link = self._links.read(token)
        except WrongLink:
            if (wait := self._wrong.wait(place)) > 0:
                raise _Closed(LINK["too_often"].format(seconds=math.ceil(wait)), 429, wait) from None
            self._wrong.wrong(place)
            raise _Closed(LINK["wrong"], 403) from None
        with speaking(link.language):
            if link.expires <= self._links.now():
                raise _Closed(LINK["expired"].format(time=self._at(link.expires)), 410)
            if at := self._links.used(link):
                problem = board(self._database).find(link.problem)
                taken = problem is not None and problem.status == Status.ANSWERED
                by = answered(problem, self._room.moment()) if problem is not None and taken else ""
                raise _Closed(" ".join((LINK["used"].format(time=self._at(at)), by)).strip(), 410)
        return link

    def _asked(self, link: Link) -> Problem:
        """The problem, if it asks for somebody."""
        problem = board(self._database).find(link.problem)
        if problem is None:
            last = self._store.decisions(link.problem)[-1:]
            raise _Closed(LINK["over"].format(time=self._at(last[0].time if last else None)), 410)
        if problem.status == Status.ANSWERED:
            raise _Closed(answered(problem, self._room.moment()), 409)
        if problem.id == link.problem and link.round < problem.asked:
            raise _Closed(LINK["worse"], 409)
        return problem

    async def _taken(self, link: Link, problem: Problem, shown: list[str], address: str) -> Response:
        user = await asyncio.to_thread(self._person, link)
        waiting = [name for name in shown if problem.members[name].unanswered]
        results: list[Result] = []
        try:
            for start in range(0, len(waiting), _AT_ONCE):
                act = Act("acknowledge", waiting[start : start + _AT_ONCE], BY_LINK, key=f"link {link.digest}")
                results += await do(self._desk, user, address, act)
        except Forbidden:
            raise _Closed(LINK["forbidden"], 403) from None
        body = {"problem": link.problem, "round": link.round, "weight": list(problem.weight), "how": BY_LINK}
        wish = Wish(f"link {link.digest}", self._links.now(), user.name, "answer", body)
        try:
            await asyncio.to_thread(self._links.use, link, wish)
        except UsedUp as end:
            raise _Closed(LINK["used"].format(time=self._at(end.at)), 410) from None
        except StoreError as error:
            raise _Closed(LINK["half" if results else "not_taken"].format(why=error), 503) from None
        try:
            record = self._desk.accounts.record
            await asyncio.to_thread(record, user.name, address, "answer", link.problem, "done", f"page {link.page}")
        except StoreError as error:
            # The wish is written, with who and when: the answer holds all the same.
            _log.error("the audit does not have an answer by a link", page=link.page, why=str(error))
        return self._thanks(problem, results)

    def _person(self, link: Link) -> Identity:
        """Their account, else one that the rules alone vouch for. An account that was closed does nothing."""
        for user, active in self._desk.accounts.users():
            if user.name == link.person:
                if not active:
                    raise _Closed(LINK["forbidden"], 403)
                return user
        return Identity(link.person, link.person, Role.OPERATOR)

    async def _page(self, link: Link, problem: Problem, words: str = "", status: int = 200) -> Response:
        moment = self._room.moment()
        told = await asyncio.to_thread(self._store.decisions, problem.id)
        form = tag(
            "form",
            tag("input", type="hidden", name="seen", value=seen_of(problem)),
            tag("button", LINK["take"], type="submit"),
            tag("p", LINK["own"].format(who=link.person, time=self._at(link.expires)), _class="muted"),
            method="post", _class="taking",
        )  # fmt: skip
        return _document(said(words, bad=True), *shown(moment, problem, told, form), status=status)

    def _thanks(self, problem: Problem, results: list[Result]) -> Response:
        done = sum(one.outcome == "done" for one in results)
        rest = [one for one in results if one.outcome != "done"]
        reasons = "; ".join(dict.fromkeys(wording.said(one.reason) for one in rest if one.reason))
        lines = [
            said(LINK["taken"]),
            tag("p", LINK["acknowledged"].format(n=done)) if done else None,
            tag("p", LINK["open"].format(n=len(rest), why=reasons)) if rest else None,
        ]
        return _document(*lines, *shown(self._room.moment(), problem, (), None))

    def _at(self, ns: int | None) -> str:
        return self._room.moment().at(ns)


def seen_of(problem: Problem) -> str:
    """How bad it was when it was looked at, and how many alarms it had: those that come are behind them."""
    return " ".join(map(str, (*problem.weight, len(problem.members))))


def names_shown(problem: Problem, seen: str) -> list[str] | None:
    """The alarms that it had when `seen` was shown; None when it was not as bad as now, or never shown so."""
    weighed, _, number = seen.rpartition(" ")
    if weighed != " ".join(map(str, problem.weight)) or not (number.isascii() and number.isdigit()):
        return None
    return list(problem.members)[: int(number)] if int(number) <= len(problem.members) else None


def _closed(end: _Closed) -> Response:
    with speaking(end.language):  # the link's person's, once it is known whose it is
        answer = _document(said(str(end), bad=True), tag("p", tag("a", LINK["console"], href="/")), status=end.status)
    if end.wait:
        answer.headers["Retry-After"] = str(math.ceil(end.wait))
    return answer


def _document(*content: Markup | None, status: int = 200) -> Response:
    answer = document(LINK["title"], tag("div", *content, _class="paged"), status=status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
