"""Every InfluxDB query that dashboards, console and reports share: Flux for 2.7, fitted to what the sink writes.

A query is made for a `Span` and `Buckets`. Grafana's dashboards give its macros (`GRAFANA`) and `Variable`s; who asks
InfluxDB himself gives times and names, which are quoted here, whatever stands in them.

Rows of series: `_time`, `_value`, `_field` and the tags that tell them apart. Rows of tables: named columns, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.aggregator.sinks.influx.buckets import Buckets

How = Literal["mean", "min", "max", "last"]
Width = Literal["1m", "15m", "1h", "1d"]

#: Transitions after which an occurrence is over, of the condition or of the books.
OVER = ("cleared", "forgotten", "superseded", "missed", "refused", "planned", "planned_over")
#: Transitions by which an alarm comes to be heard; those that are kept from the operator have `annunciated` false.
HEARD = ("raised", "realarmed", "unshelved", "unsuppressed", "returned")
#: Transitions that take an alarm out of the operator's list.
ASIDE = ("hidden", "suppressed", "shelved", "removed")


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


def _any(column: str, values: Iterable[Name]) -> str:
    return " or ".join(f"r.{column} == {text(value)}" for value in values)


def _from(bucket: str, span: Span, measurement: str, **tags: Name | Sequence[Name]) -> str:
    out = f"from(bucket: {text(bucket) if '${' not in bucket else _quoted(bucket)})\n"
    out += f"  |> range(start: {span.start}, stop: {span.stop})\n"
    out += f"  |> filter(fn: (r) => r._measurement == {text(measurement)})\n"
    for tag, value in tags.items():
        wanted = [value] if isinstance(value, str | Variable) else list(value)
        if wanted:
            out += f"  |> filter(fn: (r) => {_any(tag, wanted)})\n"
    return out


def _quoted(bucket: str) -> str:
    """A bucket's name that a variable of the dashboard begins; never a name from outside."""
    return f'"{bucket}"'


# --- points ------------------------------------------------------------------------------------------------------


def points(
    buckets: Buckets,
    span: Span,
    site: Name | Sequence[Name],
    station: Name | Sequence[Name],
    names: Sequence[Name],
    how: How = "mean",
) -> str:
    """Series of readings, one value a window: `how` says which, so that a chart of a night keeps its peaks."""
    return (
        _from(buckets.readings, span, "readings", site=site, station=station, _field=names)
        + f"  |> aggregateWindow(every: {span.every}, fn: {how}, createEmpty: false)\n"
        + '  |> keep(columns: ["_time", "_value", "_field", "site", "station"])\n'
    )


def latest(
    buckets: Buckets, span: Span, site: Name | Sequence[Name], station: Name | Sequence[Name], names: Sequence[Name]
) -> str:
    """The newest reading of each point, with its own time: an old value must be seen to be old."""
    return (
        _from(buckets.readings, span, "readings", site=site, station=station, _field=names)
        + "  |> last()\n"
        + '  |> keep(columns: ["_time", "_value", "_field", "site", "station"])\n'
    )


def extreme(
    buckets: Buckets, span: Span, site: Name, station: Name, name: Name, how: Literal["min", "max"]
) -> str:  # fmt: skip
    """The least or greatest reading of the span, with its time."""
    return (
        _from(buckets.readings, span, "readings", site=site, station=station, _field=[name])
        + f"  |> {how}()\n"
        + '  |> keep(columns: ["_time", "_value", "_field", "site", "station"])\n'
    )


