"""Planned work over a site, station or point: what may be planned, and what its time brings. No clock, no database."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.alerts.lifecycle.commands import LONGEST_WORK
from services.core.catalogue.model import Rule, Site
from services.core.clock import DAY, MINUTE
from services.core.records import AlarmEvent, Command
from services.duty.areas import NotDone

_Kept = TypeVar("_Kept")

#: Nobody plans work further ahead than this (ns).
FURTHEST = 366 * DAY

#: Work that begins so much after its start (ns of the run's clock) is said to be late.
LATE = 5 * MINUTE

#: planned: it waits.  begun: its alarms are suppressed.  over: by its own end.  ended: somebody ended it early.
#: withdrawn: before it began.  refused: by the alarms' keeper.  missed: nothing ran from its start to its end.
STATES = ("planned", "begun", "over", "ended", "withdrawn", "refused", "missed")
OPEN = ("planned", "begun")


@dataclass(frozen=True, slots=True)
class Work:
    """A window. start, end: of the run's clock (ns).  commands: what began it in the log, and what prolonged it."""

    number: int
    target: str
    start: int
    end: int
    who: str
    why: str
    state: str
    commands: tuple[str, ...]
    reason: str = ""
    time: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A window comes to `state`; with `command` only if the alarms' keeper obeys that."""

    work: Work
    state: str
    command: Command | None = None
    reason: str = ""


class Journal:
    """What the journal has told of planned work, whoever planned it and by whatever way."""

    def __init__(self, kept: int = 2000) -> None:
        self._kept = kept
        self.in_force: dict[str, AlarmEvent] = {}
        self._over: OrderedDict[str, AlarmEvent] = OrderedDict()
        self._refused: OrderedDict[str, str] = OrderedDict()

    def apply(self, event: AlarmEvent) -> None:
        """Folds an event; what comes twice changes nothing."""
        name = event.occurrence.removeprefix("command/")
        match event.transition:
            case "planned" if name not in self._over:
                self.in_force[name] = event
            case "planned_over":
                self.in_force.pop(name, None)
                self._keep(self._over, name, event)
            case "refused":
                self._keep(self._refused, name, event.cause)

    def begun(self, command: str) -> bool:
        """Whether the work of that command was begun, over or not."""
        return command in self.in_force or command in self._over

    def over(self, command: str) -> AlarmEvent | None:
        """What ended it; None while it lasts, or when it is not known."""
        return self._over.get(command)

    def refused(self, command: str) -> str | None:
        """Why it was refused; None when it was not."""
        return self._refused.get(command)

    def works(self) -> list[AlarmEvent]:
        """What is in force, the first to end first."""
        return sorted(self.in_force.values(), key=lambda event: (event.until, event.occurrence))

    def _keep(self, kept: OrderedDict[str, _Kept], name: str, value: _Kept) -> None:
        kept.setdefault(name, value)
        while len(kept) > self._kept:
            kept.popitem(last=False)


def check(sites: Iterable[Site], target: str, start: int, end: int, why: str, now: int) -> None:
    """NotDone, with value and bound, for work that cannot be planned at `now` (ns)."""
    if not alarms(sites, target):
        raise NotDone(f"{target[:100]}: there is no alarm under it: choose a site, a station or a point")
    if not why.strip():
        raise NotDone("why: must say what is done")
    if end <= max(start, now):
        raise NotDone("end: must be after the start and still to come")
    if end - max(start, now) > LONGEST_WORK:
        raise NotDone(f"end: {(end - max(start, now)) / DAY:.1f} days: planned work may last 7 days at most")
    if start > now + FURTHEST:
        raise NotDone("start: must be within a year")


def alarms(sites: Iterable[Site], target: str) -> list[tuple[str, Rule]]:
    """Every alarm under a site, station or point: its name (site/station/point/rule) and rule."""
    found: list[tuple[str, Rule]] = []
    for site in sites:
        if target.partition("/")[0] != site.id:
            continue
        found += [
            (f"{site.id}/{point.station}/{point.name}/{rule.id}", rule)
            for point in site.points if not point.removed for rule in point.rules
        ]  # fmt: skip
        found += [(f"{site.id}/{one.id}/station/{rule.id}", rule) for one in site.stations for rule in one.rules]
    return [(name, rule) for name, rule in found if name.startswith(f"{target}/")]


def overlapping(works: Iterable[Work], target: str, start: int, end: int) -> list[Work]:
    """Open windows at the same time over the same, over a part of it, or over what it is a part of."""
    return [
        one for one in works
        if one.state in OPEN and one.start < end and start < one.end
        and (f"{one.target}/".startswith(f"{target}/") or f"{target}/".startswith(f"{one.target}/"))
    ]  # fmt: skip


def due(works: Sequence[Work], now: int, journal: Journal) -> list[Step]:
    """What `now` (ns) brings, in order of start. The same question has the same answer until the rows are written.

    A command's name is the row's: what was sent before a crash and is sent again begins once.
    """
    steps = (_step(one, now, journal) for one in sorted(works, key=lambda one: (one.start, one.number)))
    return [step for step in steps if step is not None]


def _step(work: Work, now: int, journal: Journal) -> Step | None:
    first = work.commands[0]
    if work.state == "planned":
        if journal.begun(first):
            return Step(work, "begun")
        refused = journal.refused(first)
        if refused is not None:
            return Step(work, "refused", reason=refused)
        if now < work.start:
            return None
        if now >= work.end:
            return Step(work, "missed", reason="nothing ran from its start to its end")
        site = work.target.partition("/")[0]
        command = Command(first, site, now, work.who, work.why, "suppress", work.target, work.end)
        late = now - work.start
        return Step(work, "begun", command, f"begun {late // MINUTE} min late" if late > LATE else "")
    if work.state == "begun":
        over = [journal.over(one) for one in work.commands]
        early = next((one for one in over if one is not None and one.command not in work.commands), None)
        if all(over) and early is not None and now < work.end:
            return Step(work, "ended", reason=f"{early.who}: {early.cause}")
        if now >= work.end:
            return Step(work, "over")
    return None
