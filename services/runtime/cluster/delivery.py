"""Sending what must arrive: lanes of messages, each in order, each acknowledged before the next leaves."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from services.runtime.cluster.lanes import Lanes, Message

#: (partition, offset of the last of them or -1, messages): they are in the log.
Landed = Callable[[int, int, list[Message]], None]


async def send_lanes(producer: AIOKafkaProducer, topic: str, lanes: Lanes, landed: Landed) -> None:
    """Sends all of `lanes`, and removes from them what is acknowledged, told to `landed`.

    A partition's next batch leaves when its last one is acknowledged: whatever fails, nothing overtakes. KafkaError
    leaves in the lanes what is not known to be in the log; of each lane at most its first batch may be all the same.
    """
    await all_of(_lane(producer, topic, partition, lane, landed) for partition, lane in lanes.items() if lane)


async def _lane(producer: AIOKafkaProducer, topic: str, partition: int, lane: deque[Message], landed: Landed) -> None:
    while lane:
        batch, taken = producer.create_batch(), []
        for message in lane:
            if batch.append(key=message.key.encode(), value=message.data, timestamp=None) is None:
                break
            taken.append(message)
        batch.close()
        said = await (await producer.send_batch(batch, topic, partition=partition))
        # Kafka answers without an offset when it has the batch from an earlier try, long ago.
        last = said.offset + len(taken) - 1 if said is not None and said.offset >= 0 else -1
        landed(partition, last, taken)
        for _ in taken:
            lane.popleft()


async def all_of(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All at once; the first error ends the others and is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    if not tasks:
        return
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
