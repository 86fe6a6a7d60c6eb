"""Hand-made journals."""

from __future__ import annotations

from typing import Any

from services.core.clock import MINUTE, parse_time
from services.core.records import AlarmEvent

#: Monday, a round day.
DAY0 = parse_time("2026-03-02T00:00:00Z")


def at(minutes: float) -> int:
    """ns of so many minutes after the day's beginning."""
    return DAY0 + round(minutes * MINUTE)


def event(minutes: float, transition: str = "raised", rule: str = "high", **other: object) -> AlarmEvent:
    """A transition of plant/intake/turbidity, annunciated and live unless `other` says so."""
    state = {"raised": "B", "acknowledged": "C", "cleared": "A", "shelved": "G", "unshelved": "B", "suppressed": "H",
             "unsuppressed": "B", "removed": "I", "returned": "A"}.get(transition, "B")  # fmt: skip
    fields: dict[str, object] = {
        "time": at(minutes), "site": "plant", "station": "intake", "point": "turbidity", "rule": rule,
        "occurrence": rule, "number": 1, "transition": transition, "priority": "medium", "state": state,
    }  # fmt: skip
    return AlarmEvent(**(fields | other))  # type: ignore[arg-type]


def burst(first: float, count: int, every: float = 0.5, name: str = "r", **other: Any) -> list[AlarmEvent]:
    """`count` alarms, each of its own rule, `every` minutes."""
    return [event(first + i * every, rule=f"{name}{i:03}", **other) for i in range(count)]
