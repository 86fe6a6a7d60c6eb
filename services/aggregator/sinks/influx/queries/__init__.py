"""Every InfluxDB query that dashboards, console and reports share: Flux for 2.7, fitted to what the sink writes.

A query is made for a `Span` and `Buckets`. Grafana's dashboards give its macros (`GRAFANA`) and `Variable`s; who asks
InfluxDB himself gives times and names, which are quoted here, whatever stands in them.

Rows of series: `_time`, `_value`, `_field` and the tags that tell them apart. Rows of tables: named columns, in order.
"""

from __future__ import annotations

from services.aggregator.sinks.influx.queries.alarms import (
    ASIDE,
    HEARD,
    OVER,
    Figure,
    alarm_events,
    heard_by,
    heard_figure,
    heard_rate,
    incident_marks,
    incidents,
    incidents_now,
    most_frequent,
    stale_count,
    standing,
    standing_count,
)
from services.aggregator.sinks.influx.queries.flux import (
    GRAFANA,
    Name,
    Span,
    Variable,
    any_of,
    of_variable,
    source,
    text,
)
from services.aggregator.sinks.influx.queries.health import (
    good_ratio,
    readings_per_minute,
    silent_for,
    sites,
    stations,
)
from services.aggregator.sinks.influx.queries.points import (
    How,
    Width,
    aggregates,
    latest,
    latest_by_site,
    latest_of_station,
    points,
)
from services.aggregator.sinks.influx.queries.vitals import VITALS, grown, growth, services_now, vital, vital_now
from services.aggregator.sinks.influx.queries.zones import (
    balance_figure,
    balances,
    nights,
    zone_figure,
    zone_flow,
    zone_names,
    zones_now,
)

__all__ = [
    "ASIDE",
    "GRAFANA",
    "HEARD",
    "OVER",
    "VITALS",
    "Figure",
    "How",
    "Name",
    "Span",
    "Variable",
    "Width",
    "aggregates",
    "alarm_events",
    "any_of",
    "balance_figure",
    "balances",
    "good_ratio",
    "grown",
    "growth",
    "heard_by",
    "heard_figure",
    "heard_rate",
    "incident_marks",
    "incidents",
    "incidents_now",
    "latest",
    "latest_by_site",
    "latest_of_station",
    "most_frequent",
    "nights",
    "of_variable",
    "points",
    "readings_per_minute",
    "services_now",
    "silent_for",
    "sites",
    "source",
    "stale_count",
    "standing",
    "standing_count",
    "stations",
    "text",
    "vital",
    "vital_now",
    "zone_figure",
    "zone_flow",
    "zone_names",
    "zones_now",
]  # fmt: skip
