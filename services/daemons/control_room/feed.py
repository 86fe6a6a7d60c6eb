"""What the console shows, out of Kafka: the last hours first, then the present; what stood before them afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TypeVar

import structlog

from services.console.acting.answers import Answers
from services.console.view.live import LiveView
from services.core.clock import HOUR
from services.core.codec import ALARM, DERIVED, INCIDENT, decode_output, decode_records
from services.core.errors import Rejected
from services.core.ports import Entry
from services.core.records import AlarmEvent, Config, IncidentEvent, Output, Record
from services.daemons.control_room.load import Load
from services.daemons.daemon import Daemon
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.places import extents, places_at
from services.runtime.cluster.reading import Batch, Follower, Part
from services.runtime.cluster.topics import SITES

#: Of readings at most so many messages are read at the start, however many hours they are.
MOST = 400_000

#: Entries between two turns of the event loop: pages are served while it loads.
_AT_ONCE = 20

#: Seconds between two tries to reach Kafka.
_PAUSE = 1.0

_READINGS, _SAID = (SITES, DERIVED), (ALARM, INCIDENT)

_log = structlog.get_logger("headworks.console")

Event = AlarmEvent | IncidentEvent
_T = TypeVar("_T")


class Feed:
    """Into one view. `readings`, `alarms`, `older`: how far each is loaded; None before it is known."""

    def __init__(self, daemon: Daemon, view: LiveView, answers: Answers) -> None:
        self._daemon, self._view, self._answers = daemon, view, answers
        self._settings = daemon.settings
        self.readings: Load | None = None
        self.alarms: Load | None = None
        self.older: Load | None = None
        self.undecodable = 0
        # All that was shown of alarms, until what was before it is known.
        self._recent: list[Event] | None = []

    @property
    def loaded(self) -> bool:
        """Whether the page shows the present; older alarms may still be missing."""
        return all(load is not None and load.done() for load in (self.readings, self.alarms))

    @property
    def share(self) -> float:
        """Of what is shown first, 0 to 1."""
        loads = [load.share if load is not None else 0.0 for load in (self.readings, self.alarms)]
        return sum(loads) / len(loads)

    def begin(self, configs: Mapping[str, Config]) -> None:
        """Takes the sites as they are configured now."""
        self._view.apply_all(configs[name] for name in sorted(configs))

    async def follow_readings(self) -> None:
        """Until cancelled; LogError for what waiting does not mend."""
        start, end = await self._since(_READINGS, self._settings.trend_hours)
        most = MOST // max(1, len(start))
        start = {part: max(place, end[part] - most) for part, place in start.items()}
        self.readings = load = Load(start, end)
        async for batch in self._batches(_READINGS, start):
            for entries in _few(batch.entries):
                for record in self._decoded(entries):
                    self._view.apply(record)
                await asyncio.sleep(0)
            load.reached((batch.topic, batch.partition), batch.entries[-1].offset + 1)

    async def follow_alarms(self) -> None:
        """Until cancelled; LogError for what waiting does not mend. Shows the last hours, then looks further back."""
        start, end = await self._since(_SAID, self._settings.alarm_hours)
        self.alarms = load = Load(start, end)
        held: list[Event] = []
        looking: asyncio.Task[None] | None = None
        try:
            if load.done():
                looking = asyncio.create_task(self._look_back(start), name="older alarms")
            async for batch in self._batches(_SAID, start):
                found = [one for one in self._decoded(batch.entries) if isinstance(one, AlarmEvent | IncidentEvent)]
                if looking is None:
                    held += found
                else:
                    self._show(found)
                load.reached((batch.topic, batch.partition), batch.entries[-1].offset + 1)
                if looking is None and load.done():
                    self._show(_by_time(held))
                    held = []
                    looking = asyncio.create_task(self._look_back(start), name="older alarms")
                if looking is not None and looking.done():
                    looking.result()
        finally:
            if looking is not None:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)

    def _show(self, events: Sequence[Event]) -> None:
        for event in events:
            self._view.apply(event)
            self._answers.take(event)
        if self._recent is not None:
            self._recent += events

    async def _look_back(self, until: Mapping[Part, int]) -> None:
        """What was said before `until` is folded beside the view; with what came since it then takes its place."""
        first = {part: one.first for part, one in (await self._surely(lambda: extents(self._settings, _SAID))).items()}
        self.older = load = Load(first, until)
        whole = LiveView(self._view.catalogue())
        if not load.done():
            async with aclosing(self._batches(_SAID, first, load.parts)) as batches:
                async for batch in batches:
                    part = (batch.topic, batch.partition)
                    for entries in _few([entry for entry in batch.entries if entry.offset < until[part]]):
                        whole.apply_all(self._decoded(entries))
                        await asyncio.sleep(0)
                    load.reached(part, batch.entries[-1].offset + 1)
                    if load.done():
                        break
            assert self._recent is not None
            whole.apply_all(_by_time(self._recent))
            self._view.adopt(whole)
        self._recent = None

    # -- reading

    async def _since(self, topics: Sequence[str], hours: float) -> tuple[dict[Part, int], dict[Part, int]]:
        """By part the first offset of the last `hours`, and the end."""
        moment = time.time_ns() - round(hours * HOUR)

        async def ask() -> tuple[dict[Part, int], dict[Part, int]]:
            start = await places_at(self._settings, topics, moment)
            return start, {part: one.end for part, one in (await extents(self._settings, topics)).items()}

        return await self._surely(ask)

    async def _surely(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        while True:
            try:
                return await ask()
            except Unreachable as error:
                self._daemon.health.ill("kafka", str(error))
                _log.warning(str(error))
                await asyncio.sleep(_PAUSE)

    async def _batches(
        self, topics: Sequence[str], start: Mapping[Part, int], only: frozenset[Part] | None = None
    ) -> AsyncGenerator[Batch, None]:
        """From `start` on without end, over every loss of Kafka."""
        places = dict(start)
        while True:
            try:
                async with Follower.whole(self._settings, topics, places, only=only) as follower:
                    async for batch in follower:
                        yield batch
                        places[(batch.topic, batch.partition)] = batch.entries[-1].offset + 1
                        self._daemon.metrics.received.labels("messages").inc(len(batch.entries))
            except Unreachable as error:
                self._daemon.health.ill("kafka", str(error))
                self._daemon.metrics.errors.labels("kafka").inc()
                _log.warning(str(error))
                await asyncio.sleep(_PAUSE)

    def _decoded(self, entries: Sequence[Entry]) -> list[Record | Output]:
        found: list[Record | Output] = []
        for entry in entries:
            try:
                if entry.topic == SITES:
                    found += decode_records(entry.data)
                else:
                    found.append(decode_output(entry.topic, entry.data))
            except Rejected as error:
                self.undecodable += 1
                self._daemon.metrics.rejected.labels(error.reason).inc()
                _log.warning("passed over", topic=entry.topic, offset=entry.offset, error=str(error))
        return found


def _few(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    return [entries[at : at + _AT_ONCE] for at in range(0, len(entries), _AT_ONCE)]


def _by_time(events: Sequence[Event]) -> list[Event]:
    """Of several partitions, which come one after the other, in the order of the page's lists."""
    return sorted(events, key=lambda event: event.time)
