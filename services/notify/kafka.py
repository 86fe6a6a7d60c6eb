"""A cluster's topics as a source of events: alarms and incidents, each partition from where it was left."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import structlog

from services.core.catalogue import from_json
from services.core.codec import ALARM, INCIDENT, decode_output, decode_records
from services.core.errors import LogError, Rejected
from services.core.ports import Entry
from services.core.records import AlarmEvent, Config, IncidentEvent, Tick
from services.core.settings import Settings
from services.daemons.control_room.load import Load
from services.daemons.health import Health
from services.notify.known import SiteWords, words_of
from services.notify.sources import Clock, Happening
from services.runtime.cluster.catalogues import catalogue_of, load_catalogues
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.places import Extent, extents, part_name, source_name, topic_ids
from services.runtime.cluster.reading import Follower, Part
from services.runtime.cluster.topics import CATALOGUES, SITES

#: The part of the service's health that is well when everything which came before the start has been read.
READ = "alarms"

#: Seconds that an event waits for those of the same moment in other topics: an alarm, and the incident it belongs to.
HOLD = 0.2

#: Messages before the end of the log of sites that surely hold a tick.
_TICKS = 200

#: Seconds between two tries to reach Kafka, and between two looks at how far the topics are.
_PAUSE, _LOOK = 1.0, 5.0

_TOPICS = (ALARM, INCIDENT)

_log = structlog.get_logger("headworks.notify")
_T = TypeVar("_T")


class ClusterSource:
    """See Source. Its parts are partitions. A Kafka that is away is waited for; `health` is told.

    Nothing is passed over in silence: what retention took before it was read is an error in the log, counted in
    `lost`; a topic that was made anew, or has lost its end, is a LogError.
    """

    def __init__(self, settings: Settings, health: Health) -> None:
        self.name, self.lost, self.behind = source_name(settings), 0, 0
        self.clock = Clock(settings.player)
        self.names: dict[str, SiteWords] = {}
        self._settings, self._health = settings, health
        self._ids: dict[str, str] = {}
        self._places: dict[Part, int] = {}
        self._waiting: dict[Part, list[tuple[float, Happening]]] = {}
        self._load: Load | None = None
        self._moved = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        pass

    async def begin(self, positions: Mapping[str, int] | None, whole: bool) -> Mapping[str, int]:
        """See Source."""
        self._ids = await self._surely(lambda: topic_ids(self._settings, _TOPICS))
        there = await self._surely(lambda: extents(self._settings, _TOPICS))
        self._name_sites(await self._surely(lambda: load_catalogues(self._settings)))
        if positions is None:
            self._places = {part: one.first if whole else one.end for part, one in there.items()}
        else:
            self._places = self._going_on(positions, there)
        self._load = Load(self._places, {part: one.end for part, one in there.items()})
        return {self._named(part): place - 1 for part, place in self._places.items()}

    def _going_on(self, positions: Mapping[str, int], there: Mapping[Part, Extent]) -> dict[Part, int]:
        """By part the next offset to read. LogError when the topics are not those that the positions are of."""
        for topic in _TOPICS:
            if not any(self._named(part) in positions for part in there if part[0] == topic):
                raise LogError(
                    f"{self._settings.topic(topic)} was made anew: what paging had taken is not in it. Take a new "
                    "generation of topics (HEADWORKS_KAFKA_PREFIX); of that, paging takes what comes from its start on"
                )
        places = {}
        for part, one in there.items():
            place = positions.get(self._named(part), one.first - 1) + 1
            if place > one.end:
                raise LogError(
                    f"{self._settings.topic(part[0])} partition {part[1]} ends at offset {one.end}, and paging was to "
                    f"go on from {place}: the topic has lost its end"
                )
            if place < one.first:
                self.lost += one.first - place
                _log.error(
                    "alarms were gone before paging could read them: nobody was paged for them",
                    topic=self._settings.topic(part[0]), partition=part[1], messages=one.first - place,
                )  # fmt: skip
                place = one.first
            places[part] = place
        return places

    def _named(self, part: Part) -> str:
        return part_name(part, self._ids[part[0]])

    async def follow(self) -> None:
        """See Source."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_events())
            group.create_task(self._follow_names())
            group.create_task(self._look())
            if self.clock.player:
                group.create_task(self._follow_ticks())

    async def caught_up(self) -> None:
        """See Source."""
        while self._load is None or not self._load.done():
            await self._moved.wait()
        self._health.well(READ)

    def taken(self) -> list[Happening]:
        """See Source. Of several partitions in the order of their times."""
        oldest = min((one[0][0] for one in self._waiting.values()), default=None)
        if oldest is None or time.monotonic() - oldest < HOLD:
            return []
        parts = [[happening for _, happening in one] for one in self._waiting.values()]
        self._waiting = {}
        return list(heapq.merge(*parts, key=_time))

    # -- reading

    async def _follow_events(self) -> None:
        while True:
            try:
                async with Follower.whole(self._settings, _TOPICS, self._places) as follower:
                    lost = self.lost
                    async for batch in follower:
                        self.lost = lost + follower.lost
                        part = (batch.topic, batch.partition)
                        self.hear(part, batch.entries)
                        self._reached(part, batch.entries[-1].offset + 1)
            except Unreachable as error:
                await self._away(error)

    def hear(self, part: Part, entries: Sequence[Entry]) -> None:
        """Takes what a part has next, for `taken` to give."""
        now = time.monotonic()
        self._waiting.setdefault(part, []).extend((now, self._happening(part, entry)) for entry in entries)

    def _reached(self, part: Part, place: int) -> None:
        self._places[part] = place
        if self._load is not None:
            self._load.reached(part, place)
        self._moved.set()
        self._moved = asyncio.Event()

    def _happening(self, part: Part, entry: Entry) -> Happening:
        event: AlarmEvent | IncidentEvent | None = None
        try:
            found = decode_output(entry.topic, entry.data)
            event = found if isinstance(found, AlarmEvent | IncidentEvent) else None
        except Rejected as error:
            _log.error("passed over", topic=entry.topic, partition=part[1], offset=entry.offset, error=str(error))
        return Happening(self._named(part), entry.offset, event)

    async def _follow_names(self) -> None:
        while True:
            try:
                async with Follower.whole(self._settings, [CATALOGUES]) as follower:
                    async for batch in follower:
                        self._name_sites({e.key: catalogue_of(self._settings, e.key, e.data) for e in batch.entries})
            except Unreachable as error:
                await self._away(error)

    async def _follow_ticks(self) -> None:
        """Of one partition: a player's ticks go to all that have sites."""
        part = (SITES, partition_of(min(self.names, default=""), self._settings.partitions))
        there = (await self._surely(lambda: extents(self._settings, [SITES])))[part]
        start = {part: max(there.first, there.end - _TICKS)}
        while True:
            try:
                async with Follower.whole(self._settings, [SITES], start, only=[part]) as follower:
                    async for batch in follower:
                        for entry in batch.entries:
                            self._tick(entry.data)
                        start = {part: batch.entries[-1].offset + 1}
            except Unreachable as error:
                await self._away(error)

    def _tick(self, data: bytes) -> None:
        try:
            records = decode_records(data)
        except Rejected:
            return  # the processors set it apart; here only the ticks matter
        for record in records:
            if isinstance(record, Tick):
                self.clock.ticked = max(self.clock.ticked, record.time)

    def _name_sites(self, configs: Mapping[str, Config]) -> None:
        for site, config in configs.items():
            self.names[site] = words_of(from_json(config.catalogue_json))

    # -- whether Kafka is there

    async def _look(self) -> None:
        """Kafka's client waits in silence for one that is away: somebody has to ask."""
        while True:
            try:
                there = await extents(self._settings, _TOPICS)
            except Unreachable as error:
                await self._away(error)
                continue
            self._health.well("kafka")
            self.behind = sum(max(0, one.end - self._places[part]) for part, one in there.items())
            await asyncio.sleep(_LOOK)

    async def _surely(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        while True:
            try:
                found = await ask()
            except Unreachable as error:
                await self._away(error)
            else:
                self._health.well("kafka")
                return found

    async def _away(self, error: Unreachable) -> None:
        self._health.ill("kafka", str(error))
        _log.warning(str(error))
        await asyncio.sleep(_PAUSE)


def _time(happening: Happening) -> int:
    return happening.event.time if happening.event is not None else 0
