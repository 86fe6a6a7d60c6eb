"""What the API takes and gives, as documented in its OpenAPI description. Times are ISO 8601 UTC."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.console.acts import LONGEST_WHY, NAME

Action = Literal[
    "acknowledge", "reset", "shelve", "shelve_once", "unshelve", "out_of_service", "in_service", "suppress",
    "unsuppress",
]  # fmt: skip

Name = Annotated[str, StringConstraints(pattern=NAME)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_WHY)]


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
    until: AwareDatetime | None = None
    key: Annotated[str, StringConstraints(max_length=100)] = ""


class CommandOut(BaseModel):
    """What became of it on one alarm: done, refused (with why), or pending: in the log, and not yet folded."""

    occurrence: str
    command: str
    outcome: Literal["done", "refused", "pending"]
    reason: str = ""
    state: str = ""


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
