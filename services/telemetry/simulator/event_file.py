"""Reads event files. Every fault names file, line, field, value and bound."""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import ValidationError

from services.telemetry.simulator.event import MAX_HOURS, Event

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
Where = tuple[Hashable, ...]


class EventFileError(ValueError):
    """An event file that cannot be used. `problems` holds one line for each fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass
class _Source:
    file: str
    lines: dict[Where, int]

    def problem(self, path: Where, text: str) -> str:
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.file}:{self.lines.get(known, 1)}: {_dotted(path)}: {text}"


def load_event(path: Path) -> Event:
    """Reads and validates one event file.

    Raises:
        EventFileError: with all faults found, each as "file:line: field: value …, bound …".
    """
    source = _Source(str(path), {})
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EventFileError([f"{path}:1: cannot be read: {error.strerror}"]) from error
    if len(raw) > MAX_BYTES:
        text = f"value {len(raw)} bytes, must be at most {MAX_BYTES} bytes"
        raise EventFileError([source.problem((), text)])
    value = _parse(raw, source)
    try:
        event = Event.model_validate(value)
    except ValidationError as error:
        problems = [source.problem(_written(one["loc"], source.lines), _bound(dict(one))) for one in error.errors()]
        raise EventFileError(problems) from error
    problems = [source.problem(where, text) for where, text in _inconsistencies(event)]
    if problems:
        raise EventFileError(problems)
    return event


def _parse(raw: bytes, source: _Source) -> object:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise EventFileError([f"{source.file}:{line}: is not UTF-8 text"]) from error
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise EventFileError([f"{source.file}:1: is empty"])
            return _construct(loader, node, (), source, set())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise EventFileError([f"{source.file}:{line}: is not YAML: {error.problem}"]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise EventFileError([f"{source.file}:1: is not YAML: {error}"]) from error


def _construct(loader: yaml.SafeLoader, node: yaml.Node, path: Where, source: _Source, seen: set[int]) -> object:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in seen:
        raise EventFileError([source.problem(path, "anchors and aliases are not allowed")])
    if len(path) > MAX_DEPTH:
        raise EventFileError([source.problem(path, f"nested deeper than {MAX_DEPTH}")])
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            source.lines[(*path, key)] = line = key_node.start_mark.line + 1
            if key in mapping:
                raise EventFileError([f"{source.file}:{line}: {_dotted((*path, key))}: named twice"])
            mapping[key] = _construct(loader, value_node, (*path, key), source, seen)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, one, (*path, index), source, seen) for index, one in enumerate(node.value)]
    try:
        value: object = loader.construct_object(node)
    except ValueError as error:
        raise EventFileError([source.problem(path, f"value {node.value!r}: {error}")]) from error
    return value


def _written(loc: tuple[int | str, ...], lines: dict[Where, int]) -> Where:
    """The path as written: a discriminated union puts the chosen tag into pydantic's path."""
    path: Where = ()
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if (*path, part) in lines or last:
            path = (*path, part)
    return path


def _bound(error: dict[str, Any]) -> str:
    text = str(error["msg"])
    text = text[0].lower() + text[1:]
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "extra_forbidden":
        return "is not a field of an event file"
    value = error["input"]
    shown = repr(value)
    hint = ""
    if error["type"] == "string_type" and isinstance(value, int) and 0 <= value < 86400:
        hint = ' (a clock time needs quotes: "20:46")'
    if len(shown) > 60:
        shown = shown[:57] + "…"
    return f"value {shown}, {text}{hint}"


def _inconsistencies(event: Event) -> Iterator[tuple[Where, str]]:
    try:
        ZoneInfo(event.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield ("time_zone",), f"value {event.time_zone!r}, must be an IANA zone"
        return
    if not 0 < event.seconds <= MAX_HOURS * 3600:
        yield (
            ("end",),
            (f"value {event.end.isoformat()}, must be after start and at most {MAX_HOURS} h later"),
        )
        return
    for name, fact in enumerate(event.documented):
        if fact.source not in event.sources:
            yield (
                ("documented", name, "source"),
                (f"value {fact.source!r}, must be one of {sorted(event.sources)}"),
            )
    timed: list[tuple[Where, str]] = []
    timed += [(("rain", i, "at"), one.at) for i, one in enumerate(event.rain)]
    timed += [(("debris", "load", i, "at"), one.at) for i, one in enumerate(event.debris.load)]
    timed += [(("debris", "rafts", i, "at"), one.at) for i, one in enumerate(event.debris.rafts)]
    timed += [(("actions", i, "at"), one.at) for i, one in enumerate(event.actions)]
    timed += [(("faults", i, "at"), one.at) for i, one in enumerate(event.faults)]
    previous: tuple[Hashable, float] = ("", -math.inf)
    for where, clock in timed:
        seconds = event.after_start(clock)
        if seconds > event.seconds:
            yield where, f"value {clock!r}, must be between start and end"
            continue
        if where[:-2] == previous[0] and where[0] != "faults" and seconds < previous[1]:
            yield where, f"value {clock!r}, must not be before the entry above it"
        previous = (where[:-2], seconds)
    mains = [name for name, one in event.plants.items() if one.role == "main"]
    if len(mains) != 1:
        yield ("plants",), f"value {mains}, exactly one plant must have the role main"
    if event.gauge in event.plants:
        yield ("gauge",), f"value {event.gauge!r}, must not be the name of a plant"
    carried = sum(one.share for one in event.plants.values() if one.role == "backup")
    for number, fault in enumerate(event.faults):
        if fault.site not in event.plants or event.plants[fault.site].role == "off":
            yield ("faults", number, "site"), f"value {fault.site!r}, must be a plant in use"
        if ANALYSERS.get(fault.station) != fault.point:
            known = ", ".join(f"{a}/{b}" for a, b in ANALYSERS.items())
            text = f"value {fault.point!r} at {fault.station!r}, must be an analyser: {known}"
            yield ("faults", number, "point"), text
        if event.after_start(fault.until) <= event.after_start(fault.at):
            yield ("faults", number, "until"), f"value {fault.until!r}, must be after {fault.at!r}"
    for index, action in enumerate(event.actions):
        if action.do == "start_plants":
            carried += action.share
            if carried > MOST_CARRIED:
                yield (
                    ("actions", index, "share"),
                    (f"value {action.share}, backup plants together must carry at most {MOST_CARRIED}"),
                )
            backups = sorted(n for n, one in event.plants.items() if one.role == "backup")
            for number, plant in enumerate(action.plants):
                if plant not in backups:
                    yield (
                        ("actions", index, "plants", number),
                        (f"value {plant!r}, must be a backup plant, one of {backups}"),
                    )


def _dotted(path: Where) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "file"
