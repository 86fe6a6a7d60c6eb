"""A Kafka in memory for the log's tests: partitions that keep what they are sent, and break when they are told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import pytest
from aiokafka.errors import KafkaConnectionError, OutOfOrderSequenceNumber

from services.core.codec import decode_records
from services.core.errors import LogError
from services.core.ports import Entry
from services.core.records import Record
from services.core.settings import Settings, load_settings
from services.runtime.cluster import frontier
from services.runtime.cluster import log as module
from services.runtime.cluster.client import unreachable
from services.runtime.cluster.log import KafkaLog
from services.runtime.cluster.reading import Batch, Part
from services.runtime.cluster.topics import SITES, LogIdentity

#: What befalls a batch: it lands but the answer is lost, it never arrives, it is answered never.
LANDS, LOST, SILENT = "lands, unheard", "lost", "no answer"


class Said(NamedTuple):
    """What a producer is told of a batch or message."""

    offset: int


class FakeKafka:
    """By (topic's full name, partition) the messages; `faults`: what befalls the next batches, in turn."""

    def __init__(self, partitions: int = 4, prefix: str = "hw") -> None:
        self.settings: Settings = load_settings(kafka_prefix=prefix, partitions=partitions)
        self.parts: dict[tuple[str, int], list[tuple[str, bytes, Any]]] = defaultdict(list)
        self.faults: list[str] = []
        self.log, self.gone, self.producers = "log-1", False, 0

    def sites(self, partition: int) -> list[Record]:
        """All records of a partition of the log of sites."""
        part = self.parts[(self.settings.topic(SITES), partition)]
        return [record for _, data, _ in part for record in decode_records(data)]

    def open(self, sites: Iterable[str], monkeypatch: pytest.MonkeyPatch, patience: float = 5.0) -> KafkaLog:
        """A log of `sites` on this Kafka, not entered."""

        async def check(_settings: Settings) -> LogIdentity:
            if self.gone:
                raise unreachable(self.settings)
            return LogIdentity(self.log, self.settings.partitions)

        async def started(producer: FakeProducer, _settings: Settings) -> None:
            if self.gone:
                raise unreachable(self.settings)
            self.producers += 1

        async def given_up(producer: FakeProducer) -> None:
            producer.ended = True

        monkeypatch.setattr(module, "check_topics", check)
        monkeypatch.setattr(module, "identify", check)
        monkeypatch.setattr(module, "new_producer", lambda _settings: FakeProducer(self))
        monkeypatch.setattr(module, "started", started)
        monkeypatch.setattr(module, "given_up", given_up)
        monkeypatch.setattr(module, "PAUSE", 0.0)
        monkeypatch.setattr(frontier, "Follower", FakeFollower.of(self))
        return KafkaLog(self.settings, sites, patience=patience)


class FakeBatch:
    """Takes a few messages, so that a lane needs several."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes, Any]] = []

    def append(self, *, key: bytes, value: bytes, timestamp: float | None) -> object | None:
        if len(self.messages) == 3:
            return None
        self.messages.append((key.decode(), value, None))
        return self

    def close(self) -> None:
        pass


class FakeProducer:
    """What KafkaLog uses of aiokafka's."""

    def __init__(self, kafka: FakeKafka) -> None:
        self.kafka, self.ended = kafka, False

    def create_batch(self) -> FakeBatch:
        return FakeBatch()

    async def send_batch(self, batch: FakeBatch, topic: str, *, partition: int) -> asyncio.Future[Said]:
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        if self.ended:
            answer.set_exception(AssertionError("a producer that was given up sends"))
            return answer
        fault = self.kafka.faults.pop(0) if self.kafka.faults else ""
        part = self.kafka.parts[(topic, partition)]
        first = len(part)
        if fault != LOST:
            part.extend(batch.messages)
        if fault == SILENT:
            return answer
        await asyncio.sleep(0)
        if fault:
            answer.set_exception(OutOfOrderSequenceNumber() if fault == LOST else KafkaConnectionError())
        else:
            answer.set_result(Said(first))
        return answer

    async def send(
        self, topic: str, value: bytes, key: bytes, partition: int = 0, headers: Sequence[tuple[str, bytes]] = ()
    ) -> asyncio.Future[Said]:
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        if self.kafka.faults:
            self.kafka.faults.pop(0)
            answer.set_exception(KafkaConnectionError())
            return answer
        part = self.kafka.parts[(topic, partition)]
        part.append((key.decode(), value, list(headers)))
        answer.set_result(Said(len(part) - 1))
        return answer

    async def send_and_wait(self, topic: str, value: bytes, key: bytes, partition: int = 0) -> Said:
        return await (await self.send(topic, value, key, partition))


class FakeFollower:
    """Reads to the end."""

    kafka: FakeKafka

    @classmethod
    def of(cls, kafka: FakeKafka) -> type[FakeFollower]:
        return type("Bound", (cls,), {"kafka": kafka})

    @classmethod
    def whole(
        cls,
        _settings: Settings,
        topics: Sequence[str],
        start: Mapping[Part, int] | None = None,
        until_end: bool = False,
        only: Collection[Part] | None = None,
    ) -> Self:
        follower = cls()
        follower.batches = []
        for (topic, partition), messages in sorted(cls.kafka.parts.items()):
            name = topic.removeprefix(cls.kafka.settings.kafka_prefix + ".")
            if name not in topics or (only is not None and (name, partition) not in only):
                continue
            first = (start or {}).get((name, partition), 0)
            if first > len(messages):
                raise LogError(f"{topic} has lost its end")
            entries = [Entry(o, name, key, data) for o, (key, data, _) in enumerate(messages) if o >= first]
            if entries:
                follower.batches.append(Batch(name, partition, entries, len(messages)))
        return follower

    batches: list[Batch]

    async def __aenter__(self) -> Self:
        if self.kafka.gone:
            raise unreachable(self.kafka.settings)
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        if not self.batches:
            raise StopAsyncIteration
        return self.batches.pop(0)
