"""A station that cannot be seen while an incident is open is worse than one on a quiet day: medium becomes high.

Incidents are judged on the grid's instants, so a silence waits for the tick: up to there all instants have been judged
and all silences found. It is high if an incident is open at its time, else medium; and where one opens while it stands,
it alarms again at that instant, high, and stays so until it clears. Neither the order in which stations come nor the
place of a tick makes a difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from services.core.records import AlarmEvent, IncidentEvent

BECAUSE = "an incident is open"

_CLOSED = "closed"


class Escalation:
    """Of one site. keys: alarms that are worse in an incident, as (station, point, rule); none where there are none."""

    def __init__(self, keys: Iterable[tuple[str, str, str]]) -> None:
        self.keys = frozenset(keys)
        self._waiting: list[AlarmEvent] = []
        self._turns: list[tuple[int, bool]] = []  # instants from which on an incident is open, or none is
        self._kinds: set[str] = set()  # that are open as of the newest instant
        self._open = False  # as of what was released
        self._standing: dict[str, AlarmEvent] = {}  # medium, by station: how they were raised
        self._high: set[str] = set()  # stations whose alarm stands as high

    def take(self, events: list[AlarmEvent]) -> list[AlarmEvent]:
        """What detection found; those that an incident concerns are kept for `release`."""
        if not self.keys:
            return events
        mine = [(e.station, e.point, e.rule) in self.keys for e in events]
        self._waiting += [e for e, held in zip(events, mine, strict=True) if held]
        return [e for e, held in zip(events, mine, strict=True) if not held]

    def turn(self, events: Iterable[IncidentEvent]) -> None:
        """What the instants brought, in order of time."""
        if not self.keys:
            return
        for event in events:
            before = bool(self._kinds)
            (self._kinds.discard if event.phase == _CLOSED else self._kinds.add)(event.kind)
            if bool(self._kinds) != before:
                self._turns.append((event.time, not before))

    def release(self, until: int) -> list[AlarmEvent]:
        """All instants up to `until` (ns) have been judged, all silences found: what comes of it, in order of time."""
        if not self._waiting and not self._turns:
            return []
        due = sorted((e for e in self._waiting if e.time <= until), key=lambda e: e.time)
        self._waiting = [e for e in self._waiting if e.time > until]
        turns = [turn for turn in self._turns if turn[0] <= until]
        self._turns = [turn for turn in self._turns if turn[0] > until]
        out: list[AlarmEvent] = []
        for event in due:
            while turns and turns[0][0] <= event.time:
                out += self._turned(*turns.pop(0))
            out.append(self._judged(event))
        for turn in turns:
            out += self._turned(*turn)
        return out

    def _judged(self, event: AlarmEvent) -> AlarmEvent:
        if event.transition == "cleared":
            self._standing.pop(event.station, None)
            if event.station in self._high:
                self._high.remove(event.station)
                return replace(event, priority="high")
        elif event.transition == "raised" and event.priority == "medium":
            if self._open:
                self._high.add(event.station)
                return replace(event, priority="high")
            self._standing[event.station] = event
        return event

    def _turned(self, time: int, now: bool) -> list[AlarmEvent]:
        self._open = now
        if not now:
            return []
        standing, self._standing = self._standing, {}
        self._high |= standing.keys()
        return [
            replace(event, time=time, transition="realarmed", priority="high", cause=BECAUSE)
            for _, event in sorted(standing.items())
        ]

    def adopt(self, old: Escalation, closed: Iterable[AlarmEvent]) -> None:
        """Takes over from an earlier catalogue version; `closed` went with the change."""
        if not self.keys:
            return  # there are no incidents any more: nothing is open, and nobody would ever say that it closed
        self._waiting, self._turns = old._waiting, old._turns
        self._kinds, self._open, self._standing, self._high = old._kinds, old._open, old._standing, old._high
        for event in closed:
            if (event.station, event.point, event.rule) in old.keys:
                self._standing.pop(event.station, None)
                self._high.discard(event.station)

    def stand(self, event: AlarmEvent) -> None:
        """An alarm that was raised before there were incidents; event: the last that was told of it."""
        if event.priority == "medium":
            self._standing[event.station] = replace(event, until=0)

    # -- state

    def dump(self) -> dict[str, Any]:
        """All of it as JSON data."""
        return {
            "waiting": [asdict(event) for event in self._waiting],
            "turns": [list(turn) for turn in self._turns],
            "kinds": sorted(self._kinds),
            "open": self._open,
            "high": sorted(self._high),
            "standing": {name: asdict(event) for name, event in sorted(self._standing.items())},
        }

    def load(self, data: dict[str, Any]) -> None:
        """What `dump` gave."""
        self._waiting = [AlarmEvent(**event) for event in data["waiting"]]
        self._turns = [(int(time), bool(now)) for time, now in data["turns"]]
        self._kinds, self._open, self._high = set(data["kinds"]), bool(data["open"]), set(data["high"])
        self._standing = {name: AlarmEvent(**event) for name, event in data["standing"].items()}
