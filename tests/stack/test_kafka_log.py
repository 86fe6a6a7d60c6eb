"""The log of sites on a real Kafka that is killed and paused: nothing lost or overtaken; topics held to account."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.native import Stack
from services.core.codec import decode_records
from services.core.errors import LogError
from services.core.frame import Frame, make_frame
from services.core.ports import Position, Reject
from services.core.records import Record, Tick
from services.core.settings import Settings, load_settings
from services.runtime.cluster.client import given_up
from services.runtime.cluster.log import KafkaLog
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.reading import Follower, Part
from services.runtime.cluster.topics import apply_topics, check_topics

SITES = tuple(f"site{n}" for n in range(12))

_generations = itertools.count(1)


@pytest.fixture
def settings(stack: Stack) -> Settings:
    """A generation of topics of its own, not made yet."""
    prefix = f"log{os.getpid()}-{next(_generations)}"
    return load_settings(kafka=stack.environment()["HEADWORKS_KAFKA"], kafka_prefix=prefix, partitions=4)


async def until(reached: Callable[[], bool], within: float = 60.0) -> None:
    """Waits for it; fails when it does not come."""
    for _ in range(round(within / 0.05)):
        if reached():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {within:g} s")


class Sender:
    """Numbers frames as gateways do, and repeats a batch until the log has taken it, as the bridge does."""

    def __init__(self, log: KafkaLog, sent: dict[str, int], clock: int = 0) -> None:
        self.log, self.sent, self.clock, self.refused = log, sent, clock, 0

    def batch(self) -> list[Record]:
        """Two frames of each site, a tick between them."""
        records: list[Record] = [self._frame(site) for site in SITES]
        self.clock += 1
        return [*records, Tick(self.clock), *(self._frame(site) for site in SITES)]

    async def send(self, batch: Sequence[Record] | None = None) -> None:
        batch = batch or self.batch()
        while True:
            try:
                await self.log.append(batch)
                return
            except LogError:
                self.refused += 1
                await asyncio.sleep(0.2)

    def _frame(self, site: str) -> Frame:
        self.sent[site] = number = self.sent.get(site, 0) + 1
        times = np.arange(20, dtype=np.int64) + number
        points = np.arange(20, dtype=np.int32)
        return make_frame(site, "intake", times, points, np.full(20, float(number)), epoch=1, number=number)


async def folded(settings: Settings) -> tuple[dict[str, int], dict[int, int], int]:
    """By site the last number, by partition the last tick, as a fold takes them: asserts that nothing is passed over.

    The third: how many frames came again.
    """
    last: dict[str, int] = defaultdict(int)
    ticks: dict[int, int] = defaultdict(int)
    frames: dict[int, dict[str, int]] = defaultdict(dict)
    again = 0
    async with Follower.whole(settings, ["sites"], until_end=True) as follower:
        async for batch in follower:
            for entry in batch.entries:
                for record in decode_records(entry.data):
                    if isinstance(record, Tick) and record.time > ticks[batch.partition]:
                        assert record.time == ticks[batch.partition] + 1
                        ticks[batch.partition] = record.time
                        # What was appended before a tick stands before it: two frames a tick, less the one after.
                        for site, number in frames[batch.partition].items():
                            assert number >= 2 * record.time - 1, (site, number, record.time)
                    elif isinstance(record, Frame):
                        if record.number <= last[record.site]:
                            again += 1
                            continue
                        assert record.number == last[record.site] + 1, (record.site, record.number)
                        frames[batch.partition][record.site] = last[record.site] = record.number
        assert follower.lost == 0
    return last, ticks, again


async def test_a_kafka_that_is_killed_and_paused_loses_and_doubles_nothing(stack: Stack, settings: Settings) -> None:
    await apply_topics(settings)
    sent: dict[str, int] = {}
    alone, member = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)

    async def follow(follower: Follower, into: dict[int, list[int]], commit: bool) -> None:
        async with follower:
            async for batch in follower:
                into[batch.partition] += [entry.offset for entry in batch.entries]
                if commit:
                    await follower.commit({(batch.topic, batch.partition): batch.entries[-1].offset})

    group = Follower.group(settings, f"{settings.kafka_prefix}-readers", ["sites"], member="a")
    following = [
        asyncio.create_task(follow(Follower.whole(settings, ["sites"]), alone, commit=False)),
        asyncio.create_task(follow(group, member, commit=True)),
    ]
    async with KafkaLog(settings, SITES) as log:
        sender = Sender(log, sent)
        hit = asyncio.Event()

        async def faults() -> None:
            await asyncio.sleep(1.0)
            await asyncio.to_thread(stack.kafka.kill)
            await asyncio.to_thread(stack.kafka.start)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(stack.kafka.pause)
            await asyncio.sleep(6.0)
            stack.kafka.resume()
            await asyncio.sleep(1.0)
            hit.set()

        hitting = asyncio.create_task(faults())
        while not hit.is_set() and not hitting.done():
            await sender.send()
            await asyncio.sleep(0.005)
        await hitting
        assert sender.refused == 0
        assert log.positions() == {site: Position(1, number) for site, number in sent.items()}
    async with Follower.whole(settings, ["sites"], until_end=True) as whole:
        there = {batch.partition: batch.end async for batch in whole}
    # Readers outlive it too: each offset once and in order; of a group that was lost, again from what was committed.
    await until(lambda: all(seen[p][-1:] == [end - 1] for seen in (alone, member) for p, end in there.items()))
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    assert alone == {p: list(range(end)) for p, end in there.items()}
    for p, end in there.items():
        assert set(member[p]) == set(range(end))
        assert all(after <= before + 1 for before, after in itertools.pairwise(member[p]))
    last, ticks, again = await folded(settings)
    assert (last, again) == (sent, 0)
    assert set(ticks) == {partition_of(site, 4) for site in SITES}
    assert set(ticks.values()) == {sender.clock}


async def test_patience_that_ends_midway_and_a_batch_that_is_said_again(stack: Stack, settings: Settings) -> None:
    await apply_topics(settings)
    sent: dict[str, int] = {}
    async with KafkaLog(settings, SITES, patience=1.0) as log:
        sender = Sender(log, sent)
        await sender.send()
        stack.kafka.pause()
        held = asyncio.create_task(sender.send())
        try:
            await until(lambda: sender.refused >= 2)
        finally:
            stack.kafka.resume()
        await held
        for _ in range(20):
            await sender.send()
        assert log.counters.recoveries >= 1
        assert log.last_tick() == sender.clock
    last, ticks, _ = await folded(settings)
    assert last == sent
    assert set(ticks.values()) == {sender.clock}


async def test_a_bridge_that_dies_with_words_in_flight_and_its_successor(settings: Settings) -> None:
    await apply_topics(settings)
    sent: dict[str, int] = {}
    clock = 0
    for life in range(6):
        log = KafkaLog(settings, SITES)
        await log.__aenter__()
        # A gateway goes on from what the log has, and never from beyond what was sent.
        known = {site: position.number for site, position in log.positions().items()}
        assert all(number <= sent[site] for site, number in known.items())
        assert log.last_tick() <= clock
        sent.update(known)
        sender = Sender(log, sent, log.last_tick())
        if life:
            # What was told before is still there: each life ends after one batch that was acknowledged.
            assert min(sent.values()) >= 2 * life
        await sender.send()
        last_words = [record for _ in range(50) for record in sender.batch()]
        dying = asyncio.create_task(sender.send(last_words))
        await asyncio.sleep(0.004 * life)
        dying.cancel()  # as by kill -9: no checkpoint, no answer heard, the last words are on their way
        await asyncio.gather(dying, return_exceptions=True)
        clock = sender.clock
        assert log._checkpoints is not None
        log._checkpoints.cancel()
        await given_up(log._producer)
    async with KafkaLog(settings, SITES) as log:
        known = {site: position.number for site, position in log.positions().items()}
    last, _, _ = await folded(settings)
    assert last == known


async def test_members_of_a_group_share_and_hand_over(settings: Settings) -> None:
    await apply_topics(settings)
    sent: dict[str, int] = {}
    stored: dict[tuple[int, int], int] = defaultdict(int)

    @asynccontextmanager
    async def member(done: dict[Part, int]) -> AsyncIterator[Follower]:
        """Commits what it has done only when its parts are about to be another's."""

        async def revoked(parts: frozenset[Part]) -> None:
            await follower.commit({part: done[part] for part in parts if part in done})

        group = f"{settings.kafka_prefix}-readers"
        async with Follower.group(settings, group, ["sites"], revoked=revoked) as follower:
            yield follower

    async def read(follower: Follower, done: dict[Part, int], until: asyncio.Event) -> None:
        while not until.is_set():
            batch = await follower.next(0.2)
            if batch is None:
                continue
            for entry in batch.entries:
                stored[(batch.partition, entry.offset)] += 1
            done[(batch.topic, batch.partition)] = batch.entries[-1].offset
        await follower.commit(done)

    by_first: dict[Part, int] = {}
    async with KafkaLog(settings, SITES) as log, member(by_first) as first:
        sender, stop_first, stop_second = Sender(log, sent), asyncio.Event(), asyncio.Event()
        reading = asyncio.create_task(read(first, by_first, stop_first))

        async def sending(reached: Callable[[], bool]) -> bool:
            for _ in range(600):
                await sender.send()
                if reached():
                    return True
                await asyncio.sleep(0.05)
            return False

        for _ in range(20):
            await sender.send()
        by_second: dict[Part, int] = {}
        async with member(by_second) as second:
            also = asyncio.create_task(read(second, by_second, stop_second))
            assert await sending(lambda: bool(first.assigned and second.assigned))
            assert not first.assigned & second.assigned
            stop_second.set()
            await also
        assert await sending(lambda: len(first.assigned) == 4)
        async with Follower.whole(settings, ["sites"], until_end=True) as whole:
            there = {(b.partition, e.offset) async for b in whole for e in b.entries}
        await until(lambda: there <= set(stored))
        stop_first.set()
        await reading
    assert first.lost == 0
    assert set(stored.values()) == {1}
    async with member({}) as later:
        assert await later.next(3.0) is None  # all of it was committed


