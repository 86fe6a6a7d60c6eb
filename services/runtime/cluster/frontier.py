"""How far the partitions of one bridge are: from the checkpoint, from the log's tail, from what was acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.core.errors import LogError
from services.core.ports import Position
from services.core.settings import Settings
from services.runtime.cluster.heard import Heard, decode_heard, encode_heard
from services.runtime.cluster.lanes import Message
from services.runtime.cluster.reading import Follower
from services.runtime.cluster.topics import POSITIONS, SITES

#: (partition, a message's bytes) as they were read.
Seen = set[tuple[int, bytes]]


class Frontier:
    """`heard`: by partition. It advances by `learn`, `read_tail` and `landed`, and is written by who sends `due`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.heard: dict[int, Heard] = {}
        self._kept: dict[int, int] = {}

    def positions(self) -> dict[str, Position]:
        """By site the last number, of the epoch last heard."""
        found: dict[str, Position] = {}
        for heard in self.heard.values():
            found.update(heard.positions())
        return found

    def last_tick(self) -> int:
        """The last that every partition has; 0 when there is none."""
        return min((heard.last_tick for heard in self.heard.values()), default=0)

    async def learn(self, log: str, partitions: Sequence[int]) -> None:
        """What the checkpoint says of `partitions`, and what was written since.

        LogError when the checkpoint is of another log than `log`, or the log ends before it.
        """
        found = {partition: Heard() for partition in partitions}
        topic = self._settings.topic(POSITIONS)
        async with Follower.whole(self._settings, [POSITIONS], until_end=True) as follower:
            async for batch in follower:
                for entry in batch.entries:
                    partition, heard = decode_heard(topic, log, entry.data)
                    # A bridge that was paused may write one after its successor did: none of the two is all there is.
                    if partition in found:
                        first, second = sorted((found[partition], heard), key=lambda one: one.offset)
                        second.join(first)
                        found[partition] = second
        self.heard.update(found)
        self._kept.update({partition: heard.offset for partition, heard in found.items()})
        await self.read_tail(partitions)

    async def read_tail(self, partitions: Iterable[int], seen: Seen | None = None) -> None:
        """What the log has beyond what is known of `partitions`; its messages are added to `seen`."""
        only = [(SITES, partition) for partition in partitions]
        if not only:
            return
        start = {part: self.heard[part[1]].offset + 1 for part in only if self.heard[part[1]].offset >= 0}
        async with Follower.whole(self._settings, [SITES], start, until_end=True, only=only) as follower:
            async for batch in follower:
                heard = self.heard[batch.partition]
                for entry in batch.entries:
                    heard.scan(entry.offset, entry.data)
                    if seen is not None:
                        seen.add((batch.partition, entry.data))

    def landed(self, partition: int, last: int, messages: Sequence[Message]) -> None:
        """`messages` are in the log, the last of them at offset `last` (-1: not told).

        LogError when that is not beyond what is known: this is another log, or it has lost its end.
        """
        heard = self.heard[partition]
        if 0 <= last <= heard.offset:
            raise LogError(
                f"{self._settings.topic(SITES)} partition {partition} took offset {last} after {heard.offset}: "
                "the topic was made anew or has lost its end; start again to have it looked at"
            )
        heard.offset = max(heard.offset, last)
        for message in messages:
            for record in message.records:
                heard.take(record)

    def due(self, log: str) -> list[tuple[int, int, bytes]]:
        """(partition, offset, checkpoint) of what has advanced since it was `kept`."""
        return [
            (partition, heard.offset, encode_heard(log, partition, heard))
            for partition, heard in self.heard.items()
            if heard.offset > self._kept.get(partition, -1)
        ]

    def kept(self, partition: int, offset: int) -> None:
        """The checkpoint up to `offset` is durable."""
        self._kept[partition] = max(offset, self._kept.get(partition, -1))
