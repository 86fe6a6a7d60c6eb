"""Follower: reads topics with exact offsets, as one of a group or all by itself, for as long as Kafka exists."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from services.core.errors import LogError
from services.core.ports import Entry
from services.core.settings import Settings
from services.runtime.cluster.client import REACH, given_up, new_consumer, started, unreachable
from services.runtime.cluster.topics import topic_specs

#: (short name of the topic, partition).
Part = tuple[str, int]

#: Told of the parts that are about to be another's: what is stored of them may still be committed.
Revoked = Callable[[frozenset[Part]], Awaitable[None]]

#: Entries in one batch, at most.
_ENTRIES = 2000

#: Reading to the end gives up when for so long (s) nothing comes and the end is not reached.
_STALL = 3 * REACH

#: A member of a group that takes nothing for so long (ms) is out of it: a database may be down for this long.
_IDLE_MS = 3_600_000

_log = structlog.get_logger("headworks.kafka")


class Batch(NamedTuple):
    """Entries of one partition, in order, at least one.  topic: short.  end: the offset that the next message gets."""

    topic: str
    partition: int
    entries: list[Entry]
    end: int

    @property
    def lag(self) -> int:
        """Messages in the partition beyond this batch."""
        return max(0, self.end - 1 - self.entries[-1].offset)


class Follower:
    """An async context manager and iterator of `Batch`. One reader at a time.

    lost: messages that retention took away before they were read; the log says so too.  It reconnects by itself; a
    LogError is for what waiting does not mend: a topic that is absent, made anew or cut short.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        consumer: Callable[[], AIOKafkaConsumer],
        *,
        start: Mapping[Part, int] | None,
        until_end: bool = False,
        only: Collection[Part] | None = None,
        revoked: Revoked | None = None,
    ) -> None:
        """`Follower.group` and `Follower.whole` make them; `start`: None for a group."""
        self.settings, self.topics, self.lost = settings, tuple(topics), 0
        self._make, self._start, self._until_end, self._revoked = consumer, start, until_end, revoked
        self._only = None if only is None else frozenset(only)
        self._short = {settings.topic(name): name for name in topics}
        self._specs = topic_specs(settings)
        self._ready: deque[Batch] = deque()
        self._next: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}

    @classmethod
    def group(
        cls,
        settings: Settings,
        group_id: str,
        topics: Sequence[str],
        *,
        member: str = "",
        revoked: Revoked | None = None,
    ) -> Self:
        """One of a group whose members share the partitions; each starts where `commit` last said, else earliest.

        `member`: a name that is the same after a restart, so that its partitions wait for it. A batch that was not
        committed when its partition went to another comes again there: what is done with it must bear that.
        """

        def consumer() -> AIOKafkaConsumer:
            timeout = round(settings.session_timeout * 1000)
            return new_consumer(
                settings,
                group_id=group_id,
                group_instance_id=member or None,
                session_timeout_ms=timeout,
                heartbeat_interval_ms=timeout // 4,
                rebalance_timeout_ms=max(timeout, 10_000),
                max_poll_interval_ms=_IDLE_MS,
            )

        return cls(settings, topics, consumer, start=None, revoked=revoked)

    @classmethod
    def whole(
        cls,
        settings: Settings,
        topics: Sequence[str],
        start: Mapping[Part, int] | None = None,
        until_end: bool = False,
        only: Collection[Part] | None = None,
    ) -> Self:
        """All partitions of `topics`, or `only` those.  `start`: the first offset to read, earliest where it says none.

        `until_end`: the iteration ends at what is the end now.
        """
        return cls(
            settings, topics, lambda: new_consumer(settings), start=dict(start or {}), until_end=until_end, only=only
        )

    async def __aenter__(self) -> Self:
        self._consumer = self._make()
        if self._start is None:
            listener = _Listener(self)
            self._consumer.subscribe(list(self._short), listener=listener)
        await started(self._consumer, self.settings)
        try:
            async with asyncio.timeout(2 * REACH):
                missing = sorted(set(self._short) - await self._consumer.topics())
                if missing:
                    raise LogError(
                        f"Kafka at {self.settings.kafka} has no topic {', '.join(missing)}: "
                        "`headworks topics apply` makes it"
                    )
                if self._start is not None:
                    await self._assign(self._start)
        except (KafkaError, TimeoutError) as error:
            await given_up(self._consumer)
            raise unreachable(self.settings, error) from error
        except BaseException:
            await given_up(self._consumer)
            raise
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ready.clear()
        await given_up(self._consumer)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        batch = await self.next()
        if batch is None:
            raise StopAsyncIteration
        return batch

    @property
    def assigned(self) -> frozenset[Part]:
        """What this follower reads now."""
        return frozenset(self._part(tp) for tp in self._consumer.assignment())

    async def next(self, within: float | None = None) -> Batch | None:
        """The next batch; None when nothing came `within` seconds, or, reading to the end, when the end is reached."""
        loop = asyncio.get_running_loop()
        until, stalled = None if within is None else loop.time() + within, loop.time() + _STALL
        while not self._ready:
            if self._until_end and await self._at_end():
                return None
            left = 1.0 if until is None else min(1.0, until - loop.time())
            await self._fetch(max(0.0, left))
            if self._ready:
                break
            if until is not None and loop.time() >= until:
                return None
            if self._until_end and loop.time() >= stalled:
                raise unreachable(self.settings, f"nothing came for {_STALL:g} s, and the end is not reached")
        return self._ready.popleft()

    async def commit(self, done: Mapping[Part, int]) -> None:
        """Makes durable how far this member of the group is: by part the offset of the last entry that is stored.

        Parts that are no longer its own are passed over: who has them now goes on from what was committed before.
        LogError when Kafka refuses.
        """
        mine = self._consumer.assignment()
        offsets = {self._tp(part): offset + 1 for part, offset in done.items() if self._tp(part) in mine}
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            _log.warning("partitions went to another before their position was stored", error=str(error))
        except KafkaError as error:
            raise LogError(f"Kafka did not take the position of {', '.join(self.topics)}: {error}") from error

    # -- inside

    def _part(self, tp: TopicPartition) -> Part:
        return self._short[tp.topic], tp.partition

    def _tp(self, part: Part) -> TopicPartition:
        return TopicPartition(self.settings.topic(part[0]), part[1])

    async def _assign(self, start: Mapping[Part, int]) -> None:
        parts = [(name, p) for name in self.topics for p in range(self._specs[name].partitions)]
        tps = [self._tp(part) for part in parts if self._only is None or part in self._only]
        self._consumer.assign(tps)
        first = await self._consumer.beginning_offsets(tps)
        self._ends = dict(await self._consumer.end_offsets(tps))
        for tp in tps:
            wanted = start.get(self._part(tp), first[tp])
            self._consumer.seek(tp, self._within(tp, wanted, first[tp], self._ends[tp]))

    def _within(self, tp: TopicPartition, wanted: int, first: int, end: int) -> int:
        """Where to read on; LogError when the partition ends before `wanted`: it is not what was read before."""
        if wanted > end:
            raise LogError(
                f"{tp.topic} partition {tp.partition} ends at offset {end}, and this was to go on from {wanted}: "
                "the topic was made anew or has lost its end"
            )
        if wanted < first:
            self._lose(tp, first - wanted)
        self._next[tp] = max(wanted, first)
        return self._next[tp]

    def _lose(self, tp: TopicPartition, messages: int) -> None:
        self.lost += messages
        _log.error("retention took away what was not read", topic=tp.topic, partition=tp.partition, messages=messages)

    async def _at_end(self) -> bool:
        with suppress(KafkaError):
            for tp, end in self._ends.items():
                if await self._consumer.position(tp) < end:
                    return False
            return True
        return False

    async def _fetch(self, within: float) -> None:
        try:
            found = await self._consumer.getmany(timeout_ms=round(within * 1000), max_records=_ENTRIES)
        except NoOffsetForPartitionError as error:
            await self._consumer.seek_to_beginning(error.args[0])
            return
        except OffsetOutOfRangeError as error:
            await self._again(error.args[0])
            return
        except KafkaError as error:
            if error.retriable:
                _log.warning("reading is interrupted", error=str(error))
                await asyncio.sleep(min(within, 0.5))
                return
            raise LogError(f"{', '.join(self.topics)} cannot be read: {error}") from error
        for tp, records in found.items():
            self._take(tp, records)

    def _take(self, tp: TopicPartition, records: Sequence[Any]) -> None:
        name = self._short[tp.topic]
        first, last = records[0].offset, records[-1].offset
        due = self._next.get(tp, first)
        if first > due and not self._specs[name].compacted:
            self._lose(tp, first - due)
        self._next[tp] = last + 1
        entries = [
            Entry(one.offset, name, one.key.decode("utf-8", "replace") if one.key else "", one.value or b"")
            for one in records
        ]
        self._ready.append(Batch(name, tp.partition, entries, max(self._consumer.highwater(tp) or 0, last + 1)))

    async def _again(self, positions: Mapping[TopicPartition, int]) -> None:
        """Retention has overtaken the reader, or the topic is another."""
        tps = list(positions)
        try:
            first, end = await self._consumer.beginning_offsets(tps), await self._consumer.end_offsets(tps)
            for tp, wanted in positions.items():
                self._consumer.seek(tp, self._within(tp, wanted, first[tp], end[tp]))
        except IllegalStateError:
            return  # it went to another meanwhile
        except KafkaError as error:
            _log.warning("reading is interrupted", error=str(error))
            await asyncio.sleep(0.5)

    async def _give(self, tps: Sequence[TopicPartition]) -> None:
        gone = frozenset(self._part(tp) for tp in tps)
        self._ready = deque(b for b in self._ready if (b.topic, b.partition) not in gone)
        for tp in tps:
            self._next.pop(tp, None)
        if gone and self._revoked is not None:
            await self._revoked(gone)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._follower._give(list(revoked))

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        pass
