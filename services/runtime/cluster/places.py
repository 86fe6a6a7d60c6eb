"""Places in a cluster's topics: where they begin and end, where a moment lies, how far a group is, which they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from services.core.errors import LogError
from services.core.settings import Settings
from services.runtime.cluster.client import administering, given_up, new_consumer, started, unreachable
from services.runtime.cluster.reading import Part
from services.runtime.cluster.topic_ids import ids_and_partitions
from services.runtime.cluster.topics import topic_specs


@dataclass(frozen=True, slots=True)
class Extent:
    """Of a partition the first offset that there is, and the one that the next message gets."""

    first: int
    end: int


async def extents(settings: Settings, topics: Sequence[str]) -> dict[Part, Extent]:
    """Of every partition of `topics` (short names); Unreachable when Kafka does not answer."""
    async with _asking(settings) as consumer:
        parts = _parts(settings, topics)
        first, end = await consumer.beginning_offsets(list(parts)), await consumer.end_offsets(list(parts))
        return {part: Extent(first[tp], end[tp]) for tp, part in parts.items()}


async def places_at(settings: Settings, topics: Sequence[str], moment: int) -> dict[Part, int]:
    """By part the first offset that Kafka took at `moment` (ns, its clock) or later; the end where there is none.

    Unreachable when Kafka does not answer.
    """
    async with _asking(settings) as consumer:
        parts = _parts(settings, topics)
        found = await consumer.offsets_for_times(dict.fromkeys(parts, max(0, moment // 1_000_000)))
        ends = await consumer.end_offsets(list(parts))
        return {part: ends[tp] if found.get(tp) is None else found[tp].offset for tp, part in parts.items()}


async def group_places(settings: Settings, group: str) -> dict[Part, int]:
    """By part the next offset that the group (its short name) will read; those that it never committed are left out.

    Unreachable when Kafka does not answer.
    """
    short = {settings.topic(name): name for name in topic_specs(settings)}
    async with administering(settings) as admin:
        try:
            held = await admin.list_consumer_group_offsets(f"{settings.kafka_prefix}-{group}")
        except GroupCoordinatorNotAvailableError:
            return {}  # no group has committed anything yet, or the broker has just come back
    return {
        (short[tp.topic], tp.partition): where.offset
        for tp, where in held.items()
        if tp.topic in short and where.offset >= 0
    }


async def topic_ids(settings: Settings, topics: Collection[str]) -> dict[str, str]:
    """By short name the topic's id: one that is made anew has another. LogError for one that is absent."""
    names = {settings.topic(name): name for name in topics}
    async with administering(settings) as admin:
        known = await ids_and_partitions(admin, list(names))
    if absent := sorted(set(names) - set(known)):
        raise LogError(f"Kafka at {settings.kafka} has no topic {', '.join(absent)}: `headworks topics apply` makes it")
    return {names[full]: topic_id for full, (topic_id, _) in known.items()}


def source_name(settings: Settings) -> str:
    """Under which the paging service keeps how far it is in this generation of topics."""
    return f"kafka {settings.kafka_prefix}"


def part_name(part: Part, topic_id: str) -> str:
    """A part of a source; of a topic that is made anew it is another."""
    return f"{part[0]}/{part[1]}@{topic_id}"


def part_named(name: str) -> Part:
    """The part that `part_name` named."""
    topic, _, number = name.partition("@")[0].partition("/")
    return topic, int(number)


@asynccontextmanager
async def _asking(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = new_consumer(settings)
    await started(consumer, settings)
    try:
        yield consumer
    except (KafkaError, TimeoutError) as error:
        raise unreachable(settings, error) from error
    finally:
        await given_up(consumer)


def _parts(settings: Settings, topics: Sequence[str]) -> Mapping[TopicPartition, Part]:
    specs = topic_specs(settings)
    return {
        TopicPartition(settings.topic(name), number): (name, number)
        for name in topics
        for number in range(specs[name].partitions)
    }
