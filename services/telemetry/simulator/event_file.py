"""Reads event files. Every fault names file, line, field, value and bound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from services.core.yaml_source import read_checked
from services.telemetry.simulator.described import (
    Inconsistency,
    Where,
    link_inconsistencies,
    source_inconsistencies,
    span_inconsistencies,
)
from services.telemetry.simulator.event import Event

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MOST_CARRIED = 0.95
ANALYSERS = {
    "intake": "raw_turbidity",
    "clarifier": "settled_turbidity",
    "filters": "combined_turbidity",
    "clearwell": "chlorine",
}
"""Points with a sample line, by station."""


def load_event(path: Path) -> Event:
    """Reads and validates one event file.

    Raises:
        ConfigError: with all faults found.
    """
    return read_checked(path, Event, _inconsistencies, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)


def _inconsistencies(event: Event) -> Iterator[Inconsistency]:
    wrong = list(span_inconsistencies(event))
    yield from wrong
    if wrong:
        return
    yield from source_inconsistencies(event)
    yield from link_inconsistencies(event, [event.gauge, *(n for n, one in event.plants.items() if one.role != "off")])
    timed: list[tuple[Where, str]] = []
    timed += [(("rain", i, "at"), one.at) for i, one in enumerate(event.rain)]
    timed += [(("debris", "load", i, "at"), one.at) for i, one in enumerate(event.debris.load)]
    timed += [(("debris", "rafts", i, "at"), one.at) for i, one in enumerate(event.debris.rafts)]
    timed += [(("actions", i, "at"), one.at) for i, one in enumerate(event.actions)]
    timed += [(("faults", i, "at"), one.at) for i, one in enumerate(event.faults)]
    previous: tuple[Where, float] = ((), -math.inf)
    for where, clock in timed:
        seconds = event.after_start(clock)
        if seconds > event.seconds:
            yield where, clock, "must be between start and end"
            continue
        if where[:-2] == previous[0] and where[0] != "faults" and seconds < previous[1]:
            yield where, clock, "must not be before the entry above it"
        previous = (where[:-2], seconds)
    mains = [name for name, one in event.plants.items() if one.role == "main"]
    if len(mains) != 1:
        yield ("plants",), mains, "exactly one plant must have the role main"
    if event.gauge in event.plants:
        yield ("gauge",), event.gauge, "must not be the name of a plant"
    carried = sum(one.share for one in event.plants.values() if one.role == "backup")
    for number, fault in enumerate(event.faults):
        if fault.site not in event.plants or event.plants[fault.site].role == "off":
            yield ("faults", number, "site"), fault.site, "must be a plant in use"
        if ANALYSERS.get(fault.station) != fault.point:
            known = ", ".join(f"{a}/{b}" for a, b in ANALYSERS.items())
            yield ("faults", number, "point"), fault.point, f"at {fault.station!r}, must be an analyser: {known}"
        if event.after_start(fault.until) <= event.after_start(fault.at):
            yield ("faults", number, "until"), fault.until, f"must be after {fault.at!r}"
    for index, action in enumerate(event.actions):
        if action.do == "start_plants":
            carried += action.share
            if carried > MOST_CARRIED:
                bound = f"backup plants together must carry at most {MOST_CARRIED}"
                yield ("actions", index, "share"), action.share, bound
            backups = sorted(n for n, one in event.plants.items() if one.role == "backup")
            for number, plant in enumerate(action.plants):
                if plant not in backups:
                    bound = f"must be a backup plant, one of {backups}"
                    yield ("actions", index, "plants", number), plant, bound
