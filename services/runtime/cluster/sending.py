"""A few messages that matter, into a cluster's topics: durable when `send` returns, or a sentence why not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiokafka.errors import KafkaError

from services.core.errors import LogError
from services.core.settings import Settings
from services.runtime.cluster.client import given_up, new_producer, started, unreachable


class Outgoing(NamedTuple):
    """A message: topic (short), key, bytes; partition None: where the key's hash says."""

    topic: str
    key: str
    data: bytes
    partition: int | None = None


class Sending:
    """An async context manager. Its producer is made when it is needed, and anew after a failure."""

    def __init__(self, settings: Settings, patience: float) -> None:
        """`patience`: seconds that Kafka has to take what is sent."""
        self._settings, self._patience = settings, patience
        self._producer: Any = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._give_up()

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Acknowledged by all replicas in sync. LogError: Kafka did not say that it has all of them; some may be in
        it all the same.
        """
        if not messages:
            return
        try:
            async with asyncio.timeout(self._patience), self._lock:
                if self._producer is None:
                    producer = new_producer(self._settings)
                    await started(producer, self._settings, self._patience)
                    self._producer = producer
                pending = [
                    await self._producer.send(
                        self._settings.topic(one.topic), one.data, one.key.encode(), one.partition
                    )
                    for one in messages
                ]
                await asyncio.gather(*pending)
        except (KafkaError, TimeoutError) as error:
            await self._give_up()
            raise unreachable(self._settings, error) from error
        except (LogError, asyncio.CancelledError):
            await self._give_up()
            raise

    async def _give_up(self) -> None:
        """What was not sent is not sent later: whoever was told that it failed has gone on to something else."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await given_up(producer)
