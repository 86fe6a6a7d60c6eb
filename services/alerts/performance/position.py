"""All that is remembered of one operator's position."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.alerts.performance.alarm import Alarm
from services.alerts.performance.durations import Durations
from services.alerts.performance.floods import First, FloodEvent
from services.alerts.performance.grid import Grid
from services.alerts.performance.words import name_of, sounds
from services.core.clock import DAY, HOUR
from services.core.rates import WINDOW
from services.core.records import AlarmEvent

#: Floods kept with their first-out lists; of more the oldest are only counted.
FLOODS = 500


class Position:
    """Bounded by the catalogue: an `Alarm` for each alarm that was ever told, histograms, and the last 500 floods."""

    def __init__(self) -> None:
        self.alarms: dict[str, Alarm] = {}
        self.total = 0
        self.by_priority: dict[str, int] = {}
        self.periods, self.hours, self.days = Grid(WINDOW), Grid(HOUR), Grid(DAY)
        self.acknowledged: dict[str, Durations] = {}
        self.unanswered = 0
        self.floods: list[FloodEvent] = []
        self.flood_count, self.flood_ns = 0, 0

    def take(self, event: AlarmEvent, start: int) -> None:
        """One event of the live lane. What lies before `start` (ns) moves the state and is not counted."""
        alarm = self.alarms.setdefault(name_of(event), Alarm())
        if alarm.of_before(event):
            return
        counts = event.time >= start
        if event.transition == "raised":
            self.unanswered += alarm.renew(event, counts) and counts
        elif not alarm.occurrence:
            alarm.occurrence = event.occurrence
        ended = alarm.wait(event)
        if ended is not None and counts:
            waited, seen = ended
            if seen:
                self.acknowledged.setdefault(event.priority, Durations()).add(waited)
            else:
                self.unanswered += 1
        if sounds(event):
            alarm.hear(event)
            if counts:
                self._count(event)
                alarm.sound(event)
        alarm.stand(event, counts)
        alarm.go_away(event, start)

    def _count(self, event: AlarmEvent) -> None:
        self.total += 1
        self.by_priority[event.priority] = self.by_priority.get(event.priority, 0) + 1
        for grid in (self.periods, self.hours, self.days):
            grid.take(event.time)

    def flooded(self, event: FloodEvent) -> None:
        """A flood has ended."""
        self.flood_count += 1
        self.flood_ns += event.time - event.began
        self.floods = [*self.floods[-FLOODS + 1 :], event]

    def dump(self) -> dict[str, Any]:
        """Plain data for `load`."""
        return {
            "alarms": {name: alarm.dump() for name, alarm in self.alarms.items()},
            "total": self.total,
            "by_priority": self.by_priority,
            "grids": [self.periods.dump(), self.hours.dump(), self.days.dump()],
            "acknowledged": {name: one.dump() for name, one in self.acknowledged.items()},
            "unanswered": self.unanswered,
            "floods": [asdict(flood) for flood in self.floods],
            "flood_count": self.flood_count,
            "flood_ns": self.flood_ns,
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Position:
        """What `dump` gave."""
        held = cls()
        held.alarms = {name: Alarm(**one) for name, one in data["alarms"].items()}
        held.total, held.by_priority = data["total"], data["by_priority"]
        for grid, one in zip((held.periods, held.hours, held.days), data["grids"], strict=True):
            grid.load(one)
        held.acknowledged = {name: Durations.load(one) for name, one in data["acknowledged"].items()}
        held.unanswered = data["unanswered"]
        held.floods = [
            FloodEvent(**{**one, "first_out": tuple(First(**first) for first in one["first_out"])})
            for one in data["floods"]
        ]
        held.flood_count, held.flood_ns = data["flood_count"], data["flood_ns"]
        return held
