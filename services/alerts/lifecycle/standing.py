"""What is not simply normal now, told from the journal alone: what stands, waits to be seen, or is put aside.

The console, the handover and the report on the alarms' performance see alarm events, not the keeper's memory. This
fold over events gives the same as that memory holds; a test walks both side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.core.clock import DAY
from services.core.records import AlarmEvent

#: An alarm that has been active for longer (ns) is stale (EEMUA 191: 24 hours).
STALE_AFTER = DAY

Name = tuple[str, str, str, str]

_ORDER = ("critical", "high", "medium", "journal")
_UNSEEN, _ACTIVE = frozenset("BDE"), frozenset("BC")


@dataclass(frozen=True, slots=True)
class Aside:
    """Since when (ns), until when (ns; 0: no end is known), by whom ("": by design) and why."""

    since: int
    until: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One alarm that is not simply normal.

    first: what began its occurrence.  last: its newest transition.  active: the condition holds, by what is known.
    unseen_since: since when (ns) it waits to be acknowledged, 0: it does not.  uncertain: its reading cannot be
    trusted.  suppressed: one for each reason that is known; of one that the journal did not name `why` is "".
    """

    first: AlarmEvent
    last: AlarmEvent
    active: bool = False
    unseen_since: int = 0
    uncertain: bool = False
    shelved: Aside | None = None
    suppressed: tuple[Aside, ...] = ()
    removed: Aside | None = None

    @property
    def name(self) -> Name:
        """Site, station, point, rule."""
        return name_of(self.last)

    @property
    def letter(self) -> str:
        """The state of ISA-18.2, A to I."""
        return self.last.state

    @property
    def since(self) -> int:
        """Since when (ns) its condition has held, or had; of one that never was raised: since it was put aside."""
        return self.first.time

    def stale(self, at: int) -> bool:
        """Whether it has stood in service for more than a day at `at` (ns). A journal entry asks nobody to end it."""
        return self.letter in _ACTIVE and self.last.priority != "journal" and at - self.since > STALE_AFTER


@dataclass(frozen=True, slots=True)
class Handover:
    """What a shift hands to the next, each the worst first and then the oldest. An alarm may stand in several.

    work: what began the planned work that is in force, the first to end first.
    """

    standing: tuple[Standing, ...]
    unseen: tuple[Standing, ...]
    stale: tuple[Standing, ...]
    shelved: tuple[Standing, ...]
    suppressed: tuple[Standing, ...]
    removed: tuple[Standing, ...]
    work: tuple[AlarmEvent, ...]


class Standings:
    """The fold. Events of one alarm come as they were told, or in the order of the canonical journal, which at one
    instant may put an occurrence before the end of the one that it follows. What comes twice changes nothing.
    """

    def __init__(self) -> None:
        self.by_name: dict[Name, Standing] = {}
        self._work: dict[str, AlarmEvent] = {}

    def apply(self, event: AlarmEvent) -> None:
        """Folds one transition. What is historical, or refused, makes nothing stand."""
        if event.transition == "planned":
            self._work[event.occurrence] = event
        elif event.transition == "planned_over":
            self._work.pop(event.occurrence, None)
        if event.lane or event.transition == "refused" or not event.state:
            return
        name = name_of(event)
        known = self.by_name.get(name)
        if known is not None and known.last.occurrence == event.occurrence and event.number <= known.last.number:
            return
        if known is not None and _before(event, known.last):
            return
        if event.state == "A":
            self.by_name.pop(name, None)
            return
        known = known or Standing(event, event, active=event.state in _ACTIVE)
        self.by_name[name] = _after(known, event, self._covering(event))

    def _covering(self, event: AlarmEvent) -> tuple[Aside, ...]:
        """The planned work that is in force over the alarm of `event`, each as a reason to suppress it from then on."""
        name = name_of(event)
        found = (work for work in self._work.values() if event.time < work.until)
        return tuple(
            Aside(event.time, work.until, work.who, work.cause)
            for work in found
            if all(part in ("", mine) for part, mine in zip(name_of(work), name, strict=True))
        )

    def handover(self, at: int) -> Handover:
        """The lists at `at` (ns, not before the newest event)."""
        found = sorted(self.by_name.values(), key=lambda one: (_ORDER.index(one.last.priority), one.since, one.name))
        return Handover(
            standing=tuple(one for one in found if one.letter in _ACTIVE),
            unseen=tuple(one for one in found if one.unseen_since),
            stale=tuple(one for one in found if one.stale(at)),
            shelved=tuple(one for one in found if one.shelved is not None),
            suppressed=tuple(one for one in found if one.letter == "H"),
            removed=tuple(one for one in found if one.removed is not None),
            work=tuple(sorted(self._work.values(), key=lambda event: (event.until, event.occurrence))),
        )


