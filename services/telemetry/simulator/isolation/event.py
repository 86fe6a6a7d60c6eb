"""What an isolation station's event file may say. Every fault names file, line, field, value and bound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from services.core.yaml_source import read_checked
from services.telemetry.simulator.described import (
    Described,
    Inconsistency,
    Model,
    Moment,
    Name,
    Text,
    link_inconsistencies,
    order_inconsistencies,
    source_inconsistencies,
    span_inconsistencies,
)
from services.telemetry.simulator.event_file import MAX_BYTES, MAX_DEPTH


class Sump(Model):
    """The pit and its pump. Levels are above the pit's floor, m."""

    area: Annotated[float, Field(gt=0, le=500, description="m²")]
    level: Annotated[float, Field(ge=0, le=3, description="m, at the start")]
    stop: Annotated[float, Field(ge=0, le=3, description="m")]
    start: Annotated[float, Field(gt=0, le=3, description="m")]
    floor: Annotated[float, Field(gt=0, le=3, description="m: the room's floor")]
    room_area: Annotated[float, Field(gt=0, le=5000, description="m², over which water spreads above the floor")]
    pump: Annotated[float, Field(gt=0, le=1000, description="m³/h")]


class Inflow(Model):
    """Water that enters, m³/h, from `at` on, linear to the next entry."""

    at: Moment
    m3_h: Annotated[float, Field(ge=0, le=500)]


class Circuit(Model):
    """The heating circuit. Without power the circulation runs down, and the static pressure leaks away."""

    flow: Annotated[float, Field(gt=0, le=3000, description="m³/h")]
    run_down: Annotated[float, Field(gt=0, le=600, description="s, e-fold")]
    static: Annotated[float, Field(gt=0, le=1600, description="kPa, wanted")]
    leaks_to: Annotated[float, Field(ge=0, le=1600, description="kPa")]
    leak_minutes: Annotated[float, Field(gt=0, le=600, description="e-fold")]
    temperature: Annotated[float, Field(ge=5, le=120, description="°C, return")]
    cooling_hours: Annotated[float, Field(gt=0, le=100, description="e-fold, standing")]
    air: Annotated[float, Field(ge=-40, le=50, description="°C outside")]


class Battery(Model):
    """Feeds the instruments and the modem without power. Aged cells last less than their charger believes."""

    hours: Annotated[float, Field(gt=0, le=100, description="what it lasts")]
    hours_said: Annotated[float, Field(gt=0, le=100, description="what is said of it when it is full")]
    charge_hours: Annotated[float, Field(gt=0, le=100, description="from empty to full")]


class Feed(Model):
    """One of the two power feeds is lost, or comes back."""

    do: Literal["feed"]
    at: Moment
    feed: Literal[1, 2]
    present: bool
    note: Text


class Generator(Model):
    """The crew's generator starts or stops: it carries the sump pump and the charger, not the circulation."""

    do: Literal["generator"]
    at: Moment
    running: bool
    note: Text


class PortablePump(Model):
    """The crew's own pump, which brings its engine along; 0: taken away."""

    do: Literal["portable_pump"]
    at: Moment
    m3_h: Annotated[float, Field(ge=0, le=500)]
    note: Text


Action = Annotated[Feed | Generator | PortablePump, Field(discriminator="do")]


class IsolationEvent(Described):
    """An event at one isolation station."""

    model: Literal["isolation-station"]
    site: Name
    station: Name
    sump: Sump
    inflow: Annotated[list[Inflow], Field(min_length=1, max_length=500)]
    circuit: Circuit
    battery: Battery
    actions: Annotated[list[Action], Field(max_length=500)] = []


def load_isolation(path: Path) -> IsolationEvent:
    """Reads and validates one event file.

    Raises:
        ConfigError: with all faults found.
    """
    return read_checked(path, IsolationEvent, _inconsistencies, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)


def _inconsistencies(event: IsolationEvent) -> Iterator[Inconsistency]:
    wrong = list(span_inconsistencies(event))
    yield from wrong
    if wrong:
        return
    yield from source_inconsistencies(event)
    yield from link_inconsistencies(event, [event.site])
    lists = {("inflow",): [one.at for one in event.inflow], ("actions",): [one.at for one in event.actions]}
    yield from order_inconsistencies(event, {(*where,): moments for where, moments in lists.items()})
    sump = event.sump
    if sump.stop >= sump.start:
        yield ("sump", "stop"), sump.stop, f"must be below start, {sump.start}"
    if sump.start >= sump.floor:
        yield ("sump", "start"), sump.start, f"must be below floor, {sump.floor}"
    if event.circuit.leaks_to >= event.circuit.static:
        yield ("circuit", "leaks_to"), event.circuit.leaks_to, f"must be below static, {event.circuit.static}"
    if event.battery.hours_said < event.battery.hours:
        yield ("battery", "hours_said"), event.battery.hours_said, f"must be at least hours, {event.battery.hours}"
