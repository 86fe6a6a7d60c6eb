"""Pipeline health: what arrives, from whom, how good it is. Calm: every line level, every number small."""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA
from services.dashboards.flux import BUCKETS
from services.dashboards.limits import Limit, computed
from services.dashboards.parts import GAP, Chart, Column, Look, Series, Table, chart, table
from services.dashboards.sheet import Book, Sheet

_AGE: list[Limit] = [(300.0, "medium", False), (900.0, "high", False)]
_SILENT: list[Limit] = [(60.0, "high", False)]
_GOOD: list[Limit] = [(80.0, "high", True), (95.0, "medium", True)]


def pipeline(book: Book) -> Sheet:
    """The dashboard."""
    what = "What arrives in InfluxDB, by site and station; what waits, is refused or on its way, by what services tell."
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
        ask.good_ratio(BUCKETS, GRAFANA, computed(book.catalogue)),
        {
            "site": Column("Site", texts=book.site_names),
            "station": Column("Station"),
            "_value": Column("Good", "%", decimals=1, limits=_GOOD),
        },
        none="nothing arrives",
    )
    sheet.row(6, [(14, rate), (10, _services())])
    sheet.row(5, [(8, _vital("lag")), (8, _vital("in_flight")), (8, _growth())])
    sheet.row(9, [(14, seen), (10, good)])
    return sheet


_SERVICE = "${__field.labels.service} ${__field.labels.worker}"
_TOLD = "As each service tells every ten seconds, in the clock's time also of a replay; a gap: it has told nothing."


def _vital(figure: str) -> Chart:
    titles = {"lag": "Messages that wait in Kafka", "in_flight": "Messages in flight"}
    series = [Series(_SERVICE, ask.vital(BUCKETS, GRAFANA, figure))]
    return chart(titles[figure], "", series, Look(low=0, decimals=0, description=f"The most of each window. {_TOLD}"))


def _growth() -> Chart:
    series = [Series(_SERVICE, ask.growth(BUCKETS, GRAFANA, "rejected"))]
    note = f"Dead letters, set apart with the reason in the topic `rejected`. {_TOLD}"
    return chart("Newly refused", "", series, Look(low=0, decimals=0, bars=True, gap=GAP, description=note))


def _services() -> Table:
    return table(
        "Services",
        ask.services_now(BUCKETS, GRAFANA),
        {
            "service": Column("Service"),
            "worker": Column("Worker", width=70),
            "ready": Column("Ready", width=70, texts={"1": ("yes", "text"), "0": ("no", "orange")}),
            "lag": Column("Waits", width=80, decimals=0),
            "in_flight": Column("In flight", width=80, decimals=0),
            "rejected": Column("Refused", width=80, decimals=0),
            "errors": Column("Tried again", width=90, decimals=0),
            "age": Column("Told", "s", width=90, limits=_SILENT),
        },
        none="no service has told anything in the last hour",
        description="Refused, tried again: since the service's start. Why one is not ready: its own /readyz.",
    )
