"""The API's routes, under /api/v1. Every one asks who it is; every act leaves a line in the audit."""

# No postponed annotations here: FastAPI reads those of the routes, which name what is local to `_router`.
import math
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.access.accounts import Accounts, Identity
from services.access.guesses import TooOften
from services.access.roles import NEEDS, may
from services.console.acts import Act, Desk, Forbidden, NeedsEnd, do
from services.console.api.models import (
    AlarmOut,
    AuditOut,
    CommandOut,
    CommandsIn,
    CommandsOut,
    IncidentOut,
    MeOut,
    SiteOut,
    StatusOut,
)
from services.console.snapshots import AlarmView
from services.core.clock import iso, to_ns
from services.core.errors import LogError
from services.store.database import StoreError

_bearer = HTTPBearer(auto_error=False, description="A token of `headworks users token`")


def mount(app: FastAPI, desk: Desk) -> None:
    """Adds the routes to the console's application."""
    router = _router(desk)
    app.include_router(router)

    def described() -> dict[str, Any]:
        return get_openapi(title="Headworks", version="1", routes=router.routes)

    app.add_api_route("/api/openapi.json", described, include_in_schema=False)


def _router(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    who = _Who(desk.accounts)

    @router.get("/me")
    def me(user: Annotated[Identity, Depends(who.anybody)]) -> MeOut:
        """Who the token says one is."""
        return MeOut(name=user.name, role=user.role.value, acts=sorted(act for act in NEEDS if may(user.role, act)))

    @router.get("/status", dependencies=[Depends(who.anybody)])
    def status() -> StatusOut:
        """Whether what is shown is alive."""
        found, now = desk.status(), desk.view.now
        return StatusOut(
            now=None if now is None else iso(now), silence=round(found.silence, 1), stopped=list(found.stopped),
            problem=found.problem,
        )  # fmt: skip

    @router.get("/sites", dependencies=[Depends(who.anybody)])
    def sites() -> list[SiteOut]:
        """All sites, in catalogue order."""
        return [
            SiteOut(id=s.id, name=s.name, kind=s.kind, through=_time(s.through), silent=s.silent, alarms=dict(s.alarms))
            for s in desk.view.sites()
        ]

    @router.get("/alarms", dependencies=[Depends(who.anybody)])
    def alarms(
        site: Annotated[str, Query(max_length=64)] = "",
        priority: Annotated[str, Query(max_length=20)] = "",
        state: Annotated[str, Query(max_length=9, pattern=r"^[A-I]*$")] = "",
    ) -> list[AlarmOut]:
        """What stands or waits to be seen, hidden ones too: most severe first. `state`: some of the letters A to I."""
        found = [*desk.view.active(), *desk.view.hidden()]
        found += [one for one in desk.view.cleared() if one.letter in ("D", "E", "F")]
        return [
            _alarm(one) for one in found
            if (not site or one.site == site) and (not priority or one.priority == priority)
            and (not state or one.letter in state)
        ]  # fmt: skip

    @router.get("/incidents", dependencies=[Depends(who.anybody)])
    def incidents() -> list[IncidentOut]:
        """Open ones first."""
        return [
            IncidentOut(
                incident=one.incident, site=one.site, kind=one.kind, phase=one.phase, since=iso(one.began),
                cause=one.cause, next_step=one.next_step, closed=_time(one.closed),
            )
            for one in desk.view.incidents()
        ]  # fmt: skip

    @router.post("/commands")
    async def commands(
        body: CommandsIn, request: Request, user: Annotated[Identity, Depends(who.anybody)]
    ) -> CommandsOut:
        """Acknowledge, shelve and the like: one command an occurrence, each answered from the journal."""
        until = to_ns(body.until) if body.until is not None else 0
        act = Act(body.action, body.occurrences, body.why, until, body.key)
        try:
            done = await do(desk, user, _address(request), act)
        except Forbidden as error:
            raise HTTPException(403, str(error)) from None
        except NeedsEnd as error:
            raise HTTPException(422, str(error)) from None
        except LogError as error:
            raise HTTPException(503, f"nothing was taken, try again: {error}") from None
        results = [CommandOut.model_validate(asdict(one)) for one in done]
        return CommandsOut(results=results)

    @router.get("/audit")
    def audit(
        user: Annotated[Identity, Depends(who.anybody)], limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> list[AuditOut]:
        """What people did, newest first. For administrators."""
        if not may(user.role, "audit"):
            raise HTTPException(403, f"audit: needs the role {NEEDS['audit'].value}, this is {user.role.value}")
        return [
            AuditOut(
                time=iso(a.time), user=a.user, address=a.address, action=a.action, target=a.target, outcome=a.outcome,
                detail=a.detail,
            )
            for a in desk.accounts.audit(limit)
        ]  # fmt: skip

    return router


class _Who:
    """Who a request is from, by its token."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def anybody(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None
    ) -> Identity:
        """The user; 401 for nobody, 429 after too many wrong guesses, 503 when it cannot be looked up."""
        try:
            found = self._accounts.by_token(given.credentials, _address(request)) if given is not None else None
        except TooOften as error:
            raise HTTPException(429, str(error), {"Retry-After": str(math.ceil(error.seconds))}) from None
        except StoreError as error:
            raise HTTPException(503, str(error)) from None
        if found is None:
            raise HTTPException(401, "a valid token is needed", {"WWW-Authenticate": "Bearer"})
        return found


def _alarm(one: AlarmView) -> AlarmOut:
    return AlarmOut(
        occurrence=one.occurrence, site=one.site, station=one.station, point=one.point, rule=one.rule_id,
        priority=one.priority, state=one.letter, raised=iso(one.raised), cleared=_time(one.cleared),
        value=_finite(one.value), limit=_finite(one.limit), unit=one.unit, hidden=one.hidden,
        uncertain=one.uncertain, response=one.rule.response if one.rule is not None else "",
    )  # fmt: skip


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _time(ns: int | None) -> str | None:
    return None if ns is None else iso(ns)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""
