"""Zones' flows and nights, plants' balances: measurement `zones`, as services/aggregator/zones/README.md has it."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries.flux import Name, Span, any_of, of_variable, source, text

_NIGHT = ("night_flow", "leakage_night", "leakage_day", "unavoidable", "index", "gap", "verdict", "silent", "caveats")
_BALANCE = (
    "raw", "wash", "finished", "stored", "residual", "uncertainty", "unknown", "verdict", "silent", "caveats"
)  # fmt: skip


def zone_names(buckets: Buckets) -> str:
    """The zones of which a flow was ever given out."""
    named = of_variable(buckets.long) if "${" in buckets.long else text(buckets.long)
    return (
        'import "influxdata/influxdb/schema"\n'
        f'schema.tagValues(bucket: {named}, tag: "zone", '
        'predicate: (r) => r._measurement == "zones" and r.kind == "flow", start: 0)\n'
    )


def zone_flow(buckets: Buckets, span: Span, zone: Name | Sequence[Name] = ()) -> str:
    """A zone's flow (m3/h) a quarter of an hour; a quarter that is not known has no row."""
    return (
        source(buckets.long, span, "zones", zone=zone, kind="flow", _field="flow")
        + '  |> group(columns: ["zone"])\n  |> sort(columns: ["_time"])\n'
        + '  |> keep(columns: ["_time", "_value", "zone"])\n'
    )


def zone_figure(buckets: Buckets, span: Span, zone: Name, kind: str, figure: str, within: str) -> str:
    """The newest of one figure, none older than `within` before the end of the span."""
    recent = Span(f"date.sub(d: {within}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + source(buckets.long, recent, "zones", zone=zone, kind=kind, _field=figure)
        + '  |> group()\n  |> sort(columns: ["_time"])\n  |> tail(n: 1)\n'
        + '  |> keep(columns: ["_time", "_value"])\n'
    )


def zones_now(buckets: Buckets, span: Span, within: str = "1h") -> str:
    """A row a zone, its newest quarter: zone, `_time`, flow, gap (s), verdict, silent."""
    recent = Span(f"date.sub(d: {within}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + source(buckets.long, recent, "zones", kind="flow")
        + _rows(("flow", "gap", "verdict", "silent"))
        + '  |> group(columns: ["zone"])\n  |> sort(columns: ["_time"])\n  |> tail(n: 1)\n  |> group()\n'
        + '  |> keep(columns: ["zone", "_time", "flow", "gap", "verdict", "silent"])\n'
    )


def nights(buckets: Buckets, span: Span, zone: Name | Sequence[Name] = (), back: str = "31d") -> str:
    """A row a night before the end of the span, the newest first: zone, `_time` and the figures of `night`."""
    wide = Span(f"date.sub(d: {back}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + source(buckets.long, wide, "zones", zone=zone, kind="night")
        + _rows(_NIGHT)
        + '  |> sort(columns: ["_time"], desc: true)\n'
        + f"  |> keep(columns: {_list('zone', '_time', *_NIGHT)})\n"
    )


def balances(buckets: Buckets, span: Span, plant: Name | Sequence[Name] = ()) -> str:
    """A row an hour and plant, the newest first: zone (the plant), `_time` and the figures of `balance_1h`."""
    return (
        source(buckets.long, span, "zones", zone=plant, kind="balance_1h")
        + _rows(_BALANCE)
        + '  |> sort(columns: ["_time"], desc: true)\n'
        + f"  |> keep(columns: {_list('zone', '_time', *_BALANCE)})\n"
    )


def balance_figure(buckets: Buckets, span: Span, plant: Name, figure: str, times: float = 1.0) -> str:
    """One figure (m3) of a plant's hours, times a number."""
    return (
        source(buckets.long, span, "zones", zone=plant, kind="balance_1h", _field=figure)
        + '  |> group()\n  |> sort(columns: ["_time"])\n'
        + f"  |> map(fn: (r) => ({{_time: r._time, _value: r._value * {times!r}}}))\n"
    )


def _rows(fields: Sequence[str]) -> str:
    return (
        f"  |> filter(fn: (r) => {any_of('_field', fields)})\n"
        + '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
        + "  |> group()\n"
    )


def _list(*names: str) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
