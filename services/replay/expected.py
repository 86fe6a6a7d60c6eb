"""What people want to know of a record: surges that deserve an alarm, rises that do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from services.core.catalogue.model import Duration, Finite, Identifier, Strict, Text
from services.core.clock import iso, parse_time, to_ns
from services.core.yaml_source import read_checked


def _time(value: object) -> object:
    if isinstance(value, datetime):
        return to_ns(value)
    return parse_time(value) if isinstance(value, str) else value


#: ns UTC, written as ISO 8601 with an offset or Z.
Time = Annotated[int, BeforeValidator(_time)]


class Peak(Strict):
    """The highest reading of a surge, in the point's unit."""

    time: Time
    value: Finite


class Surge(Strict):
    """A rise that an operator wants to know of.

    onset: first sign, and when nobody could doubt it any more.  until: when it is over.
    """

    id: Identifier
    onset: tuple[Time, Time]
    peak: Peak
    until: Time
    why: Text


class Period(Strict):
    """A time in which alarms are tolerable, or in which they must not come."""

    id: Identifier
    start: Time = Field(alias="from")
    until: Time
    why: Text


class Expected(Strict):
    """The whole file.

    `grace`: how long after its peak a surge can still be announced. `rules`: what announces.
    """

    event: Identifier
    site: Identifier
    point: str
    grace: Duration
    rules: tuple[Identifier, ...] = Field(min_length=1)
    surges: tuple[Surge, ...] = Field(min_length=1)
    tolerable: tuple[Period, ...] = ()
    quiet: tuple[Period, ...] = ()

    def within(self, start: int, end: int) -> Expected | None:
        """The same with only the surges between `start` and `end` (ns); None when there are none."""
        inside = tuple(s for s in self.surges if start <= s.onset[0] and s.until <= end)
        return self.model_copy(update={"surges": inside}) if inside else None


def load_expected(path: Path) -> Expected:
    """The file, validated; ConfigError names file, line, field, value and bound."""
    return read_checked(path, Expected, _faults)


def _faults(expected: Expected) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    ids = [surge.id for surge in expected.surges]
    ids += [period.id for period in (*expected.tolerable, *expected.quiet)]
    before = 0
    for i, surge in enumerate(expected.surges):
        begin, sure = surge.onset
        if not begin <= sure <= surge.peak.time <= surge.until:
            yield (
                ("surges", i, "onset"),
                iso(begin),
                "must be in order: first sign, onset, peak, until",
            )
        if begin < before:
            yield ("surges", i, "onset"), iso(begin), f"must not begin before {iso(before)}"
        before = surge.until
        if ids.count(surge.id) > 1:
            yield ("surges", i, "id"), surge.id, "must be unique in the file"
    for name in ("tolerable", "quiet"):
        for i, period in enumerate(getattr(expected, name)):
            if period.until <= period.start:
                yield (name, i, "until"), iso(period.until), f"must be after {iso(period.start)}"
            if ids.count(period.id) > 1:
                yield (name, i, "id"), period.id, "must be unique in the file"
