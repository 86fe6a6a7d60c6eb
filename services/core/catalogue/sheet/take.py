"""What a spreadsheet asks to change of a catalogue: found, and judged as the loader would; nothing is written here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.core.catalogue.definition import Definition, make_rule, merged
from services.core.catalogue.model import Rule, Site
from services.core.catalogue.resolve import Reading
from services.core.catalogue.sheet.columns import COLUMNS, Column
from services.core.catalogue.sheet.database import Row, rows_of
from services.core.catalogue.sheet.table import KEYS, Line
from services.core.catalogue.source import RuleOverride
from services.core.catalogue.verify import verify_site
from services.core.errors import ConfigError, Fault
from services.core.yaml_source import shown

Key = tuple[str, ...]

#: Texts that may be emptied; a number or a time is never "nothing", and an alarm is not one without its words.
_MAY_BE_EMPTY = ("priority_because", "source")


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that differs. old, new: as the model has them.  line: of the CSV."""

    key: Key
    column: Column
    old: Any
    new: Any
    line: int

    def __str__(self) -> str:
        name = "/".join(self.key)
        return f"{name} {self.column.name}: {self.column.write(self.old) or '–'} → {self.column.write(self.new)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. unread: how many cells of computed columns differ, and are not read."""

    path: Path
    reading: Reading
    changes: tuple[Change, ...]
    unread: int
    rules: dict[Key, Rule | None]


def plan_import(path: Path, reading: Reading, file: str, lines: Iterable[Line]) -> Plan:
    """The changes that the CSV `file` asks of the catalogue in `path`; nothing is written.

    Raises ConfigError with every fault of the CSV: file, line, column, value, bound.
    """
    rows: dict[Key, Row] = {tuple(str(row[k]) for k in KEYS): row for row in rows_of(reading)}
    faults: list[Fault] = []
    changes: list[Change] = []
    seen: dict[Key, int] = {}
    unread = 0
    for line, cells in lines:
        key = tuple(cells[k].strip() for k in KEYS)
        if key not in rows:
            bound = "must be an alarm of the catalogue: site, station, point and rule as it was exported"
            faults.append(Fault(file, line, "rule", shown("/".join(key))[1:-1], bound))
            continue
        if key in seen:
            faults.append(Fault(file, line, "rule", "/".join(key), f"must stand only once: line {seen[key]} has it"))
            continue
        seen[key] = line
        for column in COLUMNS:
            if column.use == "key" or column.name not in cells:
                continue
            cell, old = cells[column.name], rows[key][column.name]
            if _same(cell, column.write(old)):
                continue
            if column.use == "made":
                unread += 1
            elif column.use == "fixed":
                faults.append(
                    Fault(file, line, column.name, shown(cell), f"is the station type's: {column.write(old)!r}")
                )
            else:
                try:
                    new = _read(column, cell.replace("\r\n", "\n"))
                except ValueError as error:
                    faults.append(Fault(file, line, column.name, shown(cell), str(error)))
                    continue
                if new != old and not (new is None and not old):
                    changes.append(Change(key, column, old, new, line))
    definitions = {d.key: d for d in reading.definitions}
    by_key: dict[Key, list[Change]] = defaultdict(list)
    for change in changes:
        by_key[change.key].append(change)
    rules = {}
    for key, mine in by_key.items():
        found = _rule(definitions[key], mine, file, rows[key])  # type: ignore[index]
        if isinstance(found, list):
            faults += found
        else:
            rules[key] = found
    if not faults:
        faults = _contradictions(reading, rules, by_key, file)
    if faults:
        raise ConfigError(faults)
    kept = [c for c in changes if c.new is not None]
    return Plan(path, reading, tuple(kept), unread, rules)


def _same(cell: str, text: str) -> bool:
    return cell.replace("\r\n", "\n") == text.replace("\r\n", "\n") or cell.strip() == text


