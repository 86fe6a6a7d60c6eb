"""Duty for programs: who is on call, swaps, who answers for which site, hand-overs, and windows of planned work."""

# No postponed annotations here: FastAPI reads those of the routes, which name what is local to `add`.
import inspect
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.access.accounts import Identity
from services.console.acting.acts import Forbidden, NeedsEnd
from services.console.acting.duties import Duties
from services.console.api.models import Body, Name, Problem, Time, Why, ns
from services.console.api.who import Who
from services.console.door.gate import address_of
from services.core.clock import iso
from services.core.errors import HeadworksError, LogError
from services.duty.areas import NotDone, Offer
from services.duty.changes import Change
from services.duty.on_duty import OnDuty, on_duty
from services.duty.work import Work
from services.store.database import StoreError

_Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._\-]*$")]
_Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_Sites = Annotated[list[_Id], Field(min_length=1, max_length=1000)]


class OnDutyOut(BaseModel):
    """A roster: who is on call, until when (null: for more than a month), who is next. ways: names, no addresses."""

    roster: str
    name: str
    people: list[str]
    ways: list[str]
    until: str | None
    then: list[str]


class SwapIn(Body):
    """`person` (an id of the rosters' file) has the duty of `roster` from `start` (null: now) until `end`."""

    roster: _Id
    person: _Id
    start: Time | None = None
    end: Time
    why: Why


class SwapOut(BaseModel):
    """A swap that holds or is still to come."""

    number: int
    roster: str
    person: str
    start: str
    end: str
    who: str
    why: str


class AreaOut(BaseModel):
    """A site. holder: null is nobody; was: who answered for it until they could not any more."""

    site: str
    holder: str | None
    since: str | None
    was: str


class SitesIn(Body):
    """Sites of the catalogue."""

    sites: _Sites


class TakeOverIn(SitesIn):
    """From somebody who is gone."""

    why: Why


class OfferIn(SitesIn):
    """The giver answers for the sites until the taker has accepted."""

    taker: _Id
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


class OfferOut(BaseModel):
    """A hand-over that is open."""

    number: int
    giver: str
    taker: str
    sites: list[str]
    note: str
    time: str


class WorkIn(Body):
    """Planned work over a site, station or point, of the run's clock; start null: now. It may last 7 days."""

    target: Name
    start: Time | None = None
    end: Time
    why: Why


class LaterIn(Body):
    """A later end."""

    end: Time
    why: Why


class WhyIn(Body):
    """Why."""

    why: Why


class WorkOut(BaseModel):
    """A window. state: planned, begun, over, ended (early), withdrawn, refused or missed; reason: why, as far as said.

    overlaps: numbers of windows over the same at the same time, told when it is planned.
    """

    number: int
    target: str
    start: str
    end: str
    who: str
    why: str
    state: str
    reason: str
    overlaps: list[int] = []


_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"model": Problem, "description": "The role may not; it says which"},
    409: {"model": Problem, "description": "It cannot be done as things stand; it says why"},
}


async def _did(what: Callable[[], Any]) -> Any:
    """What it gives; refusals as the API tells them."""
    try:
        found = what()
        return await found if inspect.isawaitable(found) else found
    except Forbidden as error:
        raise HTTPException(403, str(error)) from None
    except (NotDone, NeedsEnd) as error:
        raise HTTPException(409, str(error)) from None
    except (LogError, StoreError) as error:
        raise HTTPException(503, f"nothing was taken, try again: {error}") from None
    except HeadworksError as error:
        raise HTTPException(409, str(error)) from None


