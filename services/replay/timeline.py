"""What the alarms must say of a simulated event: its expected.yaml as a timeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from services.core.catalogue.model import Duration, Identifier, PointName, Priority, Strict, Text
from services.core.clock import iso
from services.core.records import AlarmEvent, IncidentEvent
from services.core.yaml_source import read_checked
from services.replay.expected import Time

#: Entries of one list.
MOST = 1_000


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as Asia/Shanghai") from None
    return name


class Alarm(Strict):
    """An alarm that must be announced at `at`, within `tolerance` (else the file's).

    storm: the time of the sketch that the model was made from.
    """

    at: Time
    site: Identifier
    station: Identifier
    point: PointName
    rule: Identifier
    priority: Priority
    storm: str = Field(default="", max_length=40)
    why: str = Field(default="", max_length=2000)
    tolerance: Duration | None = None


class Phase(Strict):
    """A phase of an incident that must begin at `at`. kind, site: of which incident; empty: of any."""

    at: Time
    phase: Identifier
    kind: str = Field(default="", pattern=r"^([A-Za-z]{1,64})?$")
    site: Identifier | None = None
    storm: str = Field(default="", max_length=40)
    why: str = Field(default="", max_length=2000)
    tolerance: Duration | None = None


class Pattern(Strict):
    """Alarms: those of which every field that is given is so. At least one is."""

    site: Identifier | None = None
    station: Identifier | None = None
    point: PointName | None = None
    rule: Identifier | None = None
    priority: Priority | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(getattr(self, name) is not None for name in _SELECTORS if name in type(self).model_fields):
            raise ValueError(f"must name at least one of {', '.join(_SELECTORS)}")
        return self

    def fits(self, event: AlarmEvent) -> bool:
        """Whether the alarm is one of these."""
        return all(
            value is None or getattr(event, name) == value
            for name in ("site", "station", "point", "rule", "priority")
            for value in (getattr(self, name),)
        )


_SELECTORS = ("site", "station", "point", "rule", "priority", "phase", "kind")


class Unwanted(Pattern):
    """Alarms that must not come, and why they would be wrong."""

    why: Text


class Tolerable(Pattern):
    """Alarms that are neither wanted nor false. start, until: in this time only; None: in all of it."""

    why: Text
    start: Time | None = Field(default=None, alias="from")
    until: Time | None = None

    def fits(self, event: AlarmEvent) -> bool:
        """Whether the alarm is one of these, in their time."""
        began = self.start is None or event.time >= self.start
        return began and (self.until is None or event.time <= self.until) and super().fits(event)


class First(Pattern):
    """What people are told first: an alarm, or with phase or kind an incident's transition."""

    phase: Identifier | None = None
    kind: str | None = Field(default=None, pattern=r"^[A-Za-z]{1,64}$")

    @property
    def of_incident(self) -> bool:
        """Whether it speaks of incidents."""
        return self.phase is not None or self.kind is not None

    def fits_incident(self, event: IncidentEvent) -> bool:
        """Whether the transition is one of these."""
        wanted = {"phase": self.phase, "kind": self.kind, "site": self.site}
        return all(value is None or getattr(event, name) == value for name, value in wanted.items())


class Warned(Strict):
    """A consequence that came at `at`, and what of the alarms warned of it.

    least: the warning that is wanted; 0: any before the consequence.
    """

    consequence: Text
    at: Time
    first: First
    why: Text
    least: Duration = 0


class AtMost(Strict):
    """Alarms that may come in any time of this length."""

    alarms: Annotated[int, Field(ge=0, le=10_000)]
    within: Duration


class Expectation(Strict):
    """The whole file."""

    event: Identifier
    time_zone: Annotated[str, AfterValidator(_zone)]
    tolerance: Duration
    alarms: tuple[Alarm, ...] = Field(max_length=MOST)
    phases: tuple[Phase, ...] = Field(default=(), max_length=MOST)
    at_most: AtMost | None = None
    must_not: tuple[Unwanted, ...] = Field(default=(), max_length=MOST)
    tolerable: tuple[Tolerable, ...] = Field(default=(), max_length=MOST)
    warning: tuple[Warned, ...] = Field(default=(), max_length=MOST)


def load_expectation(path: Path) -> Expectation:
    """The file, validated; ConfigError names file, line, field, value and bound."""
    return read_checked(path, Expectation, _faults)


def _faults(expected: Expectation) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    for name in ("alarms", "phases"):
        before = 0
        for i, one in enumerate(getattr(expected, name)):
            if one.at < before:
                yield (name, i, "at"), iso(one.at), f"must be in order: not before {iso(before)}"
            before = one.at
    for i, alarm in enumerate(expected.alarms):
        for unwanted in expected.must_not:
            given = {n: getattr(unwanted, n) for n in ("site", "station", "point", "rule", "priority")}
            if all(value is None or getattr(alarm, n) == value for n, value in given.items()):
                yield ("alarms", i, "rule"), alarm.rule, "must not be under must_not as well"
    for i, tolerable in enumerate(expected.tolerable):
        if tolerable.start is not None and tolerable.until is not None and tolerable.until <= tolerable.start:
            yield ("tolerable", i, "until"), iso(tolerable.until), f"must be after {iso(tolerable.start)}"
    for i, warned in enumerate(expected.warning):
        if warned.first.of_incident and any(
            getattr(warned.first, n) is not None for n in ("station", "point", "rule", "priority")
        ):
            yield ("warning", i, "first"), "phase", "of an incident: names phase, kind and site only"
