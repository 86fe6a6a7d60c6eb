"""The readings of the sink's measurement: as the log of sites has them, and as lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from functools import cached_property

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.fleet import fleet, frame, site_id
from services.aggregator.sinks.influx import Collected, Names, Place, encode_readings
from services.core.catalogue import to_json, version_of
from services.core.clock import SECOND
from services.core.codec import encode_records
from services.core.frame import Frame
from services.core.records import Config
from services.core.settings import Settings
from services.runtime.cluster.partitioning import partition_of

SITES = 40
START = 1_700_000_000 * SECOND

#: Frames of a site in a message, as a bridge under load coalesces them.
TOGETHER = 20

_PLACE = Place("sites", 0, 0)


class Load:
    """`frames` frames a site, one a second, each with a reading of every point."""

    def __init__(self, points: int, frames: int) -> None:
        self.points, self.frames = points, max(TOGETHER, frames // TOGETHER * TOGETHER)

    def __len__(self) -> int:
        return SITES * self.points * self.frames

    def groups(self) -> Iterator[tuple[str, list[Frame]]]:
        """What travels in one message: a site, and its next frames."""
        for first in range(1, self.frames + 1, TOGETHER):
            for number in range(SITES):
                yield (
                    site_id(number),
                    [frame(number, self.points, START + k * SECOND, k) for k in range(first, first + TOGETHER)],
                )

    @cached_property
    def lines(self) -> list[tuple[str, bytes]]:
        """By message: the site and its lines."""
        names = Names()
        for one in fleet(SITES, self.points).sites:
            text = to_json(one)
            names.learn([Config(one.id, version_of(text), text, START)])
        out = []
        for site, some in self.groups():
            frames = Collected()
            for made in some:
                frames.add(_PLACE, made)
            out.append((site, encode_readings(frames.columns(), names).lines.data))
        return out

    @property
    def size(self) -> int:
        """Bytes of all lines."""
        return sum(len(data) for _, data in self.lines)

    def bodies(self, lines: int) -> list[bytes]:
        """Requests of so many lines."""
        step = max(1, lines // TOGETHER)
        texts = [data for _, data in self.lines]
        return [b"".join(texts[n : n + step]) for n in range(0, len(texts), step)]


def fill_sites(settings: Settings, load: Load) -> None:
    """The readings into the log of sites, whose topics are there."""
    asyncio.run(
        _fill(settings, settings.topic("sites"), ((site, encode_records(some)) for site, some in load.groups()))
    )


def fill_lines(settings: Settings, load: Load, topic: str) -> None:
    """The same readings as lines into a topic of their own, which is made with as many partitions."""

    async def work() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(topic, settings.partitions, 1)])
        finally:
            await admin.close()
        await _fill(settings, topic, iter(load.lines))

    asyncio.run(work())


async def _fill(settings: Settings, topic: str, messages: Iterator[tuple[str, bytes]]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", max_batch_size=1 << 20) as producer:
        waiting: list[Awaitable[object]] = []
        for site, data in messages:
            waiting.append(await producer.send(topic, data, site.encode(), partition_of(site, settings.partitions)))
            if len(waiting) > 1000:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
