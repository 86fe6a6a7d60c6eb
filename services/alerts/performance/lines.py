"""A canonical journal read from lines: alarm events out of JSON, each line hostile until it is validated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from typing import Any

from services.core.errors import ConfigError, Fault
from services.core.records import AlarmEvent, IncidentEvent
from services.core.yaml_source import shown

#: Characters of a line; a transition has some 600.
LONGEST = 64_000
#: Lines of a journal: a year of a large city has some millions.
MOST = 20_000_000

_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,), "str": (str,), "bool": (bool,), "float | None": (int, float, type(None)),
}  # fmt: skip
_ALARM = {one.name: (_TYPES[str(one.type)], one.default is MISSING) for one in fields(AlarmEvent)}
_INCIDENT = {"time", "site", "kind", "incident", "number", "phase"}
_TIME = (946_684_800_000_000_000, 2**62)  # 2000 to 2116, ns


def read_lines(lines: Iterable[str], file: str) -> Iterator[AlarmEvent | IncidentEvent]:
    """The events, in the journal's order. `file` is what messages call it.

    ConfigError, with file, line, field, value and bound, for the first line that is no transition, that is out of
    order, or that is beyond a bound. Empty lines are passed over.
    """
    newest, present = 0, set[tuple[str, int]]()
    for number, line in enumerate(lines, 1):
        if number > MOST:
            raise _fault(file, number, "file", f"more than {MOST} lines", f"at most {MOST} lines")
        if not line.strip():
            continue
        if len(line) > LONGEST:
            raise _fault(file, number, "line", f"{len(line)} characters", f"at most {LONGEST}")
        event = _event(line, file, number)
        if event.time < newest:
            raise _fault(file, number, "time", str(event.time), f"must not be before {newest}: a journal is in order")
        name = event.occurrence if isinstance(event, AlarmEvent) else event.incident
        if event.time > newest:
            newest, present = event.time, set()
        if (name, event.number) in present:
            raise _fault(
                file, number, "number", str(event.number), f"must be another one: {shown(name)} has it already"
            )
        present.add((name, event.number))
        yield event


def _event(line: str, file: str, number: int) -> AlarmEvent | IncidentEvent:
    try:
        data = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _fault(file, number, "line", shown(line[:200]), f"must be JSON: {error}") from None
    kind = data.get("type") if isinstance(data, dict) else None
    if kind not in ("alarm", "incident"):
        raise _fault(file, number, "type", shown(kind), "must be an object with type alarm or incident")
    if kind == "incident":
        return _incident(data, file, number)
    for name, value in data.items():
        if name == "type":
            continue
        if name not in _ALARM:
            raise _fault(file, number, shown(name), shown(value), "is not a field of an alarm's transition")
        right = type(value) in _ALARM[name][0]  # a bool is no number here
        if not right or (name == "time" and not _TIME[0] <= value <= _TIME[1]):
            bound = f"must be ns from {_TIME[0]} to {_TIME[1]}" if name == "time" else f"must be {_words(name)}"
            raise _fault(file, number, name, shown(value), bound)
    for name, (_, needed) in _ALARM.items():
        if needed and name not in data:
            raise _fault(file, number, name, "", "is missing")
    return AlarmEvent(**{name: value for name, value in data.items() if name != "type"})


def _incident(data: dict[str, Any], file: str, number: int) -> IncidentEvent:
    for name in sorted(_INCIDENT):
        wanted = int if name in ("time", "number") else str
        if type(data.get(name)) is not wanted:
            raise _fault(file, number, name, shown(data.get(name)), f"must be {wanted.__name__}")
    if not _TIME[0] <= data["time"] <= _TIME[1]:
        raise _fault(file, number, "time", shown(data["time"]), f"must be ns from {_TIME[0]} to {_TIME[1]}")
    known = {name: data[name] for name in _INCIDENT}
    return IncidentEvent(**known, cause=str(data.get("cause", "")), next_step=str(data.get("next_step", "")))


def _words(name: str) -> str:
    return " or ".join("null" if one is type(None) else one.__name__ for one in _ALARM[name][0])


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _fault(file: str, line: int, field: str, value: str, bound: str) -> ConfigError:
    return ConfigError([Fault(file, line, field, value, bound)])
