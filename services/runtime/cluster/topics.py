"""The topics of a cluster: what each is for, how it is kept, made when missing and checked before it is relied on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from services.core.codec import AGGREGATES, ALARM, DERIVED, INCIDENT, RECOMPUTE, STEPS, ZONES
from services.core.errors import LogError
from services.core.settings import Settings
from services.runtime.cluster.client import MAX_MESSAGE, administering, unreachable
from services.runtime.cluster.topic_ids import ids_and_partitions

SITES, REJECTED, CATALOGUES, POSITIONS = "sites", "rejected", "catalogues", "positions"
ALERTS_STATE, AGGREGATOR_STATE, ZONES_STATE = "alerts-state", "aggregator-state", "zones-state"

_DAY_MS = 86_400_000

#: What `apply_topics` may change in a topic that has data; any other difference is refused.
_CHANGEABLE = ("retention.ms", "segment.ms", "segment.bytes", "max.message.bytes", "min.insync.replicas",
               "min.compaction.lag.ms", "min.cleanable.dirty.ratio")  # fmt: skip

#: Looks, and seconds between two, until what was done to a topic must show.
_LOOKS, _LOOK = 100, 0.1

_REBUILD = "take a new generation of topics (HEADWORKS_KAFKA_PREFIX), or give the settings that it was made with"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic: `name` is short, without the generation's prefix; `options` are Kafka's own, as text."""

    name: str
    partitions: int
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def compacted(self) -> bool:
        """Whether it keeps the latest of each key, so that its offsets have gaps."""
        return self.options["cleanup.policy"] == "compact"


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Which log of sites this is: the id of its topic, and its number of partitions."""

    log: str
    partitions: int


def topic_specs(settings: Settings) -> dict[str, TopicSpec]:
    """By short name every topic of this generation, as `settings` want it."""
    everywhere = {
        "max.message.bytes": str(MAX_MESSAGE + 65_536),
        "min.insync.replicas": str(max(1, settings.replication - 1)),
    }

    def kept(name: str, partitions: int, days: float) -> TopicSpec:
        # The time of arrival: a simulation of 2023 would else be thrown away as it comes.
        options = {
            "cleanup.policy": "delete",
            "retention.ms": str(round(days * _DAY_MS)),
            "segment.ms": str(round(min(days / 4, 1.0) * _DAY_MS)),
            "message.timestamp.type": "LogAppendTime",
        }
        return TopicSpec(name, partitions, {**everywhere, **options})

    def latest(name: str, partitions: int, lag_ms: int) -> TopicSpec:
        # Short segments, soon compacted: who starts reads all of it.
        options = {
            "cleanup.policy": "compact",
            "segment.bytes": str(16 << 20),
            "segment.ms": str(_DAY_MS // 24),
            "min.compaction.lag.ms": str(lag_ms),
            "min.cleanable.dirty.ratio": "0.1",
        }
        return TopicSpec(name, partitions, {**everywhere, **options})

    n, days = settings.partitions, settings.retention_days
    specs = (
        kept(SITES, n, days),
        kept(REJECTED, min(8, n), 28),
        kept(ALARM, n, 400),
        kept(INCIDENT, n, 400),
        kept(DERIVED, n, days),
        kept(AGGREGATES, n, days),
        kept(RECOMPUTE, n, days),
        kept(STEPS, n, days),
        kept(ZONES, n, days),
        latest(CATALOGUES, 1, 0),
        latest(POSITIONS, 1, 600_000),
        latest(ALERTS_STATE, n, 600_000),
        latest(AGGREGATOR_STATE, n, 600_000),
        latest(ZONES_STATE, n, 600_000),
    )
    return {spec.name: spec for spec in specs}


async def apply_topics(settings: Settings) -> list[str]:
    """Makes the topics that are missing, changes what may be changed in the others; a sentence for each it did.

    LogError for a difference that cannot be mended in a topic that has data; nothing is changed then.
    """
    specs = topic_specs(settings)
    async with administering(settings) as admin:
        found = await _found(admin, settings, specs)
        faults = [fault for name in found for fault in _faults(settings, specs[name], found[name], changeable=False)]
        if faults:
            raise _refused(faults)
        said = []
        missing = [spec for name, spec in specs.items() if name not in found]
        if missing:
            await _create(admin, settings, missing)
            said = [f"{settings.topic(s.name)}: made, {_plural(s.partitions)}" for s in missing]
        said += await _change(admin, settings, specs, found)
        return said


async def check_topics(settings: Settings, source: str = SITES) -> LogIdentity:
    """Which log of sites there is, or of `source`, a short name.

    LogError, with what to do, when a topic is absent or not as `settings` want it.
    """
    specs = topic_specs(settings)
    async with administering(settings) as admin:
        found = await _found(admin, settings, specs)
    missing = [settings.topic(name) for name in specs if name not in found]
    if missing:
        raise LogError(
            f"Kafka at {settings.kafka} has no topic {', '.join(missing)}: `headworks topics apply` makes it"
        )
    faults = [fault for name, one in found.items() for fault in _faults(settings, specs[name], one, changeable=True)]
    if faults:
        raise _refused(faults)
    return LogIdentity(found[source].id, found[source].partitions)


async def identify(settings: Settings) -> LogIdentity:
    """Which log of sites there is, however its topics are kept. Unreachable when Kafka does not answer or show it."""
    sites = settings.topic(SITES)
    async with administering(settings) as admin:
        known = await ids_and_partitions(admin, [sites])
    if sites not in known:
        # A broker that has just come back may not know its topics yet.
        raise unreachable(settings, f"it shows no topic {sites}")
    return LogIdentity(*known[sites])


@dataclass(frozen=True, slots=True)
class _Found:
    id: str
    partitions: int
    options: Mapping[str, str]


async def _found(admin: AIOKafkaAdminClient, settings: Settings, specs: Mapping[str, TopicSpec]) -> dict[str, _Found]:
    short = {settings.topic(name): name for name in specs}
    known = await ids_and_partitions(admin, list(short))
    if not known:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(known)])
    options: dict[str, dict[str, str]] = {}
    for answer in answers:
        for code, message, _type, name, entries in answer.resources:
            if code:
                raise LogError(f"{name}: its options cannot be read: {message or for_code(code).__name__}")
            options[name] = {entry[0]: entry[1] for entry in entries}
    return {
        short[name]: _Found(topic_id, partitions, options[name])
        for name, (topic_id, partitions) in sorted(known.items(), key=lambda item: list(short).index(item[0]))
    }


def _faults(settings: Settings, spec: TopicSpec, found: _Found, *, changeable: bool) -> list[str]:
    """What is not as it should be; `changeable`: also what `apply_topics` would mend."""
    name, faults = settings.topic(spec.name), []
    if found.partitions != spec.partitions:
        faults.append(
            f"{name} has {_plural(found.partitions)}, the settings say {spec.partitions}: "
            f"a site's log would be torn in two; {_REBUILD}"
        )
    for key, wanted in spec.options.items():
        has = found.options.get(key)
        if has == wanted:
            continue
        if key not in _CHANGEABLE:
            faults.append(f"{name} has {key}={has}, it must be {wanted}; {_REBUILD}")
        elif changeable:
            faults.append(f"{name} has {key}={has}, the settings say {wanted}: `headworks topics apply` changes it")
    return faults


async def _change(
    admin: AIOKafkaAdminClient, settings: Settings, specs: Mapping[str, TopicSpec], found: Mapping[str, _Found]
) -> list[str]:
    said = []
    for name, one in found.items():
        spec = specs[name]
        changed = [k for k in _CHANGEABLE if k in spec.options and one.options.get(k) != spec.options[k]]
        if not changed:
            continue
        resource = ConfigResource(ConfigResourceType.TOPIC, settings.topic(name), configs=dict(spec.options))
        for answer in await admin.alter_configs([resource]):
            for code, message, *_ in answer.resources:
                if code:
                    raise LogError(f"{settings.topic(name)}: cannot be changed: {message or for_code(code).__name__}")
        what = ", ".join(f"{k} {one.options.get(k)} -> {spec.options[k]}" for k in changed)
        said.append(f"{settings.topic(name)}: {what}")
    for _ in range(_LOOKS if said else 0):  # the controller has it before the broker that is asked does
        now = await _found(admin, settings, specs)
        if not [f for name, one in now.items() for f in _faults(settings, specs[name], one, changeable=True)]:
            return said
        await asyncio.sleep(_LOOK)
    if said:
        raise LogError(f"Kafka at {settings.kafka} has changed topics and does not show it")
    return said


async def _create(admin: AIOKafkaAdminClient, settings: Settings, specs: list[TopicSpec]) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(settings.topic(s.name), s.partitions, settings.replication, topic_configs=dict(s.options))
            for s in specs
        ]
    )
    for name, code, message, *_ in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:  # another made it at the same moment
            raise LogError(f"{name} cannot be made: {message or for_code(code).__name__}")
    names = [settings.topic(spec.name) for spec in specs]
    for _ in range(_LOOKS):  # the controller has them before the broker that is asked does
        if len(await ids_and_partitions(admin, names)) == len(names):
            return
        await asyncio.sleep(_LOOK)
    raise LogError(f"Kafka at {settings.kafka} has made topics that it does not show")


def _refused(faults: list[str]) -> LogError:
    """The first says it; a change of one setting shows in every topic."""
    more = f" ({len(faults) - 1} more of the kind)" if len(faults) > 1 else ""
    return LogError(faults[0] + more)


def _plural(partitions: int) -> str:
    return f"{partitions} partition{'s' * (partitions != 1)}"
