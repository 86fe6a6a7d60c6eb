"""Rosters: who is on call at a moment, in the roster's own time zone, daylight saving included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, NaiveDatetime

from services.core.catalogue.model import Identifier, Strict, Text
from services.core.clock import DAY, MINUTE, to_datetime, to_ns

_DAY = timedelta(days=1)


class Layer(Strict):
    """People who take turns of `turn_days`, the first from `start` (local wall clock) on.

    between: only these hours of the day (local, the end not included; may pass midnight), None: all of it.
    days: the weekdays (1 Monday to 7) on which these hours begin.
    """

    people: tuple[Identifier, ...] = Field(min_length=1, max_length=100)
    start: NaiveDatetime
    turn_days: Annotated[int, Field(ge=1, le=366)] = 7
    between: tuple[time, time] | None = None
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5, 6, 7)

    def person(self, local: datetime) -> str | None:
        """Whose turn it is at a local wall-clock time; None outside its hours and before its start."""
        begun = self._begun(local)
        if begun is None or local < self.start:
            return None
        turn = (begun - self.start) // timedelta(days=self.turn_days)
        return self.people[max(0, turn) % len(self.people)]

    def _begun(self, local: datetime) -> datetime | None:
        """When the hours that hold `local` began; of a layer without hours `local` itself."""
        if self.between is None:
            return local if local.isoweekday() in self.days else None
        first, last = self.between
        for day in (local.date(), local.date() - _DAY):
            start = datetime.combine(day, first)
            end = datetime.combine(day if first < last else day + _DAY, last)
            if start <= local < end and start.isoweekday() in self.days:
                return start
        return None

    def changes(self, day: date) -> Iterator[datetime]:
        """Local times of a day at which somebody else may come on."""
        yield datetime.combine(day, time())
        yield datetime.combine(day, self.start.time())
        if self.between is not None:
            yield from (datetime.combine(day, one) for one in self.between)


class Override(Strict):
    """For a while it is `person`, whatever the layers say."""

    person: Identifier
    start: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    why: Text


class Roster(Strict):
    """Layers that together leave no hour without exactly one person; an override goes before them."""

    id: Identifier
    name: str = ""
    time_zone: str
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=20)
    overrides: tuple[Override, ...] = Field(default=(), max_length=1000)

    def on_call(self, at: int) -> tuple[str, ...]:
        """Everybody who is on call at `at` (ns): one person; none is a hole, several are an overlap."""
        moment = to_datetime(at)
        instead = [one.person for one in self.overrides if one.start <= moment < one.until]
        if instead:
            return tuple(dict.fromkeys(instead))
        local = moment.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        found = [layer.person(local) for layer in self.layers]
        return tuple(dict.fromkeys(person for person in found if person is not None))

    def people(self) -> frozenset[str]:
        """Everybody who may ever be on call."""
        turns = {person for layer in self.layers for person in layer.people}
        return frozenset(turns | {one.person for one in self.overrides})

    def shifts(self, start: int, end: int) -> list[Shift]:
        """Who is on call from `start` to `end` (ns), joined where nobody changes."""
        marks = [mark for mark in sorted({start, *self._marks(start, end)}) if start <= mark < end]
        found: list[Shift] = []
        for begin, until in zip(marks, [*marks[1:], end], strict=True):
            people = self.on_call(begin)
            if found and found[-1].people == people:
                found[-1] = Shift(found[-1].start, until, people)
            else:
                found.append(Shift(begin, until, people))
        return found

    def _marks(self, start: int, end: int) -> Iterator[int]:
        for one in self.overrides:
            yield to_ns(one.start)
            yield to_ns(one.until)
        zone = ZoneInfo(self.time_zone)
        for at in range(start - DAY, end + 2 * DAY, DAY):
            moment = to_datetime(at)
            day = moment.astimezone(zone).date()
            for layer in self.layers:
                for local in layer.changes(day):
                    yield to_ns(local.replace(tzinfo=zone))
            if moment.astimezone(zone).utcoffset() != (moment + _DAY).astimezone(zone).utcoffset():
                # The clocks are changed: what is on the wall may pass a hand-over at any minute of such a day.
                yield from range(at - at % MINUTE, at + DAY, 15 * MINUTE)


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` to `end` (ns) these people are on call."""

    start: int
    end: int
    people: tuple[str, ...]
