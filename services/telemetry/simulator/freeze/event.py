"""What a cold snap's event file may say. Every fault names file, line, field, value and bound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.core.yaml_source import read_checked
from services.telemetry.simulator.described import (
    Described,
    Fraction,
    Inconsistency,
    Model,
    Moment,
    Name,
    link_inconsistencies,
    order_inconsistencies,
    source_inconsistencies,
    span_inconsistencies,
)
from services.telemetry.simulator.event_file import MAX_BYTES, MAX_DEPTH


class Air(Model):
    """Air temperature at `at`, °C, linear to the next entry."""

    at: Moment
    c: Annotated[float, Field(ge=-50, le=50)]


class Between(Model):
    """Each meter has its own value between these two, drawn from the event's seed."""

    least: Annotated[float, Field(ge=0, le=1000)]
    most: Annotated[float, Field(ge=0, le=1000)]


class Meters(Model):
    """Exposed meters. A standing pipe tends to exposure · air + (1 − exposure) · ground."""

    count: Annotated[int, Field(ge=1, le=99)]
    exposure: Between
    lag_hours: Between
    limit: Between
    """°C·h below 0 in the pipe after which it is blocked by ice."""
    flow: Between
    """Mean use behind the meter, m³/h."""
    profile: Annotated[list[Annotated[float, Field(ge=0, le=5)]], Field(min_length=24, max_length=24)]
    ground: Annotated[float, Field(ge=-5, le=30, description="°C")]
    main: Annotated[float, Field(ge=0, le=30, description="°C of the water that comes")]
    warming: Annotated[float, Field(ge=0, le=100, description="1/h for each m³/h that flows")]
    burst_share: Fraction
    burst_flow: Annotated[float, Field(gt=0, le=1000, description="m³/h")]
    closed_after_hours: Annotated[float, Field(gt=0, le=100, description="a burst runs for so long")]


class Hotline(Model):
    """Customers whose meters are as exposed as those that are read: who is frozen calls, once, when awake."""

    customers: Annotated[float, Field(gt=0, le=1e7)]
    call_share: Fraction
    lag_hours: Annotated[float, Field(gt=0, le=48)]


class FreezeEvent(Described):
    """A cold snap over the exposed meters of one site."""

    most_hours: ClassVar[int] = 96

    model: Literal["freeze"]
    site: Name
    air: Annotated[list[Air], Field(min_length=2, max_length=1000)]
    meters: Meters
    hotline: Hotline


def load_freeze(path: Path) -> FreezeEvent:
    """Reads and validates one event file.

    Raises:
        ConfigError: with all faults found.
    """
    return read_checked(path, FreezeEvent, _inconsistencies, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)


def _inconsistencies(event: FreezeEvent) -> Iterator[Inconsistency]:
    wrong = list(span_inconsistencies(event))
    yield from wrong
    if wrong:
        return
    yield from source_inconsistencies(event)
    yield from link_inconsistencies(event, [event.site])
    yield from order_inconsistencies(event, {("air",): [one.at for one in event.air]})
    meters = event.meters
    for name, one in (
        ("exposure", meters.exposure),
        ("lag_hours", meters.lag_hours),
        ("limit", meters.limit),
        ("flow", meters.flow),
    ):
        if one.most < one.least:
            yield ("meters", name, "most"), one.most, f"must be at least least, {one.least}"
    if meters.exposure.most > 1.0:
        yield ("meters", "exposure", "most"), meters.exposure.most, "must be at most 1"
    if meters.lag_hours.least < 0.1:
        yield ("meters", "lag_hours", "least"), meters.lag_hours.least, "must be at least 0.1"
