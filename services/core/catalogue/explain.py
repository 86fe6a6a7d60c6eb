"""Causes and consequences that come with a station type, in the names of each station that is of it."""

from __future__ import annotations

from services.core.catalogue.model import Point, Station, Suppression
from services.core.catalogue.source import StationType
from services.core.catalogue.station_alarms import CLOCK, SILENCE
from services.core.catalogue.verify import matching

#: (path below the type's `suppressions`, value, bound)
Complaint = tuple[tuple[str | int, ...], object, str]

_OF_EVERY_STATION = [f"station/{one.rule}" for one in (SILENCE, CLOCK)]


def of_station(station: Station, kind: StationType, points: list[Point]) -> tuple[list[Suppression], list[Complaint]]:
    """The type's suppressions as this station's, and what of them names no alarm of the type.

    An alarm that the site has switched off, or whose unit the station has not, explains nothing and is not hidden.
    """
    here = [f"{point.name}/{rule.id}" for point in points for rule in point.rules]
    here += [f"station/{rule.id}" for rule in station.rules]
    known = [*here, *_OF_EVERY_STATION, *_of_type(kind)]
    found: list[Suppression] = []
    complaints: list[Complaint] = []
    for n, one in enumerate(kind.suppressions):
        if one.cause not in known:
            complaints.append(((n, "cause"), one.cause, "must be an alarm of the type, as point/rule"))
        for k, pattern in enumerate(one.hides):
            if not matching(pattern, known):
                complaints.append(((n, "hides", k), pattern, "must match an alarm of the type, as point/rule"))
        hides = tuple(f"{station.id}/{pattern}" for pattern in one.hides if matching(pattern, here))
        if one.cause in here and hides:
            cause = f"{station.id}/{one.cause}"
            found.append(Suppression(cause=cause, hides=hides, because=one.because, hold=one.hold))
    return found, complaints


def _of_type(kind: StationType) -> list[str]:
    """Every alarm of the type, those that are once a unit as those of its first."""
    repeated = [alarm for unit in kind.repeat.values() for alarm in unit.alarms]
    named = [f"{alarm.get('point')}/{alarm.get('rule')}".replace("{n}", "01") for alarm in repeated]
    return [f"{rule.point}/{rule.rule}" for rule in kind.alarms] + named
