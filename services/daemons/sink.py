"""`headworks sink`: what the log and the processors say, from Kafka into InfluxDB; committed after it is stored."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

import structlog

from services.aggregator.sinks.influx import Lanes, Part, Server
from services.core.errors import LogError
from services.daemons.daemon import GRACE, Daemon
from services.daemons.storing import Storing
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.dead_letters import DeadLetters
from services.runtime.cluster.reading import Follower
from services.runtime.cluster.topics import check_topics

NEEDED = ("influxdb", "kafka")

TOPICS = ("sites", "derived", "aggregates", "alarms", "incidents", "zones")

#: Requests to InfluxDB at a time.
LANES = 4
#: Bytes of the log that make a request, and that may wait for each lane.
TOGETHER, ROOM = 1536 << 10, 4 << 20

#: Seconds between two commits: a sink that is killed does at most this much again, which changes nothing.
COMMIT_EVERY = 1.0

#: Seconds between two tries to reach Kafka at the start.
_PAUSE = 1.0

_log = structlog.get_logger("headworks.sink")


async def work(daemon: Daemon) -> None:
    """Reads, stores and commits until it is asked to stop; then finishes what it has taken, if InfluxDB lets it.

    LogError for what waiting does not mend: a topic that is absent, made anew or cut short.
    """
    settings = daemon.settings
    async with AsyncExitStack() as open_:
        letters = await open_.enter_async_context(
            DeadLetters(settings, lambda problem: daemon.health.ill("kafka", problem))
        )
        server = await open_.enter_async_context(
            Server(
                settings.influx_url,
                settings.influx_org,
                settings.influx_bucket,
                settings.influx_token.get_secret_value(),
            )
        )
        storing = Storing(daemon, server, letters.send)
        lanes = await open_.enter_async_context(Lanes(LANES, storing.store, together=TOGETHER, room=ROOM))
        flow = _Flow(daemon, lanes)
        if not await flow.begin(storing, open_):
            return
        probing = asyncio.create_task(storing.probe(), name="probe")
        try:
            await flow.run()
            if "influxdb" not in daemon.health.problems:
                with suppress(TimeoutError):
                    async with asyncio.timeout(GRACE / 4):
                        await lanes.drained()
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
            await flow.commit()


class _Flow:
    """From the follower into the lanes, and what the lanes have done back to Kafka."""

    def __init__(self, daemon: Daemon, lanes: Lanes) -> None:
        self._daemon, self._lanes = daemon, lanes
        self._committed: dict[Part, int] = {}
        self._stored: dict[Part, int] = {}
        self._ends: dict[Part, int] = {}
        self._follower: Follower

    async def begin(self, storing: Storing, open_: AsyncExitStack) -> bool:
        """Waits for Kafka; False when asked to stop meanwhile."""
        settings, health = self._daemon.settings, self._daemon.health
        while not self._daemon.stopping.is_set():
            group = f"{settings.kafka_prefix}-sink"
            try:
                await check_topics(settings)
                await storing.learn()
                self._follower = Follower.group(settings, group, TOPICS, revoked=self._revoked)
                await open_.enter_async_context(self._follower)
            except Unreachable as error:
                health.ill("kafka", str(error))
                await self._daemon.pause(_PAUSE)
            else:
                health.well("kafka")
                return True
        return False

    async def run(self) -> None:
        """Until it is asked to stop; raises what ends it before."""
        await self._daemon.together({
            "read": self._read(),
            "commit": self._commit_often(),
            "lanes": self._lanes.broken(),
        })  # fmt: skip

    async def _read(self) -> None:
        while True:
            batch = await self._follower.next(within=1.0)
            if batch is None:
                continue
            part = (batch.topic, batch.partition)
            self._stored.setdefault(part, batch.entries[0].offset - 1)
            self._ends[part] = batch.end
            await self._lanes.put(part, batch.entries)

    async def _commit_often(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY)
            await self.commit()

    async def commit(self) -> None:
        """What is stored and not yet committed; a Kafka that does not take it is asked again later."""
        self._show()
        done = {part: at for part, at in self._lanes.done.items() if self._committed.get(part) != at}
        if not done:
            return
        try:
            await self._follower.commit(done)
        except LogError as error:
            self._daemon.metrics.errors.labels("kafka").inc()
            self._daemon.health.ill("kafka", str(error))
            _log.warning("how far the sink is could not be committed", error=str(error))
            return
        self._daemon.health.well("kafka")
        self._committed |= done

    def _show(self) -> None:
        metrics = self._daemon.metrics
        metrics.in_flight.set(self._lanes.messages)
        self._stored |= self._lanes.done
        for part, end in self._ends.items():
            metrics.lag.labels(f"{part[0]}/{part[1]}").set(max(0, end - 1 - self._stored[part]))

    async def _revoked(self, parts: frozenset[Part]) -> None:
        """What is stored of them is committed before they go to another; the rest comes again there."""
        await self.commit()
        self._lanes.forget(parts)
        for part in parts:
            self._committed.pop(part, None)
            self._stored.pop(part, None)
            if self._ends.pop(part, None) is not None:
                self._daemon.metrics.lag.remove(f"{part[0]}/{part[1]}")
