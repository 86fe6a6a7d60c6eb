"""Plant: from the source to the high-lift pumps, each with its limits, and every reading of a station."""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA
from services.dashboards.flux import BUCKETS, PLANT, STATION, annotation, names
from services.dashboards.parts import Chart, Column, Look, Series, Table, chart, table
from services.dashboards.sheet import Book, Sheet
from services.dashboards.storm import FAINT, OTHER, WATER, countdown, course, flow, turbidity, well
from services.dashboards.tables import standing


def plant(book: Book) -> Sheet:
    """The dashboard."""
    sheet = Sheet("plant", "Plant", "One plant, source to high-lift, with the limits of its alarms.", book)
    sheet.variables(
        names(PLANT, "Plant", ask.sites(BUCKETS, "clearwell"), book.plant),
        names(STATION, "Station", ask.stations(BUCKETS, PLANT), "intake"),
    )
    sheet.annotations(annotation("Incident phases", ask.incident_marks(BUCKETS, GRAFANA, PLANT), "orange"))
    sheet.row(5, [(8, turbidity(book)), (8, flow(book)), (8, _settled(book))])
    sheet.row(5, [(8, _filtered(book)), (8, well(book)), (8, countdown(book))])
    sheet.row(5, [(8, _chlorine(book)), (8, _pressure(book)), (8, _power(book))])
    sheet.row(7, [(14, standing(PLANT, book)), (10, _readings())])
    return sheet


def _settled(book: Book) -> Chart:
    series = [Series("settled", course(PLANT, "clarifier", "settled_turbidity", "max"), WATER)]
    look = Look(
        book.limits("clarifier", "settled_turbidity"), low=0, decimals=1, description="Greatest of each window."
    )
    return chart("Settled turbidity", "NTU", series, look)


def _filtered(book: Book) -> Chart:
    series = [Series("filtered", course(PLANT, "filters", "combined_turbidity", "max"), WATER)]
    note = "Greatest of each window."
    look = Look(book.limits("filters", "combined_turbidity"), low=0, high=0.5, decimals=2, description=note)
    return chart("Filtered turbidity", "NTU", series, look)


def _chlorine(book: Book) -> Chart:
    series = [Series("chlorine", course(PLANT, "clearwell", "chlorine"), WATER)]
    look = Look(book.limits("clearwell", "chlorine"), low=0, decimals=2)
    return chart("Free chlorine leaving the plant", "mg/L", series, look)


def _pressure(book: Book) -> Chart:
    series = [
        Series("pressure", course(PLANT, "highlift", "pressure"), WATER),
        Series("setpoint", course(PLANT, "highlift", "pressure_setpoint", "last"), FAINT, dashed=True),
    ]
    return chart("Discharge pressure", "kPa", series, Look(book.limits("highlift", "pressure"), decimals=0))


def _power(book: Book) -> Chart:
    series = [
        Series("hottest bearing", course(PLANT, "highlift", "bearing_temperature", "max"), WATER),
        Series("hottest winding", course(PLANT, "highlift", "winding_temperature", "max"), OTHER),
    ]
    note = "Shaded: alarm limits of the bearing."
    look = Look(book.limits("highlift", "bearing_temperature"), decimals=0, description=note)
    return chart("High-lift pumps", "°C", series, look)


def _readings() -> Table:
    return table(
        "Newest readings of ${station}",
        ask.latest_of_station(BUCKETS, GRAFANA, PLANT, STATION),
        {
            "point": Column("Point"),
            "_value": Column("Value", decimals=2, width=110),
            "_time": Column("At", width=150, time=True),
        },
        none="not heard in the last quarter of an hour",
        description="Of the last quarter of an hour; units are the catalogue's.",
    )
