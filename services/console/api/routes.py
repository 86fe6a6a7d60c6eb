"""The API's routes, under /api/v1. Every one asks who it is; every act leaves a line in the audit."""

# No postponed annotations here: FastAPI reads those of the routes, which name what is local to `_router`.
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.openapi.utils import get_openapi

from services.access.accounts import Identity
from services.access.roles import NEEDS, may
from services.console.acting.acts import Act, Desk, Forbidden, NeedsEnd, do
from services.console.acting.comments import Comments
from services.console.acting.duties import Duties
from services.console.api import comments, duty, paging, shift, told
from services.console.api.models import (
    AlarmOut,
    AlarmWhole,
    AuditOut,
    CommandOut,
    CommandsIn,
    CommandsOut,
    IncidentOut,
    MeOut,
    Problem,
    SiteOut,
    StatusOut,
    Time,
    TransitionOut,
    ns,
)
from services.console.api.refusals import refuse
from services.console.api.who import Who
from services.console.door.gate import address_of
from services.core.clock import iso
from services.core.errors import LogError
from services.store.database import Database

_ABOUT = """What the pages show, and what people do to alarms, for programs.

Every request needs `Authorization: Bearer TOKEN`, a token of `headworks users token`; what its user's role allows,
`/me` says. Times are ISO 8601; those of alarms are times of the run's clock (`now` of `/status`). An answer of 400 and
above is `{"detail": "a sentence"}`. After 503 nothing was taken: send the same again.
"""

#: Every route may answer these.
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body cannot be read"},
    401: {"model": Problem, "description": "No token, or one that opens nothing (any more)"},
    422: {"model": Problem, "description": "A field is missing or wrong"},
    429: {"model": Problem, "description": "Too many wrong tokens from one address: wait as Retry-After says"},
    503: {"model": Problem, "description": "The log or the folder of users cannot be used; nothing was taken"},
}
_FORBIDDEN: dict[int | str, dict[str, Any]] = {
    403: {"model": Problem, "description": "The role may not; it says which"}
}
_COUNTED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"X-Total-Count": {"description": "How many there are in all", "schema": {"type": "integer"}}}}
}

_Site = Annotated[str, Query(max_length=64, description="Of this site alone")]
_Priority = Annotated[str, Query(max_length=20, description="critical, high, medium or journal")]
_State = Annotated[str, Query(max_length=9, pattern=r"^[A-I]*$", description="Some of the letters A to I of ISA-18.2")]
_Limit = Annotated[int, Query(ge=1, le=10_000, description="At most so many")]
_Offset = Annotated[int, Query(ge=0, le=1_000_000, description="After so many")]
_Word = Annotated[str, Query(max_length=64)]


def mount(app: FastAPI, desk: Desk, duties: Duties | None = None, people: Database | None = None) -> None:
    """Adds the routes to the console's application, and how they refuse; those of paging where people are known."""
    router = _router(desk)
    if duties is not None and people is not None:
        paging.add(router, duties, people, Who(desk.accounts))
        duty.add(router, duties, Who(desk.accounts))
        shift.add(router, desk, people, Who(desk.accounts))
        comments.add(router, desk, Who(desk.accounts), Comments(people))
    app.include_router(router)

    def described() -> dict[str, Any]:
        return get_openapi(title="Headworks", version="1", description=_ABOUT, routes=router.routes)

    app.add_api_route("/api/openapi.json", described, include_in_schema=False)
    refuse(app, router)


