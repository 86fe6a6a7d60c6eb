"""The Faust worker against a real Kafka: jumps, slow seeks, crashes, sharing, leaving, and what it refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.native import Stack
from services.core.errors import LogError
from services.runtime.cluster.client import new_producer
from services.runtime.cluster.faust_worker import seams
from services.runtime.cluster.faust_worker.delivery import Delivery
from services.runtime.cluster.partition import OffsetJump, PartitionFold
from services.runtime.cluster.rows import LogPart, decode_row
from tests.stack.worker import NAMES, PARTITIONS, Log, Worker, new_log, until
from tests.unit.runtime.sums import Sums, entries, frame


@pytest.fixture
async def log(stack: Stack, tmp_path: Path) -> AsyncIterator[Log]:
    async with new_log(stack, tmp_path) as made:
        yield made


async def test_a_jump_ends_the_worker_with_nothing_said_and_a_restart_is_fine(log: Log, monkeypatch):
    await log.feed(3)
    seek = seams.Consumer.perform_seek

    async def too_far(self: seams.Consumer) -> None:
        await seek(self)
        await self.seek_wait(dict.fromkeys(self.assignment(), 3))

    monkeypatch.setattr(seams.Consumer, "perform_seek", too_far)
    worker = Worker(log.settings)
    with pytest.raises(OffsetJump, match="offset 3 came where 0 was due"):
        await worker.run
    assert await log.said() == set()
    assert await log.read("alerts-state") == []
    assert await log.committed() == {}
    monkeypatch.setattr(seams.Consumer, "perform_seek", seek)
    again = Worker(log.settings)
    await log.all_said()
    await again.end()


@pytest.fixture
def slow_seek(monkeypatch: pytest.MonkeyPatch) -> None:
    seek = seams.Consumer.perform_seek

    async def slow(self: seams.Consumer) -> None:
        await asyncio.sleep(2.0)
        await seek(self)

    monkeypatch.setattr(seams.Consumer, "perform_seek", slow)


async def test_a_seek_that_takes_long_makes_no_jump(log: Log, slow_seek):
    """What is fetched before it has sought must not be folded, nor lost: a crash, then another, under load."""
    feeding = asyncio.create_task(log.feed(150, every=0.1))
    for _ in range(2):
        worker = Worker(log.settings)
        await until(lambda worker=worker: worker.eye.messages > 40 or worker.run.done())
        assert not worker.run.done(), worker.run.exception()
        await worker.cut()
    last = Worker(log.settings)
    other = Worker(log.like(worker="1"))  # a rebalance, with the flow running
    await feeding
    await log.all_said()
    await asyncio.gather(last.end(), other.end())


async def test_a_worker_that_had_nothing_reads_nothing_before_it_has_sought(stack: Stack, tmp_path: Path, slow_seek):
    """Of one without partitions Faust does not hold the flow: it would read from the moment it is given one."""
    async with new_log(stack, tmp_path, partitions=1) as log:
        both = [Worker(log.like(worker=name)) for name in ("0", "1")]
        await asyncio.gather(*(worker.ready() for worker in both))
        feeding = asyncio.create_task(log.feed(160, every=0.1))
        await until(lambda: any(worker.eye.messages > 20 for worker in both))
        holder, spare = sorted(both, key=lambda worker: -worker.eye.messages)
        assert spare.eye.messages == 0
        await holder.cut()
        await feeding
        await log.all_said()
        await spare.end()


async def test_the_first_seek_is_to_what_the_rows_say_not_to_what_was_committed(log: Log, monkeypatch):
    async def forgotten(_self: object, _offsets: object) -> None: ...

    with monkeypatch.context() as patch:
        patch.setattr(Delivery, "commit", forgotten)
        await log.feed(30)
        first = Worker(log.settings)
        await log.all_said()
        await first.end()
    assert await log.committed() == {}
    second = Worker(log.settings)
    await second.ready()
    await log.feed(1)
    await log.all_said()
    await second.end()
    assert second.eye.messages == 2 * PARTITIONS


async def test_what_was_flushed_is_not_folded_again_and_what_was_not_is(log: Log):
    await log.feed(20)
    first = Worker(log.settings)
    await log.all_said()
    await first.end()
    assert await log.committed() == dict.fromkeys(range(PARTITIONS), 40)
    said = len(await log.read("alarms"))
    second = Worker(log.settings)
    await second.ready()
    await log.feed(1)
    await log.all_said()
    assert len(await log.read("alarms")) == said + PARTITIONS
    assert second.eye.times == {} or set(second.eye.times) <= set(NAMES)
    await second.end()


async def test_two_workers_share_and_one_that_leaves_is_followed_at_once(log: Log):
    first, second = Worker(log.like(worker="0")), Worker(log.like(worker="1"))
    await asyncio.gather(first.ready(), second.ready())
    await until(lambda: bool(first.eye.has) and bool(second.eye.has) and not first.eye.has & second.eye.has)
    assert first.eye.has | second.eye.has == set(range(PARTITIONS))
    feeding = asyncio.create_task(log.feed(60, every=0.1))
    await until(lambda: first.eye.messages > 20 and second.eye.messages > 20)
    left = time.monotonic()
    await first.end()
    await until(lambda: second.eye.has == set(range(PARTITIONS)), within=5.0)
    assert time.monotonic() - left < log.settings.session_timeout
    await feeding
    await log.all_said()
    await second.end()


async def test_rows_of_another_log_are_refused_at_the_start(log: Log):
    fold = PartitionFold(Sums, LogPart("another", 1, PARTITIONS), {})
    fold.run(entries([[frame("x", 1, 1.0)]]))
    producer = new_producer(log.settings)
    await producer.start()
    for key, row in fold.dirty().items():
        await producer.send_and_wait(log.settings.topic("alerts-state"), row, key=key.encode(), partition=1)
    await producer.stop()
    await log.feed(2)
    worker = Worker(log.settings)
    with pytest.raises(LogError, match="partition 1 of 4, log another"):
        await worker.run
    assert await log.said() == set()


async def test_what_is_no_record_is_set_apart_and_the_rest_goes_on(log: Log):
    await log.feed(1)
    await log.write(2, b"\xff\xff not records")
    await log.write(2, None)
    await log.write(2, b"", key=b"\xff")
    await log.feed(1)
    worker = Worker(log.settings)
    await log.all_said()
    await worker.end()
    assert worker.eye.rejects == ["not records"] * 3
    assert len(await log.read("rejected")) == 3


async def test_rows_name_the_place_and_outputs_keep_the_sites_partition(log: Log):
    await log.feed(3)
    worker = Worker(log.settings)
    await log.all_said()
    await worker.end()
    rows = {(partition, key.decode()): decode_row(value) for partition, key, value in await log.read("alerts-state")}
    assert set(rows) == {(p, key) for p, site in enumerate(NAMES) for key in ("", site)}
    assert {row.part.partition for row in rows.values()} == set(range(PARTITIONS))
    assert all(row.offset == 5 for row in rows.values())
    assert {(partition, key.decode()) for partition, key, _ in await log.read("alarms")} == set(enumerate(NAMES))


async def test_an_idle_worker_hears_its_heartbeats_and_speaks_at_once(log: Log, monkeypatch):
    async def asked(_self: object) -> bool:
        raise AssertionError("the vigil was not fresh")

    worker = Worker(log.settings)
    await worker.ready()
    monkeypatch.setattr(seams.ConsumerThread, "beat", asked)
    await asyncio.sleep(log.settings.session_timeout + 1.5)
    await log.feed(1)
    await log.all_said(within=5.0)
    await worker.end()


async def test_a_kafka_that_is_not_there_is_waited_for(log: Log):
    worker = Worker(log.like(kafka="127.0.0.1:1"))
    await until(lambda: "cannot be reached" in worker.eye.problems["kafka"])
    assert not worker.run.done()
    await worker.end()
