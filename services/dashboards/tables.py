"""Tables that several dashboards have: what stands, what is wrong, what happened."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.queries import GRAFANA, Name
from services.dashboards.flux import BUCKETS
from services.dashboards.parts import PRIORITIES, Column, Table, table
from services.dashboards.sheet import Book

#: To the plant of a row, at the time shown and of the same data.
TO_PLANT = "/d/headworks-plant?var-plant=${__value.raw}&var-bucket=${bucket}&${__url_time_range}"

#: To the console: the alarms of a row's site, an incident by its id.
TO_ALARMS = ("Its alarms in the console", "${console}/alarms?site=${__data.fields.site}")
TO_INCIDENT = ("The incident in the console", "${console}/incidents?incident=${__data.fields.incident:percentencode}")


def _site(book: Book, width: int = 150) -> Column:
    return Column("Site", width=width, texts=book.site_names, link=("The plant", TO_PLANT))


def standing(site: Name | Sequence[Name], book: Book) -> Table:
    """What the operator has before him, worst first."""
    return table(
        "Standing alarms",
        ask.standing(BUCKETS, GRAFANA, site, unlike=book.unlike),
        {
            "priority": Column("Priority", width=80, texts=PRIORITIES),
            "site": _site(book, 110),
            "station": Column("Station", width=90),
            "rule": Column("Alarm", width=170, link=TO_ALARMS),
            "value": Column("When raised", width=110),
            "limit": Column("Limit", width=90),
            "since": Column("Since", width=130, time=True),
            "status": Column("Status"),
            "point": Column("Point", hidden=True),
            "occurrence": Column("Occurrence", hidden=True),
        },
        none="no alarm stands",
        description="At the end of the time shown, without what is shelved, suppressed or hidden by a worse one.",
    )


def incidents(site: Name | Sequence[Name], book: Book) -> Table:
    """The phases of the incidents of the time shown, with what the playbook asks for."""
    return table(
        "Course of the incident",
        ask.incidents(BUCKETS, GRAFANA, site),
        {
            "_time": Column("Time", width=130, time=True),
            "site": _site(book, 110),
            "kind": Column("Incident", width=140, link=TO_INCIDENT),
            "phase": Column("Phase", width=110),
            "next_step": Column("What to do"),
            "cause": Column("Because of", width=330),
            "incident": Column("Id", hidden=True),
        },
        none="no incident in the time shown",
    )


def incidents_now(book: Book) -> Table:
    """Incidents that are not closed, of all sites."""
    return table(
        "Incidents now",
        ask.incidents_now(BUCKETS, GRAFANA),
        {
            "site": _site(book, 110),
            "kind": Column("Incident", width=120, link=TO_INCIDENT),
            "phase": Column("Phase", width=100, texts={"threatened": ("threatened", "red")}),
            "_time": Column("Since", width=130, time=True),
            "next_step": Column("What to do"),
            "cause": Column("Because of", hidden=True),
            "incident": Column("Id", hidden=True),
        },
        none="no incident",
    )


def journal(book: Book) -> Table:
    """The newest transitions."""
    return table(
        "Journal, newest first",
        ask.alarm_events(BUCKETS, GRAFANA),
        {
            "_time": Column("Time", width=130, time=True),
            "priority": Column("Priority", width=80, texts=PRIORITIES),
            "site": _site(book, 120),
            "station": Column("Station", width=90),
            "rule": Column("Alarm", width=170, link=TO_ALARMS),
            "state": Column("What", width=110),
            "value": Column("Value", width=90, decimals=2),
            "limit": Column("Limit", hidden=True),  # of a rise or a ratio it is not of the value's kind
            "unit": Column("Unit", width=60),
            "cause": Column("Cause"),
            "point": Column("Point", hidden=True),
            "occurrence": Column("Occurrence", hidden=True),
        },
        none="nothing in the time shown",
    )
