"""The alarms of an incident that stand now, with the way to the list of all."""

from __future__ import annotations

from services.console.markup import Markup, join, tag
from services.console.pages import alarms
from services.console.pages.moment import Moment
from services.console.view.snapshots import IncidentView
from services.console.words import INCIDENTS

#: Rows that are shown here.
SHOWN = 12


def related(moment: Moment, one: IncidentView) -> Markup:
    """Those that stand or wait to be seen, the worst first; hidden ones say by what."""
    course = moment.view.shift.courses.get(one.incident)
    claims = course.claims if course is not None else frozenset()
    found = [
        alarm
        for alarm in moment.view.listing().everything
        if alarm.first.site == one.site
        and alarm.state != "A"
        and (not claims or f"{alarm.first.station}/{alarm.first.point}/{alarm.first.rule}" in claims)
    ]
    link = tag("a", INCIDENTS["all_alarms"], href=f"/alarms?site={one.site}")
    if not found:
        return join(tag("p", INCIDENTS["no_alarms"], _class="muted"), link)
    shown = tuple(moment.view.alarm(alarm) for alarm in found[:SHOWN])
    more = INCIDENTS["more"].format(n=len(found) - len(shown)) if len(found) > len(shown) else ""
    return join(alarms.table(moment, shown, INCIDENTS["alarms"]), tag("p", more, " ", link))
