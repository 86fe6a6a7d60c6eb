"""What people decide, into the log of sites: durable when `send` returns, or a sentence why not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka.errors import KafkaError

from services.core.codec import encode_records
from services.core.errors import LogError
from services.core.records import Command
from services.core.settings import Settings
from services.runtime.cluster.client import given_up, new_producer, started, unreachable
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.topics import SITES

#: Seconds that Kafka has to take a command: a person waits for it.
PATIENCE = 5.0


class Commands:
    """An async context manager. Its producer is made when it is needed, and anew after a failure."""

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._settings, self._patience = settings, patience
        self._producer: Any = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._give_up()

    async def send(self, commands: Sequence[Command]) -> None:
        """Each into its site's partition, acknowledged by all replicas in sync.

        LogError: Kafka did not say that it has all of them; some may be in the log all the same. The processors take
        a command once, whatever its number there: it may be sent again under the same id.
        """
        if not commands:
            return
        try:
            async with asyncio.timeout(self._patience), self._lock:
                if self._producer is None:
                    producer = new_producer(self._settings)
                    await started(producer, self._settings, self._patience)
                    self._producer = producer
                topic = self._settings.topic(SITES)
                pending = [
                    await self._producer.send(
                        topic,
                        encode_records([command]),
                        command.site.encode(),
                        partition_of(command.site, self._settings.partitions),
                    )
                    for command in commands
                ]
                await asyncio.gather(*pending)
        except (KafkaError, TimeoutError) as error:
            await self._give_up()
            raise unreachable(self._settings, error) from error
        except (LogError, asyncio.CancelledError):
            await self._give_up()
            raise

    async def _give_up(self) -> None:
        """What was not sent is not sent later: a person who was told that it failed has gone on to something else."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await given_up(producer)
