"""Paging for programs: what pages now, taking a problem on, and silences. What is asked goes to the paging service."""

# No postponed annotations here: FastAPI reads those of the routes, which name what is local to `router`.
import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from pydantic import BaseModel, Field

from services.access.accounts import Identity
from services.alerts.oncall.problems import Problem as Paged
from services.alerts.oncall.problems import Status
from services.alerts.oncall.silences import Silence
from services.console.acting.acts import Forbidden
from services.console.acting.duties import Duties
from services.console.api.models import Body, Name, Problem, Time, Why, ns
from services.console.api.who import Who
from services.console.door.gate import address_of
from services.core.clock import iso
from services.duty.areas import NotDone
from services.duty.board import board
from services.duty.wishes import DONE, REFUSED
from services.store.database import Database

#: Seconds between two looks at what became of a wish, and alarms of a problem that are told.
_LOOK, _ALARMS = 0.1, 20


class ProblemOut(BaseModel):
    """A problem of which people are, or were, told.

    status: paging, answered, gone (nothing stands, it waits to be seen) or unanswered.  rounds: how often it began to
    page.  unreached: why nobody was reached, "" where somebody was.  silence: the one that holds its pages.
    """

    problem: str
    site: str
    incident: str
    phase: str
    priority: str
    status: Literal["paging", "answered", "gone", "unanswered"]
    opened: str
    rounds: int
    answered_by: str
    answered_at: str | None
    unreached: str
    unreached_since: str | None
    silence: str
    alarms: list[str]


class SilenceIn(Body):
    """Until `until` (of the run's clock; at most a day ahead) nothing under `prefix` pages: a site, station or point.

    critical: what is critical is held too, which needs an engineer; without it that pages all the same.
    """

    prefix: Name
    until: Time
    why: Why
    critical: bool = False


class SilenceOut(BaseModel):
    """A silence in force."""

    silence: str
    prefix: str
    until: str
    who: str
    why: str
    critical: bool


class AskedOut(BaseModel):
    """What became of it: done, refused (with why), or pending: paging has yet to take it, or does not run.

    name: of a silence, what ends it before its time.
    """

    name: str
    outcome: Literal["done", "refused", "pending"]
    reason: str = Field(default="")


_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"model": Problem, "description": "The role may not; it says which"},
    404: {"model": Problem, "description": "None of that name"},
}


def add(router: APIRouter, duties: Duties, database: Database, who: Who) -> None:
    """The routes, among those of the API."""
    someone = Annotated[Identity, Depends(who.anybody)]

    @router.get("/problems")
    def problems() -> list[ProblemOut]:
        """What pages, or did and is not over: the newest first."""
        found = [one for one in board(database).problems.values() if one.status != Status.QUIET]
        return [_problem(one) for one in sorted(found, key=lambda one: (-one.opened, one.id))]

    @router.post("/problems/{problem:path}/answer", responses=_REFUSED)
    async def answer(
        problem: Annotated[str, Path(max_length=400, description="As `/problems` names it")], request: Request,
        user: someone,
    ) -> AskedOut:  # fmt: skip
        """Takes it on: it pages nobody until it is worse. Its alarms wait to be acknowledged all the same."""
        return await _asked(duties, lambda: duties.answer(user, address_of(request), problem))

    @router.get("/silences")
    def silences() -> list[SilenceOut]:
        """Those in force, the first to end first."""
        now = duties.now()
        found = [one for one in board(database).silences.values() if one.until > now]
        return [_silence(one) for one in sorted(found, key=lambda one: (one.until, one.id))]

    @router.post("/silences", responses=_REFUSED)
    async def silence(body: SilenceIn, request: Request, user: someone) -> AskedOut:
        """Nothing under it pages for a while; what it held and still stands pages at its end."""
        until = ns(body.until, 0)
        return await _asked(
            duties,
            lambda: duties.silence(user, address_of(request), body.prefix, until, body.why, body.critical),
        )

    @router.delete("/silences/{silence}", responses=_REFUSED)
    async def unsilence(silence: Annotated[str, Path(max_length=100)], request: Request, user: someone) -> AskedOut:
        """It ends now, and what still asks is paged."""
        return await _asked(duties, lambda: duties.unsilence(user, address_of(request), silence), 404)


async def _asked(duties: Duties, ask: Callable[[], str], not_done: int = 422) -> AskedOut:
    """Asks, and waits a little for what becomes of it."""
    try:
        name = await asyncio.to_thread(ask)
    except Forbidden as error:
        raise HTTPException(403, str(error)) from None
    except NotDone as error:
        raise HTTPException(not_done, str(error)) from None
    outcome = await asyncio.to_thread(duties.wishes.outcome, name)
    for _ in range(round(duties.desk.patience / _LOOK)):
        if outcome:
            break
        await asyncio.sleep(_LOOK)
        outcome = await asyncio.to_thread(duties.wishes.outcome, name)
    if not outcome:
        return AskedOut(name=name, outcome="pending")
    if outcome == DONE:
        return AskedOut(name=name, outcome="done")
    return AskedOut(name=name, outcome="refused", reason=outcome.removeprefix(REFUSED))


def _problem(one: Paged) -> ProblemOut:
    members = sorted(one.members.values(), key=lambda member: not member.stands)
    return ProblemOut(
        problem=one.id, site=one.site, incident=one.kind, phase=one.phase, priority=one.worst,
        status=one.status,  # type: ignore[arg-type]
        opened=iso(one.opened), rounds=one.round, answered_by=one.by, answered_at=_time(one.answered_at),
        unreached=one.unreached, unreached_since=_time(one.unreached_at), silence=one.silence,
        alarms=[member.text for member in members[:_ALARMS]],
    )  # fmt: skip


def _silence(one: Silence) -> SilenceOut:
    return SilenceOut(
        silence=one.id, prefix=one.prefix, until=iso(one.until), who=one.who, why=one.why, critical=one.critical
    )


def _time(ns: int) -> str | None:
    return iso(ns) if ns else None
