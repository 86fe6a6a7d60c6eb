"""Incidents with their playbooks, and the handover, for programs: what the pages show, and ticks and notes."""

# No postponed annotations here: FastAPI reads those of the routes, which name what is local to `add`.
import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from services.access.accounts import Identity
from services.access.roles import NEEDS, may
from services.alerts.lifecycle.standing import Standing
from services.console.acting.acts import Desk
from services.console.acting.logbook import Empty, Logbook
from services.console.api import told
from services.console.api.models import Body, IncidentOut, Problem
from services.console.api.who import Who
from services.console.door.gate import address_of
from services.console.pages.handover import FRESH
from services.console.view import playbook
from services.console.view.handover import ALARM_LISTS, BadShift, Sheet, sheet, starts_of
from services.console.view.snapshots import IncidentView
from services.core.clock import iso
from services.duty.notes import LONGEST, Note
from services.duty.steps import Tick, in_force
from services.store.database import Database

_REFUSED: dict[int | str, dict[str, Any]] = {403: {"model": Problem, "description": "The role may not"}}
_NONE: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such incident or step"}}
_Incident = Annotated[str, Path(max_length=300, description="As `/incidents` names it")]


class PhaseOut(BaseModel):
    """A phase that was entered: when and why."""

    phase: str
    time: str
    cause: str


class StepOut(BaseModel):
    """A step of the playbook. done_by, done: who ticked it and when, "" and null: nobody has. next: it is due."""

    phase: str
    place: int
    text: str
    done_by: str
    done: str | None
    next: bool


class IncidentWhole(IncidentOut):
    """An incident with its course. readings: the evidence of the newest event, as people write it."""

    phases: list[PhaseOut]
    readings: dict[str, str]
    confidence: str
    missing: list[str]
    steps: list[StepOut]


class StepIn(Body):
    """A step is done, or that is taken back. place: which of its phase's steps, from 0."""

    phase: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    place: Annotated[int, Field(ge=0, le=999)]
    done: bool = True


class StandingOut(BaseModel):
    """An alarm that a shift hands over. until: the end of its shelf or of the work over it.  who, why: put it aside."""

    alarm: str
    priority: str
    state: str
    since: str
    until: str | None
    who: str
    why: str


class NoteIn(Body):
    """What the next shift must know. The lists of the moment are kept with it."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]


class NoteOut(BaseModel):
    """time: of the run's clock."""

    time: str
    user: str
    text: str


class HandoverOut(BaseModel):
    """What the shift from `start` to `end` hands over, as of `now`. sounded: its alarms by priority; worst: most of
    them in any ten minutes.  came, gone: names since the newest note, by list.
    """

    start: str
    end: str
    now: str
    sounded: dict[str, int]
    worst: int
    alarms: dict[str, list[StandingOut]]
    work: list[str]
    incidents: list[str]
    silent: list[str]
    bad: list[str]
    notes: list[NoteOut]
    came: dict[str, list[str]]
    gone: dict[str, list[str]]