def latest_by_site(buckets: Buckets, span: Span, columns: Sequence[tuple[str, str, str]]) -> str:
    """A row a site: `site`, the newest reading of each (column, station, point), `age` (s) of the oldest."""
    wanted = " or ".join(f"(r.station == {text(s)} and r._field == {text(p)})" for _, s, p in columns)
    named = "".join(
        f"if r.station == {text(s)} and r._field == {text(p)} then {text(c)} else " for c, s, p in columns
    )  # fmt: skip
    return (
        "newest = "
        + _from(buckets.readings, span, "readings")
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


# --- aggregates --------------------------------------------------------------------------------------------------


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


def summed(
    buckets: Buckets,
    span: Span,
    width: Width,
    site: Name | Sequence[Name],
    station: Name | Sequence[Name],
    names: Sequence[str],
    statistic: str,
) -> str:
    """The sum of a figure over the span, one row a site and point: m3 of `volume`, seconds of `above`."""
    return (
        _windows(buckets, span, width, site, station, [f"{name}.{statistic}" for name in names])
        + "  |> sum()\n"
        + '  |> keep(columns: ["_value", "_field", "site", "station"])\n'
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
    return _from(bucket, span, f"aggregates_{width}", site=site, station=station, _field=fields)


# --- alarms and incidents ----------------------------------------------------------------------------------------

_RANK = (
    '  |> map(fn: (r) => ({r with rank: if r.priority == "critical" then 1 else if r.priority == "high" then 2 '
    'else if r.priority == "medium" then 3 else 4}))\n'
)


def _alarms(buckets: Buckets, span: Span, site: Name | Sequence[Name], priority: Sequence[str] = ()) -> str:
    return _from(buckets.long, span, "alarms", site=site, priority=priority)


def _rows(fields: Sequence[str]) -> str:
    """Fields as columns, in one table."""
    return (
        f"  |> filter(fn: (r) => {_any('_field', fields)})\n"
        + '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
        + "  |> group()\n"
    )


def alarm_events(buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), most: int = 200) -> str:
    """The newest transitions: time, site, station, point, rule, priority, state, value, limit, unit, cause."""
    return (
        _alarms(buckets, span, site)
        + _rows(("value", "limit", "unit", "cause", "occurrence"))
        + '  |> sort(columns: ["_time"], desc: true)\n'
        + f"  |> limit(n: {most})\n"
        + '  |> keep(columns: ["_time", "site", "station", "point", "rule", "priority", "state", "value", "limit", '
        + '"unit", "cause", "occurrence"])\n'
    )


def _last_of_each(
    buckets: Buckets, span: Span, site: Name | Sequence[Name], back: str, priority: Sequence[str] = ()
) -> str:
    """A row an occurrence that is not over: since, state (the last transition), aside, value of when it was raised."""
    wide = Span(f"date.sub(d: {back}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + _alarms(buckets, wide, site, priority)
        + _rows(("value", "limit", "unit", "occurrence", "annunciated"))
        + '  |> group(columns: ["occurrence"])\n'
        + '  |> sort(columns: ["_time"])\n'
        + '  |> reduce(identity: {n: 0, over: false, aside: 0, acked: false, since: 0, site: "", station: "", '
        + 'point: "", rule: "", priority: "", state: "", value: "", limit: ""}, fn: (r, accumulator) => ({\n'
        + "      n: accumulator.n + 1,\n"
        + f"      over: accumulator.over or {_any('state', OVER)},\n"
        + f"      aside: if {_any('state', ASIDE)} then accumulator.aside + 1 "
        + 'else if r.state == "unhidden" or r.state == "unsuppressed" or r.state == "unshelved" '
        + 'or r.state == "returned" then accumulator.aside - 1 else accumulator.aside,\n'
        + '      acked: accumulator.acked or r.state == "acknowledged",\n'
        + "      since: if accumulator.n == 0 then int(v: r._time) else accumulator.since,\n"
        + "      site: r.site, station: r.station, point: r.point, rule: r.rule, priority: r.priority,\n"
        + "      state: r.state,\n"
        + "      value: if exists r.value then string(v: float(v: int(v: r.value * 100.0)) / 100.0) "
        + '+ (if exists r.unit then " " + r.unit else "") else accumulator.value,\n'
        + '      limit: if exists r.limit then string(v: r.limit) + (if exists r.unit then " " + r.unit else "") '
        + "else accumulator.limit}))\n"
        + "  |> filter(fn: (r) => not r.over)\n"
        + "  |> group()\n"
    )


def standing(buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), back: str = "30d") -> str:
    """Alarms whose condition holds at the end of the span and that nothing keeps from the operator, worst first.

    Columns: priority, site, station, point, rule, value (with unit; the last one told), limit, since, status.
    """
    return (
        _last_of_each(buckets, span, site, back)
        + "  |> filter(fn: (r) => r.aside <= 0)\n"
        + _RANK
        + '  |> sort(columns: ["rank", "since"])\n'
        + "  |> map(fn: (r) => ({priority: r.priority, site: r.site, station: r.station, point: r.point, rule: r.rule, "
        + "value: r.value, limit: r.limit, since: time(v: r.since), "
        + 'status: if r.acked then "acknowledged" else "not acknowledged", occurrence: r.occurrence}))\n'
    )


