"""What a site is, resolved: stations, points with unit, range and limits, rules, demand and playbooks.

These are the frozen results that processors, bridge and console use. How they are written in YAML is in
`source.py`; how that becomes these is in `resolve.py`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo

from services.core.catalogue.incident_use import IncidentUse
from services.core.catalogue.zones import BalanceUse, Zone
from services.core.clock import HOUR, MINUTE, SECOND, format_duration, parse_duration

Priority = Literal["critical", "high", "medium", "journal"]
Severity = Literal["minor", "serious", "severe"]
RuleKind = Literal[
    "high",  # value > limit
    "low",  # value < limit
    "rise",  # increase over `window` > limit
    "fall",  # decrease over `window` > limit
    "rise_ratio",  # value / minimum over `window` > limit, and value > floor
    "successive_high",  # value > limit at two successive marks of `window`
    "flat",  # unchanged for `window` while readings come
    "fault",  # the reading is bad: instrument, sample line, range
    "equals",  # an enumerated or digital value is `limit`
    "stale",  # the station is silent
    "clock",  # the station's clock is ahead of the run's, behind it, or was set back
    "silent",  # no reading for longer than the point's `stale_after`, though its station is heard
    "not_equals",  # an enumerated or digital value is not `limit`
    "state",  # an enumerated value is one of `states`
    "saturated",  # at the top of the instrument's range: "at least this much"
    "slope_up",  # least-squares slope over `window`, as a change a window, > limit
    "slope_down",  # the same, falling
    "cusum_high",  # what the value has in excess of `reference` + `slack`, summed over time, > limit · window
    "cusum_low",  # the same, below `reference` - `slack`
    "ewma_high",  # exponential mean with time constant `window` > limit
    "ewma_low",  # the same, < limit
    "drift",  # slow movement either way: change a `window` of the exponential mean > limit
    "spike",  # `count` jumps of more than `limit` for a single reading, each within `window` of the one before
]

#: Kinds whose limit may depend on plant mode or season: it is looked at when a reading comes, and then only.
VARIABLE: frozenset[str] = frozenset((
    "high", "low", "rise", "fall", "rise_ratio", "slope_up", "slope_down", "cusum_high", "cusum_low", "ewma_high",
    "ewma_low", "drift",
))  # fmt: skip

#: Kinds that alarm when something falls: their clear limit lies above the limit.
FALLING: frozenset[str] = frozenset(("low", "ewma_low"))


def _duration(value: object, info: ValidationInfo) -> object:
    if info.mode == "python" and isinstance(value, int) and 0 < value < SECOND // 1000:
        # In a file: nanoseconds, and `wait: 15` would be no wait at all. Canonical JSON may have them.
        raise ValueError(f"not a duration: {value} has no unit (write 30s, 5m, 1h30m)")
    return parse_duration(value) if isinstance(value, str) else value


def _bounded(value: int) -> int:
    if not 0 <= value <= parse_duration("400d"):
        raise ValueError("must be between 0s and 400d")
    return value


def _divides_a_minute(value: int) -> int:
    """Incidents and slopes count in minutes: each must begin at an instant."""
    if not SECOND <= value <= MINUTE or MINUTE % value:
        raise ValueError("must be 1s to 1m, and divide a minute")
    return value


def _written(value: int) -> str | int:
    return value if value % SECOND else format_duration(value)


#: Nanoseconds, written `5m` in YAML and in canonical JSON (there a number when no whole seconds say it).
Duration = Annotated[
    int,
    BeforeValidator(_duration),
    AfterValidator(_bounded),
    PlainSerializer(_written, return_type=str | int),
]

#: Names in YAML, topics and journals: no separators that a topic, an occurrence or a path uses.
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}$")]
PointName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Strict(BaseModel):
    """Base: unknown fields are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Gate(Strict):
    """A rule works only while `point` (same station) has had one of `states`, for at least `settle`."""

    point: PointName
    states: tuple[int, ...] = Field(min_length=1, max_length=16)
    settle: Duration = 0


class When(Strict):
    """When a limit of its own applies: in `months` (of the site's time zone), in a state of `point`, or both.

    `point` is of the same station; what it last said well counts until it says something else.
    """

    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(default=(), max_length=12)
    point: PointName | None = None
    states: tuple[int, ...] = Field(default=(), max_length=16)
    limit: Finite


class LimitSet(When):
    """Resolved: with its clear limit."""

    clear: Finite


class RuleTerms(Strict):
    """What an alarm says, as a station type writes it and as it is resolved.

    certain_after: for how long readings must be good again before an alarm that stood uncertain is certain, so that
    an instrument that flickers writes one line and not one a flicker.
    chatter_shelf: for how long an alarm that comes three times in a minute is put aside by itself; 0: never.
    severity: the class of the consequence, of which with `respond_within` the priority is derived (`priority.py`).
    priority_because: why the priority is another than the derived one.
    """

    kind: RuleKind
    limit: Finite = 0.0
    on_delay: Duration = 0
    off_delay: Duration = 0
    window: Duration = 0
    floor: Finite = 0.0
    reference: Finite = 0.0
    slack: Finite = 0.0
    count: int = Field(default=1, ge=1, le=1000)
    states: tuple[int, ...] = Field(default=(), max_length=63)
    certain_after: Duration = 5 * MINUTE
    severity: Severity | None = None
    priority_because: str = Field(default="", max_length=500)
    hidden_by: Identifier | None = None
    latching: bool = False
    realarm: Duration = 0
    longest_shelf: Duration = 8 * HOUR
    chatter_shelf: Duration = 10 * MINUTE
    gate: Gate | None = None
    consequence: Text
    response: Text
    respond_within: Duration
    source: str = ""


