"""What the API takes and gives, as documented in its OpenAPI description. Times are ISO 8601 UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.console.acting.acts import LONGEST_WHY, NAME
from services.core.clock import to_ns

Action = Literal[
    "acknowledge", "reset", "shelve", "shelve_once", "unshelve", "out_of_service", "in_service", "suppress",
    "unsuppress",
]  # fmt: skip

#: A site, station, point or alarm, `site/station/point/rule`, with `@onset` when one occurrence is meant.
Name = Annotated[str, StringConstraints(pattern=NAME)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_WHY)]

#: Nanoseconds in 64 bits end in 2262.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)


def _in_reach(time: datetime) -> datetime:
    if not _FIRST <= time < _LAST:
        raise ValueError("must be from 1970 to 2261")
    return time


#: With its offset from UTC.
Time = Annotated[AwareDatetime, AfterValidator(_in_reach)]


def ns(time: datetime | None, otherwise: int) -> int:
    """Nanoseconds UTC."""
    return otherwise if time is None else to_ns(time)


class Problem(BaseModel):
    """Why a request was refused, in a sentence: every answer of 400 and above."""

    detail: str


class Body(BaseModel):
    """Base: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class CommandsIn(Body):
    """An act on one or many alarms.

    occurrences: what is meant; of `suppress` (planned work) a site, station or point.  until: the end of a shelf or
    of planned work; it must be given for those.  key: the sender's own name of this act: sent twice, it is done once.
    """

    action: Action
    occurrences: list[Name] = Field(min_length=1, max_length=500)
    why: Why
    until: Time | None = None
    key: Annotated[str, StringConstraints(max_length=100)] = ""


class CommandOut(BaseModel):
    """What became of it on one alarm: done, refused (with why), or pending: in the log, and not yet folded.

    by: who had acknowledged it already, where that is why.
    """

    occurrence: str
    command: str
    outcome: Literal["done", "refused", "pending"]
    reason: str = ""
    state: str = ""
    by: str = ""


class CommandsOut(BaseModel):
    """One entry for each occurrence, in the order in which they were given."""

    results: list[CommandOut]


class AlarmOut(BaseModel):
    """An alarm that stands or waits to be seen. state: the letter of ISA-18.2."""

    occurrence: str
    site: str
    station: str
    point: str
    rule: str
    priority: str
    state: str
    raised: str
    cleared: str | None
    value: float | None
    limit: float | None
    unit: str
    hidden: bool
    uncertain: bool
    response: str


class TransitionOut(BaseModel):
    """One transition of one occurrence, as it was journalled. number: its place among the occurrence's own."""

    time: str
    occurrence: str
    number: int
    site: str
    station: str
    point: str
    rule: str
    transition: str
    priority: str
    state: str
    value: float | None
    limit: float | None
    unit: str
    cause: str
    who: str
    command: str
    until: str | None


class AlarmWhole(AlarmOut):
    """An alarm with all its transitions that are kept, the first first."""

    transitions: list[TransitionOut]


class IncidentOut(BaseModel):
    """An incident and its present phase."""

    incident: str
    site: str
    kind: str
    phase: str
    since: str
    cause: str
    next_step: str
    closed: str | None


class SiteOut(BaseModel):
    """A site at a glance. through: up to when it has reported."""

    id: str
    name: str
    kind: str
    through: str | None
    silent: bool
    alarms: dict[str, int]


class StatusOut(BaseModel):
    """Whether what is shown is alive: the run's clock, how long (s) it has not moved, what has stopped."""

    now: str | None
    silence: float
    stopped: list[str]
    problem: str


class MeOut(BaseModel):
    """Who the token says one is, and what that allows."""

    name: str
    role: str
    acts: list[str]


class AuditOut(BaseModel):
    """A line of what people did."""

    time: str
    user: str
    address: str
    action: str
    target: str
    outcome: str
    detail: str
