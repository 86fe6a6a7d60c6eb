"""What is released at one instant sounds once.

When a cause ends, or planned work, alarms that still stand are judged anew: a hundred of them after a thaw. Each of
them then is unacknowledged, and on the operator's list at once: to hold them back, one a minute, would hide the last
for an hour and a half. But a horn that sounds a hundred times in a second says no more than once. So critical ones
sound, each, since each has minutes; where none is critical, the worst sounds for all. The others say which. A shelf
was given to one alarm, and ends for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.alerts.lifecycle.memory import Memory, key_of
from services.core.records import AlarmEvent

_ORDER = ("critical", "high", "medium", "journal")


def together(events: Sequence[AlarmEvent]) -> list[AlarmEvent]:
    """The events, in the same order; of those that sound by a release at one instant only the worst still does."""
    by_instant: dict[int, list[AlarmEvent]] = {}
    for event in events:
        if event.annunciated and event.transition == "unsuppressed":
            by_instant.setdefault(event.time, []).append(event)
    quiet: dict[tuple[str, int], str] = {}
    for released in by_instant.values():
        worst = min(released, key=lambda event: (_ORDER.index(event.priority), key_of(event)))
        for event in released:
            if event is not worst and event.priority != "critical":
                quiet[event.occurrence, event.number] = f"{event.cause}; {key_of(worst)} sounds for it"
    return [
        replace(event, annunciated=False, cause=quiet[event.occurrence, event.number])
        if (event.occurrence, event.number) in quiet
        else event
        for event in events
    ]


def once(memory: Memory, events: Sequence[AlarmEvent]) -> list[AlarmEvent]:
    """The same of events that `memory` has just told: what it holds as their last says so too."""
    told = together(events)
    for event, before in zip(told, events, strict=True):
        held = memory.held.get(key_of(event))
        if event is not before and held is not None and held.last is before:
            held.last = event
    return told