def add(router: APIRouter, desk: Desk, people: Database, who: Who) -> None:
    """Adds the routes, under the router's prefix."""
    book = Logbook(people, desk.accounts)

    def allowed(act: str) -> Callable[..., Identity]:
        def asked(request: Request, user: Annotated[Identity, Depends(who.anybody)]) -> Identity:
            if not may(user.role, act):
                desk.accounts.record(user.name, address_of(request), act, request.url.path, "forbidden", "")
                raise HTTPException(403, f"{act}: needs the role {NEEDS[act].value}, this is {user.role.value}")
            return user

        return asked

    stepper, writer = Depends(allowed("step")), Depends(allowed("shift_note"))

    @router.get("/incidents/{incident:path}", responses=_NONE)
    async def one(incident: _Incident) -> IncidentWhole:
        """One incident, also a closed one as far back as the console keeps them, with its playbook."""
        found = _found(desk, incident)
        ticks = await asyncio.to_thread(book.ticks, incident)
        return _whole(desk, found, ticks)

    @router.post("/incidents/{incident:path}/steps", status_code=200, responses={**_REFUSED, **_NONE})
    async def tick(
        incident: _Incident, body: StepIn, request: Request, user: Annotated[Identity, stepper]
    ) -> IncidentWhole:
        """Ticks a step as done, or takes that back; of two who tick at once the first stands."""
        found = _found(desk, incident)
        steps = {(step.phase, step.place): step for step in _steps(desk, found)}
        step = steps.get((body.phase, body.place))
        if step is None:
            raise HTTPException(404, "step: the playbook has none there")
        what = Tick(incident, step.phase, step.place, step.text, body.done, desk.now(), user.name)
        await asyncio.to_thread(book.tick, user, address_of(request), what)
        return _whole(desk, found, await asyncio.to_thread(book.ticks, incident))

    @router.get("/handover")
    async def handover(
        shifts: Annotated[str, Query(max_length=100, description="When shifts change, as 08:00,20:00")] = "",
    ) -> HandoverOut:
        """What stands, is put aside, or is not seen; the shift's load; notes, and what changed since the newest."""
        try:
            starts = starts_of(shifts)
        except BadShift as error:
            raise HTTPException(422, str(error)) from None
        notes = await asyncio.to_thread(book.notes)
        return _handover(sheet(desk.view, _zone(desk), starts, FRESH), notes)

    @router.post("/handover/notes", status_code=201, responses=_REFUSED)
    async def note(body: NoteIn, request: Request, user: Annotated[Identity, writer]) -> NoteOut:
        """Keeps a note in the name of the token's user, with the lists as they are."""
        lists = sheet(desk.view, _zone(desk)).lists()
        try:
            here = (user, address_of(request), body.text, desk.now(), lists)
            return _note(await asyncio.to_thread(book.note, *here))
        except Empty as error:
            raise HTTPException(422, str(error)) from None


def _zone(desk: Desk) -> ZoneInfo:
    """Where shifts change: the first site's, as on the pages."""
    return ZoneInfo(next((site.time_zone for site in desk.view.catalogue()), "UTC"))


def _found(desk: Desk, incident: str) -> IncidentView:
    for one in desk.view.incidents():
        if one.incident == incident:
            return one
    raise HTTPException(404, "incident: there is none of that name, or it is long gone")


def _steps(desk: Desk, one: IncidentView) -> list[playbook.Step]:
    course = desk.view.shift.courses.get(one.incident)
    site = next((site for site in desk.view.catalogue() if site.id == one.site), None)
    return playbook.all_steps(one, course.begun if course is not None else {}, site)


def _whole(desk: Desk, one: IncidentView, ticks: list[Tick]) -> IncidentWhole:
    done, steps = in_force(ticks), _steps(desk, one)
    due = next(((s.phase, s.place) for s in steps if s.phase == one.phase and (s.phase, s.place) not in done), None)
    listed = []
    for step in steps:
        key = (step.phase, step.place)
        by = done.get(key)
        listed.append(StepOut(
            phase=step.phase, place=step.place, text=step.text, next=key == due,
            done_by=by.user if by is not None else "", done=iso(by.time) if by is not None else None,
        ))  # fmt: skip
    return IncidentWhole(
        **told.incident(one).model_dump(),
        phases=[PhaseOut(phase=phase.phase, time=iso(phase.time), cause=phase.cause) for phase in one.phases],
        readings=dict(one.readings), confidence=one.confidence, missing=list(one.missing), steps=listed,
    )  # fmt: skip


def _standing(one: Standing) -> StandingOut:
    aside = one.removed or one.shelved or next(iter(one.suppressed), None)
    return StandingOut(
        alarm="/".join(one.name), priority=one.last.priority, state=one.letter, since=iso(one.since),
        until=iso(aside.until) if aside is not None and aside.until else None,
        who=aside.who if aside is not None else "", why=aside.why if aside is not None else "",
    )  # fmt: skip


def _note(one: Note) -> NoteOut:
    return NoteOut(time=iso(one.time), user=one.user, text=one.text)


def _handover(found: Sheet, notes: list[Note]) -> HandoverOut:
    lists = found.lists()
    changes = found.since(notes[0]) if notes else None
    return HandoverOut(
        start=iso(found.start), end=iso(found.end), now=iso(found.now),
        sounded=found.load.counts, worst=found.load.worst,
        alarms={name: [_standing(one) for one in found.of(name)] for name in ALARM_LISTS},
        work=lists["work"], incidents=lists["incidents"], silent=lists["silent"], bad=lists["bad"],
        notes=[_note(one) for one in notes],
        came={k: list(v) for k, v in changes.came.items()} if changes is not None else {},
        gone={k: list(v) for k, v in changes.gone.items()} if changes is not None else {},
    )  # fmt: skip