def _router(desk: Desk) -> APIRouter:
    who = Who(desk.accounts)
    router = APIRouter(prefix="/api/v1", responses=_REFUSALS, dependencies=[Depends(who.anybody)])
    someone = Annotated[Identity, Depends(who.anybody)]

    # What looks at the view is `async`: it is in the loop that changes it, so that nothing changes meanwhile.
    @router.get("/me")
    async def me(user: someone) -> MeOut:
        """Who the token says one is."""
        return MeOut(name=user.name, role=user.role.value, acts=sorted(act for act in NEEDS if may(user.role, act)))

    @router.get("/status")
    async def status() -> StatusOut:
        """Whether what is shown is alive."""
        found, now = desk.status(), desk.view.now
        return StatusOut(
            now=None if now is None else iso(now), silence=round(found.silence, 1), stopped=list(found.stopped),
            problem=found.problem,
        )  # fmt: skip

    @router.get("/sites")
    async def sites() -> list[SiteOut]:
        """All sites, in catalogue order."""
        return [told.site(one) for one in desk.view.sites()]

    @router.get("/alarms", responses=_COUNTED)
    async def alarms(
        answer: Response, site: _Site = "", priority: _Priority = "", state: _State = "", limit: _Limit = 1000,
        offset: _Offset = 0,
    ) -> list[AlarmOut]:  # fmt: skip
        """What stands, waits to be seen, or is put aside: within each of these the most severe first."""
        found = [
            one for one in desk.view.listing().everything
            if (not site or one.first.site == site) and (not priority or one.last.priority == priority)
            and (not state or one.state in state)
        ]  # fmt: skip
        answer.headers["X-Total-Count"] = str(len(found))
        return [told.alarm(desk.view.alarm(one)) for one in found[offset : offset + limit]]

    @router.get("/alarms/{occurrence:path}", responses={404: {"model": Problem, "description": "None of that name"}})
    async def alarm(
        occurrence: Annotated[str, Path(max_length=400, description="As `/alarms` names it")],
    ) -> AlarmWhole:
        """One occurrence, also one that has gone, as far back as the console keeps them, with its transitions."""
        found = desk.view.occurrence(occurrence)
        if found is None:
            raise HTTPException(404, "occurrence: there is none of that name, or it is long gone")
        transitions = [told.transition(event) for event in found.story]
        return AlarmWhole(**told.alarm(desk.view.alarm(found)).model_dump(), transitions=transitions)

    @router.get("/history", responses=_COUNTED)
    async def history(
        answer: Response, since: Time | None = None, until: Time | None = None, site: _Site = "",
        priority: _Priority = "", limit: _Limit = 100, offset: _Offset = 0,
    ) -> list[TransitionOut]:  # fmt: skip
        """Transitions from `since` to before `until`, the newest first, as far back as the console keeps them."""
        begin, end = ns(since, -1), ns(until, 2**63)
        found = [
            one for one in desk.view.events()
            if begin <= one.time < end and (not site or one.site == site)
            and (not priority or one.priority == priority)
        ]  # fmt: skip
        answer.headers["X-Total-Count"] = str(len(found))
        return [told.transition(one) for one in found[offset : offset + limit]]

    @router.get("/incidents")
    async def incidents() -> list[IncidentOut]:
        """Open ones first."""
        return [told.incident(one) for one in desk.view.incidents()]

    @router.post("/commands", responses=_FORBIDDEN)
    async def commands(body: CommandsIn, request: Request, user: someone) -> CommandsOut:
        """Acknowledge, shelve and the like: one command an occurrence, each answered from the journal."""
        act = Act(body.action, body.occurrences, body.why, ns(body.until, 0), body.key)
        try:
            done = await do(desk, user, address_of(request), act)
        except Forbidden as error:
            raise HTTPException(403, str(error)) from None
        except NeedsEnd as error:
            raise HTTPException(422, str(error)) from None
        except LogError as error:
            raise HTTPException(503, f"nothing was taken, try again: {error}") from None
        results = [CommandOut.model_validate(asdict(one)) for one in done]
        return CommandsOut(results=results)

    @router.get("/audit", responses=_FORBIDDEN)
    def audit(
        user: someone, request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100, offset: _Offset = 0,
        by: _Word = "", action: _Word = "", outcome: _Word = "",
    ) -> list[AuditOut]:  # fmt: skip
        """What people did, newest first: by a user, of an action, of an outcome. For administrators."""
        if not may(user.role, "audit"):
            desk.accounts.record(user.name, address_of(request), "audit", request.url.path, "forbidden", "")
            raise HTTPException(403, f"audit: needs the role {NEEDS['audit'].value}, this is {user.role.value}")
        found = desk.accounts.book.lines(limit, user=by, action=action, outcome=outcome, offset=offset)
        return [AuditOut(**asdict(one) | {"time": iso(one.time)}) for one in found]

    return router
