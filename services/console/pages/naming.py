"""How an alarm, a station or a person's act is called where there is no row with its columns."""

from __future__ import annotations

from services.alerts.lifecycle.standing import Name
from services.console import wording
from services.console.pages import alarms
from services.console.pages.moment import Moment
from services.console.words import ALARMS, HANDOVER

#: Whoever puts a chattering alarm aside is no person.
_ITSELF = "headworks"


def place(moment: Moment, site: str, station: str = "") -> str:
    """The site's name, and the station's within it."""
    for one in moment.view.catalogue():
        if one.id == site:
            inside = next((known.name for known in one.stations if known.id == station), station)
            return " · ".join(wording.said(part) for part in (one.name, inside) if part)
    return " · ".join(part for part in (site, station) if part)


def alarm(moment: Moment, name: Name) -> str:
    """What the alarm is about and against which limit, as the list calls it; of one that is gone its own name."""
    site, station, point, rule_id = name
    found = moment.view.point(site, f"{station}/{point}")
    rule = moment.view.rule(site, station, point, rule_id)
    if rule is None:
        return "/".join(part for part in (point, rule_id) if part) or str(HANDOVER["whole"])
    called = wording.said(alarms.name_of(point, found.description)) if found is not None else ""
    told = alarms.title(called, rule, rule_id)
    if found is None or rule.kind not in ("high", "low"):
        return told
    unit = wording.unit(found.unit)
    return f"{told} {alarms.SIGNS[rule.kind]} {wording.limit(rule.limit)} {unit}".strip()


def reason(who: str, why: str) -> str:
    """Who said why: what people typed stays as it is, what the system says follows the language."""
    if who and who != _ITSELF:
        return f"{who}: {why}" if why else who
    return wording.said(why) if why else str(ALARMS["stands"]["H"])
