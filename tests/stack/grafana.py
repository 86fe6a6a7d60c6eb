"""Grafana's part, without Grafana: finds every query of a dashboard, puts in what it would put in, and asks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: What a panel asks for at 1366×768: about so many points over its width.
_POINTS = 400


@dataclass(frozen=True)
class Asked:
    """kind: of the panel, `variable` or `annotation`.  options: of the panel, for what it must be given."""

    dashboard: str
    title: str
    kind: str
    query: str
    panel: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.dashboard} / {self.title} ({self.kind})"


@dataclass(frozen=True)
class Answered:
    """rows: without InfluxDB's own columns.  seconds: until the last was here."""

    rows: list[dict[str, Any]]
    seconds: float


def queries(folder: Path) -> Iterator[Asked]:
    """Every query of panels, variables and annotations."""
    for path in sorted(folder.glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield Asked(path.stem, panel["title"], panel["type"], target["query"], panel)
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield Asked(path.stem, variable["name"], "variable", variable["query"]["query"], variable)
        for one in board.get("annotations", {}).get("list", []):
            yield Asked(path.stem, one["name"], "annotation", one["target"]["query"], one)


def interpolated(query: str, values: Mapping[str, str], start: datetime, stop: datetime) -> str:
    """The query as it is sent; KeyError for a variable that the dashboard does not have."""
    text = re.sub(r"(?<!\\)\$\{(\w+)\}", lambda found: values[found[1]], query)
    width = max(int((stop - start).total_seconds() * 1000 / _POINTS), 60_000)
    for macro, value in {
        "v.timeRangeStart": _literal(start),
        "v.timeRangeStop": _literal(stop),
        "v.windowPeriod": f"{width}ms",
    }.items():
        text = text.replace(macro, value)
    return text


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ask(client: Any, query: str) -> Answered:
    """Runs it."""
    begun = time.perf_counter()
    tables = client.query_api().query(query)
    rows = [
        {name: value for name, value in record.values.items() if name not in ("result", "table")}
        for table in tables
        for record in table.records
    ]
    return Answered(rows, time.perf_counter() - begun)


def lacks(asked: Asked, rows: list[dict[str, Any]]) -> str:
    """What the panel needs and the rows do not have, in words; "" when all is there."""
    if not rows:
        return "no row"
    match asked.kind:
        case "timeseries":
            said = [row for row in rows if row.get("_value") is not None]
            good = all(isinstance(row.get("_time"), datetime) and _number(row["_value"]) for row in said)
            return "" if good and len({row["_time"] for row in said}) > 3 else "no course of numbers over time"
        case "stat":
            column = asked.panel["options"]["reduceOptions"]["fields"].strip("/^$")
            if column:
                return "" if isinstance(rows[-1].get(column), str) else f"no text {column}"
            return "" if len(rows) == 1 and _number(rows[0].get("_value")) else "not one number"
        case "table":
            named = {one["matcher"]["options"] for one in asked.panel["fieldConfig"]["overrides"]}
            given = set().union(*rows)
            return "" if named == given else f"columns {sorted(given)}, shown are {sorted(named)}"
        case "variable":
            return "" if all(isinstance(row.get("_value"), str) for row in rows) else "no names"
        case "annotation":
            good = all(isinstance(r.get("time"), datetime) and r.get("title") and r.get("text") for r in rows)
            return "" if good else "no time, title and text"
    return f"nobody knows what a {asked.kind} needs"


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