def standing(events: Iterable[AlarmEvent], at: int) -> Handover:
    """What the events leave standing at `at` (ns)."""
    fold = Standings()
    for event in events:
        fold.apply(event)
    return fold.handover(at)


def name_of(event: AlarmEvent) -> Name:
    """Which alarm the event is of."""
    return (event.site, event.station, event.point, event.rule)


def _before(event: AlarmEvent, last: AlarmEvent) -> bool:
    """Whether the event is of an occurrence that `last` has followed already."""
    if event.occurrence == last.occurrence:
        return False
    onset, newest = _onset(event), _onset(last)
    return onset < newest if onset and newest else event.number > 1


def _onset(event: AlarmEvent) -> int:
    """When its occurrence began (ns), 0 where that is not in its name: nothing was raised, somebody put it aside."""
    onset = event.occurrence.rpartition("@")[2]
    return int(onset) if onset.isdecimal() else 0


def _after(known: Standing, event: AlarmEvent, work: tuple[Aside, ...]) -> Standing:
    letter, aside = event.state, Aside(event.time, event.until, event.who, event.cause)
    one = replace(known, last=event)
    match event.transition:
        case "raised":
            one = replace(one, first=event, active=True, unseen_since=0, uncertain=False)
            if letter == "H":  # its line names one reason; planned work has lines of its own
                one = replace(one, suppressed=work if event.until and work else (*work, aside))
        case "missed":
            one = replace(one, first=event)
        case "cleared":
            one = replace(one, active=False, uncertain=False, suppressed=())
        case "uncertain" | "certain":
            one = replace(one, uncertain=event.transition == "uncertain")
        case "shelved":
            one = replace(one, shelved=aside)
        case "unshelved":
            one = replace(one, shelved=None)
        case "removed":
            one = replace(one, removed=aside)
        case "returned":
            one = replace(one, removed=None)
        case "suppressed" | "hidden":
            one = replace(one, suppressed=(*one.suppressed, aside))
        case "unsuppressed":
            one = replace(one, suppressed=_less(one.suppressed, event))
    # The letter is the last word: it ends what ended without a line of its own, as a shelf that was for one time.
    return replace(
        one,
        unseen_since=(one.unseen_since or event.time) if letter in _UNSEEN else 0,
        shelved=one.shelved if letter in "GHI" else None,
        suppressed=(one.suppressed or ((Aside(event.time, 0, "", ""),) if letter == "H" else ()))
        if letter in "HI"
        else (),
        removed=one.removed if letter == "I" else None,
    )


def _less(reasons: tuple[Aside, ...], event: AlarmEvent) -> tuple[Aside, ...]:
    """Without what has ended: planned work by its end, early or not, else the oldest that has none."""
    if event.command and event.until:
        over = [one for one in reasons if one.until == event.until][:1]
    else:
        over = [one for one in reasons if 0 < one.until <= event.time] or [one for one in reasons if not one.until][:1]
    return tuple(one for one in reasons if one not in over)
