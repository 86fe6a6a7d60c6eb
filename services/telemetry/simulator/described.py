"""What every event file says, whatever model plays it: what is documented, what is assumed, when, and where."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

NS = 1_000_000_000

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?"

Clock = Annotated[str, StringConstraints(pattern=rf"^{_CLOCK}$")]
"""Local time of day, quoted in YAML ("20:46"); it means its first occurrence at or after start."""


def _on_the_calendar(text: str) -> str:
    if "T" in text:
        datetime.fromisoformat(text)  # ValueError for a 31st of February
    return text


Moment = Annotated[
    str, StringConstraints(pattern=rf"^(\d{{4}}-\d\d-\d\dT)?{_CLOCK}$"), AfterValidator(_on_the_calendar)
]
"""A `Clock`, or local date and time ("2016-01-23T20:46"), which an event of several days needs."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Where = tuple[str | int, ...]
Inconsistency = tuple[Where, object, str]
"""Path of a field, its value, and what would be right."""


class Model(BaseModel):
    """A part of an event file; unknown fields are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Fact(Model):
    """Something that a published report says."""

    text: Text
    source: Name


class Assumption(Model):
    """Something that no report says, and why the model has it so."""

    text: Text
    why: Text


class LinkLoss(Model):
    """A site's link is down from `at` to `until`: its gateway keeps what it reads, and sends it in order afterwards."""

    site: Name
    at: Moment
    until: Moment
    note: Text


class Described(Model):
    """An event of the library, as far as it does not matter which model plays it."""

    most_hours: ClassVar[int] = 24

    id: Name
    title: Text
    group: Name
    time_zone: Text
    start: AwareDatetime
    end: AwareDatetime
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    documented: list[Fact]
    assumptions: list[Assumption]
    sources: dict[Name, Text]
    link_loss: Annotated[list[LinkLoss], Field(max_length=50)] = []

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which clock times of this event are written."""
        return ZoneInfo(self.time_zone)

    @property
    def start_ns(self) -> int:
        """Start, ns UTC."""
        return int(self.start.timestamp()) * NS

    @property
    def end_ns(self) -> int:
        """End, ns UTC."""
        return int(self.end.timestamp()) * NS

    @property
    def seconds(self) -> float:
        """Length, s."""
        return (self.end - self.start).total_seconds()

    def after_start(self, moment: str) -> float:
        """Seconds from start to a `Moment`; below 0 for a date before it."""
        local = self.start.astimezone(self.zone)
        if "T" in moment:
            return (datetime.fromisoformat(moment).replace(tzinfo=self.zone) - local).total_seconds()
        hour, minute, second = ([*map(int, moment.split(":")), 0])[:3]
        at = local.replace(hour=hour, minute=minute, second=second, microsecond=0)
        if at < local:
            at += timedelta(days=1)
        return (at - local).total_seconds()

    def clock(self, seconds: float) -> datetime:
        """Local time `seconds` after start."""
        return self.start.astimezone(self.zone) + timedelta(seconds=seconds)


def span_inconsistencies(event: Described) -> Iterator[Inconsistency]:
    """Zone, start and end; while these are wrong, nothing else can be judged."""
    try:
        ZoneInfo(event.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield ("time_zone",), event.time_zone, "must be an IANA zone"
        return
    if not 0 < event.seconds <= event.most_hours * 3600:
        yield ("end",), event.end.isoformat(), f"must be after start and at most {event.most_hours} h later"


def source_inconsistencies(event: Described) -> Iterator[Inconsistency]:
    """Facts without a source."""
    for number, fact in enumerate(event.documented):
        if fact.source not in event.sources:
            yield ("documented", number, "source"), fact.source, f"must be one of {sorted(event.sources)}"


def order_inconsistencies(event: Described, lists: dict[Where, list[str]]) -> Iterator[Inconsistency]:
    """Entries outside of the event, or not in order; `lists`: moments by the path of the list that they are in."""
    for where, moments in lists.items():
        previous = 0.0
        for number, moment in enumerate(moments):
            seconds = event.after_start(moment)
            if not 0 <= seconds <= event.seconds:
                yield (*where, number, "at"), moment, "must be between start and end"
            elif seconds < previous:
                yield (*where, number, "at"), moment, "must not be before the entry above it"
            else:
                previous = seconds


def link_inconsistencies(event: Described, sites: list[str]) -> Iterator[Inconsistency]:
    """Links that are lost where there is no site, or that never come back."""
    for number, loss in enumerate(event.link_loss):
        if loss.site not in sites:
            yield ("link_loss", number, "site"), loss.site, f"must be one of {sorted(sites)}"
        if not 0 <= event.after_start(loss.at) < event.seconds:
            yield ("link_loss", number, "at"), loss.at, "must be between start and end"
        if not event.after_start(loss.at) < event.after_start(loss.until) < event.seconds:
            yield ("link_loss", number, "until"), loss.until, f"must be after {loss.at!r} and before the end"
