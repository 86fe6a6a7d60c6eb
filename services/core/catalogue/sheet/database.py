"""Every alarm of a catalogue as a row of the master alarm database (ISA-18.2, "rationalization")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

from services.core.catalogue.definition import Definition, make_rule, terms_of
from services.core.catalogue.model import Priority, Site
from services.core.catalogue.priority import derive_priority
from services.core.catalogue.resolve import Reading
from services.core.catalogue.verify import alarm_keys, matching

Row = dict[str, Any]

#: The fields that a row takes from the rule as they are.
_SAME = (
    "kind", "limit", "on_delay", "off_delay", "window", "floor", "reference", "slack", "count", "states",
    "certain_after", "priority", "severity", "priority_because", "consequence", "response", "respond_within",
    "hidden_by", "latching", "realarm", "longest_shelf", "chatter_shelf", "source",
)  # fmt: skip


def rows_of(reading: Reading, site: str | None = None) -> Iterator[Row]:
    """A row for each alarm of `site`, or of all: by column, values as the model has them, times in ns."""
    for one in reading.catalogue.sites:
        if site in (None, one.id):
            hiders, hidden = _suppressions(one)
            units = {p.id: p.unit for p in one.points}
            types = {s.id: s.type for s in one.stations}
            for definition in (d for d in reading.definitions if d.site == one.id):
                row = row_of(definition)
                name = f"{definition.station}/{definition.point}"
                row["type"] = types[definition.station]
                row["unit"] = units.get(name, "")
                alarm = f"{name}/{definition.source.rule}"
                row["suppressed_by"] = hiders.get(alarm, [])
                row["suppresses"] = hidden.get(alarm, [])
                row["overridden"] = [f"{reading.source.file}:{reading.source.line(p)}" for p, _ in definition.overrides]
                yield row


def row_of(definition: Definition) -> Row:
    """What of a row the definition alone says."""
    change = definition.change
    rule, terms = make_rule(definition.source, change), terms_of(definition.source, change)
    derived = derive_priority(rule.severity, rule.respond_within) if rule.severity is not None else None
    file, line = definition.written
    return {
        **dict(zip(("site", "station", "point", "rule"), definition.key, strict=True)),
        **{name: getattr(rule, name) for name in _SAME},
        "deadband": terms["deadband"],
        "clear_ratio": terms["clear_ratio"],
        "clear": rule.clear,
        "limits": [one.model_dump(mode="json", exclude_defaults=True) for one in rule.limits],
        "gate": rule.gate.model_dump(mode="json") if rule.gate is not None else None,
        "priority_derived": derived,
        "priority_agrees": None if derived is None else derived == rule.priority,
        "off": None if change is None else change.off,
        "defined": f"{file}:{line}" if line else file,
    }


def summary_of(rows: list[Row]) -> dict[str, Any]:
    """How many alarms, how they are spread over the priorities (beside EEMUA 191's 80/15/5), how many disagree.

    Alarms that a site has taken away do not count; shares are of those that sound.
    """
    counted = [row for row in rows if row["off"] is None]
    by = Counter(row["priority"] for row in counted)
    loud = sum(n for priority, n in by.items() if priority != "journal") or 1
    return {
        "alarms": len(counted),
        "priorities": {p: by[p] for p in get_args(Priority)},
        "shares": {p: round(by[p] / loud, 4) for p in get_args(Priority) if p != "journal"},
        "shares_wanted": {"critical": 0.05, "high": 0.15, "medium": 0.8},
        "disagree": sum(row["priority_agrees"] is False and not row["priority_because"] for row in counted),
        "with_reason": sum(row["priority_agrees"] is False and bool(row["priority_because"]) for row in counted),
    }


def _suppressions(site: Site) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """(causes by alarm, consequences by cause)."""
    alarms = alarm_keys(site)
    hiders: dict[str, list[str]] = {}
    hidden: dict[str, list[str]] = {}
    for one in site.suppressions:
        for alarm in dict.fromkeys(a for pattern in one.hides for a in matching(pattern, alarms)):
            hiders.setdefault(alarm, []).append(one.cause)
            hidden.setdefault(one.cause, []).append(alarm)
    return hiders, hidden
