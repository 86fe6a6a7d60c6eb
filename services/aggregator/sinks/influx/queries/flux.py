"""Pieces of Flux that all queries are made of: spans, quoted names, filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a dashboard, in the place of a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """start, stop: Flux expressions of times.  every: of the width of a window."""

    start: str
    stop: str
    every: str = "1m"


GRAFANA = Span("v.timeRangeStart", "v.timeRangeStop", "v.windowPeriod")

Name = str | Variable


def text(value: Name) -> str:
    """A string of Flux. `${` would be an expression there, so it is escaped; a Variable becomes Grafana's `${name}`."""
    if isinstance(value, Variable):
        return f'"${{{value.name}}}"'
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def any_of(column: str, values: Iterable[Name]) -> str:
    """A condition: the column has one of the values."""
    return " or ".join(f"r.{column} == {text(value)}" for value in values)


def source(bucket: str, span: Span, measurement: str, **tags: Name | Sequence[Name]) -> str:
    """Rows of a measurement within the span, with these tags (none given: any)."""
    out = f"from(bucket: {text(bucket) if '${' not in bucket else of_variable(bucket)})\n"
    out += f"  |> range(start: {span.start}, stop: {span.stop})\n"
    out += f"  |> filter(fn: (r) => r._measurement == {text(measurement)})\n"
    for tag, value in tags.items():
        wanted = [value] if isinstance(value, str | Variable) else list(value)
        if wanted:
            out += f"  |> filter(fn: (r) => {any_of(tag, wanted)})\n"
    return out


def of_variable(bucket: str) -> str:
    """A bucket's name that a variable of the dashboard begins; never a name from outside."""
    return f'"{bucket}"'
