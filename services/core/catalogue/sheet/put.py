"""A plan of changes written into the catalogue's file, as the overrides of its stations."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from services.core.catalogue.definition import Definition, keys_of
from services.core.catalogue.resolve import Reading, read_catalogue
from services.core.catalogue.sheet.columns import duration_text
from services.core.catalogue.sheet.take import Change, Key, Plan
from services.core.errors import HeadworksError
from services.core.yaml_edit import scalar, set_fields


def write_plan(plan: Plan) -> None:
    """Writes the changes as overrides into the catalogue's file, which is replaced in one step or not at all.

    The new text is read by the same loader first, and must give exactly the rules that the plan has. Raises ConfigError
    when it does not load, HeadworksError when it says something else.
    """
    if not plan.changes:
        return
    path = plan.path.resolve()
    text = path.read_bytes().decode("utf-8")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(_edited(plan, text).encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
        _compare(plan, read_catalogue(new, plan.reading.source.file))
        shutil.copymode(path, new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _compare(plan: Plan, after: Reading) -> None:
    wanted = {d.key: plan.rules.get(d.key, d.rule) for d in plan.reading.definitions}
    for definition in after.definitions:
        off = definition.change is not None and definition.change.off is not None
        rule = wanted.pop(definition.key, None)
        if rule != (None if off and definition.key in plan.rules else definition.rule):
            raise HeadworksError(
                f"{'/'.join(definition.key)} cannot be changed in this file by import: edit it by hand"
            )
    if wanted:
        raise HeadworksError("the file's alarms would not be the same ones: edit it by hand")


def _edited(plan: Plan, text: str) -> str:
    named = Counter((d.site, d.station, d.source.rule) for d in plan.reading.definitions)
    definitions = {d.key: d for d in plan.reading.definitions}
    by_key: dict[Key, list[Change]] = defaultdict(list)
    for change in plan.changes:
        by_key[change.key].append(change)
    edits: dict[tuple[str | int, ...], dict[str, str]] = {}
    for key, changes in by_key.items():
        definition = definitions[key]  # type: ignore[index]
        alone = named[(definition.site, definition.station, definition.source.rule)] == 1
        edits[_place(plan.reading, definition, alone)] = {c.column.name: _yaml(c) for c in changes}
    try:
        return set_fields(text, edits, {"deadband": "clear_ratio", "clear_ratio": "deadband"})
    except ValueError as error:
        raise HeadworksError(f"{plan.path} cannot be changed by import ({error}): edit it by hand") from None


def _place(reading: Reading, definition: Definition, alone: bool) -> tuple[str | int, ...]:
    """Where the station's override of this alarm, and of no other, stands or shall stand."""
    i = next(n for n, s in enumerate(reading.parsed.sites) if s.id == definition.site)
    j = next(n for n, s in enumerate(reading.parsed.sites[i].stations) if s.id == definition.station)
    station = ("sites", i, "stations", j, "alarms")
    general, own = keys_of(definition.point, definition.source.rule)
    there = [path[-1] for path, _ in definition.overrides if path[:-1] == station]
    return (*station, own if own in there or not alone else general)


def _yaml(change: Change) -> str:
    """Times and words of a list as people write them, texts in quotes."""
    if change.column.write is duration_text:
        return duration_text(change.new)
    if change.column.name in ("priority", "severity"):
        return str(change.new)
    return scalar(change.new)