class Rule(RuleTerms):
    """An alarm definition on a point. Limits are in the point's unit; `clear` is where the deadband ends.

    limits: the first that applies replaces `limit` and `clear`; when none does, those stand.
    """

    id: Identifier
    priority: Priority
    clear: Finite = 0.0
    limits: tuple[LimitSet, ...] = Field(default=(), max_length=12)


class DerivedBy(Strict):
    """How a derived point is computed: the function's name, and its inputs as `station/point`.

    A parameter that a station type leaves null must be given by each station (`parameters:`).
    """

    function: Identifier
    inputs: dict[PointName, str]
    parameters: dict[PointName, Finite | None] = {}


class Point(Strict):
    """One measured or derived quantity. `low`, `high`: the instrument's range, in `unit`.

    counter: of a totaliser the value at which it rolls over to 0, in `unit`.
    """

    station: Identifier
    name: PointName
    description: str = ""
    unit: str = ""
    low: Finite | None = None
    high: Finite | None = None
    saturates: bool = False
    states: dict[int, str] = {}
    sample_flow: PointName | None = None
    stale_after: Duration | None = None
    counter: Annotated[float, Field(gt=0, le=1e18)] | None = None
    derived: DerivedBy | None = None
    rules: tuple[Rule, ...] = ()
    removed: bool = False

    @property
    def id(self) -> str:
        """`station/point`, unique within the site."""
        return f"{self.station}/{self.name}"


class Station(Strict):
    """A part of a site that reports together. Silent for three heartbeats (at least 3 min): stale.

    clock: the alarm of a clock that is wrong; None: nobody wants to know.
    """

    id: Identifier
    type: Identifier
    name: str
    heartbeat: Duration
    stale_after: Duration
    stale: Rule
    clock: Rule | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The alarms of the station itself, as of a point named `station`."""
        return (self.stale,) if self.clock is None else (self.stale, self.clock)


class Demand(Strict):
    """Expected water demand: mean flow (m3/h) times an hourly factor (24, local time), with a range (ratio)."""

    mean: Finite = Field(gt=0, le=1e6)
    hourly: tuple[Annotated[float, Field(gt=0, le=5)], ...] = Field(min_length=24, max_length=24)
    spread: Finite = Field(default=0.1, ge=0, le=1)
    source: str = ""


def _alarm_key(text: str) -> str:
    if not re.fullmatch(r"[^/\s]+/[^/\s]+/[^/\s]+", text):
        raise ValueError("must be written as station/point/rule")
    return text


#: An alarm within its site; in a pattern a part may be `*`.
AlarmKey = Annotated[str, AfterValidator(_alarm_key)]


class Suppression(Strict):
    """While `cause` (station/point/rule) stands, and for `hold` after it, what it `hides` is suppressed by design.

    `hides`: alarms as station/point/rule, where a part may be `*`: one cause is one problem, not forty.
    """

    cause: AlarmKey
    hides: tuple[AlarmKey, ...] = Field(min_length=1, max_length=100)
    because: Text
    hold: Duration = MINUTE


class Site(Strict):
    """A plant with all its stations, or a station that stands alone. Point indices are append-only.

    position: the operator's position that its alarms go to; the performance of alarms is judged for each.
    zones: those that have a member here, whole: what a site says of its windows goes to them.
    """

    id: Identifier
    group: Identifier
    name: str
    kind: Literal["plant", "gauge", "booster", "meter", "river"]
    zone: str = ""
    time_zone: str
    location: tuple[float, float] | None = None
    stations: tuple[Station, ...]
    points: tuple[Point, ...]
    demand: Demand | None = None
    incidents: tuple[IncidentUse, ...] = ()
    playbooks: dict[str, dict[str, str]] = {}
    suppressions: tuple[Suppression, ...] = ()
    position: Identifier = "dispatch"
    grid: Annotated[Duration, AfterValidator(_divides_a_minute)] = 10 * SECOND
    lateness: Annotated[Duration, Field(le=HOUR)] = 0
    balance: BalanceUse | None = None
    zones: tuple[Zone, ...] = ()

    @cached_property
    def point_index(self) -> dict[str, int]:
        """`station/point` to index; removed points are not in it."""
        return {p.id: i for i, p in enumerate(self.points) if not p.removed}

    def station(self, station_id: str) -> Station:
        """The station; KeyError when the site has none of that name."""
        for station in self.stations:
            if station.id == station_id:
                return station
        raise KeyError(station_id)


class Catalogue(Strict):
    """All sites of a group, as one file describes them."""

    group: Identifier
    name: str
    sites: tuple[Site, ...]

    def site(self, site_id: str) -> Site:
        """The site; KeyError when there is none of that name."""
        for site in self.sites:
            if site.id == site_id:
                return site
        raise KeyError(site_id)
