"""What the view knows, in the API's words."""

from __future__ import annotations

import math

from services.console.api.models import AlarmOut, IncidentOut, SiteOut, TransitionOut
from services.console.view.snapshots import AlarmView, IncidentView, SiteView
from services.core.clock import iso
from services.core.records import AlarmEvent


def alarm(one: AlarmView) -> AlarmOut:
    """As it stands."""
    return AlarmOut(
        occurrence=one.occurrence, site=one.site, station=one.station, point=one.point, rule=one.rule_id,
        priority=one.priority, state=one.letter, raised=iso(one.raised), cleared=_time(one.cleared),
        value=_finite(one.value), limit=_finite(one.limit), unit=one.unit, hidden=one.hidden,
        uncertain=one.uncertain, response=one.rule.response if one.rule is not None else "",
    )  # fmt: skip


def transition(one: AlarmEvent) -> TransitionOut:
    """As it was journalled."""
    return TransitionOut(
        time=iso(one.time), occurrence=one.occurrence, number=one.number, site=one.site, station=one.station,
        point=one.point, rule=one.rule, transition=one.transition, priority=one.priority, state=one.state,
        value=_finite(one.value), limit=_finite(one.limit), unit=one.unit, cause=one.cause, who=one.who,
        command=one.command, until=_time(one.until or None),
    )  # fmt: skip


def site(one: SiteView) -> SiteOut:
    """At a glance."""
    return SiteOut(
        id=one.id, name=one.name, kind=one.kind, through=_time(one.through), silent=one.silent, alarms=dict(one.alarms)
    )


def incident(one: IncidentView) -> IncidentOut:
    """Its present phase."""
    return IncidentOut(
        incident=one.incident, site=one.site, kind=one.kind, phase=one.phase, since=iso(one.began), cause=one.cause,
        next_step=one.next_step, closed=_time(one.closed),
    )  # fmt: skip


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _time(ns: int | None) -> str | None:
    return None if ns is None else iso(ns)
