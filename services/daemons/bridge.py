"""`headworks bridge`: what the gateways publish over MQTT into the log of sites, acknowledged when Kafka has it."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from contextlib import AsyncExitStack

import structlog

from services.core.catalogue import Site, from_json
from services.core.clock import SECOND
from services.core.errors import LogError
from services.core.records import Config
from services.core.settings import Settings
from services.daemons.daemon import Daemon
from services.daemons.health import Health
from services.runtime.cluster.catalogues import catalogue_of, load_catalogues
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.log import KafkaLog
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.reading import Follower
from services.runtime.cluster.topics import CATALOGUES, check_topics
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.link import Server

NEEDED = ("kafka", "broker", "catalogues")

#: Seconds between two tries to reach Kafka, and between two looks at how the bridge is.
_PAUSE, _LOOK = 1.0, 0.2

#: Seconds that a batch may wait for Kafka before the bridge says that it is not ready.
_SLOW = 5.0

#: Seconds that Kafka may be gone until its log says so; the bridge then asks again, without end.
_PATIENCE = 20.0

_log = structlog.get_logger("headworks.bridge")

#: By site: the site and its catalogue's version.
Catalogues = dict[str, tuple[Site, str]]


async def work(daemon: Daemon) -> None:
    """Carries until it is asked to stop; what is in hand then is finished, the rest stays with broker and gateways.

    LogError for what waiting does not mend: topics that are absent, made anew, or not as the settings want them.
    """
    async with AsyncExitStack() as stack:
        begun = await _begin(daemon, stack)
        if begun is None:
            return
        bridge, log = begun
        await daemon.together({
            "bridge": bridge.wait(),
            "catalogues": _follow_catalogues(daemon, bridge, log),
            "figures": _show(daemon, bridge),
        })  # fmt: skip


async def _begin(daemon: Daemon, stack: AsyncExitStack) -> tuple[Bridge, KafkaLog] | None:
    """The bridge at work, once there is a Kafka; None when asked to stop before."""
    while not daemon.stopping.is_set():
        try:
            await check_topics(daemon.settings)
            held = {site: _read(config) for site, config in (await load_catalogues(daemon.settings)).items()}
            mine = {site: one for site, one in held.items() if is_mine(daemon.settings, site)}
            log = await stack.enter_async_context(KafkaLog(daemon.settings, mine, patience=_PATIENCE))
        except Unreachable as error:
            daemon.health.ill("kafka", str(error))
            await daemon.pause(_PAUSE)
            continue
        daemon.health.well("kafka")
        bridge = await stack.enter_async_context(_bridge(daemon, log, mine, held))
        _log.info("carrying", sites=sorted(mine), elsewhere=len(held) - len(mine), shard=daemon.settings.bridge_shard)
        return bridge, log
    return None


def _bridge(daemon: Daemon, log: KafkaLog, mine: Catalogues, held: Catalogues) -> Bridge:
    settings, waits = daemon.settings, daemon.metrics.latency.labels("mqtt to log")
    index, count = settings.shard
    return Bridge(
        mine,
        log,
        Server(
            settings.mqtt_host,
            settings.mqtt_port,
            settings.mqtt_username,
            settings.mqtt_password.get_secret_value(),
            settings.mqtt_ca,
        ),
        player=settings.player,
        retry_for=math.inf,
        passing=lambda error: isinstance(error, Unreachable),
        waited=waits.observe,
        client_id=f"headworks-bridge-{settings.kafka_prefix}-{index}-of-{count}",
        shard=(index, count),
        elsewhere=held.keys() - mine.keys(),
        groups={site.group for site, _ in held.values()},
    )


def is_mine(settings: Settings, site: str) -> bool:
    """Whether this bridge's share of the partitions has the site."""
    index, count = settings.shard
    return partition_of(site, settings.partitions) % count == index


def _read(config: Config) -> tuple[Site, str]:
    return from_json(config.catalogue_json), config.version


async def _follow_catalogues(daemon: Daemon, bridge: Bridge, log: KafkaLog) -> None:
    """Has the bridge go on with each catalogue as it is applied, until cancelled."""
    settings, health = daemon.settings, daemon.health
    while True:
        try:
            async with Follower.whole(settings, [CATALOGUES]) as follower:
                health.well("catalogues")
                async for batch in follower:
                    for entry in batch.entries:
                        config = catalogue_of(settings, entry.key, entry.data)
                        if not is_mine(settings, config.site):
                            bridge.leave_elsewhere(config.site)
                        elif (known := bridge.version(config.site)) != config.version:
                            if not known:
                                await log.carry([config.site])
                            await bridge.take_catalogue(*_read(config), log.positions().get(config.site))
        except LogError as error:
            # The sites that it knows go on as they are.
            health.ill("catalogues", f"a changed catalogue is not noticed: {error}")
            _log.warning("catalogues cannot be followed", error=str(error))
        await asyncio.sleep(_PAUSE)


async def _show(daemon: Daemon, bridge: Bridge) -> None:
    """Tells health and metrics how the bridge is, until cancelled."""
    health, metrics, counters = daemon.health, daemon.metrics, bridge.counters
    shown: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    while True:
        for name, counter in (
            ("messages", metrics.received.labels("messages")),
            ("readings", metrics.received.labels("readings")),
            ("frames", metrics.received.labels("records")),
            ("log_errors", metrics.errors.labels("log")),
            ("duplicates", metrics.errors.labels("duplicate")),
            ("gaps", metrics.errors.labels("gap")),
            ("lost", metrics.errors.labels("lost")),
        ):
            now = getattr(counters, name)
            counter.inc(now - shown[name])
            shown[name] = now
        for reason, now in counters.rejects.items():
            metrics.rejected.labels(reason).inc(now - refused[reason])
            refused[reason] = now
        metrics.in_flight.set(counters.in_flight)
        for site, moment in bridge.latest.items():
            metrics.event_time.labels(site).set(moment / SECOND)
        _judge(health, "broker", bridge.link_problem)
        slow = f"has not taken a batch for {bridge.log_waits:.0f} s" if bridge.log_waits > _SLOW else ""
        _judge(health, "kafka", bridge.log_problem or slow)
        await asyncio.sleep(_LOOK)


def _judge(health: Health, part: str, problem: str) -> None:
    if problem:
        health.ill(part, problem)
    else:
        health.well(part)
