"""City overview: is the city supplied, with water as it should be, and what is wrong."""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA
from services.dashboards.flux import BUCKETS, annotation
from services.dashboards.parts import Chart, Column, Look, Series, Stat, Table, chart, stat, table
from services.dashboards.sheet import Book, Sheet
from services.dashboards.tables import TO_PLANT, incidents_now, standing

_SITE = "${__field.labels.site}"
#: Of quarters of an hour: a missing one ends the line.
_GAP = 25 * 60 * 1000
_OLD = [(120.0, "medium", False), (600.0, "critical", False)]

_COLUMNS = (
    ("supply", "highlift", "flow"),
    ("pressure", "highlift", "pressure"),
    ("level", "clearwell", "level"),
    ("hours", "clearwell", "supply_hours_pessimistic"),
    ("turbidity", "filters", "combined_turbidity"),
    ("chlorine", "clearwell", "chlorine"),
    ("raw", "intake", "raw_turbidity"),
)


def city(book: Book) -> Sheet:
    """The dashboard."""
    what = "All plants: supply, reserve, quality, and what is wrong."
    sheet = Sheet("city", "City overview", what, book)
    sheet.annotations(annotation("Incident phases", ask.incident_marks(BUCKETS, GRAFANA), "orange"))
    sheet.row(4, [(4, _counted("critical")), (4, _counted("high")), (4, _counted("medium")), (12, incidents_now(book))])
    sheet.row(5, [(24, _plants(book))])
    sheet.row(7, [(8, _supply()), (8, _levels(book)), (8, _pressure())])
    sheet.row(6, [(24, standing((), book))])
    return sheet


def _counted(priority: str) -> Stat:
    return stat(
        f"Standing, {priority}",
        "",
        ask.standing_count(BUCKETS, GRAFANA, priorities=[priority]),
        [(1.0, priority, False)],
        decimals=0,
        description="Alarms that stand and that nothing keeps from the operator.",
    )


def _plants(book: Book) -> Table:
    return table(
        "Plants now",
        ask.latest_by_site(BUCKETS, GRAFANA, _COLUMNS),
        {
            "site": Column("Plant", texts=book.site_names, link=("The plant", TO_PLANT)),
            "supply": Column("To the city", "m3/h", decimals=0),
            "pressure": Column("Pressure", "kPa", decimals=0),
            "level": Column("Clear well", "m", decimals=2, limits=book.limits("clearwell", "level")),
            "hours": Column(
                "Supply lost in, at worst",
                "h",
                decimals=1,
                limits=book.limits("clearwell", "supply_hours_pessimistic"),
            ),
            "turbidity": Column(
                "Filtered", "NTU", decimals=2, limits=book.limits("filters", "combined_turbidity")
            ),
            "chlorine": Column("Chlorine", "mg/L", decimals=2, limits=book.limits("clearwell", "chlorine")),
            "raw": Column("Raw water", "NTU", decimals=0, limits=book.limits("intake", "raw_turbidity")),
            "age": Column("Oldest of these", "s", limits=_OLD),
        },
        none="no plant was heard",
        description="Newest readings; a cell is empty where there is no such reading. The last column says how old "
        "the oldest of the row is.",
    )  # fmt: skip


def _supply() -> Chart:
    series = [Series(_SITE, _windows("highlift", "flow"))]
    note = "Means of quarters of an hour, one plant upon the other: the height is what the city gets."
    return chart("Flow to the city", "m3/h", series, Look(low=0, stacked=True, decimals=0, gap=_GAP, description=note))


def _levels(book: Book) -> Chart:
    look = Look(book.limits("clearwell", "level"), low=0, decimals=1, gap=_GAP, description="Shaded: alarm limits.")
    return chart("Clear wells", "m", [Series(_SITE, _windows("clearwell", "level", "min"))], look)


def _pressure() -> Chart:
    look = Look(decimals=0, gap=_GAP)
    return chart("Discharge pressure", "kPa", [Series(_SITE, _windows("highlift", "pressure"))], look)


def _windows(station: str, point: str, statistic: str = "mean") -> str:
    return ask.aggregates(BUCKETS, GRAFANA, "15m", (), station, [point], statistic)
