"""How sites and station types are written in YAML, before they are resolved."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from services.core.catalogue.incident_use import IncidentUse
from services.core.catalogue.model import (
    Demand,
    DerivedBy,
    Duration,
    Finite,
    Identifier,
    PointName,
    Priority,
    RuleTerms,
    Severity,
    Strict,
    Suppression,
    Text,
    When,
)
from services.core.catalogue.zones import BalanceUse, ZoneSource
from services.core.clock import HOUR, MINUTE


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except Exception:
        raise ValueError(f"{name!r} must be an IANA time zone, e.g. Asia/Shanghai") from None
    return name


class PointSource(Strict):
    """A point of a station type, or an override of one."""

    description: str | None = None
    unit: str | None = None
    range: tuple[Finite, Finite] | None = None
    saturates: bool | None = None
    states: dict[int, str] | None = None
    sample_flow: PointName | None = None
    stale_after: Duration | None = None
    counter: Annotated[float, Field(gt=0, le=1e18)] | None = None
    derived: DerivedBy | None = None

    @model_validator(mode="after")
    def _range_is_ordered(self) -> PointSource:
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range {list(self.range)} must be [low, high] with low < high")
        return self


class LimitSource(When):
    """A limit by mode or season; its deadband is that of the rule unless it gives its own."""

    deadband: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    clear_ratio: Annotated[float, Field(gt=0, le=4)] | None = None


class RuleSource(RuleTerms):
    """An alarm of a station type. Without consequence, response and time to respond it is not an alarm.

    priority: left out, it is derived from `severity` and `respond_within`.
    """

    rule: Identifier
    point: PointName
    priority: Priority | None = None
    deadband: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    clear_ratio: Annotated[float, Field(gt=0, le=4)] | None = None
    limits: tuple[LimitSource, ...] = Field(default=(), max_length=12)

    @model_validator(mode="after")
    def _has_a_priority(self) -> RuleSource:
        if self.priority is None and self.severity is None:
            raise ValueError("an alarm needs a `priority`, or the `severity` of its consequence to derive it from")
        return self


class RuleOverride(Strict):
    """What a site may change of an alarm of the type; `off` takes it away, with a reason."""

    limit: Finite | None = None
    deadband: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    clear_ratio: Annotated[float, Field(gt=0, le=4)] | None = None
    on_delay: Duration | None = None
    off_delay: Duration | None = None
    window: Duration | None = None
    floor: Finite | None = None
    reference: Finite | None = None
    slack: Finite | None = None
    count: Annotated[int, Field(ge=1, le=1000)] | None = None
    states: tuple[int, ...] | None = None
    certain_after: Duration | None = None
    limits: tuple[LimitSource, ...] | None = Field(default=None, max_length=12)
    priority: Priority | None = None
    severity: Severity | None = None
    priority_because: Annotated[str, Field(max_length=500)] | None = None
    consequence: Text | None = None
    response: Text | None = None
    respond_within: Duration | None = None
    latching: bool | None = None
    realarm: Duration | None = None
    longest_shelf: Duration | None = None
    chatter_shelf: Duration | None = None
    source: str | None = None
    off: Text | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _says_something(cls, value: object) -> object:
        """`response:` with nothing behind it would else quietly be the type's."""
        if value is None:
            raise ValueError("must not be empty; left out it is the type's")
        return value


class Repeated(Strict):
    """Points and alarms that exist once a unit; `{n}` in names becomes 01, 02, …"""

    points: dict[str, PointSource] = {}
    alarms: list[dict[str, object]] = []


#: An alarm of the same station as point/rule, its silence as station/station-silent; in `hides` a part may hold `*`.
_OwnAlarm = Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")]


class TypeSuppression(Strict):
    """What one alarm of a station explains of the others of that station, at every station of the type."""

    cause: _OwnAlarm
    hides: tuple[_OwnAlarm, ...] = Field(min_length=1, max_length=100)
    because: Text
    hold: Duration = MINUTE


class StationType(Strict):
    """A kind of station with its points and starting alarms, and which of them explain which."""

    type: Identifier
    description: str = ""
    points: dict[PointName, PointSource] = {}
    repeat: dict[Identifier, Repeated] = {}
    alarms: list[RuleSource] = []
    suppressions: list[TypeSuppression] = Field(default=[], max_length=100)


class StationSource(Strict):
    """A station of a site."""

    id: Identifier
    type: Identifier
    name: str = ""
    heartbeat: Duration = 60_000_000_000
    units: dict[Identifier, Annotated[int, Field(ge=1, le=99)]] = {}
    parameters: dict[PointName, Finite] = {}
    points: dict[PointName, PointSource] = {}
    alarms: dict[str, RuleOverride] = {}


class SiteSource(Strict):
    """A site in YAML."""

    id: Identifier
    name: str
    kind: Literal["plant", "gauge", "booster", "meter", "river"]
    zone: str = ""
    position: Identifier = "dispatch"
    location: tuple[
        Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]
    ] | None = None  # fmt: skip
    stations: list[StationSource] = Field(min_length=1, max_length=100)
    alarms: dict[str, RuleOverride] = {}
    demand: Demand | None = None
    incidents: list[IncidentUse] = Field(default=[], max_length=20)
    playbooks: dict[str, dict[str, Text]] = {}
    suppressions: list[Suppression] = Field(default=[], max_length=100)
    lateness: Annotated[Duration, Field(le=HOUR)] = 0
    balance: BalanceUse | None = None


class CatalogueSource(Strict):
    """A catalogue file."""

    group: Identifier
    name: str
    time_zone: Annotated[str, AfterValidator(_zone)]
    sites: list[SiteSource] = Field(min_length=1, max_length=10_000)
    station_types: list[StationType] = []
    zones: list[ZoneSource] = Field(default=[], max_length=10_000)
