"""Follower over a consumer in memory: what was lost is said, what is another's is not committed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    KafkaConnectionError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from services.core.errors import LogError
from services.core.settings import load_settings
from services.runtime.cluster.reading import Follower, Part

SETTINGS = load_settings(kafka_prefix="hw", partitions=2)
ZERO, ONE = TopicPartition("hw.sites", 0), TopicPartition("hw.sites", 1)


def message(offset: int, key: bytes | None = b"no1", value: bytes | None = b"x") -> SimpleNamespace:
    return SimpleNamespace(offset=offset, key=key, value=value)


class FakeConsumer:
    """`script`: what each fetch gives, or raises."""

    def __init__(self, script: Sequence[Any], first: int = 0, end: int = 100) -> None:
        self.script, self.first, self.end = deque(script), first, end
        self.mine: set[TopicPartition] = {ZERO, ONE}
        self.at: dict[TopicPartition, int] = {}
        self.committed: list[dict[TopicPartition, int]] = []
        self.refuse: Exception | None = None
        self.listener: Any = None
        self.closed = False

    async def start(self) -> None: ...

    async def close(self) -> None:
        self.closed = True

    async def topics(self) -> set[str]:
        return {"hw.sites", "hw.catalogues"}

    def subscribe(self, _topics: Sequence[str], listener: Any) -> None:
        self.listener = listener

    def assign(self, tps: Sequence[TopicPartition]) -> None:
        self.mine = set(tps)

    def assignment(self) -> set[TopicPartition]:
        return self.mine

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at[tp] = offset

    async def seek_to_beginning(self, tp: TopicPartition) -> None:
        self.at[tp] = self.first

    async def position(self, tp: TopicPartition) -> int:
        return self.at[tp]

    def highwater(self, _tp: TopicPartition) -> int:
        return self.end

    async def beginning_offsets(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.first)

    async def end_offsets(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.end)

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Mapping[TopicPartition, Sequence[Any]]:
        if not self.script:
            return {}
        step = self.script.popleft()
        if isinstance(step, Exception):
            raise step
        for tp, messages in step.items():
            self.at[tp] = messages[-1].offset + 1
        return dict(step)

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.committed.append(offsets)


def follower(
    consumer: FakeConsumer, topics: Sequence[str] = ("sites",), start: Mapping[Part, int] | None = None, **more: Any
) -> Follower:
    return Follower(SETTINGS, topics, lambda: consumer, start=start, **more)


async def test_batches_have_exact_offsets_short_names_and_the_end() -> None:
    consumer = FakeConsumer([{ZERO: [message(0, b"no1", b"a"), message(1, None, None)]}])
    async with follower(consumer, start={}) as reader:
        batch = await reader.next(1)
        assert batch is not None
        assert (batch.topic, batch.partition, batch.end, batch.lag) == ("sites", 0, 100, 98)
        assert batch.entries == [(0, "sites", "no1", b"a"), (1, "sites", "", b"")]
        assert await reader.next(0) is None
        assert reader.lost == 0
    assert consumer.closed


async def test_reading_ends_at_the_end_of_when_it_began() -> None:
    consumer = FakeConsumer([{ZERO: [message(0)]}, {ONE: [message(0), message(1)]}, {ZERO: [message(1)]}], end=2)
    async with follower(consumer, start={}, until_end=True) as reader:
        found = [(batch.partition, entry.offset) async for batch in reader for entry in batch.entries]
    assert found == [(0, 0), (1, 0), (1, 1), (0, 1)]


async def test_it_starts_where_it_is_told_and_only_there() -> None:
    consumer = FakeConsumer([], first=3)
    async with follower(consumer, start={("sites", 1): 40}, only=[("sites", 1)]) as reader:
        assert consumer.at == {ONE: 40}
        assert reader.assigned == {("sites", 1)}


async def test_a_jump_is_counted_where_nothing_is_compacted() -> None:
    catalogues = TopicPartition("hw.catalogues", 0)
    consumer = FakeConsumer([{ZERO: [message(0)]}, {ZERO: [message(7)]}, {catalogues: [message(5)]}])
    async with follower(consumer, topics=("sites", "catalogues"), start={}) as reader:
        for _ in range(3):
            await reader.next(1)
        assert reader.lost == 6


async def test_what_retention_took_is_counted_at_the_start_and_on_the_way() -> None:
    consumer = FakeConsumer([OffsetOutOfRangeError({ZERO: 12}), {ZERO: [message(20)]}], first=10)
    async with follower(consumer, start={("sites", 0): 4, ("sites", 1): 10}) as reader:
        assert reader.lost == 6
        consumer.first = 20
        batch = await reader.next(1)
        assert batch is not None
        assert batch.entries[0].offset == 20
        assert reader.lost == 6 + 8


async def test_a_topic_shorter_than_what_was_read_is_refused() -> None:
    with pytest.raises(LogError, match="made anew or has lost its end"):
        await follower(FakeConsumer([], end=5), start={("sites", 0): 6}).__aenter__()
    async with follower(FakeConsumer([OffsetOutOfRangeError({ZERO: 200})]), start={}) as reader:
        with pytest.raises(LogError, match="made anew or has lost its end"):
            await reader.next(1)


async def test_an_absent_topic_is_named_with_its_remedy() -> None:
    consumer = FakeConsumer([])
    with pytest.raises(LogError, match=r"has no topic hw\.alarms: `headworks topics apply`"):
        await follower(consumer, topics=("alarms",), start={}).__aenter__()
    assert consumer.closed


async def test_it_outlives_a_broker_and_ends_for_what_does_not_pass() -> None:
    script = [KafkaConnectionError(), {ZERO: [message(0)]}, TopicAuthorizationFailedError("hw.sites")]
    async with follower(FakeConsumer(script), start={}) as reader:
        assert await reader.next(3) is not None
        with pytest.raises(LogError, match="sites cannot be read"):
            await reader.next(1)


async def test_a_group_without_a_position_begins_at_the_beginning() -> None:
    consumer = FakeConsumer([NoOffsetForPartitionError(ZERO), {ZERO: [message(3)]}], first=3)
    async with follower(consumer) as reader:
        assert await reader.next(1) is not None
        assert reader.lost == 0


async def test_only_what_is_stored_and_still_its_own_is_committed() -> None:
    consumer = FakeConsumer([])
    async with follower(consumer) as reader:
        consumer.mine = {ONE}
        await reader.commit({("sites", 0): 5, ("sites", 1): 8})
        await reader.commit({("sites", 0): 6})
        assert consumer.committed == [{ONE: 9}]
        consumer.refuse = CommitFailedError()
        await reader.commit({("sites", 1): 9})  # another has it: that one goes on from 9
        consumer.refuse = TopicAuthorizationFailedError("hw.sites")
        with pytest.raises(LogError, match="did not take the position"):
            await reader.commit({("sites", 1): 9})


async def test_what_goes_to_another_is_neither_handed_out_nor_counted_as_lost() -> None:
    gone: list[frozenset[Part]] = []

    async def revoked(parts: frozenset[Part]) -> None:
        gone.append(parts)

    consumer = FakeConsumer([{ZERO: [message(0)], ONE: [message(0)]}, {ZERO: [message(9)]}])
    async with follower(consumer, revoked=revoked) as reader:
        first = await reader.next(1)
        assert first is not None
        await consumer.listener.on_partitions_revoked([ZERO, ONE])
        assert gone == [{("sites", 0), ("sites", 1)}]
        again = await reader.next(1)
        assert again is not None
        assert (again.partition, again.entries[0].offset) == (0, 9)
        assert reader.lost == 0