def standing_count(
    buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), priorities: Sequence[str] = (), back: str = "30d"
) -> str:
    """How many alarms stand, one row `_value`, also when there is none: a calm panel says 0, not "no data"."""
    return _last_of_each(buckets, span, site, back, priorities).replace(
        'import "date"\n', 'import "array"\nimport "date"\nfound = ', 1
    ) + (
        "  |> filter(fn: (r) => r.aside <= 0)\n"
        # Not by a map to 1: InfluxDB 2.7 gives no row at all for a map that makes every row the same.
        + '  |> count(column: "occurrence")\n'
        + '  |> rename(columns: {occurrence: "_value"})\n'
        + '  |> keep(columns: ["_value"])\n'
        + "union(tables: [found, array.from(rows: [{_value: 0}])])\n"
        + "  |> sum()\n"
    )


def _heard(buckets: Buckets, span: Span, site: Name | Sequence[Name]) -> str:
    """One row (`_value` true) for each time that the horn sounded."""
    return (
        _alarms(buckets, span, site)
        + f'  |> filter(fn: (r) => r._field == "annunciated" and ({_any("state", HEARD)}))\n'
        + "  |> filter(fn: (r) => r._value)\n"
    )


def heard_rate(buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), every: str = "10m") -> str:
    """Alarms that sounded in each fixed ten minutes, noughts too: `_time` (the window's start), `_value`."""
    return (
        'import "array"\n'
        + f"none = array.from(rows: [{{_time: {span.start}, _value: 0}}])\n"
        + "heard = "
        + _heard(buckets, span, site)
        + "  |> group()\n"
        + "  |> map(fn: (r) => ({_time: r._time, _value: 1}))\n"
        + "union(tables: [heard, none])\n"
        + "  |> group()\n"
        + f"  |> range(start: {span.start}, stop: {span.stop})\n"
        + f'  |> aggregateWindow(every: {every}, fn: sum, createEmpty: true, timeSrc: "_start")\n'
        + "  |> fill(value: 0)\n"
        + '  |> keep(columns: ["_time", "_value"])\n'
    )


def heard_figure(
    buckets: Buckets, span: Span, figure: Literal["worst", "mean", "all"], site: Name | Sequence[Name] = ()
) -> str:
    """One number over the fixed ten minutes of the span: the most, the average, or how many there were in all."""
    fn = {"worst": "max", "mean": "mean", "all": "sum"}[figure]
    return heard_rate(buckets, span, site) + f'  |> {fn}()\n  |> keep(columns: ["_value"])\n'


def heard_by(
    buckets: Buckets, span: Span, column: Literal["priority", "site"], site: Name | Sequence[Name] = ()
) -> str:
    """How many sounded, by priority or site, most first: the column, `alarms`, `share` (% of all)."""
    return (
        "heard = "
        + _heard(buckets, span, site)
        + f'  |> group(columns: ["{column}"])\n'
        + "  |> count()\n  |> group()\n"
        + "all = heard |> sum() |> findRecord(fn: (key) => true, idx: 0)\n"
        + "heard\n"
        + '  |> sort(columns: ["_value"], desc: true)\n'
        + f"  |> map(fn: (r) => ({{{column}: r.{column}, alarms: r._value, "
        + "share: 100.0 * float(v: r._value) / float(v: all._value)}))\n"
    )


def most_frequent(buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), most: int = 10) -> str:
    """The alarms that sounded most: site, station, point, rule, priority, alarms, share (% of all)."""
    return (
        "heard = "
        + _heard(buckets, span, site)
        + '  |> group(columns: ["site", "station", "point", "rule", "priority"])\n'
        + "  |> count()\n  |> group()\n"
        + "all = heard |> sum() |> findRecord(fn: (key) => true, idx: 0)\n"
        + "heard\n"
        + '  |> sort(columns: ["_value"], desc: true)\n'
        + f"  |> limit(n: {most})\n"
        + "  |> map(fn: (r) => ({site: r.site, station: r.station, point: r.point, rule: r.rule, priority: r.priority, "
        + "alarms: r._value, share: 100.0 * float(v: r._value) / float(v: all._value)}))\n"
    )


def incidents(buckets: Buckets, span: Span, site: Name | Sequence[Name] = ()) -> str:
    """Each change of an incident's phase: time, site, kind, phase, cause, next_step, incident; oldest first."""
    return (
        _from(buckets.long, span, "incidents", site=site)
        + _rows(("incident", "cause", "next_step"))
        + '  |> sort(columns: ["_time"])\n'
        + '  |> keep(columns: ["_time", "site", "kind", "phase", "cause", "next_step", "incident"])\n'
    )


