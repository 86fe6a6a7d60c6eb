"""What arrives and how good it is; the names of sites and stations that were heard."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries.flux import Name, Span, of_variable, source, text


def readings_per_minute(buckets: Buckets, span: Span) -> str:
    """Readings that came of each site in each minute, from the windows' counts: `_time`, `_value`, site."""
    return (
        source(buckets.minutes, span, "aggregates_1m")
        + "  |> filter(fn: (r) => r._field =~ /\\.count$/)\n"
        + '  |> group(columns: ["site"])\n'
        + f"  |> aggregateWindow(every: 1m, fn: sum, createEmpty: false, timeSrc: {text('_start')})\n"
        + '  |> keep(columns: ["_time", "_value", "site"])\n'
    )


def good_ratio(buckets: Buckets, span: Span, computed: Sequence[str] = ()) -> str:
    """The share (%) of readings that were good, a station, the worst first: site, station, `_value`.

    computed: points that nobody measures. A forecast of a plant that stands by is unknown, and its sensors are well.
    """
    measured = f" and r._field !~ /^({'|'.join(computed)})\\.good_ratio$/" if computed else ""
    return (
        source(buckets.minutes, span, "aggregates_15m")
        + f"  |> filter(fn: (r) => r._field =~ /\\.good_ratio$/{measured})\n"
        + '  |> group(columns: ["site", "station"])\n'
        + "  |> mean()\n"
        + "  |> map(fn: (r) => ({site: r.site, station: r.station, _value: 100.0 * r._value}))\n"
        + '  |> group()\n  |> sort(columns: ["_value"])\n'
    )


def silent_for(buckets: Buckets, span: Span) -> str:
    """How long each station has not been heard at the end of the span, the longest first.

    Columns: site, station, `_time` (when its newest minute ended), `_value` (s).
    By its newest whole minute, so up to a minute and what the windows wait for is usual.
    """
    return (
        source(buckets.minutes, span, "aggregates_1m")
        + "  |> filter(fn: (r) => r._field =~ /\\.count$/ and r._value > 0)\n"
        + "  |> last()\n"
        + '  |> group(columns: ["site", "station"])\n'
        + '  |> max(column: "_time")\n'
        + "  |> map(fn: (r) => ({site: r.site, station: r.station, _time: time(v: int(v: r._time) + 60000000000), "
        + f"_value: float(v: int(v: {span.stop}) - int(v: r._time)) / 1000000000.0 - 60.0}}))\n"
        + '  |> group()\n  |> sort(columns: ["_value"], desc: true)\n'
    )


def sites(buckets: Buckets, having: str = "") -> str:
    """The sites that have been heard within 30 days, or in a replay at any time; `having`: with this station only."""
    where = f" and r.station == {text(having)}" if having else ""
    return _tag_values(buckets.long, "site", f'r._measurement == "aggregates_1h"{where}')


def stations(buckets: Buckets, site: Name) -> str:
    """The stations of a site."""
    return _tag_values(buckets.long, "station", f'r._measurement == "aggregates_1h" and r.site == {text(site)}')


def _tag_values(bucket: str, tag: str, predicate: str) -> str:
    named = of_variable(bucket) if "${" in bucket else text(bucket)
    return (
        'import "influxdata/influxdb/schema"\n'
        f'schema.tagValues(bucket: {named}, tag: "{tag}", predicate: (r) => {predicate}, start: 0)\n'
    )