def add(router: APIRouter, duties: Duties, who: Who) -> None:
    """The routes, among those of the API."""

    def able(act: str) -> Callable[..., Identity]:
        """The user, if the role allows the act: asked before the body is looked at."""

        def asked(request: Request, user: Annotated[Identity, Depends(who.anybody)]) -> Identity:
            try:
                duties.needs(user, address_of(request), act, act, request.url.path)
            except Forbidden as error:
                raise HTTPException(403, str(error)) from None
            except StoreError as error:
                raise HTTPException(503, str(error)) from None
            return user

        return asked

    responsible, over = able("responsible"), able("take_over")
    swapper, engineer = able("swap"), able("suppress")

    @router.get("/oncall", dependencies=[Depends(who.anybody)])
    async def oncall() -> list[OnDutyOut]:
        """Who is on call now, by roster; empty when no rosters are in force."""
        rules = duties.look().rules
        return [] if rules is None else [_duty(one) for one in on_duty(rules, duties.now())]

    @router.get("/swaps", dependencies=[Depends(who.anybody)])
    async def swaps() -> list[SwapOut]:
        """Those that hold or are still to come."""
        return [_swap(one) for one in await _did(lambda: duties.changes.holding(duties.now()))]

    @router.post("/swaps", status_code=201, responses=_REFUSED)
    async def swap(body: SwapIn, request: Request, user: Annotated[Identity, Depends(swapper)]) -> SwapOut:
        """An operator for themselves, an engineer for everybody."""
        start = ns(body.start, duties.now())
        change = Change(0, body.roster, body.person, start, ns(body.end, 0), user.name, body.why)
        return _swap(await _did(lambda: duties.swap(user, address_of(request), change)))

    @router.post("/swaps/{number}/withdraw", status_code=204, responses=_REFUSED)
    async def unswap(
        number: _Number, body: WhyIn, request: Request, user: Annotated[Identity, Depends(swapper)]
    ) -> Response:
        """The roster's own turns hold again."""
        await _did(lambda: duties.unswap(user, address_of(request), number, body.why))
        return Response(status_code=204)

    @router.get("/areas", dependencies=[Depends(who.anybody)])
    async def areas() -> list[AreaOut]:
        """Every site, and who answers for it."""
        book = await _did(duties.areas.read)
        return [
            AreaOut(
                site=site.id, holder=book.areas.holders.get(site.id), was=book.was.get(site.id, ""),
                since=iso(book.since[site.id]) if site.id in book.since else None,
            )
            for site in duties.desk.view.catalogue()
        ]  # fmt: skip

    @router.post("/areas/take", status_code=204, responses=_REFUSED)
    async def take(body: SitesIn, request: Request, user: Annotated[Identity, Depends(responsible)]) -> Response:
        """What is nobody's becomes theirs: all of it, or nothing."""
        await _did(lambda: duties.take(user, address_of(request), body.sites))
        return Response(status_code=204)

    @router.post("/areas/take-over", status_code=204, responses=_REFUSED)
    async def take_over(body: TakeOverIn, request: Request, user: Annotated[Identity, Depends(over)]) -> Response:
        """Theirs, whoever held it."""
        await _did(lambda: duties.take_over(user, address_of(request), body.sites, body.why))
        return Response(status_code=204)

    @router.get("/offers", dependencies=[Depends(who.anybody)])
    async def offers() -> list[OfferOut]:
        """Hand-overs that are open."""
        book = await _did(duties.areas.read)
        return [_offer(one) for one in book.areas.offers.values()]

    @router.post("/offers", status_code=201, responses=_REFUSED)
    async def offer(body: OfferIn, request: Request, user: Annotated[Identity, Depends(responsible)]) -> OfferOut:
        """Opens a hand-over of one's own sites."""
        number = await _did(lambda: duties.offer(user, address_of(request), body.taker, body.sites, body.note))
        book = await _did(duties.areas.read)
        there = book.areas.offers.get(number)
        return _offer(there or Offer(number, user.name, body.taker, tuple(body.sites), body.note))

    @router.post("/offers/{number}/accept", status_code=204, responses=_REFUSED)
    async def accept(number: _Number, request: Request, user: Annotated[Identity, Depends(responsible)]) -> Response:
        """The taker answers for the sites from now on."""
        await _did(lambda: duties.accept(user, address_of(request), number))
        return Response(status_code=204)

    @router.post("/offers/{number}/end", status_code=204, responses=_REFUSED)
    async def end_offer(number: _Number, request: Request, user: Annotated[Identity, Depends(responsible)]) -> Response:
        """The giver withdraws it, or the taker declines."""
        await _did(lambda: duties.end_offer(user, address_of(request), number))
        return Response(status_code=204)

    @router.get("/work", dependencies=[Depends(who.anybody)])
    async def works() -> list[WorkOut]:
        """Windows that are planned or have begun, then those lately over."""
        found = [*await _did(duties.works.open), *await _did(duties.works.closed)]
        return [_work(one) for one in found]

    @router.post("/work", status_code=201, responses=_REFUSED)
    async def plan(body: WorkIn, request: Request, user: Annotated[Identity, Depends(engineer)]) -> WorkOut:
        """It begins at its start, by a command of its own in the log."""
        start, end = ns(body.start, 0), ns(body.end, 0)
        made, others = await _did(lambda: duties.plan(user, address_of(request), body.target, start, end, body.why))
        return _work(made, [one.number for one in others])

    @router.post("/work/{number}/extend", responses=_REFUSED)
    async def extend(
        number: _Number, body: LaterIn, request: Request, user: Annotated[Identity, Depends(engineer)]
    ) -> WorkOut:
        """A later end, 7 days from now at most."""
        await _did(lambda: duties.prolong(user, address_of(request), number, ns(body.end, 0), body.why))
        return _work(await _did(lambda: duties.works.get(number)))

    @router.post("/work/{number}/end", responses=_REFUSED)
    async def end(
        number: _Number, body: WhyIn, request: Request, user: Annotated[Identity, Depends(engineer)]
    ) -> WorkOut:
        """Ends what has begun, withdraws what has not."""
        await _did(lambda: duties.end_work(user, address_of(request), number, body.why))
        return _work(await _did(lambda: duties.works.get(number)))


def _duty(one: OnDuty) -> OnDutyOut:
    ways = [f"{way.channel}: {way.urgency}" for person in one.people for way in person.reach]
    return OnDutyOut(
        roster=one.roster, name=one.name, people=[p.id for p in one.people], ways=ways,
        until=iso(one.until) if one.until else None, then=[p.id for p in one.follows],
    )  # fmt: skip


def _swap(one: Change) -> SwapOut:
    return SwapOut(
        number=one.number, roster=one.roster, person=one.person, start=iso(one.start), end=iso(one.end), who=one.who,
        why=one.why,
    )  # fmt: skip


def _offer(one: Offer) -> OfferOut:
    return OfferOut(
        number=one.number, giver=one.giver, taker=one.taker, sites=list(one.sites), note=one.note, time=iso(one.time)
    )


def _work(one: Work, overlaps: list[int] | None = None) -> WorkOut:
    return WorkOut(
        number=one.number, target=one.target, start=iso(one.start), end=iso(one.end), who=one.who, why=one.why,
        state=one.state, reason=one.reason, overlaps=overlaps or [],
    )  # fmt: skip
