"""Intake in a storm: what comes down the river, what the screens let through, and how long the city's water lasts."""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA, How, Name
from services.dashboards.flux import BUCKETS, GAUGE, PLANT, annotation, names
from services.dashboards.parts import Chart, Look, Series, Stat, chart, stat
from services.dashboards.sheet import Book, Sheet
from services.dashboards.tables import incidents, standing

#: Colours of what is measured, where a chart has more than one.
WATER, OTHER, FAINT = "blue", "purple", "text"


def course(site: Name, station: str, point: str, how: How = "mean") -> str:
    """A point's readings over the time shown."""
    return ask.points(BUCKETS, GRAFANA, site, station, [point], how)


def newest(book: Book, title: str, unit: str, station: str, point: str, decimals: int, description: str = "") -> Stat:
    """The newest reading of a point of the plant, with its limits."""
    return stat(
        title,
        unit,
        ask.latest(BUCKETS, GRAFANA, PLANT, station, [point]),
        book.limits(station, point),
        decimals=decimals,
        mappings=book.saturated(station, point, unit),
        description=description,
    )


def storm(book: Book) -> Sheet:
    """The dashboard."""
    what = "Rain, river, screens, intake flow and the clear well's countdown."
    sheet = Sheet("storm", "Intake in a storm", what, book, hours=12)
    sheet.variables(
        names(PLANT, "Plant", ask.sites(BUCKETS, "intake"), book.plant),
        names(GAUGE, "Upstream gauge", ask.sites(BUCKETS, "gauge"), book.first_with("gauge")),
    )
    sheet.annotations(annotation("Incident phases", ask.incident_marks(BUCKETS, GRAFANA, PLANT), "orange"))
    phase = stat(
        "Incident phase", "", ask.incidents_now(BUCKETS, GRAFANA, PLANT), column="phase", none="none", decimals=0
    )
    worst = "Demand at the forecast's upper bound. 24 h: a day or more."
    stats = (
        phase,
        newest(book, "Supply lost in, at worst", "h", "clearwell", "supply_hours_pessimistic", 1, worst),
        newest(book, "… as forecast", "h", "clearwell", "supply_hours_expected", 1, "24 h: a day or more."),
        newest(book, "Clear-well level", "m", "clearwell", "level", 2),
        newest(book, "Raw turbidity", "NTU", "intake", "raw_turbidity", 0),
        newest(book, "Screen head", "m", "intake", "screen_head", 2),
        newest(book, "Raw flow of required", "%", "intake", "flow_ratio", 0),
        newest(book, "Pump submergence", "m", "intake", "submergence", 2),
    )
    sheet.row(3, [(3, one) for one in stats])
    sheet.row(6, [(8, river(book)), (8, turbidity(book)), (8, screens(book))])
    sheet.row(6, [(8, flow(book)), (8, well(book)), (8, countdown(book))])
    sheet.row(6, [(8, treatment(book)), (16, standing(PLANT, book))])
    sheet.row(5, [(24, incidents(PLANT, book))])
    return sheet


def river(book: Book) -> Chart:
    """What comes: the gauge tells an hour or two before the intake."""
    series = [
        Series("stage upstream", course(GAUGE, "gauge", "stage", "max"), WATER),
        Series("river at the intake", course(PLANT, "intake", "river_level", "max"), OTHER),
        Series("rain", course(GAUGE, "gauge", "rain", "max"), FAINT, unit="mm/h", bars=True),
    ]
    limits = book.limits("river_gauge", "stage")
    note = "Shaded: warning and danger levels of the upstream gauge."
    return chart("Rain and river", "m", series, Look(limits, low=0, decimals=1, description=note))


def turbidity(book: Book) -> Chart:
    """Of every window the greatest reading: a peak is not averaged away."""
    series = [Series("raw turbidity", course(PLANT, "intake", "raw_turbidity", "max"), WATER)]
    note = "Greatest reading of each window. A flat top is the end of the instrument's range: at least so much."
    look = Look(book.limits("intake", "raw_turbidity"), low=10, log=True, decimals=0, description=note)
    return chart("Raw turbidity", "NTU", series, look)


def screens(book: Book) -> Chart:
    """What holds the water back."""
    series = [
        Series("screen head", course(PLANT, "intake", "screen_head", "max"), WATER),
        Series("pump submergence", course(PLANT, "intake", "submergence", "min"), OTHER),
    ]
    note = "Shaded: alarm limits of the screen head. Submergence has its own limits, see the number above."
    look = Look(book.limits("intake", "screen_head"), low=0, decimals=2, description=note)
    return chart("Screens and wet well", "m", series, look)


def flow(book: Book) -> Chart:
    """What is drawn, beside what the plan requires."""
    series = [
        Series("raw flow", course(PLANT, "intake", "raw_flow"), WATER),
        Series("required", course(PLANT, "intake", "required_flow"), FAINT, dashed=True),
        Series("to the city", course(PLANT, "highlift", "flow"), OTHER),
    ]
    return chart("Intake flow", "m3/h", series, Look(low=0, decimals=0))


def well(book: Book) -> Chart:
    """The reserve, and what goes in and out of it."""
    series = [
        Series("level", course(PLANT, "clearwell", "level", "min"), WATER),
        Series("in", course(PLANT, "clearwell", "inflow"), "green", unit="m3/h"),
        Series("out", course(PLANT, "clearwell", "outflow"), OTHER, unit="m3/h"),
    ]
    return chart("Clear well", "m", series, Look(book.limits("clearwell", "level"), low=0, decimals=1))


def countdown(book: Book) -> Chart:
    """The forecast with its range; it is made of forecast demand, not of what flows now."""
    series = [
        Series("at worst", course(PLANT, "clearwell", "supply_hours_pessimistic", "min"), "blue"),
        Series("as forecast", course(PLANT, "clearwell", "supply_hours_expected", "min"), OTHER),
        Series("at best", course(PLANT, "clearwell", "supply_hours_optimistic", "min"), FAINT, dashed=True),
    ]
    note = "Hours until the clear well is at its minimum, with demand as forecast and its range. 24: a day or more."
    limits = book.limits("clearwell", "supply_hours_pessimistic")
    return chart("Time to supply loss", "h", series, Look(limits, low=0, high=24, decimals=1, description=note))


def treatment(book: Book) -> Chart:
    """What passes the clarifiers and filters; the ramp-up afterwards is the second crisis."""
    series = [
        Series("settled", course(PLANT, "clarifier", "settled_turbidity", "max"), WATER),
        Series("filtered", course(PLANT, "filters", "combined_turbidity", "max"), OTHER),
        Series("coagulant pump", course(PLANT, "clarifier", "coagulant_pump", "max"), FAINT, unit="%"),
    ]
    limits = book.limits("clarifier", "settled_turbidity")
    note = "Shaded: alarm limits of settled water."
    return chart("Treatment", "NTU", series, Look(limits, low=0, decimals=2, description=note))
