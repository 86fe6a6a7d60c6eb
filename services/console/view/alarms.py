"""The fold over alarm events: what is active, put aside, waiting to be seen, lately cleared, and the history."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.core.clock import HOUR
from services.core.records import AlarmEvent

#: Bounds of what is kept besides what stands, whose number the catalogue bounds.
KEPT_CLEARED = 1000
KEPT_HISTORY = 1000
KEPT_NUMBERS = 20_000
KEPT_ANNOUNCED = 20_000

#: Transitions kept of one occurrence: how it began, and the newest.
KEPT_STORY = 40


#: What detection says of a condition; all else is of attention and service, and makes nothing stand of itself.
_OF_CONDITION = {"raised", "hidden", "unhidden", "uncertain", "certain"}
_SOUNDING_AGAIN = {"realarmed", "unshelved", "unsuppressed", "returned"}
_PUT_ASIDE = ("raised", "hidden", "suppressed", "shelved", "removed")

#: States of ISA-18.2: not in service; the condition holds and is shown; it has gone and waits for somebody.
_ASIDE, _SHOWN, WAITING = frozenset("GHI"), frozenset("BC"), frozenset("DEF")

Name = tuple[str, str, str, str]


@dataclass(slots=True)
class Occurrence:
    """An occurrence and its condition now; `first` is the event that raised it, `last` the newest.

    letter: the state of ISA-18.2, "" where the events say none.  until: when its shelf or the work ends (ns), 0: open.
    seen: what acknowledged it, None while nothing has.  text: what a search looks at, "" until somebody searches.
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
    seen: AlarmEvent | None = None
    story: list[AlarmEvent] = field(default_factory=list)
    text: str = ""

    @property
    def name(self) -> Name:
        """Site, station, point, rule: of all occurrences of the same alarm."""
        return name_of(self.first)

    @property
    def target(self) -> str:
        """What a command names: the occurrence, or the alarm when it was put aside without ever standing."""
        named = self.first.occurrence
        return "/".join(self.name) if named.startswith("command/") else named

    @property
    def state(self) -> str:
        """The letter, also where the events say none: hidden is H, what has gone A, what stands B."""
        return self.letter or ("A" if self.cleared is not None else "H" if self.hidden else "B")

    def told(self, event: AlarmEvent) -> None:
        """Adds to the story, and forgets of its middle."""
        self.story.append(event)
        if len(self.story) > KEPT_STORY:
            del self.story[KEPT_STORY // 4]


@dataclass(slots=True)
class Alarms:
    """Transitions are folded once each, by (occurrence, number), in whatever batches they come.

    active: by occurrence.  waiting: gone, and waits to be seen or reset; aside: shelved, suppressed or out of service
    although it does not stand; both by alarm, and bounded by the catalogue.  version: grows with every change.
    rung: how often a critical or high alarm has sounded.
    """

    active: dict[str, Occurrence] = field(default_factory=dict)
    waiting: dict[Name, Occurrence] = field(default_factory=dict)
    aside: dict[Name, Occurrence] = field(default_factory=dict)
    cleared: deque[Occurrence] = field(default_factory=lambda: deque(maxlen=KEPT_CLEARED))
    history: deque[AlarmEvent] = field(default_factory=lambda: deque(maxlen=KEPT_HISTORY))
    announced: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT_ANNOUNCED))
    version: int = 0
    rung: int = 0
    _standing: dict[str, int] = field(default_factory=dict)
    _gone: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def apply(self, event: AlarmEvent) -> None:
        """Folds one transition. One that is known already, or older than what is known, changes nothing."""
        known = self._standing.get(event.occurrence, self._gone.get(event.occurrence, -1))
        if event.number <= known:
            return
        self.version += 1
        self.history.append(event)
        if not event.lane and event.transition not in ("refused", "superseded"):
            self._fold(event)
        self._keep(event.occurrence, name_of(event), event.number)

    def _keep(self, occurrence: str, name: Name, number: int) -> None:
        """The number of what stands is kept for as long as it does; of what has gone those of the newest."""
        if self._stands(occurrence, name):
            self._standing[occurrence] = number
            self._gone.pop(occurrence, None)
            return
        self._standing.pop(occurrence, None)
        self._gone[occurrence] = number
        self._gone.move_to_end(occurrence)
        while len(self._gone) > KEPT_NUMBERS:
            self._gone.popitem(last=False)

    def _stands(self, occurrence: str, name: Name) -> bool:
        held = (self.waiting.get(name), self.aside.get(name))
        return occurrence in self.active or any(o is not None and o.first.occurrence == occurrence for o in held)

    def _fold(self, event: AlarmEvent) -> None:
        if event.transition == "raised":
            self._followed(event)
        if event.transition == "cleared" or (event.transition == "forgotten" and event.occurrence in self.active):
            self._clear(event)
        elif event.transition == "missed":
            if event.state:
                found = Occurrence(event, event, hidden=False, cleared=event.time, letter=event.state)
                found.told(event)
                self.cleared.append(found)
                self._placed(found)
        elif event.occurrence in self.active or event.transition in _OF_CONDITION or event.state in _SHOWN:
            self._change(event)
        else:
            self._seen(event)

    def _placed(self, one: Occurrence) -> None:
        """One that does not stand waits for somebody, is put aside, or is over."""
        for letters, held in ((WAITING, self.waiting), (_ASIDE, self.aside)):
            if held.get(one.name) is not one or one.letter not in letters:
                self._let_go(held, one.name)
            if one.letter in letters:
                held[one.name] = one

    def _let_go(self, held: dict[Name, Occurrence], name: Name) -> None:
        over = held.pop(name, None)
        if over is None:
            return
        if over.letter in WAITING:
            over.letter = "A"
        if (number := self._standing.get(over.first.occurrence)) is not None:
            self._keep(over.first.occurrence, name, number)

    def _clear(self, event: AlarmEvent) -> None:
        found = self.active.pop(event.occurrence, None)
        if found is not None:
            found.last, found.cleared, found.letter = event, event.time, event.state
            found.told(event)
            self.cleared.append(found)
            self._placed(found)

    def _followed(self, event: AlarmEvent) -> None:
        """The new occurrence is the one to be seen, and carries the latch of those before it."""
        name = name_of(event)
        for held in (self.waiting, self.aside):
            self._let_go(held, name)

    def _seen(self, event: AlarmEvent) -> None:
        """Of one that has cleared somebody has taken note, or an alarm that does not stand is put aside."""
        name = name_of(event)
        held = (self.waiting.get(name), self.aside.get(name))
        found = next((one for one in held if one is not None and one.first.occurrence == event.occurrence), None)
        if found is None and event.state in _ASIDE:
            found = Occurrence(event, event, hidden=True, cleared=event.time)
        if found is None:
            return
        found.last, found.letter = event, event.state
        found.told(event)
        self._attend(found, event)
        self._placed(found)

    def _change(self, event: AlarmEvent) -> None:
        found = self.active.get(event.occurrence)
        if found is None:
            found = Occurrence(event, event, hidden=not event.annunciated)
            found.hidden_because = "" if event.annunciated else event.cause
            self.active[event.occurrence] = found
            self._followed(event)
        found.last, found.letter = event, event.state
        found.told(event)
        if event.annunciated and (
            event.transition in _SOUNDING_AGAIN or (event.transition in ("raised", "unhidden") and not found.announced)
        ):
            # Once an occurrence: what is shown again on the way down is no new alarm. What sounds again is load.
            found.announced = True
            self.announced.append(event.time)
            self.rung += event.priority in ("critical", "high")
            while self.announced[0] < event.time - HOUR:
                self.announced.popleft()
        if event.transition == "hidden":
            found.hidden, found.hidden_because = True, event.cause
        elif event.transition == "unhidden":
            # What hid it has gone and its condition still holds: it is shown, announced anew or not.
            found.hidden, found.hidden_because = False, ""
        elif event.transition in ("uncertain", "certain"):
            found.uncertain = event.transition == "uncertain"
        if event.state:
            self._attend(found, event)

    def _attend(self, found: Occurrence, event: AlarmEvent) -> None:
        """The letter says whether it is shown; the transition that put it aside says why, by whom and until when."""
        if event.transition == "acknowledged":
            found.seen = event
        elif event.state in ("B", "D", "E"):
            found.seen = None
        found.hidden = event.state in _ASIDE
        if not found.hidden:
            found.hidden_because, found.until = "", 0
        elif event.transition in _PUT_ASIDE:
            found.hidden_because = f"{event.who}: {event.cause}" if event.who else event.cause
            found.until = event.until

    # -- looking up

    def kept(self) -> Iterator[Occurrence]:
        """Everything that is known: what stands, then what has gone, the newest first; each once."""
        yield from self.active.values()
        told = set()
        for one in (*self.waiting.values(), *self.aside.values(), *reversed(self.cleared)):
            if id(one) not in told:
                told.add(id(one))
                yield one

    def one(self, occurrence: str) -> Occurrence | None:
        """The occurrence of that name, as far back as is kept."""
        found = self.active.get(occurrence)
        return found or next((one for one in self.kept() if one.first.occurrence == occurrence), None)


def name_of(event: AlarmEvent) -> Name:
    """Which alarm the event is of."""
    return (event.site, event.station, event.point, event.rule)
