"""The fold over alarm events: what is active, hidden, lately cleared, and the history."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from services.core.records import AlarmEvent

#: Bounds of what is kept besides the active alarms, whose number the catalogue bounds.
KEPT_CLEARED = 300
KEPT_HISTORY = 1000
KEPT_NUMBERS = 5000


#: Transitions that make nothing stand: a page that joins late must not take them for an alarm.
_OF_THE_PAST = {
    "superseded", "missed", "refused", "reset", "acknowledged", "shelved", "unshelved", "removed", "returned",
}  # fmt: skip


@dataclass(slots=True)
class Occurrence:
    """An occurrence and its condition now; `first` is the event that raised it, `last` the newest."""

    first: AlarmEvent
    last: AlarmEvent
    hidden: bool
    hidden_because: str = ""
    uncertain: bool = False
    cleared: int | None = None
    announced: bool = False


@dataclass(slots=True)
class Alarms:
    """Transitions are folded once each, by (occurrence, number), in whatever batches they come."""

    active: dict[str, Occurrence] = field(default_factory=dict)
    cleared: deque[Occurrence] = field(default_factory=lambda: deque(maxlen=KEPT_CLEARED))
    history: deque[AlarmEvent] = field(default_factory=lambda: deque(maxlen=KEPT_HISTORY))
    announced: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT_HISTORY))
    _numbers: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def apply(self, event: AlarmEvent) -> None:
        """Folds one transition. One that is known already, or older than what is known, changes nothing."""
        if event.number <= self._numbers.get(event.occurrence, -1):
            return
        self._numbers[event.occurrence] = event.number
        self._numbers.move_to_end(event.occurrence)
        while len(self._numbers) > KEPT_NUMBERS:
            self._numbers.popitem(last=False)
        self.history.append(event)
        if event.lane or event.transition in _OF_THE_PAST:
            return  # it is told in the history; nothing stands by it
        if event.transition == "cleared":
            self._clear(event)
        else:
            self._change(event)

    def _clear(self, event: AlarmEvent) -> None:
        found = self.active.pop(event.occurrence, None)
        if found is not None:
            found.last, found.cleared = event, event.time
            self.cleared.append(found)

    def _change(self, event: AlarmEvent) -> None:
        found = self.active.get(event.occurrence)
        if found is None:
            found = Occurrence(event, event, hidden=not event.annunciated)
            found.hidden_because = "" if event.annunciated else event.cause
            self.active[event.occurrence] = found
        found.last = event
        if event.transition in ("raised", "unhidden") and event.annunciated and not found.announced:
            # Once an occurrence: what is shown again on the way down is no new alarm.
            found.announced = True
            self.announced.append(event.time)
        if event.transition == "hidden":
            found.hidden, found.hidden_because = True, event.cause
        elif event.transition == "unhidden":
            # What hid it has gone and its condition still holds: it is shown, announced anew or not.
            found.hidden, found.hidden_because = False, ""
        elif event.transition in ("uncertain", "certain"):
            found.uncertain = event.transition == "uncertain"
