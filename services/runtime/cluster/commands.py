"""What people decide, into the log of sites: durable when `send` returns, or a sentence why not."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from services.core.codec import encode_records
from services.core.records import Command
from services.core.settings import Settings
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.sending import Outgoing, Sending
from services.runtime.cluster.topics import SITES

#: Seconds that Kafka has to take a command: a person waits for it.
PATIENCE = 5.0


class Commands:
    """An async context manager."""

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._partitions = settings.partitions
        self._sending = Sending(settings, patience)

    async def __aenter__(self) -> Self:
        await self._sending.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sending.__aexit__(kind, error, trace)

    async def send(self, commands: Sequence[Command]) -> None:
        """Each into its site's partition, acknowledged by all replicas in sync.

        LogError: Kafka did not say that it has all of them; some may be in the log all the same. The processors take
        a command once by its id: it may be sent again.
        """
        await self._sending.send([
            Outgoing(SITES, one.site, encode_records([one]), partition_of(one.site, self._partitions))
            for one in commands
        ])  # fmt: skip
