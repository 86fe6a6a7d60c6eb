"""Floods of alarms as they begin and end, with what came first: live, or over a journal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from services.alerts.performance.words import DISPATCH, name_of, sounds
from services.core.clock import iso
from services.core.codec import canonical_json
from services.core.rates import BEGINS, Flood, Rate
from services.core.records import AlarmEvent

#: The rule that says that a station's clock is wrong.
CLOCK_RULE = "station-clock"


@dataclass(frozen=True, slots=True)
class First:
    """An alarm at the head of a flood.

    uncertain: its station's clock is known to be wrong, so its place in the order is.
    """

    time: int
    alarm: str
    occurrence: str
    priority: str
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class FloodEvent:
    """A flood begins or ends, at `time` (ns UTC). One that begins carries what it knows by then.

    first_out: the first ten alarms in event time, those that made it a flood.  total, peak: alarms so far, and most in
    ten minutes.  name: the flood's own, the same on every run.
    """

    position: str
    transition: Literal["begin", "end"]
    time: int
    began: int
    total: int
    peak: int
    first_out: tuple[First, ...]

    @property
    def name(self) -> str:
        """position@begin."""
        return f"{self.position}@{self.began}"

    def to_json(self) -> dict[str, object]:
        """Plain data, times as ISO 8601."""
        return {
            "flood": self.name,
            "position": self.position,
            "begin": iso(self.began),
            "end": iso(self.time) if self.transition == "end" else None,
            "total": self.total,
            "peak": self.peak,
            "first_out": [{**asdict(one), "time": iso(one.time)} for one in self.first_out],
        }


@dataclass(slots=True)
class _Position:
    rate: Rate
    head: list[First]
    tail: list[First] = field(default_factory=list)  # the newest of a flood that lasts: the next one's head


class Floods:
    """Takes alarm events of all sites, gives the floods of each position.

    Events come in order of event time. One that comes late (another site's log was behind) counts as heard when it
    came, at the newest time of its position, and stands in the first-out list at its own. Held per position: a number
    an annunciation of the last ten minutes and some twenty names; and the stations whose clock is wrong.
    """

    def __init__(self, positions: Mapping[str, str] | None = None) -> None:
        """`positions`: by site the operator's position (`Site.position`); others are "dispatch"."""
        self._position_of = dict(positions or {})
        self._at: dict[str, _Position] = {}
        self._newest: dict[str, int] = {}
        self._clocks: dict[tuple[str, str], str] = {}  # by station the occurrence that says so

    def take(self, events: Iterable[AlarmEvent]) -> list[FloodEvent]:
        """What begins and ends by these. An end is told at its own time, by the first event after it."""
        out: list[FloodEvent] = []
        for event in events:
            if event.lane:
                continue
            self.mind_clock(event)
            position = self._position_of.get(event.site, DISPATCH)
            held = self._at.get(position)
            time = max(event.time, self._newest.get(position, event.time))
            self._newest[position] = time
            if held is not None:
                out += self._advance(position, held, time)
            if sounds(event):
                held = held or self._at.setdefault(position, _Position(Rate(), []))
                out += self._sound(position, held, time, event)
        return out

    def advance(self, time: int) -> list[FloodEvent]:
        """All that comes is of `time` (ns) or later, for each position: a tick. What has ended by then."""
        out: list[FloodEvent] = []
        for position, held in sorted(self._at.items()):
            self._newest[position] = max(time, self._newest[position])
            out += self._advance(position, held, self._newest[position])
        return out

    def worst(self, position: str) -> tuple[int, int]:
        """Most in any ten minutes, and the time (ns) of the last of those."""
        held = self._at.get(position)
        return (held.rate.worst, held.rate.worst_at) if held is not None else (0, 0)

    def standing(self) -> list[FloodEvent]:
        """The floods that last, as they were told at their beginning but with what they have come to."""
        return [
            FloodEvent(position, "begin", flood.begin, flood.begin, flood.total, flood.peak, tuple(held.head))
            for position, held in sorted(self._at.items())
            if (flood := held.rate.flood) is not None
        ]

    def mind_clock(self, event: AlarmEvent) -> None:
        """Only whether its station's clock is wrong."""
        if event.rule == CLOCK_RULE:
            station = (event.site, event.station)
            if event.transition == "raised":
                self._clocks[station] = event.occurrence
                # What its clock said just before it was found wrong is as uncertain.
                held = self._at.get(self._position_of.get(event.site, DISPATCH))
                if held is not None:
                    start = f"{event.site}/{event.station}/"
                    for names in (held.head, held.tail):
                        names[:] = [replace(n, uncertain=n.uncertain or n.alarm.startswith(start)) for n in names]
            elif event.transition in ("cleared", "forgotten") and self._clocks.get(station) == event.occurrence:
                del self._clocks[station]

    @staticmethod
    def _advance(position: str, held: _Position, time: int) -> list[FloodEvent]:
        ended = held.rate.advance(time)
        if ended is None:
            return []
        told = _told(position, "end", ended, held.head)
        held.head, held.tail = [*held.head, *held.tail][-BEGINS + 1 :], []
        return [told]

    def _sound(self, position: str, held: _Position, time: int, event: AlarmEvent) -> list[FloodEvent]:
        lasts = held.rate.flood is not None
        begun = held.rate.take(time)
        uncertain = (event.site, event.station) in self._clocks
        first = First(event.time, name_of(event), event.occurrence, event.priority, uncertain)
        if lasts:
            held.tail = [*held.tail, first][-BEGINS + 1 :]
            return []
        # Outside a flood the head is what the window holds; that is fewer than ten.
        held.head = [*held.head, first][-held.rate.count :]
        if begun is None:
            return []
        held.head.sort(key=lambda one: one.time)
        return [_told(position, "begin", begun, held.head)]

    def dump(self) -> bytes:
        """All of the state; equal states give equal bytes."""
        return canonical_json(self.plain()).encode()

    def load(self, state: bytes) -> None:
        """What `dump` gave. ValueError for damaged bytes."""
        try:
            self.take_plain(json.loads(state))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"damaged state of floods: {error}") from None

    def plain(self) -> dict[str, Any]:
        """The state as plain data."""
        return {
            "at": {
                name: {
                    "rate": held.rate.dump(),
                    "head": [asdict(one) for one in held.head],
                    "tail": [asdict(one) for one in held.tail],
                }
                for name, held in self._at.items()
            },
            "newest": self._newest,
            "clocks": sorted([*station, occurrence] for station, occurrence in self._clocks.items()),
        }

    def take_plain(self, state: dict[str, Any]) -> None:
        """What `plain` gave."""
        self._at = {
            name: _Position(
                Rate.load(one["rate"]), *([First(**first) for first in one[part]] for part in ("head", "tail"))
            )
            for name, one in state["at"].items()
        }
        self._newest = dict(state["newest"])
        self._clocks = {(site, station): occurrence for site, station, occurrence in state["clocks"]}


def _told(position: str, transition: Literal["begin", "end"], flood: Flood, head: list[First]) -> FloodEvent:
    time = flood.begin if transition == "begin" or flood.end is None else flood.end
    return FloodEvent(position, transition, time, flood.begin, flood.total, flood.peak, tuple(head[:BEGINS]))
