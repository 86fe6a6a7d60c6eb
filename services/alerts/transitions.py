"""From the kernel's transition rows to alarm events with names, values and limits."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from services.alerts.clocks import in_words
from services.alerts.detection.layout import (
    BY_CLOCK_AHEAD,
    BY_CLOCK_BACK,
    BY_CLOCK_BEHIND,
    CAUSES,
    CLOCK,
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

_WITHOUT_LIMIT = {KINDS[k] for k in (FLAT, FAULT, EQUALS, NOT_EQUALS, SILENT, STATE, STALE, CLOCK)}
_CLOCKS = (BY_CLOCK_AHEAD, BY_CLOCK_BEHIND, BY_CLOCK_BACK)
_QUALITIES = {int(q): q.label for q in Quality}
#: A code that this version does not know is told by its class.
_QUALITIES |= {c: ("good", "uncertain", "bad", "bad")[c // 64] for c in range(256) if c not in _QUALITIES}


def occurrence_id(site: str, name: tuple[str, str, str], raised: int) -> str:
    """An occurrence's name, the same on every run: where, what, and when its condition was met."""
    return f"{site}/{'/'.join(name)}@{raised}"


def to_events(plan: Plan, rows: NDArray[Any]) -> list[AlarmEvent]:
    """Rows of layout.OUT as events, in the same order."""
    events = []
    points = plan.rules["point"]
    labels = rows.dtype.names or ()
    for plain in rows.tolist():  # Python's own numbers, once: a field of a NumPy row costs as much as an event
        row = dict(zip(labels, plain, strict=True))
        r = row["rule"]
        name, rule = plan.names[r], plan.definitions[r]
        point = points[r]
        unit = plan.site.points[point].unit if point < len(plan.site.points) else ""
        value, flags = row["value"], row["flags"]
        cause = CAUSES[row["cause"]]
        wrong = row["cause"] in _CLOCKS
        if wrong:
            unit, cause = "s", f"{cause} by {in_words(value)}"
        numeric = (name[1] != "station" or wrong) and math.isfinite(value)
        # On the way down nothing sounds: who answered the worse alarm knows of this one.
        annunciated = not flags & (FLAG_HIDDEN | FLAG_RAISED_HIDDEN) and row["transition"] != UNHIDDEN
        events.append(
            AlarmEvent(
                time=row["time"],
                site=plan.site.id,
                station=name[0],
                point=name[1],
                rule=name[2],
                occurrence=occurrence_id(plan.site.id, name, row["raised"]),
                number=row["number"],
                transition=TRANSITIONS[row["transition"]],
                priority=rule.priority,
                cause=cause,
                value=value if numeric else None,
                limit=None if rule.kind in _WITHOUT_LIMIT else row["limit"],
                unit=unit,
                annunciated=annunciated,
                quality=_QUALITIES[row["quality"]],
                catalogue=plan.version,
            )
        )
    return events
