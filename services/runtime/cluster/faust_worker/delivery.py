"""What a carrier asks of Kafka, through Faust's producer and consumer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from faust.types import TP

from services.core.errors import LogError
from services.runtime.cluster.faust_worker.app import WorkerApp
from services.runtime.cluster.faust_worker.carrier import Message

#: Seconds that a Kafka which does not answer has to come back, and between two questions.
_PATIENCE, _AGAIN = 30.0, 0.5


class Delivery:
    """A carrier's Log."""

    def __init__(self, app: WorkerApp) -> None:
        self._app = app

    async def send(self, messages: Sequence[Message]) -> None:
        """Sends and waits for all acknowledgements; LogError when one does not come."""
        app = self._app
        topics = {message.topic: app.settings.topic(message.topic) for message in messages}
        try:
            waiting = [
                await app.producer.send(
                    topics[one.topic], one.key, one.value, one.partition, None, list(one.headers) or None
                )
                for one in messages
            ]
            await asyncio.gather(*waiting)
        except Exception as error:
            raise LogError(f"Kafka has not taken what was sent: {error!r}") from error

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """By partition the offset due next. One that a rebalance refuses is no loss: the rows say it too."""
        app = self._app
        await app.membership.commit({TP(app.sites, partition): offset for partition, offset in offsets.items()})

    async def confirm(self) -> None:
        """Returns with a heartbeat confirmed, or when the group knows this worker no more, or after half a minute.

        A worker that was paused is told so at once; one whose Kafka was away need not be started anew.
        """
        membership, until = self._app.membership, time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if await membership.beat() or not membership.member:
                return
            await asyncio.sleep(_AGAIN)