async def test_a_log_made_anew_is_refused_by_what_remembers_the_old(settings: Settings) -> None:
    await apply_topics(settings)
    before = await check_topics(settings)
    async with KafkaLog(settings, SITES) as log:
        await Sender(log, {}).send()
    await _remove(settings, "sites")
    await apply_topics(settings)
    after = await check_topics(settings)
    assert after.log != before.log
    with pytest.raises(LogError, match=f"tells of the log of sites {before.log}, and this is {after.log}"):
        await KafkaLog(settings, SITES).__aenter__()
    await _remove(settings, "positions")
    await apply_topics(settings)
    async with KafkaLog(settings, SITES) as log:
        assert log.positions() == {}


async def _remove(settings: Settings, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.delete_topics([settings.topic(name)])
        for _ in range(300):
            if settings.topic(name) not in await admin.list_topics():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} is still there")
    finally:
        await admin.close()


async def test_rejects_are_kept_with_their_reason(settings: Settings) -> None:
    await apply_topics(settings)
    async with KafkaLog(settings, SITES) as log:
        await log.reject([Reject("spBv1.0/g/NDATA/x", "not a payload", "byte 3", b"\x00\xff", 5)] * 3)
    async with Follower.whole(settings, ["rejected"], until_end=True) as follower:
        kept = [entry async for batch in follower for entry in batch.entries]
    assert [(entry.key, entry.data) for entry in kept] == [("spBv1.0/g/NDATA/x", b"\x00\xff")] * 3
