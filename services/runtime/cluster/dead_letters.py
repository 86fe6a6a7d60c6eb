"""DeadLetters: what could not be taken, into the topic `rejected`, for services that produce nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka.errors import KafkaError

from services.core.errors import LogError
from services.core.ports import Reject
from services.core.settings import Settings
from services.runtime.cluster.client import given_up, new_producer, started
from services.runtime.cluster.faust_worker.rejects import dead_letter

#: Seconds between two tries.
_PAUSE = 1.0
#: Letters that are on their way together.
_TOGETHER = 500

_log = structlog.get_logger("headworks.kafka")


class DeadLetters:
    """An async context manager. A Kafka that is away is waited for: a letter that was lost would be a quiet loss."""

    def __init__(self, settings: Settings, waiting: Callable[[str], None] = lambda problem: None) -> None:
        """`waiting` is told why, each time that a letter cannot be sent."""
        self._settings, self._waiting = settings, waiting
        self._producer: Any = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._give_up()

    async def send(self, rejects: Sequence[Reject]) -> None:
        """Returns when all are acknowledged, however long it takes; a letter may be there twice."""
        async with self._lock:
            for begin in range(0, len(rejects), _TOGETHER):
                await self._surely(rejects[begin : begin + _TOGETHER])

    async def _surely(self, rejects: Sequence[Reject]) -> None:
        while True:
            if await self._sent(rejects):
                return
            await asyncio.sleep(_PAUSE)

    async def _sent(self, rejects: Sequence[Reject]) -> bool:
        try:
            if self._producer is None:
                producer = new_producer(self._settings)
                await started(producer, self._settings)
                self._producer = producer
            letters = [dead_letter(reject) for reject in rejects]
            pending = [
                await self._producer.send(
                    self._settings.topic(letter.topic), letter.value, letter.key, headers=list(letter.headers)
                )
                for letter in letters
            ]
            await asyncio.gather(*pending)
        except (KafkaError, LogError) as error:
            _log.warning("dead letters wait for Kafka", error=str(error), letters=len(rejects))
            self._waiting(f"dead letters cannot be sent: {error}")
            await self._give_up()
            return False
        return True

    async def _give_up(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await given_up(producer)
