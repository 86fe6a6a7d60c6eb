"""All that is used of Faust: membership of the group, one stream over the log of sites, the producer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import faust
import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from services.core.errors import HeadworksError, LogError
from services.core.ports import Entry
from services.core.settings import Settings
from services.runtime.cluster.client import MAX_MESSAGE
from services.runtime.cluster.faust_worker import seams
from services.runtime.cluster.faust_worker.carrier import Batch, Carrier
from services.runtime.cluster.faust_worker.vigil import Vigil
from services.runtime.cluster.partition import PartitionFold
from services.runtime.cluster.topics import SITES

_log = structlog.get_logger("headworks.worker")

#: Messages of one round, and bytes of them. With more a flush or a rebalance would wait too long for its turn.
_ROUND, _ROUND_BYTES = 1000, 8 << 20

#: Seconds for each part of Faust to end.
_DOWN = 5.0

#: By partition its fold.
Restore = Callable[[Sequence[int]], Awaitable[Mapping[int, PartitionFold]]]


def quiet(least: int) -> None:
    """Of Faust and its like only what is at least so grave is logged."""
    for name in ("faust", "mode", "services.runtime.cluster.faust_worker"):
        logging.getLogger(name).setLevel(least)


class WorkerApp(faust.App):
    """A Faust app around a Carrier. `failed` gets what ended it; whoever runs it must then end the process."""

    settings: Settings
    vigil: Vigil
    carrier: Carrier
    sites: str
    failed: asyncio.Future[None]
    #: Whether it has ever been a member of the group.
    has_begun = False
    restore: Restore
    #: Called with the partitions whenever they are ready to be folded, and with None when they are not any more.
    told: Callable[[Sequence[int] | None], None]

    @classmethod
    def made(cls, settings: Settings, name: str, vigil: Vigil, source: str = SITES) -> WorkerApp:
        """`name`: of the group, after the prefix; `source`: short name of the log that is folded.

        `carrier`, `restore` and `told` are to be set before the start.
        """
        settings.work_dir.mkdir(parents=True, exist_ok=True)  # Faust makes its own folder in it, and not this one
        app: WorkerApp = cls(
            f"{settings.kafka_prefix}-{name}",
            broker=[f"kafka://{server.strip()}" for server in settings.kafka.split(",")],
            autodiscover=False,
            datadir=settings.work_dir / f"faust-{name}-{settings.worker}",
            store="memory://",
            key_serializer="raw",
            value_serializer="raw",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_group_instance_id=f"{name}-{settings.worker}",
            broker_session_timeout=settings.session_timeout,
            broker_heartbeat_interval=settings.session_timeout / 6,
            broker_commit_interval=3600.0,  # commits are the carrier's
            broker_commit_livelock_soft_timeout=36_000.0,
            stream_processing_timeout=36_000.0,
            stream_buffer_maxsize=_ROUND,
            stream_recovery_delay=0.0,
            stream_wait_empty=False,
            producer_max_request_size=MAX_MESSAGE,
            TableManager=seams.Manager,
        )
        quiet(logging.WARNING)
        app.settings, app.vigil, app.sites = settings, vigil, settings.topic(source)
        app.failed = asyncio.get_running_loop().create_future()
        topic = app.topic(app.sites, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=f"{name}-fold")(app.fold)
        app.on_rebalance_complete.connect(app.begin)
        return app

    # -- the stream

    async def fold(self, stream: Any) -> None:
        """The agent. Faust's own acknowledging is not used: it would commit what is in no row yet."""
        queue = stream.channel.queue
        try:
            async for event in stream.noack().events():
                await self.carrier.carry(partial(self._gather, event, queue))
        except Exception as error:
            await self._park(error)  # Faust would start a failed agent anew, and go on behind the gap

    def _gather(self, event: Any, queue: asyncio.Queue[Any]) -> dict[int, Batch]:
        """What has been fetched, by partition; what was fetched before the last rebalance is fetched again."""
        batches: dict[int, Batch] = {}
        generation, taken, size = self.consumer_generation_id, 0, 0
        while True:
            message = event.message
            if message.generation_id == generation:
                batch = batches.get(message.partition)
                if batch is None:
                    batch = batches[message.partition] = Batch(logged=message.timestamp or 0.0)
                value = message.value or b""
                batch.entries.append(Entry(message.offset, SITES, (message.key or b"").decode(errors="replace"), value))
                size += len(value)
            taken += 1
            if taken >= _ROUND or size >= _ROUND_BYTES or queue.empty():
                return batches
            event = queue.get_nowait()

    # -- rebalances

    def behind(self) -> dict[int, int]:
        """By partition how many messages of the log are not folded yet, as far as the last fetch knew."""
        ends = {p: self.consumer.highwater(TP(self.sites, p)) for p in self.carrier.due}
        return {p: max(0, end - self.carrier.due[p]) for p, end in ends.items() if end is not None}

    def hold(self) -> None:
        """Nothing flows until the rows are read and each partition is sought to what is due."""
        self.consumer.stop_flow()
        self.flow_control.suspend()

    async def _on_partitions_revoked(self, revoked: set[TP]) -> None:
        self.told(None)
        self.hold()
        await super()._on_partitions_revoked(revoked)
        try:
            await self.carrier.let_go()
        except Exception as error:
            await self._park(error)

    async def _on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.hold()  # a worker that had no partition before has not been held
        await super()._on_partitions_assigned(assigned, generation_id)

    @property
    def membership(self) -> seams.ConsumerThread:
        """The thread in which the membership of the group lives."""
        return cast(seams.ConsumerThread, cast(seams.Consumer, self.consumer)._thread)

    async def begin(self, *_: Any, **__: Any) -> None:
        """After a rebalance, before the flow: reads the rows, takes the partitions."""
        generation = self.consumer_generation_id
        self.has_begun = True
        self.hold()
        try:
            partitions = sorted(tp.partition for tp in self.consumer.assignment() if tp.topic == self.sites)
            folds = await self.restore(partitions)
            # Only who is a member in this moment may send; another rebalance may have begun meanwhile.
            confirmed = await self.membership.beat()
            if confirmed and generation == self.consumer_generation_id:
                await self.carrier.take(folds)
                self.told(partitions)
        except Exception as error:
            await self._park(error)

    # -- the end

    async def give_up(self) -> None:
        """Takes Faust down with nothing sent, committed or said to the group; for an end that is not in order."""
        self.hold()
        quiet(logging.CRITICAL + 1)  # it would tell of each of its parts that it was cut off
        steps: tuple[Callable[[], Awaitable[Any]], ...] = (
            cast(seams.Producer, self.producer).give_up,
            self.membership.give_up,
            self.stop,
        )
        for step in steps:
            with suppress(Exception):
                await asyncio.wait_for(step(), _DOWN)

    async def leave(self) -> None:
        """Leaves the group, then takes Faust down. Everything has been flushed before."""
        try:
            left = await asyncio.wait_for(self.membership.leave(), _DOWN)
        except Exception as error:
            _log.info("could not leave the group: others wait for the session", error=repr(error))
        else:
            _log.info("left the group" if left else "was no member of the group any more")
        quiet(logging.CRITICAL + 1)
        with suppress(Exception):
            await asyncio.wait_for(self.stop(), _DOWN)

    def fail(self, error: BaseException) -> None:
        """What ended it; the first counts. What is no error of this project's is told in its words."""
        if self.failed.done():
            return
        if not isinstance(error, HeadworksError):
            if not isinstance(error, KafkaError):
                _log.error("the worker has failed", exc_info=error)
            named = LogError(f"the worker has to be started anew: {error!r}")
            named.__cause__ = error
            error = named
        self.failed.set_exception(error)

    async def _park(self, error: BaseException) -> None:
        """Says what ended it, and stays where it is until the process is gone: nothing is to happen after it."""
        self.fail(error)
        await asyncio.Event().wait()

    async def crash(self, reason: BaseException) -> None:
        self.fail(reason)
        await super().crash(reason)

    def _crash(self, reason: BaseException) -> None:
        self.fail(reason)
        super()._crash(reason)

    def _new_transport(self) -> Any:
        transport: Any = super()._new_transport()
        transport.Consumer = seams.Consumer
        return transport

    def _new_producer_transport(self) -> Any:
        transport: Any = super()._new_producer_transport()
        transport.Producer = seams.Producer
        return transport

    def _new_producer(self) -> Any:
        return self.producer_transport.create_producer(loop=self.loop, beacon=self.beacon)
