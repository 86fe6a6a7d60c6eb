"""How the services are, by what they tell of themselves: measurement `health`, in the wall clock's time."""

from __future__ import annotations

from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries.flux import Span, any_of, source

#: What each service tells, every ten seconds; `ready` is 1 or 0, the last three count since its start.
VITALS = ("ready", "lag", "in_flight", "rejected", "errors", "readings")


def vital(buckets: Buckets, span: Span, figure: str) -> str:
    """Courses of `lag` or `in_flight`, a service each, the greatest of each window: service, worker."""
    return (
        source(buckets.minutes, span, "health", _field=figure)
        + f"  |> aggregateWindow(every: {span.every}, fn: max, createEmpty: true)\n"
        + '  |> keep(columns: ["_time", "_value", "service", "worker"])\n'
    )


def growth(buckets: Buckets, span: Span, figure: str) -> str:
    """How much `rejected` or `errors` grew in each window, a service each; a start anew is no fall."""
    return (
        source(buckets.minutes, span, "health", _field=figure)
        + f"  |> aggregateWindow(every: {span.every}, fn: max, createEmpty: false)\n"
        + "  |> increase()\n  |> difference(nonNegative: true)\n"
        + '  |> keep(columns: ["_time", "_value", "service", "worker"])\n'
    )


def services_now(buckets: Buckets, span: Span, within: str = "1h") -> str:
    """A row a service, worst first: service, worker, its newest figures, `age` (s) of them."""
    recent = Span(f"date.sub(d: {within}, from: {span.stop})", span.stop)
    return (
        'import "date"\n'
        + source(buckets.minutes, recent, "health")
        + f"  |> filter(fn: (r) => {any_of('_field', VITALS)})\n"
        + "  |> last()\n"
        + '  |> group(columns: ["service", "worker"])\n'
        + '  |> pivot(rowKey: ["_time", "service", "worker"], columnKey: ["_field"], valueColumn: "_value")\n'
        + "  |> group()\n"
        + "  |> map(fn: (r) => ({service: r.service, worker: r.worker, ready: r.ready, lag: r.lag, "
        + "in_flight: r.in_flight, rejected: r.rejected, errors: r.errors, "
        + f"age: float(v: int(v: {span.stop}) - int(v: r._time)) / 1000000000.0}}))\n"
        + '  |> sort(columns: ["ready", "service", "worker"])\n'
    )


def vital_now(buckets: Buckets, span: Span, figure: str) -> str:
    """The newest of one figure, a series a service: for alert rules."""
    return (
        source(buckets.minutes, span, "health", _field=figure)
        + '  |> last()\n  |> keep(columns: ["_time", "_value", "service", "worker"])\n'
    )


def grown(buckets: Buckets, span: Span, figure: str) -> str:
    """By how much a count grew over the whole span, a series a service."""
    return (
        source(buckets.minutes, span, "health", _field=figure)
        + "  |> increase()\n  |> last()\n"
        + '  |> keep(columns: ["_time", "_value", "service", "worker"])\n'
    )
