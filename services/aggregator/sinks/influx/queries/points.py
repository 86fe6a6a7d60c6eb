"""Readings of points, their newest, and the figures of their windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries.flux import Name, Span, source, text

How = Literal["mean", "min", "max", "last"]
Width = Literal["1m", "15m", "1h", "1d"]


def points(
    buckets: Buckets,
    span: Span,
    site: Name | Sequence[Name],
    station: Name | Sequence[Name],
    names: Sequence[Name],
    how: How = "mean",
) -> str:
    """Series of readings, one value a window: `how` says which, so that a chart of a night keeps its peaks.

    A window without readings has a row without a value: a gap, however wide the windows are.
    """
    return (
        source(buckets.readings, span, "readings", site=site, station=station, _field=names)
        + f"  |> aggregateWindow(every: {span.every}, fn: {how}, createEmpty: true)\n"
        + '  |> keep(columns: ["_time", "_value", "_field", "site", "station"])\n'
    )


def latest(
    buckets: Buckets,
    span: Span,
    site: Name | Sequence[Name],
    station: Name | Sequence[Name],
    names: Sequence[Name],
    within: str = "15m",
) -> str:
    """The newest reading of each point in the last `within` of the span; an older one says nothing of now."""
    recent = Span(f"date.sub(d: {within}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + source(buckets.readings, recent, "readings", site=site, station=station, _field=names)
        + "  |> last()\n"
        + '  |> keep(columns: ["_time", "_value", "_field", "site", "station"])\n'
    )


def latest_of_station(buckets: Buckets, span: Span, site: Name, station: Name, within: str = "15m") -> str:
    """A row a point of the station, by name: point, `_value`, `_time`; none older than `within`."""
    recent = Span(f"date.sub(d: {within}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + source(buckets.readings, recent, "readings", site=site, station=station)
        + "  |> filter(fn: (r) => r._field !~ /\\.q$/)\n"
        + "  |> last()\n"
        + "  |> map(fn: (r) => ({point: r._field, _value: r._value, _time: r._time}))\n"
        + '  |> group()\n  |> sort(columns: ["point"])\n'
    )


def latest_by_site(buckets: Buckets, span: Span, columns: Sequence[tuple[str, str, str]]) -> str:
    """A row a site: `site`, the newest reading of each (column, station, point), `age` (s) of the oldest."""
    wanted = " or ".join(f"(r.station == {text(s)} and r._field == {text(p)})" for _, s, p in columns)
    named = "".join(
        f"if r.station == {text(s)} and r._field == {text(p)} then {text(c)} else " for c, s, p in columns
    )  # fmt: skip
    return (
        "newest = "
        + source(buckets.readings, span, "readings")
        + f"  |> filter(fn: (r) => {wanted})\n"
        + "  |> last()\n"
        + f'  |> map(fn: (r) => ({{_time: r._time, site: r.site, column: {named}"", _value: r._value}}))\n'
        + '  |> group(columns: ["site"])\n'
        + "ages = newest\n"
        + '  |> min(column: "_time")\n'
        + '  |> map(fn: (r) => ({_time: r._time, site: r.site, column: "age", '
        + f"_value: float(v: int(v: {span.stop}) - int(v: r._time)) / 1000000000.0}}))\n"
        + "union(tables: [newest, ages])\n"
        + "  |> group()\n"
        + '  |> pivot(rowKey: ["site"], columnKey: ["column"], valueColumn: "_value")\n'
        + '  |> sort(columns: ["site"])\n'
    )


def aggregates(
    buckets: Buckets,
    span: Span,
    width: Width,
    site: Name | Sequence[Name],
    station: Name | Sequence[Name],
    names: Sequence[str],
    statistic: str,
) -> str:
    """Series of one figure (`mean`, `volume`, …) of windows of `width`, as the aggregator gave them."""
    return (
        _windows(buckets, span, width, site, station, [f"{name}.{statistic}" for name in names])
        + '  |> keep(columns: ["_time", "_value", "_field", "site", "station"])\n'
    )


def _windows(
    buckets: Buckets,
    span: Span,
    width: Width,
    site: Name | Sequence[Name],
    station: Name | Sequence[Name],
    fields: Sequence[str],
) -> str:
    bucket = buckets.of(f"aggregates_{width}".encode())
    return source(bucket, span, f"aggregates_{width}", site=site, station=station, _field=fields)
