"""Alarms and KPIs: how many there are, beside what ISA-18.2, IEC 62682 and EEMUA 191 call bearable."""

from __future__ import annotations

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA
from services.alerts.performance.words import ACCEPTABLE, MANAGEABLE, SOURCE, SPLIT, STALE_MOST, TOP_MOST
from services.core.rates import BEGINS
from services.dashboards.flux import BUCKETS
from services.dashboards.limits import Limit
from services.dashboards.parts import PRIORITIES, Chart, Column, Look, Series, Stat, Table, chart, stat, table
from services.dashboards.sheet import Book, Sheet
from services.dashboards.tables import journal, standing

#: In the colours of the priorities: what asks for work, and what cannot be borne.
RATE: list[Limit] = [(ACCEPTABLE, "medium", False), (MANAGEABLE, "high", False)]
FLOOD: list[Limit] = [(MANAGEABLE + 1, "medium", False), (float(BEGINS), "critical", False)]


def kpi(book: Book) -> Sheet:
    """The dashboard."""
    sheet = Sheet("alarms", "Alarms and KPIs", f"The alarm system itself, beside {SOURCE}.", book)
    sheet.row(
        3,
        [
            (4, _figure("worst", "Worst 10 minutes", FLOOD, f"{BEGINS} or more: a flood. {SOURCE}.", 0)),
            (4, _figure("mean", "Alarms in 10 minutes", RATE, _rate_words(), 2)),
            (4, _figure("all", "Alarms heard", [], "How often the horn sounded in the time shown.", 0)),
            (4, _standing("Standing", [], "Alarms that stand.", ())),
            (4, _standing("Standing, critical", [(1.0, "critical", False)], "Of these critical.", ("critical",))),
            (4, _stale()),
        ],
    )
    sheet.row(6, [(16, _course()), (8, _priorities())])
    sheet.row(6, [(12, _frequent(book)), (12, standing((), book))])
    sheet.row(8, [(24, journal(book))])
    return sheet


def _rate_words() -> str:
    return f"{ACCEPTABLE:g} is acceptable, {MANAGEABLE:g} the most that is manageable, for one operator ({SOURCE})."


def _figure(which: ask.Figure, title: str, limits: list[Limit], note: str, decimals: int) -> Stat:
    query = ask.heard_figure(BUCKETS, GRAFANA, which)
    return stat(title, "", query, limits, decimals=decimals, description=note)


def _standing(title: str, limits: list[Limit], note: str, priorities: tuple[str, ...]) -> Stat:
    query = ask.standing_count(BUCKETS, GRAFANA, priorities=priorities)
    return stat(title, "", query, limits, decimals=0, description=note)


def _stale() -> Stat:
    note = f"Active for more than 24 h; fewer than {STALE_MOST} at any time ({SOURCE})."
    limits: list[Limit] = [(1.0, "medium", False), (float(STALE_MOST), "high", False)]
    return stat("Stale", "", ask.stale_count(BUCKETS, GRAFANA), limits, decimals=0, description=note)


def _course() -> Chart:
    note = (
        f"Fixed 10 minutes, as the standards' tables count. Shaded: above {MANAGEABLE:g}, and a flood from {BEGINS}. "
        "`headworks kpi` judges 30 days, with sliding windows and by operator position."
    )
    look = Look(FLOOD, low=0, high=float(BEGINS) + 2, bars=True, decimals=0, description=note)
    return chart("Alarms heard in 10 minutes", "", [Series("alarms", ask.heard_rate(BUCKETS, GRAFANA))], look)


def _priorities() -> Table:
    wanted = ", ".join(f"{name} {share:.0%}" for name, share in SPLIT.items())
    return table(
        f"By priority (wanted: {wanted})",
        ask.heard_by(BUCKETS, GRAFANA, "priority"),
        {
            "priority": Column("Priority", texts=PRIORITIES),
            "alarms": Column("Alarms", decimals=0),
            "share": Column("Share", "%", decimals=0),
        },
        none="no alarm in the time shown",
        description=f"The shares are meant for months, not for one night ({SOURCE}).",
    )


def _frequent(book: Book) -> Table:
    return table(
        "Most frequent",
        ask.most_frequent(BUCKETS, GRAFANA),
        {
            "site": Column("Site", width=120, texts=book.site_names),
            "station": Column("Station", width=90),
            "rule": Column("Alarm"),
            "priority": Column("Priority", width=80, texts=PRIORITIES),
            "alarms": Column("Alarms", width=70, decimals=0),
            "share": Column("Share", "%", width=70, decimals=0),
            "point": Column("Point", hidden=True),
        },
        none="no alarm in the time shown",
        description=f"Over months the ten most frequent should be at most {TOP_MOST:.0%} of all ({SOURCE}).",
    )
