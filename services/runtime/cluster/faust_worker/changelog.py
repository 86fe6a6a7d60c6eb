"""Reads back what a partition's state is, from the changelog, up to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.core.errors import LogError
from services.core.processor import Processor
from services.core.settings import Settings
from services.runtime.cluster.client import new_consumer, started, unreachable
from services.runtime.cluster.partition import PartitionFold
from services.runtime.cluster.rows import LogPart, newest
from services.runtime.cluster.topics import SITES, LogIdentity

#: Seconds without a single row, while rows are due, after which reading is given up.
_STUCK = 20.0


@dataclass(frozen=True, slots=True)
class Extent:
    """Of a partition of the log of sites: the first offset that is kept, and the one that comes next."""

    first: int
    end: int


async def restored(
    settings: Settings,
    state: str,
    log: LogIdentity,
    partitions: Iterable[int],
    make: Callable[[], Processor],
    source: str = SITES,
) -> dict[int, PartitionFold]:
    """By partition of the log `source` its fold as the changelog `state` has it (short names).

    To be asked for when they are assigned. Who had them before has flushed and left the group, or is dead to it:
    its rows are below the end that is read to.
    LogError when rows and log do not belong together, or the log no longer has what is to be folded next.
    """
    wanted = sorted(partitions)
    if not wanted:
        return {}
    consumer = new_consumer(settings)
    await started(consumer, settings)
    try:
        rows, extents = await _read(consumer, settings, source, state, wanted)
    except (KafkaError, OSError, TimeoutError) as error:
        raise unreachable(settings, error) from error
    finally:
        await consumer.stop()
    return await asyncio.to_thread(_folds, settings.topic(source), log, rows, extents, make)


def _folds(
    topic: str,
    log: LogIdentity,
    rows: dict[int, list[tuple[str, bytes]]],
    extents: dict[int, Extent],
    make: Callable[[], Processor],
) -> dict[int, PartitionFold]:
    folds = {}
    for partition, extent in extents.items():
        part = LogPart(log.log, partition, log.partitions)
        fold = PartitionFold(make, part, newest(rows[partition]), first=extent.first)
        if fold.due < extent.first:
            raise LogError(
                f"{topic} begins at offset {extent.first} in {part}, and {fold.due} is to be folded "
                f"next: {extent.first - fold.due} messages were deleted before a worker had folded them. "
                "Take a new generation of topics (HEADWORKS_KAFKA_PREFIX), or remove the state's topics "
                "to fold what is left from its beginning"
            )
        if fold.due > extent.end:
            raise LogError(
                f"{topic} ends at offset {extent.end} in {part}, and {fold.due} is to be folded "
                "next: Kafka has lost messages that it had confirmed"
            )
        folds[partition] = fold
    return folds


async def _read(
    consumer: AIOKafkaConsumer, settings: Settings, source: str, state: str, partitions: list[int]
) -> tuple[dict[int, list[tuple[str, bytes]]], dict[int, Extent]]:
    sites = {p: TopicPartition(settings.topic(source), p) for p in partitions}
    states = {p: TopicPartition(settings.topic(state), p) for p in partitions}
    first = await consumer.beginning_offsets([*sites.values(), *states.values()])
    end = await consumer.end_offsets([*sites.values(), *states.values()])
    rows: dict[int, list[tuple[str, bytes]]] = {p: [] for p in partitions}
    left = {tp for tp in states.values() if first[tp] < end[tp]}
    consumer.assign(list(left))
    for tp in left:
        consumer.seek(tp, first[tp])
    heard = time.monotonic()
    while left:
        for tp, records in (await consumer.getmany(*left, timeout_ms=200)).items():
            heard = time.monotonic()
            # A row without a value is one that somebody has taken back.
            rows[tp.partition] += [((r.key or b"").decode(), r.value) for r in records if r.value is not None]
        for tp in list(left):
            if await consumer.position(tp) >= end[tp]:
                left.discard(tp)
        if time.monotonic() - heard > _STUCK:
            raise LogError(f"{settings.topic(state)}: no row within {_STUCK:g} s, though some are due")
    return rows, {p: Extent(first[tp], end[tp]) for p, tp in sites.items()}
