"""The topics of a cluster and the commands for them, on a real Kafka: made, checked, refused, filled, printed."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections import defaultdict
from collections.abc import Sequence

import pytest

from deploy.native import Stack
from services.core.codec import decode_records, encode_output
from services.core.errors import LogError
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Config, IncidentEvent
from services.core.settings import Settings, load_settings
from services.job.places import PROJECT
from services.runtime.cluster.catalogues import load_catalogues
from services.runtime.cluster.client import Unreachable, new_producer, started
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.reading import Follower
from services.runtime.cluster.topics import apply_topics, check_topics, identify
from tests.local.command import inside

_generations = itertools.count(1)


@pytest.fixture
def settings(stack: Stack) -> Settings:
    """A generation of topics of its own, not made yet."""
    prefix = f"top{os.getpid()}-{next(_generations)}"
    return load_settings(kafka=stack.environment()["HEADWORKS_KAFKA"], kafka_prefix=prefix, partitions=4)


async def test_topics_are_made_checked_and_refused(settings: Settings) -> None:
    with pytest.raises(LogError, match="`headworks topics apply` makes it"):
        await check_topics(settings)
    with pytest.raises(Unreachable, match="it shows no topic"):
        await identify(settings)
    assert len(await apply_topics(settings)) == 14
    assert await apply_topics(settings) == []
    identity = await check_topics(settings)
    assert identity.partitions == 4

    with pytest.raises(LogError, match="has 4 partitions, the settings say 8"):
        await check_topics(settings.model_copy(update={"partitions": 8}))
    with pytest.raises(LogError, match="has 4 partitions, the settings say 8"):
        await apply_topics(settings.model_copy(update={"partitions": 8}))
    longer = settings.model_copy(update={"retention_days": 14.0})
    with pytest.raises(LogError, match=r"retention\.ms=604800000, the settings say 1209600000"):
        await check_topics(longer)
    assert any("retention.ms 604800000 -> 1209600000" in said for said in await apply_topics(longer))
    assert await check_topics(longer) == identity
    assert await identify(settings) == identity


async def test_a_kafka_that_is_not_there_is_a_sentence() -> None:
    nowhere = load_settings(kafka="127.0.0.1:1", kafka_prefix="none", partitions=4)
    for ask in (check_topics, apply_topics, load_catalogues):
        with pytest.raises(LogError, match=r"Kafka at 127\.0\.0\.1:1 cannot be reached: "):
            await ask(nowhere)


def test_the_commands_of_a_cluster(settings: Settings) -> None:
    variables = {
        "HEADWORKS_KAFKA": settings.kafka, "HEADWORKS_KAFKA_PREFIX": settings.kafka_prefix, "HEADWORKS_PARTITIONS": "4",
    }  # fmt: skip
    absent = inside("topics", "check", **variables)
    assert absent.returncode == 1
    assert "`headworks topics apply` makes it" in absent.stderr
    assert len(json.loads(inside("topics", "apply", "--json", **variables).stdout)["done"]) == 14
    assert "all topics are well" in inside("topics", "check", **variables).stdout

    file, when = PROJECT / "sites" / "liuyang.yaml", "2023-04-18T18:00:00+08:00"
    apply = ("apply", file, "--cluster", "--at", when, "--json")
    done = json.loads(inside(*apply, "--only", "no3,upstream", **variables).stdout)
    assert set(done["changed"]) == {"no3", "upstream"}
    assert json.loads(inside(*apply, "--only", "no3,upstream", **variables).stdout)["changed"] == {}
    assert set(json.loads(inside(*apply, **variables).stdout)["changed"]) == {"no1", "no2", "no4"}
    held = asyncio.run(load_catalogues(settings))
    assert {site: config.version for site, config in held.items()}.items() >= done["changed"].items()
    assert {config.time for config in held.values()} == {1681812000 * 10**9}
    configs = asyncio.run(_configs(settings))
    assert {site: said[0] for site, said in configs.items()} == held
    # Said again by every later apply, so that one that was cut short is completed: the same, which changes nothing.
    assert all(len({one.version for one in said}) == 1 for said in configs.values())
    refused = inside("apply", file, "--cluster", "--only", "nowhere", **variables)
    assert "the file has no site nowhere" in refused.stderr

    said: list[AlarmEvent | IncidentEvent] = [
        AlarmEvent(5, "no3", "intake", "p", "r", "no3/intake/p/r@5", 1, "raised", "high", value=1.5, unit="NTU"),
        AlarmEvent(9, "no3", "intake", "p", "r", "no3/intake/p/r@5", 2, "cleared", "high"),
        IncidentEvent(7, "no1", "IntakeCrisis", "no1/IntakeCrisis@7", 1, "open", "why", "next", {"a": [1, 2]}),
    ]
    asyncio.run(_say(settings, [*said, said[0]]))
    printed = inside("journal", "--cluster", **variables).stdout
    assert printed.splitlines() == list(canonical_journal(said))


async def _configs(settings: Settings) -> dict[str, list[Config]]:
    found: dict[str, list[Config]] = defaultdict(list)
    async with Follower.whole(settings, ["sites"], until_end=True) as follower:
        async for batch in follower:
            for entry in batch.entries:
                for record in decode_records(entry.data):
                    assert isinstance(record, Config)
                    assert batch.partition == partition_of(record.site, settings.partitions)
                    found[record.site].append(record)
    return found


async def _say(settings: Settings, events: Sequence[AlarmEvent | IncidentEvent]) -> None:
    producer = new_producer(settings)
    await started(producer, settings)
    try:
        for event in events:
            topic, data = encode_output(event)
            partition = partition_of(event.site, settings.partitions)
            await producer.send_and_wait(settings.topic(topic), data, event.site.encode(), partition)
    finally:
        await producer.stop()