def incidents_now(buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), back: str = "30d") -> str:
    """The last phase of every incident that is not closed at the end of the span: columns as `incidents`, and since."""
    wide = Span(f"date.sub(d: {back}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + _from(buckets.long, wide, "incidents", site=site)
        + _rows(("incident", "cause", "next_step"))
        + '  |> group(columns: ["incident"])\n'
        + '  |> sort(columns: ["_time"])\n'
        + "  |> tail(n: 1)\n"
        + "  |> group()\n"
        + '  |> filter(fn: (r) => r.phase != "closed")\n'
        + '  |> keep(columns: ["_time", "site", "kind", "phase", "cause", "next_step", "incident"])\n'
    )


def incident_marks(buckets: Buckets, span: Span, site: Name | Sequence[Name] = ()) -> str:
    """What Grafana's annotations want: time, title, text, tags; a phase told twice in a row (news) is one mark."""
    return (
        incidents(buckets, span, site)
        + '  |> group(columns: ["incident", "phase"])\n  |> first(column: "phase")\n  |> group()\n'
        + '  |> sort(columns: ["_time"])\n'
        + '  |> map(fn: (r) => ({time: r._time, title: r.kind + ": " + r.phase, text: r.cause, '
        + 'tags: r.site + "," + r.phase}))\n'
    )


# --- health of the pipeline --------------------------------------------------------------------------------------


def readings_per_minute(buckets: Buckets, span: Span) -> str:
    """Readings that came of each site in each minute, from the windows' counts: `_time`, `_value`, site."""
    return (
        _from(buckets.minutes, span, "aggregates_1m")
        + "  |> filter(fn: (r) => r._field =~ /\\.count$/)\n"
        + '  |> group(columns: ["site"])\n'
        + f"  |> aggregateWindow(every: 1m, fn: sum, createEmpty: false, timeSrc: {text('_start')})\n"
        + '  |> keep(columns: ["_time", "_value", "site"])\n'
    )


def good_ratio(buckets: Buckets, span: Span) -> str:
    """The share (%) of readings that were good, a station: site, station, good."""
    return (
        _from(buckets.minutes, span, "aggregates_15m")
        + "  |> filter(fn: (r) => r._field =~ /\\.good_ratio$/)\n"
        + '  |> group(columns: ["site", "station"])\n'
        + "  |> mean()\n  |> group()\n"
        + "  |> map(fn: (r) => ({site: r.site, station: r.station, good: 100.0 * r._value}))\n"
        + '  |> sort(columns: ["good"])\n'
    )


def last_seen(buckets: Buckets, span: Span) -> str:
    """The end of each station's newest minute, the longest silent first: site, station, seen, age (s)."""
    return (
        _from(buckets.minutes, span, "aggregates_1m")
        + "  |> filter(fn: (r) => r._field =~ /\\.count$/ and r._value > 0)\n"
        + "  |> last()\n"
        + '  |> group(columns: ["site", "station"])\n'
        + '  |> max(column: "_time")\n  |> group()\n'
        + "  |> map(fn: (r) => ({site: r.site, station: r.station, seen: time(v: int(v: r._time) + 60000000000), "
        + f"age: float(v: int(v: {span.stop}) - int(v: r._time)) / 1000000000.0 - 60.0}}))\n"
        + '  |> sort(columns: ["age"], desc: true)\n'
    )


# --- names -------------------------------------------------------------------------------------------------------


def sites(buckets: Buckets, having: str = "") -> str:
    """The sites that have been heard within 30 days, or in a replay at any time; `having`: with this station only."""
    where = f" and r.station == {text(having)}" if having else ""
    return _tag_values(buckets.long, "site", f'r._measurement == "aggregates_1h"{where}')


def stations(buckets: Buckets, site: Name) -> str:
    """The stations of a site."""
    return _tag_values(buckets.long, "station", f'r._measurement == "aggregates_1h" and r.site == {text(site)}')


def _tag_values(bucket: str, tag: str, predicate: str) -> str:
    named = _quoted(bucket) if "${" in bucket else text(bucket)
    return (
        'import "influxdata/influxdb/schema"\n'
        f'schema.tagValues(bucket: {named}, tag: "{tag}", predicate: (r) => {predicate}, start: 0)\n'
    )
