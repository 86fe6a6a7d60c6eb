"""Alarms that stand or were heard, their figures, incidents and their phases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries.flux import Name, Span, any_of, source

Figure = Literal["worst", "mean", "all"]

#: Transitions after which an occurrence is over, of the condition or of the books.
OVER = ("cleared", "forgotten", "superseded", "missed", "refused", "planned", "planned_over")
#: Transitions by which an alarm comes to be heard; those that are kept from the operator have `annunciated` false.
HEARD = ("raised", "realarmed", "unshelved", "unsuppressed", "returned")
#: Transitions that take an alarm out of the operator's list.
ASIDE = ("hidden", "suppressed", "shelved", "removed")

_RANK = (
    '  |> map(fn: (r) => ({r with rank: if r.priority == "critical" then 1 else if r.priority == "high" then 2 '
    'else if r.priority == "medium" then 3 else 4}))\n'
)


def _alarms(buckets: Buckets, span: Span, site: Name | Sequence[Name], priority: Sequence[str] = ()) -> str:
    return source(buckets.long, span, "alarms", site=site, priority=priority)


def _rows(fields: Sequence[str]) -> str:
    """Fields as columns, in one table."""
    return (
        f"  |> filter(fn: (r) => {any_of('_field', fields)})\n"
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
        + f"      over: accumulator.over or {any_of('state', OVER)},\n"
        + f"      aside: if {any_of('state', ASIDE)} then accumulator.aside + 1 "
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


def standing(
    buckets: Buckets,
    span: Span,
    site: Name | Sequence[Name] = (),
    back: str = "30d",
    unlike: Sequence[str] = (),
) -> str:
    """Alarms whose condition holds at the end of the span and that nothing keeps from the operator, worst first.

    unlike: rules whose limit is not of the value's kind (a rise, a ratio); beside the value it would mislead.
    Columns: priority, site, station, point, rule, value (with unit; the last one told), limit, since, status.
    """
    limit = f'if {any_of("rule", unlike)} then "" else r.limit' if unlike else "r.limit"
    return (
        _last_of_each(buckets, span, site, back)
        + "  |> filter(fn: (r) => r.aside <= 0)\n"
        + _RANK
        + '  |> sort(columns: ["rank", "since"])\n'
        + "  |> map(fn: (r) => ({priority: r.priority, site: r.site, station: r.station, point: r.point, rule: r.rule, "
        + f"value: r.value, limit: {limit}, since: time(v: r.since), "
        + 'status: if r.acked then "acknowledged" else "not acknowledged", occurrence: r.occurrence}))\n'
    )


def standing_count(
    buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), priorities: Sequence[str] = (), back: str = "30d"
) -> str:
    """How many alarms stand, one row `_value`, also when there is none: a calm panel says 0, not "no data"."""
    return _counted(_last_of_each(buckets, span, site, back, priorities))


def stale_count(buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), back: str = "30d") -> str:
    """How many have stood for more than 24 h (ISA-18.2), one row `_value`."""
    older = f"  |> filter(fn: (r) => r.since < int(v: {span.stop}) - 86400000000000)\n"
    return _counted(_last_of_each(buckets, span, site, back) + older)


def _counted(found: str) -> str:
    return found.replace('import "date"\n', 'import "array"\nimport "date"\nfound = ', 1) + (
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
        + f'  |> filter(fn: (r) => r._field == "annunciated" and ({any_of("state", HEARD)}))\n'
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


def heard_figure(buckets: Buckets, span: Span, figure: Figure, site: Name | Sequence[Name] = ()) -> str:
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
        source(buckets.long, span, "incidents", site=site)
        + _rows(("incident", "cause", "next_step"))
        + '  |> sort(columns: ["_time"])\n'
        + '  |> keep(columns: ["_time", "site", "kind", "phase", "cause", "next_step", "incident"])\n'
    )


def incidents_now(buckets: Buckets, span: Span, site: Name | Sequence[Name] = (), back: str = "30d") -> str:
    """The last phase of every incident that is not closed at the end of the span: columns as `incidents`, and since."""
    wide = Span(f"date.sub(d: {back}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + source(buckets.long, wide, "incidents", site=site)
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
