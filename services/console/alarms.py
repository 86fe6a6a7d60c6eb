"""The fold over alarm events: what is active, hidden, lately cleared, and the history."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from services.core.records import AlarmEvent

#: Bounds of what is kept besides the active alarms, whose number the catalogue bounds.
KEPT_CLEARED = 300
KEPT_HISTORY = 1000
KEPT_NUMBERS = 5000


#: What detection says of a condition; all else is of attention and service, and makes nothing stand of itself.
_OF_CONDITION = {"raised", "hidden", "unhidden", "uncertain", "certain"}
_SOUNDING_AGAIN = {"realarmed", "unshelved", "unsuppressed", "returned"}

#: States of ISA-18.2: not in service; and the condition holds and is shown.
_ASIDE, _SHOWN = frozenset("GHI"), frozenset("BC")


@dataclass(slots=True)
class Occurrence:
    """An occurrence and its condition now; `first` is the event that raised it, `last` the newest.

    letter: the state of ISA-18.2, "" where the events say none.  until: when its shelf or the work ends (ns), 0: open.
    """

    first: AlarmEvent
    last: AlarmEvent
    hidden: bool
    hidden_because: str = ""
    uncertain: bool = False
    cleared: int | None = None
    announced: bool = False
    letter: str = ""
    until: int = 0


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
        if event.lane or event.transition in ("refused", "superseded"):
            return
        if event.transition == "raised":
            self._followed(event)
        if event.transition == "cleared":
            self._clear(event)
        elif event.transition == "missed":
            if event.state:
                self.cleared.append(Occurrence(event, event, hidden=False, cleared=event.time, letter=event.state))
        elif event.occurrence in self.active or event.transition in _OF_CONDITION or event.state in _SHOWN:
            self._change(event)
        else:
            self._seen(event, event.state)

    def _clear(self, event: AlarmEvent) -> None:
        found = self.active.pop(event.occurrence, None)
        if found is not None:
            found.last, found.cleared, found.letter = event, event.time, event.state
            self.cleared.append(found)

    def _followed(self, event: AlarmEvent) -> None:
        """The new occurrence is the one to be seen, and carries the latch of those before it."""
        name = (event.site, event.station, event.point, event.rule)
        for found in self.cleared:
            if (found.first.site, found.first.station, found.first.point, found.first.rule) == name:
                found.letter = "A"

    def _seen(self, event: AlarmEvent, letter: str) -> None:
        """Of one that has cleared somebody has taken note, or it is put aside."""
        for found in self.cleared:
            if found.first.occurrence == event.occurrence:
                found.letter = letter

    def _change(self, event: AlarmEvent) -> None:
        found = self.active.get(event.occurrence)
        if found is None:
            found = Occurrence(event, event, hidden=not event.annunciated)
            found.hidden_because = "" if event.annunciated else event.cause
            self.active[event.occurrence] = found
        found.last, found.letter = event, event.state
        if event.annunciated and (
            event.transition in _SOUNDING_AGAIN or (event.transition in ("raised", "unhidden") and not found.announced)
        ):
            # Once an occurrence: what is shown again on the way down is no new alarm. What sounds again is load.
            found.announced = True
            self.announced.append(event.time)
        if event.transition == "hidden":
            found.hidden, found.hidden_because = True, event.cause
        elif event.transition == "unhidden":
            # What hid it has gone and its condition still holds: it is shown, announced anew or not.
            found.hidden, found.hidden_because = False, ""
        elif event.transition in ("uncertain", "certain"):
            found.uncertain = event.transition == "uncertain"
        if event.state:
            self._serve(found, event)

    def _serve(self, found: Occurrence, event: AlarmEvent) -> None:
        """The letter says whether it is shown; the transition that put it aside says why, by whom and until when."""
        found.hidden = event.state in _ASIDE
        if not found.hidden:
            found.hidden_because, found.until = "", 0
        elif event.transition in ("raised", "hidden", "suppressed", "shelved", "removed"):
            found.hidden_because = f"{event.who}: {event.cause}" if event.who else event.cause
            found.until = event.until