def _read(column: Column, cell: str) -> Any:
    """The value; None for a cell that was emptied (a deadband or ratio that the other replaces)."""
    if not cell.strip():
        if column.name in _MAY_BE_EMPTY:
            return ""
        if column.name in ("deadband", "clear_ratio"):
            return None
        raise ValueError("must not be emptied" + (": delete it in the file" if column.name == "off" else ""))
    return column.read(cell if column.read is str else cell.strip())


def _fields(changes: Iterable[Change]) -> dict[str, Any]:
    return {c.column.name: c.new for c in changes if c.new is not None}


def _rule(definition: Definition, changes: list[Change], file: str, row: Row) -> Rule | list[Fault] | None:
    """The rule as changed, None when it is taken away, or what is wrong with the cells."""
    fields = _fields(changes)
    line = {c.column.name: c.line for c in changes}
    for name, other in (("deadband", "clear_ratio"), ("clear_ratio", "deadband")):
        emptied = any(c.column.name == name and c.new is None for c in changes)
        if emptied and other not in fields:
            return [
                Fault(file, line[name], name, "", "must not be emptied (0 is no deadband), unless the other is given")
            ]
        if name in fields and not emptied and row[other] is not None and other not in line:
            return [Fault(file, line[name], name, shown(fields[name]), f"cannot stand beside {other}: empty that cell")]
    if definition.source.kind == "stale" and "off" in fields:
        bound = "a station's silence is not taken away: nobody would see it"
        return [Fault(file, line["off"], "off", shown(fields["off"]), bound)]
    if {"deadband", "clear_ratio"} <= fields.keys():
        return [Fault(file, line["deadband"], "deadband", shown(fields["deadband"]), "or clear_ratio, not both")]
    try:
        change = RuleOverride.model_validate(fields)
        rule = make_rule(definition.source, merged(o for o in (definition.change, change) if o is not None))
    except ValidationError as error:
        cells = {c.column.name: c.column.write(c.new) for c in changes if c.new is not None}
        told = [(str(e["loc"][0]) if e["loc"] else "row", _lower(e["msg"])) for e in error.errors()]
        return [Fault(file, changes[0].line, name, shown(cells.get(name, "")), bound) for name, bound in told]
    return None if change.off is not None or (definition.change and definition.change.off) else rule


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _contradictions(
    reading: Reading, rules: dict[Key, Rule | None], by_key: dict[Key, list[Change]], file: str
) -> list[Fault]:
    """What the changed rules contradict, told at the cell that says it."""
    faults = []
    for site in reading.catalogue.sites:
        changed = {key[1:]: rule for key, rule in rules.items() if key[0] == site.id}
        if not changed:
            continue
        for where, value, bound in dict.fromkeys(verify_site(_with(site, changed))):
            mine = [c for k, cs in by_key.items() if k[0] == site.id for c in cs]
            near = sorted(mine, key=lambda c: -_nearness(c, tuple(map(str, where)), value))
            faults.append(Fault(file, near[0].line, near[0].column.name, shown(value), bound))
    return faults


def _nearness(change: Change, where: tuple[str, ...], value: object) -> int:
    shared = sum(a == b for a, b in zip(change.key[1:], where, strict=False))
    of_limit = change.column.name in ("limit", "deadband", "clear_ratio")
    gone = change.column.name == "off" and str(value).endswith(change.key[-1])
    return 4 * shared + 2 * bool(change.new == value) + of_limit + 20 * gone


def _with(site: Site, changed: dict[tuple[str, ...], Rule | None]) -> Site:
    """The site with rules replaced, or taken away."""

    def of(station: str, point: str, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        new = (changed.get((station, point, rule.id), rule) for rule in rules)
        return tuple(rule for rule in new if rule is not None)

    points = tuple(p.model_copy(update={"rules": of(p.station, p.name, p.rules)}) for p in site.points)
    stations = []
    for station in site.stations:
        stale = changed.get((station.id, "station", station.stale.id), station.stale)
        clock = of(station.id, "station", (station.clock,) if station.clock else ())
        new = {"stale": stale or station.stale, "clock": clock[0] if clock else None}
        stations.append(station.model_copy(update=new))
    return site.model_copy(update={"points": points, "stations": tuple(stations)})
