"""From the kernel's transition rows to alarm events with names, values and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection.layout import (
    CAUSES,
    EQUALS,
    FAULT,
    FLAG_HIDDEN,
    FLAG_RAISED_HIDDEN,
    FLAT,
    KINDS,
    NOT_EQUALS,
    SILENT,
    STALE,
    STATE,
    TRANSITIONS,
    UNHIDDEN,
)
from services.alerts.detection.plan import Plan
from services.core.quality import Quality
from services.core.records import AlarmEvent

_WITHOUT_LIMIT = {KINDS[k] for k in (FLAT, FAULT, EQUALS, NOT_EQUALS, SILENT, STATE, STALE)}


def occurrence_id(site: str, name: tuple[str, str, str], raised: int) -> str:
    """An occurrence's name, the same on every run: where, what, and when its condition was met."""
    return f"{site}/{'/'.join(name)}@{raised}"


def to_events(plan: Plan, rows: NDArray[Any]) -> list[AlarmEvent]:
    """Rows of layout.OUT as events, in the same order."""
    events = []
    for row in rows:
        r = int(row["rule"])
        name, rule = plan.names[r], plan.definitions[r]
        point = int(plan.rules[r]["point"])
        unit = plan.site.points[point].unit if point < len(plan.site.points) else ""
        value = float(row["value"])
        numeric = name[1] != "station" and np.isfinite(value)
        flags = int(row["flags"])
        # On the way down nothing sounds: who answered the worse alarm knows of this one.
        annunciated = not flags & (FLAG_HIDDEN | FLAG_RAISED_HIDDEN) and row["transition"] != UNHIDDEN
        events.append(
            AlarmEvent(
                time=int(row["time"]),
                site=plan.site.id,
                station=name[0],
                point=name[1],
                rule=name[2],
                occurrence=occurrence_id(plan.site.id, name, int(row["raised"])),
                number=int(row["number"]),
                transition=TRANSITIONS[row["transition"]],
                priority=rule.priority,
                cause=CAUSES[row["cause"]],
                value=value if numeric else None,
                limit=None if rule.kind in _WITHOUT_LIMIT else float(row["limit"]),
                unit=unit,
                annunciated=bool(annunciated),
                quality=Quality(int(row["quality"])).label,
                catalogue=plan.version,
            )
        )
    return events
