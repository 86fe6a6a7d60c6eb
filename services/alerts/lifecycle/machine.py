"""The moves of an alarm: (state, what happens) to (state, what is to be told). Pure, of no clock."""

from __future__ import annotations

from dataclasses import replace

from services.alerts.lifecycle.state import AlarmState, Definition, Letter
from services.core.errors import HeadworksError

#: What sounds if the alarm comes to be unacknowledged by it; the others are shown when the alarm is in service.
SOUNDING = {"raised", "realarmed", "unshelved", "unsuppressed", "returned"}

#: What is only written down.
WRITTEN = {"chattering", "forgotten"}


class Refused(HeadworksError):
    """A command that does not apply to the alarm as it stands; the text says why, for the one who gave it."""


def raised(definition: Definition, state: AlarmState) -> AlarmState:
    """The condition is met. In service it wants to be seen; else it is only remembered."""
    return replace(
        state,
        active=True,
        latched=state.latched or definition.latching,
        unacknowledged=state.unacknowledged or (not state.active and state.in_service and definition.acknowledged),
        realarm_at=0,
    )


def cleared(definition: Definition, state: AlarmState) -> AlarmState:
    """The condition has gone. A one-shot shelf ends with it."""
    after = replace(state, active=False, realarm_at=0)
    if state.one_shot:
        after = _release(definition, replace(after, shelved_until=0, one_shot=False))
    return after


def acknowledged(definition: Definition, state: AlarmState, now: int) -> AlarmState:
    """Somebody has seen it. Refused where nothing waits for that."""
    _must_serve(state, "acknowledged")
    if not state.unacknowledged:
        raise Refused("is acknowledged already" if state.active or state.latched else "has gone")
    due = now + definition.realarm if definition.realarm and state.active else 0
    return replace(state, unacknowledged=False, realarm_at=due)


def reset(_definition: Definition, state: AlarmState) -> AlarmState:
    """A latch is let go. Refused while the condition holds, before it was acknowledged, and without a latch."""
    _must_serve(state, "reset")
    if state.active:
        raise Refused("still stands: a reset does not end its cause")
    if not state.latched:
        raise Refused("is not latched")
    if state.unacknowledged:
        raise Refused("has to be acknowledged before it is reset")
    return replace(state, latched=False)


def realarmed(definition: Definition, state: AlarmState) -> AlarmState:
    """Acknowledged long ago, and it still stands."""
    return replace(state, unacknowledged=definition.acknowledged, realarm_at=0)


def shelved(definition: Definition, state: AlarmState, now: int, until: int, one_shot: bool) -> AlarmState:
    """Put aside by an operator until a moment, at most the definition's longest; again: the end is moved."""
    if state.removed:
        raise Refused("is out of service")
    if not definition.longest_shelf:
        raise Refused("may not be shelved")
    if until <= now:
        raise Refused("needs an end that is still to come")
    if until - now > definition.longest_shelf:
        hours = definition.longest_shelf / 3_600_000_000_000
        raise Refused(f"may be shelved for {hours:g} h at most")
    if one_shot and not state.active:
        raise Refused("does not stand: a one-shot shelf ends when it clears")
    return replace(state, shelved_until=until, one_shot=one_shot, realarm_at=0)


def put_aside(_definition: Definition, state: AlarmState, until: int) -> AlarmState:
    """Shelved by itself until a moment; what is shelved already is so by a person, whose end stands."""
    return state if state.shelved_until else replace(state, shelved_until=until, one_shot=False, realarm_at=0)


def unshelved(definition: Definition, state: AlarmState) -> AlarmState:
    """Taken from the shelf, by hand or at its end. Refused when it is not shelved."""
    if not state.shelved_until:
        raise Refused("is not shelved")
    return _release(definition, replace(state, shelved_until=0, one_shot=False))


def suppressed(_definition: Definition, state: AlarmState, by: str) -> AlarmState:
    """The design says that it means nothing now: `by` is what says so. Several may."""
    return replace(state, suppressors=state.suppressors | {by}, realarm_at=0)


def unsuppressed(definition: Definition, state: AlarmState, by: str) -> AlarmState:
    """`by` no longer suppresses it."""
    return _release(definition, replace(state, suppressors=state.suppressors - {by}))


def taken_out(_definition: Definition, state: AlarmState) -> AlarmState:
    """Out of service, for maintenance. Refused when it is already."""
    if state.removed:
        raise Refused("is out of service already")
    return replace(state, removed=True, realarm_at=0)


def put_back(definition: Definition, state: AlarmState) -> AlarmState:
    """In service again. Refused when it is."""
    if not state.removed:
        raise Refused("is in service")
    return _release(definition, replace(state, removed=False))


def _must_serve(state: AlarmState, what: str) -> None:
    if not state.in_service:
        raise Refused(f"is {state.letter.value} and cannot be {what}")


def _release(definition: Definition, state: AlarmState) -> AlarmState:
    """Back in service the condition is judged anew: what holds wants to be seen, what has gone has gone."""
    if not state.in_service:
        return state
    return replace(state, unacknowledged=definition.acknowledged and (state.active or state.latched))


def tells(before: AlarmState, after: AlarmState) -> bool:
    """Whether the horn sounds: it has come to be unacknowledged in service."""
    return after.letter in (Letter.B, Letter.E) and before.letter is not after.letter
