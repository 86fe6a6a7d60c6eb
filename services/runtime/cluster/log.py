"""KafkaLog: the bridge's end of a cluster's log of sites."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from services.core.errors import LogError
from services.core.packed import Packed
from services.core.ports import Position, Reject
from services.core.records import Record
from services.core.settings import Settings
from services.runtime.cluster.client import Unreachable, given_up, new_producer, started, unreachable
from services.runtime.cluster.delivery import all_of, send_lanes
from services.runtime.cluster.frontier import Frontier, Seen
from services.runtime.cluster.lanes import Lanes, Message, lanes_of
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.rejects import encode_reject
from services.runtime.cluster.topics import POSITIONS, REJECTED, SITES, LogIdentity, check_topics, identify

#: Seconds between two checkpoints; a bridge that starts reads at most so much of the log, and what came since.
_CHECKPOINT = 5.0

#: Seconds before Kafka is asked again.
PAUSE = 0.5

#: What another try does not mend.
_HOPELESS = (MessageSizeTooLargeError, TopicAuthorizationFailedError, InvalidTopicError)

_log = structlog.get_logger("headworks.kafka")


@dataclass(slots=True)
class LogCounters:
    """What has gone through since the start.  records: a tick counts in each partition.  seconds: spent in `append`."""

    appends: int = 0
    records: int = 0
    messages: int = 0
    bytes: int = 0
    seconds: float = 0.0
    rejects: int = 0
    recoveries: int = 0


class KafkaLog:
    """core.ports.SiteLog on Kafka, for the sites that one bridge carries. An async context manager.

    Its methods take effect in the order in which they are called. After a LogError of `append`, or when it was cut
    short, part of the batch may be in the log, of each site its beginning: append the same again before anything
    later of these sites; what is in already is passed over.
    """

    def __init__(self, settings: Settings, sites: Iterable[str], *, patience: float = 60.0) -> None:
        """`sites`: those of this bridge; a tick goes to their partitions.  `patience`: seconds Kafka may be gone."""
        self.settings, self.counters = settings, LogCounters()
        self._patience = patience
        self._partitions = {site: partition_of(site, settings.partitions) for site in sites}
        self._frontier = Frontier(settings)
        self._lock = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._doubt = True
        self._checkpoints: asyncio.Task[None] | None = None
        self._identity: LogIdentity | None = None

    async def __aenter__(self) -> Self:
        """LogError: Kafka is not there, the topics are not as they should be, or the checkpoint is another log's."""
        self._identity = await check_topics(self.settings)
        try:
            await self._frontier.learn(self._identity.log, sorted(set(self._partitions.values())))
            await self._recover()
        except BaseException:
            await self._give_up()
            raise
        self._checkpoints = asyncio.create_task(self._keep_checkpoints(), name="positions")
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._checkpoints is not None:
            self._checkpoints.cancel()
            await asyncio.gather(self._checkpoints, return_exceptions=True)
        async with self._lock:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(5.0):
                    await self._checkpoint()
            await self._give_up()

    @property
    def identity(self) -> LogIdentity:
        """Which log this is."""
        assert self._identity is not None, "not entered"
        return self._identity

    def positions(self) -> Mapping[str, Position]:
        """By site the last numbered frame that is durable, of the epoch last heard."""
        return self._frontier.positions()

    def last_tick(self) -> int:
        """The time (ns) of the last tick that every partition has; 0 when there is none."""
        return self._frontier.last_tick()

    async def carry(self, sites: Iterable[str]) -> None:
        """Takes further sites: how far they are is read from the log first."""
        added = {site: partition_of(site, self.settings.partitions) for site in sites}
        async with self._lock:
            await self._frontier.learn(self.identity.log, sorted(set(added.values()) - set(self._frontier.heard)))
            self._partitions.update(added)

    async def append_packed(self, records: Sequence[Record | Packed]) -> None:
        """As `append`, with packed frames among the records, each in the place of the frames that it holds."""
        await self.append(records)

    async def append(self, records: Sequence[Record | Packed]) -> None:
        """See the class and SiteLog. LogError when Kafka has not taken all of it within `patience`.

        ValueError, with nothing taken, for a record of a site that is not this bridge's.
        """
        if not records:
            return
        strangers = sorted({r.site for r in records if hasattr(r, "site") and r.site not in self._partitions})
        if strangers:
            raise ValueError(f"not among the sites of this bridge: {', '.join(strangers)}")
        async with self._lock:
            begun = time.perf_counter()
            lanes: Lanes = {}
            planned = False

            async def work() -> None:
                nonlocal planned
                if not planned:  # what is in doubt has been looked up by now
                    lanes.update(lanes_of(records, self._partitions, self._frontier.heard))
                    planned = True
                assert self._producer is not None
                await send_lanes(self._producer, self.settings.topic(SITES), lanes, self._landed)

            await self._deliver(work, lanes)
            self.counters.appends += 1
            self.counters.seconds += time.perf_counter() - begun

    async def reject(self, rejects: Sequence[Reject]) -> None:
        """Keeps what could not be taken; once, or more often when Kafka was lost meanwhile. LogError as `append`."""
        if not rejects:
            return
        async with self._lock:
            left = list(rejects)

            async def work() -> None:
                assert self._producer is not None
                topic = self.settings.topic(REJECTED)
                sent = []
                for one in left:
                    key, value, headers = encode_reject(one)
                    sent.append(await self._producer.send(topic, value, key, headers=headers))
                await asyncio.gather(*sent)
                self.counters.rejects += len(left)

            await self._deliver(work, {})

    # -- inside

    async def _deliver(self, work: Callable[[], Awaitable[None]], lanes: Lanes) -> None:
        """`work`, again after each loss of Kafka, until it is done or patience ends; doubt remains after a failure."""
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    try:
                        if self._doubt:
                            await self._recover(lanes)
                        await work()
                        return
                    except _HOPELESS as error:
                        raise LogError(f"Kafka refuses {self.settings.topic(SITES)}: {error}") from error
                    except (KafkaError, Unreachable) as error:
                        self._doubt = True
                        _log.warning("Kafka did not take a batch; asking what it has", error=str(error))
                        await asyncio.sleep(PAUSE)
        except BaseException as error:
            self._doubt = True
            if isinstance(error, TimeoutError):
                raise unreachable(self.settings, f"it took nothing for {self._patience:g} s") from error
            raise

    def _landed(self, partition: int, last: int, messages: list[Message]) -> None:
        self._frontier.landed(partition, last, messages)
        self.counters.records += sum(len(message) for message in messages)
        self.counters.messages += len(messages)
        self.counters.bytes += sum(len(message.data) for message in messages)

    async def _recover(self, lanes: Lanes | None = None) -> None:
        """A new producer; and what the old one's last words were, which are taken out of `lanes`."""
        fresh = self._producer is None
        await self._give_up()
        if not fresh:
            identity = await identify(self.settings)
            if identity != self.identity:
                raise LogError(
                    f"{self.settings.topic(SITES)} was made anew ({self.identity.log} is now {identity.log}): "
                    "what the gateways were told is not in it. Take a new generation of topics (HEADWORKS_KAFKA_PREFIX)"
                )
            seen: Seen = set()
            await self._frontier.read_tail(sorted(self._frontier.heard), seen)
            for partition, lane in (lanes or {}).items():
                while lane and ((partition, lane[0].data) in seen or lane[0].landed(self._frontier.heard[partition])):
                    self.counters.records += len(lane[0])
                    lane.popleft()
        producer = new_producer(self.settings)
        await started(producer, self.settings)
        self._producer, self._doubt = producer, False
        self.counters.recoveries += not fresh

    async def _give_up(self) -> None:
        if self._producer is not None:
            await given_up(self._producer)

    async def _keep_checkpoints(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT)
            try:
                async with asyncio.timeout(_CHECKPOINT):
                    await self._checkpoint()
            except (KafkaError, TimeoutError) as error:
                _log.warning(
                    "the bridge's positions were not kept; a start reads more", error=str(error) or type(error).__name__
                )

    async def _checkpoint(self) -> None:
        if self._producer is None or self._doubt:
            return
        topic, producer = self.settings.topic(POSITIONS), self._producer

        async def keep(partition: int, offset: int, data: bytes) -> None:
            await producer.send_and_wait(topic, data, str(partition).encode(), partition=0)
            self._frontier.kept(partition, offset)

        await all_of(keep(*one) for one in self._frontier.due(self.identity.log))
