"""Zones and night flow: what goes into a district, what of it nobody used at night; whether a plant's water adds up.

A balance within its uncertainty, and a night as the one before, are calm.
"""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA, Variable
from services.dashboards.flux import BUCKETS, PLANT, names
from services.dashboards.parts import Chart, Column, Look, Series, Stat, Table, chart, stat, table
from services.dashboards.sheet import Book, Sheet
from services.dashboards.storm import FAINT, OTHER, WATER
from services.dashboards.tables import TO_PLANT

ZONE = Variable("zone")

#: Milliseconds: a quarter of an hour, an hour that is missing ends the line.
_GAP, _GAP_OF_HOURS = 25 * 60 * 1000, 90 * 60 * 1000

#: A night is told of shortly after four; until then that of the day before stands.
_LAST_NIGHT = "26h30m"

_VERDICTS = {
    "known": ("known", "text"),
    "closes": ("adds up", "text"),
    "loses": ("water is missing", "yellow"),
    "gains": ("more out than in", "yellow"),
    "unknown": ("not known", "text"),
}
_NOBODY = {"none": ("", "text")}
_TO_ZONE = "/d/headworks-zones?var-zone=${__value.raw}&var-bucket=${bucket}&${__url_time_range}"


def zones(book: Book) -> Sheet:
    """The dashboard."""
    what = "Districts by their meters: flow, minimum night flow, the leakage that it implies; plants by their balance."
    sheet = Sheet("zones", "Zones and night flow", what, book, hours=48)
    sheet.variables(
        names(ZONE, "Zone", ask.zone_names(BUCKETS), book.zone),
        names(PLANT, "Plant", ask.sites(BUCKETS, "clearwell"), book.plant),
    )
    stats = (
        _figure("Flow, last quarter hour", "m3/h", "flow", "flow", "45m", 0, "Into the zone, less what goes on."),
        _figure("Least night flow", "m3/h", "night", "night_flow", _LAST_NIGHT, 0, _WHAT_NIGHT),
        _figure("Leakage implied", "m3/d", "night", "leakage_day", _LAST_NIGHT, 0, _WHAT_LEAKAGE),
        _figure("Unavoidable", "m3/d", "night", "unavoidable", _LAST_NIGHT, 0, _WHAT_LEAST),
        _figure("Of unavoidable (ILI)", "", "night", "index", _LAST_NIGHT, 1, _WHAT_INDEX),
    )
    widths = (5, 5, 5, 5, 4)
    sheet.row(3, list(zip(widths, stats, strict=True)))
    sheet.row(6, [(14, _flow()), (10, _now(book))])
    sheet.row(6, [(24, _nights(book))])
    sheet.row(6, [(10, _residual()), (14, _balances(book))])
    return sheet


_WHAT_NIGHT = "The lowest hour between 02:00 and 04:00. Nothing is shown for a night of which too little is known."
_WHAT_LEAKAGE = "Night flow less legitimate night use, times the night-day factor. Roof tanks make it too great."
_WHAT_LEAST = "(18 km of mains + 0.8 connections + 25 km of private pipe) × mean pressure: Lambert et al. 1999."
_WHAT_INDEX = "Leakage of a day by the unavoidable. It is as good as the zone's figures in the catalogue."


def _figure(title: str, unit: str, kind: str, figure: str, within: str, decimals: int, note: str) -> Stat:
    query = ask.zone_figure(BUCKETS, GRAFANA, ZONE, kind, figure, within)
    return stat(title, unit, query, decimals=decimals, none="not known", description=note)


def _flow() -> Chart:
    note = "Quarters of an hour. The line ends where a member is silent: a sum without it would be wrong."
    series = [Series("${zone}", ask.zone_flow(BUCKETS, GRAFANA, ZONE), WATER)]
    return chart("Flow into the zone", "m3/h", series, Look(low=0, decimals=0, gap=_GAP, description=note))


def _now(book: Book) -> Table:
    return table(
        "Zones now",
        ask.zones_now(BUCKETS, GRAFANA),
        {
            "zone": Column("Zone", texts=book.zone_names, link=("The zone", _TO_ZONE)),
            "_time": Column("Quarter from", width=130, time=True),
            "flow": Column("Flow", "m3/h", width=100, decimals=0),
            "gap": Column("Not known", "s", width=90),
            "verdict": Column("Flow is", width=80, texts=_VERDICTS),
            "silent": Column("Silent members", texts=_NOBODY),
        },
        none="no zone in the last hour",
        description="The newest quarter of an hour of each. Without a flow: a member is silent, and is named.",
    )


def _nights(book: Book) -> Table:
    return table(
        "Nights of the zone",
        ask.nights(BUCKETS, GRAFANA, ZONE),
        {
            "_time": Column("Night of", width=130, time=True),
            "zone": Column("Zone", width=120, texts=book.zone_names),
            "night_flow": Column("Least flow", "m3/h", width=110, decimals=0),
            "leakage_night": Column("Leakage at night", "m3/h", width=130, decimals=0),
            "leakage_day": Column("Leakage of a day", "m3/d", width=130, decimals=0),
            "unavoidable": Column("Unavoidable", "m3/d", width=110, decimals=0),
            "index": Column("ILI", width=60, decimals=1),
            "gap": Column("Not known", "s", width=90),
            "verdict": Column("Night is", width=90, texts=_VERDICTS),
            "silent": Column("Silent members", width=150, texts=_NOBODY),
            "caveats": Column("To be kept in mind", texts=_NOBODY),
        },
        none="no night in the last 31 days",
        description="Of 31 days before the end of the time shown. A night that is not known has no figures.",
    )


def _residual() -> Chart:
    series = [
        Series("residual", ask.balance_figure(BUCKETS, GRAFANA, PLANT, "residual"), OTHER),
        Series("uncertainty", ask.balance_figure(BUCKETS, GRAFANA, PLANT, "uncertainty"), FAINT, dashed=True),
        Series("− uncertainty", ask.balance_figure(BUCKETS, GRAFANA, PLANT, "uncertainty", -1.0), FAINT, dashed=True),
    ]
    note = (
        "Raw − wash − finished − what the tanks took, an hour. Between the dashed lines the meters cannot tell it from "
        "nothing. Above: water is missing, or wash water is not metered. Below: a meter shows too little or too much."
    )
    return chart("What the plant's balance leaves", "m3", series, Look(decimals=0, gap=_GAP_OF_HOURS, description=note))


def _balances(book: Book) -> Table:
    return table(
        "Balance of the plant, by the hour",
        ask.balances(BUCKETS, GRAFANA, PLANT),
        {
            "_time": Column("Hour from", width=130, time=True),
            "zone": Column("Plant", width=100, texts=book.site_names, link=("The plant", TO_PLANT)),
            "raw": Column("Raw", "m3", width=80, decimals=0),
            "wash": Column("Wash", "m3", width=70, decimals=0),
            "finished": Column("Finished", "m3", width=80, decimals=0),
            "stored": Column("Into tanks", "m3", width=80, decimals=0),
            "residual": Column("Left over", "m3", width=80, decimals=0),
            "uncertainty": Column("±", "m3", width=70, decimals=0),
            "verdict": Column("It", width=110, texts=_VERDICTS),
            "silent": Column("Silent", texts=_NOBODY),
            "unknown": Column("Not known", hidden=True),
            "caveats": Column("Caveats", hidden=True),
        },
        none="no balance in the time shown",
        description="±: two standard uncertainties of meters and levels (JCGM 100:2008).",
    )
