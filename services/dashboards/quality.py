"""Water quality at a glance: what leaves every plant, beside the limits of its alarms, and how long it was beyond."""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA
from services.dashboards.flux import BUCKETS, annotation
from services.dashboards.parts import Chart, Column, Look, Series, Table, chart, table
from services.dashboards.sheet import Book, Sheet
from services.dashboards.tables import TO_PLANT

_SITE = "${__field.labels.site}"
_GAP = 25 * 60 * 1000


def quality(book: Book) -> Sheet:
    """The dashboard."""
    what = "What leaves the plants: turbidity and chlorine, beside the limits of their alarms."
    sheet = Sheet("quality", "Water quality at a glance", what, book)
    sheet.annotations(annotation("Incident phases", ask.incident_marks(BUCKETS, GRAFANA), "orange"))
    sheet.row(5, [(24, _now(book))])
    sheet.row(6, [(12, _course(book, "Filtered turbidity", "NTU", "filters", "combined_turbidity", "max", 2)),
                  (12, _course(book, "Free chlorine, least", "mg/L", "clearwell", "chlorine", "min", 2))])  # fmt: skip
    sheet.row(6, [(12, _course(book, "Settled turbidity", "NTU", "clarifier", "settled_turbidity", "max", 1)),
                  (12, _course(book, "Raw turbidity", "NTU", "intake", "raw_turbidity", "max", 0))])  # fmt: skip
    return sheet


def _course(
    book: Book, title: str, unit: str, station: str, point: str, statistic: str, decimals: int
) -> Chart:  # fmt: skip
    note = "The greatest of each quarter of an hour." if statistic == "max" else "The least of each quarter of an hour."
    query = ask.aggregates(BUCKETS, GRAFANA, "15m", (), station, [point], statistic)
    look = Look(
        book.limits(station, point), low=0, decimals=decimals, gap=_GAP, log=point == "raw_turbidity", description=note
    )
    return chart(title, unit, [Series(_SITE, query)], look)


def _now(book: Book) -> Table:
    columns = (
        ("filtered", "filters", "combined_turbidity"),
        ("chlorine", "clearwell", "chlorine"),
        ("settled", "clarifier", "settled_turbidity"),
        ("raw", "intake", "raw_turbidity"),
    )
    old = [(120.0, "medium", False), (600.0, "critical", False)]
    return table(
        "Leaving the plants now",
        ask.latest_by_site(BUCKETS, GRAFANA, columns),
        {
            "site": Column("Plant", texts=book.site_names, link=("The plant", TO_PLANT)),
            "filtered": Column("Filtered", "NTU", decimals=2, limits=book.limits("filters", "combined_turbidity")),
            "chlorine": Column("Free chlorine", "mg/L", decimals=2, limits=book.limits("clearwell", "chlorine")),
            "settled": Column("Settled", "NTU", decimals=1, limits=book.limits("clarifier", "settled_turbidity")),
            "raw": Column("Raw water", "NTU", decimals=0, limits=book.limits("intake", "raw_turbidity")),
            "age": Column("Oldest of these", "s", limits=old),
        },
        none="no plant was heard",
        description="GB 5749-2022: finished water at most 1 NTU, free chlorine 0.3 to 2 mg/L leaving the plant.",
    )
