"""A Faust worker inside the test's own process, with a small processor and a log that the test writes."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import TopicPartition

from deploy.native import Stack
from services.core.codec import decode_output, encode_records
from services.core.ports import Reject
from services.core.records import AlarmEvent, Record, Tick
from services.core.settings import Settings, load_settings
from services.runtime.cluster.client import administering, new_consumer, new_producer
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.topics import SITES, apply_topics, topic_specs
from services.runtime.cluster.worker import run_worker
from services.runtime.fold import Step
from tests.unit.runtime.sums import Sums, frame

PARTITIONS = 4

#: One for each partition: murmur2 says so.
NAMES = [next(n for n in (f"s{i}" for i in itertools.count()) if partition_of(n, PARTITIONS) == p) for p in range(4)]

_numbers = itertools.count(1)


class Eye:
    """An Observer that remembers."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {"kafka": "starting", "partitions": "starting"}
        self.has: set[int] = set()
        self.messages = 0
        self.rejects: list[str] = []
        self.times: dict[str, int] = {}

    def well(self, part: str) -> None:
        self.problems.pop(part, None)

    def ill(self, part: str, problem: str) -> None:
        self.problems[part] = problem

    def beat(self, part: str, within: float) -> None: ...

    def rest(self, part: str) -> None: ...

    def folded(self, partition: int, step: Step, messages: int, seconds: float) -> None:
        self.messages += messages

    def acknowledged(self, outputs: int, rejects: Sequence[Reject], since_logged: float, seconds: float) -> None:
        self.rejects += [reject.reason for reject in rejects]

    def flushed(self, rows: int, seconds: float) -> None: ...

    def in_hand(self, messages: int) -> None: ...

    def lagging(self, behind: dict[int, int], event_times: dict[str, int]) -> None:
        self.has, self.times = set(behind), dict(event_times)


class Worker:
    """One worker: `run` is what `run_worker` comes to."""

    def __init__(self, settings: Settings) -> None:
        self.eye, self.stopping = Eye(), asyncio.Event()
        self.run = asyncio.create_task(
            run_worker(settings, "alerts", "alerts-state", Sums, self.eye, self.stopping), name="worker"
        )

    async def ready(self, within: float = 20.0) -> None:
        """Returns when it has partitions; raises what ended it."""
        await until(lambda: not self.eye.problems or self.run.done(), within)
        if self.run.done():
            await self.run

    async def end(self) -> None:
        """Ends it in order."""
        self.stopping.set()
        await asyncio.wait_for(self.run, 20.0)

    async def cut(self) -> None:
        """Ends it as a crash would: nothing is flushed, nothing committed, the group is not left."""
        self.run.cancel()
        await asyncio.gather(self.run, return_exceptions=True)


async def until(reached: object, within: float = 20.0) -> None:
    """Returns when `reached()`; TimeoutError when that takes longer than `within` s."""
    assert callable(reached)
    async with asyncio.timeout(within):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class Log:
    """A generation of topics, and a hand that writes into the log of sites."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.names = settings, NAMES[: settings.partitions]
        self.expected: set[tuple[str, str, float]] = set()
        self._sums = dict.fromkeys(NAMES, 0.0)
        self._numbers = dict.fromkeys(NAMES, 0)
        self._tick = 0

    def like(self, **changed: object) -> Settings:
        """The settings with changes."""
        return self.settings.model_copy(update=changed)

    async def write(self, partition: int, value: bytes | None, key: bytes = b"") -> None:
        """Raw bytes into the log of sites."""
        producer = new_producer(self.settings)
        await producer.start()
        await producer.send_and_wait(self.settings.topic(SITES), value, key=key, partition=partition)
        await producer.stop()

    async def feed(self, rounds: int, every: float = 0.0) -> None:
        """In each round a frame of each site, then a tick, at which every site is to say its sum."""
        producer = new_producer(self.settings)
        await producer.start()
        try:
            for _ in range(rounds):
                for partition, site in enumerate(self.names):
                    self._numbers[site] += 1
                    number = self._numbers[site]
                    await self._say(producer, partition, site, [frame(site, number, number + 0.5)])
                    self._sums[site] += number + 0.5
                self._tick += 1
                for partition, site in enumerate(self.names):
                    await self._say(producer, partition, "", [Tick(self._tick)])
                    self.expected.add((site, f"{site}@{self._tick}", self._sums[site]))
                await asyncio.sleep(every)
        finally:
            await producer.stop()

    async def _say(self, producer: object, partition: int, key: str, records: Sequence[Record]) -> None:
        topic = self.settings.topic(SITES)
        await producer.send(topic, encode_records(records), key=key.encode(), partition=partition)  # type: ignore[attr-defined]

    async def read(self, topic: str) -> list[tuple[int, bytes, bytes]]:
        """All of a topic: partition, key, value."""
        consumer = new_consumer(self.settings)
        await consumer.start()
        try:
            spec = topic_specs(self.settings)[topic]
            places = [TopicPartition(self.settings.topic(topic), p) for p in range(spec.partitions)]
            ends = await consumer.end_offsets(places)
            consumer.assign(places)
            for place in places:
                consumer.seek(place, 0)
            found = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += [(r.partition, r.key or b"", r.value or b"") for r in records]
            return found
        finally:
            await consumer.stop()

    async def said(self) -> set[tuple[str, str, float]]:
        """What the workers have said: site, occurrence, sum. Two different sums for one occurrence both show."""
        events = [decode_output("alarms", value) for _, _, value in await self.read("alarms")]
        return {(e.site, e.occurrence, e.value or 0.0) for e in events if isinstance(e, AlarmEvent)}

    async def all_said(self, within: float = 30.0) -> None:
        """Returns when everything expected has been said; AssertionError when something else has, or it takes long."""
        async with asyncio.timeout(within):
            while not self.expected <= await self.said():  # noqa: ASYNC110
                await asyncio.sleep(0.3)
        assert await self.said() == self.expected

    async def committed(self) -> dict[int, int]:
        """By partition the committed offset of the workers' group."""
        async with administering(self.settings) as admin:
            held = await admin.list_consumer_group_offsets(f"{self.settings.kafka_prefix}-alerts")
        return {place.partition: where.offset for place, where in held.items()}


@asynccontextmanager
async def new_log(stack: Stack, folder: Path, partitions: int = PARTITIONS) -> AsyncIterator[Log]:
    """Topics of their own on the shared Kafka; gone afterwards."""
    settings = load_settings(
        kafka=stack.environment()["HEADWORKS_KAFKA"],
        kafka_prefix=f"w{os.getpid()}-{next(_numbers)}",
        partitions=partitions,
        flush_every=0.5,
        work_dir=folder,
    )
    await apply_topics(settings)
    try:
        yield Log(settings)
    finally:
        async with administering(settings) as admin:
            await admin.delete_topics([settings.topic(name) for name in topic_specs(settings)])
