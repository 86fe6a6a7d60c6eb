"""What a LiveView says about one moment: plain frozen values. All times are event time, ns UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.core.catalogue.model import Rule

#: Most severe first; what the catalogue does not know sorts last.
PRIORITIES = ("critical", "high", "medium", "journal")


def severity(priority: str) -> int:
    """0 for the most severe priority, growing as it matters less."""
    return PRIORITIES.index(priority) if priority in PRIORITIES else len(PRIORITIES)


@dataclass(frozen=True, slots=True)
class PointView:
    """The newest reading of a point. `value` is None when it is unknown; `why` says why.

    why: `never`, `silent` (station), `stale` (point), `link` (death certificate) or a quality.
    time: of the newest reading, also when it is no longer trusted.  good_at: of the newest that could be.
    saturated: the true value is at least `value`.
    direction: -1 falling, 0 steady, 1 rising over the last 15 min; None when that cannot be said, when the value
        is at zero, and when no more than its last printed digit changes.
    """

    site: str
    station: str
    name: str
    description: str
    unit: str
    value: float | None
    why: str = ""
    time: int | None = None
    good_at: int | None = None
    quality: int = 0
    saturated: bool = False
    uncertain: bool = False
    direction: int | None = None
    state: str = ""

    @property
    def id(self) -> str:
        """`station/point`, unique within the site."""
        return f"{self.station}/{self.name}"


@dataclass(frozen=True, slots=True)
class StationView:
    """A station: `through` is up to when it has reported, None before its first frame."""

    id: str
    type: str
    name: str
    through: int | None
    silent: bool
    dead: bool
    state: str
    points: Mapping[str, PointView]


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One occurrence that is or was active. `now` is its point's reading, None without one.

    letter: the state of ISA-18.2, "" when none is told.  until: when its shelf or the planned work ends (ns), 0: open.
    target: what a command on it names.  seen_by, seen_at: who acknowledged it and when (ns), "" and 0: nobody.
    """

    site: str
    site_name: str
    station: str
    station_name: str
    point: str
    description: str
    rule_id: str
    rule: Rule | None
    occurrence: str
    priority: str
    raised: int
    cleared: int | None
    age: int
    value: float | None
    limit: float | None
    unit: str
    saturated: bool
    hidden: bool
    hidden_because: str
    uncertain: bool
    annunciated: bool
    cause: str
    now: PointView | None
    letter: str = ""
    until: int = 0
    target: str = ""
    seen_by: str = ""
    seen_at: int = 0


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site's stations in catalogue order, its newest frame, and how many alarms are active by priority."""

    id: str
    name: str
    kind: str
    time_zone: str
    stations: tuple[StationView, ...]
    through: int | None
    received: int
    alarms: Mapping[str, int]
    worst: str

    @property
    def silent(self) -> bool:
        """Whether no station reports."""
        return all(station.silent or station.dead for station in self.stations)


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the alarm history."""

    time: int
    site_name: str
    station_name: str
    description: str
    rule_id: str
    transition: str
    priority: str
    value: float | None
    limit: float | None
    unit: str
    annunciated: bool
    cause: str


@dataclass(frozen=True, slots=True)
class Phase:
    """An incident's phase, since when and why."""

    phase: str
    time: int
    cause: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hours to supply loss, or to `what` else. None: longer than `horizon` (h; None: not stated). time: of the newest
    value.

    unknown: why there is no forecast; empty when there is one.
    """

    pessimistic: float | None
    expected: float | None
    optimistic: float | None
    horizon: float | None = None
    assumptions: tuple[str, ...] = ()
    time: int | None = None
    unknown: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident: its phases in order, the newest evidence (of `time`), what to do next.

    points: by the label of a reading, the point (`station/point`) that it is of, as far as the evidence says.
    confidence: high, medium or low; empty when it was not stated.  missing: what is not seen, in words.
    """

    site: str
    site_name: str
    kind: str
    incident: str
    phases: tuple[Phase, ...]
    cause: str
    next_step: str
    time: int
    readings: Mapping[str, str]
    forecast: Forecast | None
    closed: int | None
    points: Mapping[str, str] = field(default_factory=dict)
    confidence: str = ""
    missing: tuple[str, ...] = ()

    @property
    def phase(self) -> str:
        """The present phase."""
        return self.phases[-1].phase

    @property
    def began(self) -> int:
        """When the first phase was entered."""
        return self.phases[0].time


@dataclass(frozen=True, slots=True)
class Trend:
    """Samples in event time; a value of None is a gap."""

    times: tuple[int, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What only the owner of the processes knows; the page asks for it every second.

    silence: wall seconds since the last tick.  stopped: names of processors that no longer run.
    problem: one sentence for the operator.  speed: event seconds per wall second, None for real time.
    """

    silence: float
    stopped: tuple[str, ...] = ()
    problem: str = ""
    simulation: bool = False
    speed: float | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
