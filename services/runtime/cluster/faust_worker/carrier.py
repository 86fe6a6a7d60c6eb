"""Folds what was fetched, sends what comes of it, flushes state, commits: in the one order that loses nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from services.core.codec import STEPS
from services.core.errors import LogError
from services.core.ports import Entry, Reject
from services.runtime.cluster.faust_worker.vigil import Vigil
from services.runtime.cluster.partition import PartitionFold
from services.runtime.fold import Step

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent: a short topic name, a partition (None: by the key), and the bytes."""

    topic: str
    partition: int | None
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Log(Protocol):
    """What a carrier asks of Kafka."""

    async def send(self, messages: Sequence[Message]) -> None:
        """Returns when all are acknowledged by all replicas; raises when one is not."""
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """By partition the offset that is due next."""
        ...

    async def confirm(self) -> None:
        """Asks the group for a heartbeat now, since the last is old; returns when it has answered, or will not."""
        ...


class Watch(Protocol):
    """Who is told how it goes."""

    def folded(self, partition: int, step: Step, messages: int, seconds: float) -> None: ...

    def acknowledged(self, outputs: int, rejects: Sequence[Reject], since_logged: float, seconds: float) -> None: ...

    def flushed(self, rows: int, seconds: float) -> None: ...

    def in_hand(self, messages: int) -> None: ...


@dataclass(slots=True)
class Batch:
    """Entries of one partition in the order of the log; `logged`: when Kafka took the first, s since 1970."""

    entries: list[Entry] = field(default_factory=list)
    logged: float = 0.0


#: A dead letter as a message; the log of sites has one form for all who write them.
AsMessage = Callable[[Reject], Message]


class Carrier:
    """The folds of the partitions that this worker has.

    A round: fold, send outputs and wait for them. A flush: the sites' rows, then their partition's, then the commit.
    So what is committed is always in a row, and what is in a row has always been said. Whatever raises leaves rows
    and commits as they were: the process has to end then, and the next one folds the same again.
    """

    def __init__(
        self, state_topic: str, log: Log, vigil: Vigil, watch: Watch, rejected: AsMessage, executor: Executor
    ) -> None:
        """`state_topic`: short name of the changelog. `executor`: one thread, in which all folding is done."""
        self._state_topic, self._log, self._vigil, self._watch = state_topic, log, vigil, watch
        self._rejected, self._executor = rejected, executor
        self._folds: dict[int, PartitionFold] = {}
        self._turn, self._broken = asyncio.Lock(), False

    @property
    def due(self) -> dict[int, int]:
        """By partition the offset that is to be folded next."""
        return {partition: fold.due for partition, fold in self._folds.items()}

    @property
    def event_times(self) -> dict[str, int]:
        """By site the event time (ns) up to which its frames reach."""
        return {site: time for fold in self._folds.values() for site, time in fold.event_times.items()}

    async def take(self, folds: Mapping[int, PartitionFold]) -> None:
        """These partitions are this worker's from now on."""
        async with self._alone():
            self._folds = dict(folds)

    async def let_go(self) -> None:
        """Ends the round in hand, flushes, commits; then no partition is this worker's any more."""
        async with self._alone():
            await self._flush()
            self._folds = {}

    async def carry(self, gather: Callable[[], Mapping[int, Batch]]) -> None:
        """One round over what `gather` gives when its turn has come. Partitions not held are passed over.

        OffsetJump, before anything is sent, when entries of a partition are not those that are due.
        """
        async with self._alone():
            batches = {partition: batch for partition, batch in gather().items() if partition in self._folds}
            if not batches:
                return
            self._watch.in_hand(sum(len(batch.entries) for batch in batches.values()))
            logged = min(batch.logged for batch in batches.values())
            outputs, rejects = list[Message](), list[Reject]()
            for partition, batch in sorted(batches.items()):
                begun = time.monotonic()
                step = await self._in_thread(self._folds[partition].run, batch.entries)
                self._watch.folded(partition, step, len(batch.entries), time.monotonic() - begun)
                # A step is for a zone: which partition has that, its key says.
                outputs += [
                    Message(topic, None if topic == STEPS else partition, site.encode(), data)
                    for topic, site, data in step.outputs
                ]
                rejects += step.rejects
            begun = time.monotonic()
            await self._send(outputs + [self._rejected(reject) for reject in rejects])
            now = time.monotonic()
            self._watch.acknowledged(len(outputs), rejects, max(0.0, time.time() - logged), now - begun)
            self._watch.in_hand(0)

    async def flush(self) -> None:
        """Writes what has changed, and commits up to there."""
        async with self._alone():
            await self._flush()

    async def _flush(self) -> None:
        begun = time.monotonic()
        sites, parts, offsets = list[Message](), list[Message](), dict[int, int]()
        for partition, fold in sorted(self._folds.items()):
            for key, row in (await self._in_thread(fold.dirty)).items():
                message = Message(self._state_topic, partition, key.encode(), row)
                (sites if key else parts).append(message)
                offsets[partition] = fold.due
        if not offsets:
            return
        # A partition's row says that its sites are at least so far: it may not be there before they are.
        await self._send(sites)
        await self._send(parts)
        await self._entitled()
        await self._log.commit(offsets)
        self._watch.flushed(len(sites) + len(parts), time.monotonic() - begun)

    async def _send(self, messages: Sequence[Message]) -> None:
        if messages:
            await self._entitled()
            await self._log.send(messages)

    async def _entitled(self) -> None:
        """Returns when no other worker can have the partitions; else Lapsed."""
        if not self._vigil.fresh:
            await self._log.confirm()
        self._vigil.check()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """A turn. One that raised or was cut off has folded what it may not have said: nothing follows it."""
        async with self._turn:
            if self._broken:
                raise LogError("an earlier round was not brought to its end: the worker has to be started anew")
            self._broken = True
            yield
            self._broken = False

    async def _in_thread(self, call: Callable[..., _T], *args: object) -> _T:
        # Beside the event loop: a fold may take long, and the pages that say whether this worker lives are there.
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *args)
