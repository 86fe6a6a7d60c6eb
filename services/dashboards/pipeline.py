"""Pipeline health: what arrives, from whom, how good it is. Calm: every line level, every number small."""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA
from services.dashboards.flux import BUCKETS
from services.dashboards.limits import Limit
from services.dashboards.parts import GAP, Column, Look, Series, chart, table
from services.dashboards.sheet import Book, Sheet

_AGE: list[Limit] = [(300.0, "medium", False), (900.0, "high", False)]
_GOOD: list[Limit] = [(80.0, "high", True), (95.0, "medium", True)]


def pipeline(book: Book) -> Sheet:
    """The dashboard."""
    what = "What arrives in InfluxDB, by site and station. Lag, rejects and in flight: /metrics of the services."
    sheet = Sheet("pipeline", "Pipeline health", what, book, hours=6)
    rate = chart(
        "Readings a minute",
        "",
        [Series("${__field.labels.site}", ask.readings_per_minute(BUCKETS, GRAFANA))],
        Look(low=0, decimals=0, gap=GAP, description="By the windows' counts; a site that is not heard has a gap."),
    )
    seen = table(
        "Last heard",
        ask.silent_for(BUCKETS, GRAFANA),
        {
            "site": Column("Site", texts=book.site_names),
            "station": Column("Station"),
            "_time": Column("Newest minute ends", time=True),
            "_value": Column("Before the end of the time shown", "s", limits=_AGE),
        },
        none="nothing arrives",
    )
    good = table(
        "Good readings",
        ask.good_ratio(BUCKETS, GRAFANA),
        {
            "site": Column("Site", texts=book.site_names),
            "station": Column("Station"),
            "_value": Column("Good", "%", decimals=1, limits=_GOOD),
        },
        none="nothing arrives",
    )
    sheet.row(7, [(24, rate)])
    sheet.row(9, [(14, seen), (10, good)])
    return sheet
