"""The catalogues' topic: by site the version in force, for services that come and go; and the way into the log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from services.core.codec import decode_record, encode_record, encode_records
from services.core.errors import LogError, Rejected
from services.core.records import Config
from services.core.settings import Settings
from services.runtime.cluster.client import REACH, given_up, new_producer, started, unreachable
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.reading import Follower
from services.runtime.cluster.topics import CATALOGUES, SITES, check_topics


async def load_catalogues(settings: Settings) -> dict[str, Config]:
    """By site the latest Config; LogError when the topic is absent, damaged, or Kafka is not there."""
    held: dict[str, Config] = {}
    async with Follower.whole(settings, [CATALOGUES], until_end=True) as follower:
        async for batch in follower:
            for entry in batch.entries:
                held[entry.key] = catalogue_of(settings, entry.key, entry.data)
    return held


def catalogue_of(settings: Settings, site: str, data: bytes) -> Config:
    """The Config in an entry of the catalogues' topic; LogError when it is none of `site`."""
    try:
        record = decode_record(data)
    except Rejected as error:
        raise LogError(f"{settings.topic(CATALOGUES)}: the entry of site {site!r} cannot be read: {error}") from error
    if not isinstance(record, Config) or record.site != site:
        raise LogError(f"{settings.topic(CATALOGUES)}: the entry of site {site!r} is not its catalogue")
    return record


async def store_catalogues(settings: Settings, changed: Sequence[Config], held: Sequence[Config] = ()) -> None:
    """Makes `changed` durable, first as the catalogue in force, then as a record in each site's log.

    `held`: what is in force already; it is said in the log again, which changes nothing, so that one that was cut
    short between the two is completed by the next. LogError when Kafka did not take all of it: say it again.
    """
    identity = await check_topics(settings)
    producer = new_producer(settings)
    await started(producer, settings)
    sites, catalogues = settings.topic(SITES), settings.topic(CATALOGUES)
    try:
        async with asyncio.timeout(3 * REACH):
            for config in changed:
                await producer.send_and_wait(catalogues, encode_record(config), config.site.encode(), partition=0)
            for config in (*held, *changed):
                partition = partition_of(config.site, identity.partitions)
                await producer.send_and_wait(sites, encode_records([config]), config.site.encode(), partition)
    except (KafkaError, TimeoutError) as error:
        raise unreachable(settings, error) from error
    finally:
        await given_up(producer)


__all__ = ["catalogue_of", "load_catalogues", "store_catalogues"]
