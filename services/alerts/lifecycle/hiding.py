"""The worse alarm of a point hides the lesser one, since it is heard in its place: as long as it can be heard at all.

One that is out of service hides nothing: that has no end of its own, and the point would be mute for as long. On a
shelf, which ends, it hides as before; but what nobody had acknowledged before that is still to be seen after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from services.alerts.lifecycle import machine
from services.alerts.lifecycle.memory import Key, Memory
from services.alerts.lifecycle.state import AlarmState, Definition

#: What it is called among what suppresses an alarm.
WORSE = "a worse alarm"
REMOVED = "the worse alarm is out of service"


def hides(memory: Memory, worse: Key) -> bool:
    """Whether `worse` hides the lesser alarms of its point when its condition is met."""
    held = memory.held.get(worse)
    return held is None or not held.state.removed


def put_aside(memory: Memory, worse: Key) -> bool:
    """Whether `worse` is on a shelf: who hears nothing of it knows of no lesser one."""
    held = memory.held.get(worse)
    return held is not None and held.state.shelved_until > 0


def shown(memory: Memory, definition: Definition, before: AlarmState, time: int) -> AlarmState:
    """The lesser alarm, `before` still hidden, when its worse one goes at `time` (ns).

    Who has seen the worse one knows of this one, and is reminded as of any; nobody has seen what was put aside.
    """
    after = machine.unsuppressed(definition, before, WORSE)
    if not (after.active and after.in_service):
        return after
    worse = memory.held.get(definition.hidden_by)
    unseen = worse is not None and worse.state.unacknowledged
    unseen |= before.unacknowledged and put_aside(memory, definition.hidden_by)
    if after.unacknowledged and unseen:
        return after
    asked = definition.realarm and definition.acknowledged
    return replace(after, unacknowledged=False, realarm_at=time + definition.realarm if asked else 0)


def hidden_by(memory: Memory, definitions: Mapping[Key, Definition], worse: Key) -> list[Key]:
    """What `worse` hides now, in order."""
    return sorted(
        key for key, held in memory.held.items()
        if WORSE in held.state.suppressors and key in definitions and definitions[key].hidden_by == worse
    )  # fmt: skip
