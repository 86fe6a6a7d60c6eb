"""Where Faust 0.15 is told to do otherwise, and why: consumer, producer, tables' manager.

Faust's own way of each would lose the place in the log, or time that an alarm has not got (docs/adr/0010).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import WorkerThread

from services.core.errors import LogError
from services.runtime.cluster.client import given_up, new_consumer, new_producer
from services.runtime.cluster.faust_worker.leaving import leave

if TYPE_CHECKING:
    from services.runtime.cluster.faust_worker.app import WorkerApp

#: Heartbeats in a session: a rebalance is told to a worker with one, so they also say how soon another takes over.
_BEATS = 6

#: Seconds that a worker has to end its round and flush when partitions are taken from it.
_LET_GO = 30.0

#: Seconds for a client to be closed whose answers nobody waits for.
_GIVE_UP = 5.0


class Producer(driver.Producer):
    """The project's own: idempotent, with its bounds."""

    app: WorkerApp

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        return new_producer(self.app.settings)

    async def give_up(self) -> None:
        """Sends nothing any more, also not what waits to be sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await asyncio.wait_for(given_up(producer), _GIVE_UP)


class _Daemonic(WorkerThread):
    """Keeps no process alive that has come to its end."""

    def __init__(self, service: Any, **options: Any) -> None:
        super().__init__(service, **options)
        self.daemon = True


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Tells the vigil of each heartbeat; leaves the group at the end."""

    app: WorkerApp
    Worker = _Daemonic

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        settings = self.app.settings
        session = int(settings.session_timeout * 1000)
        return new_consumer(
            settings,
            group_id=self.app.conf.id,
            group_instance_id=self.app.conf.consumer_group_instance_id,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            # Of a new group only: the first seek goes to where the rows say.
            auto_offset_reset="earliest",
            session_timeout_ms=session,
            heartbeat_interval_ms=session // _BEATS,
            rebalance_timeout_ms=int(_LET_GO * 1000),
        )

    async def on_start(self) -> None:
        await super().on_start()
        coordinator, vigil = self._ensure_consumer()._coordinator, self.app.vigil
        beat = coordinator._do_heartbeat

        async def heard() -> bool:
            sent = vigil.seconds()
            confirmed = bool(await beat())
            if confirmed:
                vigil.heard(sent)
            return confirmed

        coordinator._do_heartbeat = heard

    async def beat(self) -> bool:
        """One heartbeat now; whether it was confirmed. LogError when another has this worker's name."""
        try:
            return bool(await self.call_thread(self._beat))
        except KafkaError as error:
            raise LogError(f"the group refuses this worker's heartbeat: {error!r}") from error

    @property
    def member(self) -> bool:
        """Whether the group has not yet said that this worker is none of its members."""
        return int(self._ensure_consumer()._coordinator.generation) > 0

    async def _beat(self) -> bool:
        return bool(await self._ensure_consumer()._coordinator._do_heartbeat())

    async def give_up(self) -> None:
        """Ends the membership without a word to the group: no heartbeat from here on."""
        consumer, loop = self._consumer, self.thread_loop
        if consumer is not None and loop.is_running():
            ending = asyncio.run_coroutine_threadsafe(given_up(consumer), loop)
            await asyncio.wait_for(asyncio.wrap_future(ending), _GIVE_UP)

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Whoever runs the app is told by its `crash`; Faust would print a traceback besides."""

    async def leave(self) -> bool:
        """Leaves the group, so that another takes over at once."""
        instance = self.app.conf.consumer_group_instance_id
        joining = not self.app.has_begun
        return bool(await self.call_thread(leave, self._ensure_consumer()._coordinator, instance, joining=joining))


class Consumer(driver.Consumer):
    """Seeks to what the rows say is due; Faust would seek to what is committed, and not at all for offset 0."""

    app: WorkerApp

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Each partition that is held, to the offset that is due. Called with the flow held."""
        topic = self.app.sites
        due = {TP(topic, partition): offset for partition, offset in self.app.carrier.due.items()}
        due = {tp: offset for tp, offset in due.items() if tp in self.assignment()}
        if due:
            await self.seek_wait(due)


class Manager(TableManager):
    """There are no tables of Faust's, so there is nothing to wait a second for at the start."""

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()
