"""ProcessorShell: runs processors over a LocalLog, each exactly once, from where it had stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from services.core.errors import LogError
from services.core.processor import Processor
from services.runtime.fold import Decode, Fold, Step
from services.runtime.local.log import LocalLog
from services.runtime.local.transaction import SITES

#: A batch should take about this long (s): enough to share a commit, and to stop soon.
_AIM = 0.15
_SMALLEST, _LARGEST, _BATCH_BYTES = 16, 2000, 4 << 20


@dataclass(slots=True)
class Progress:
    """What one processor has done since the shell started; `cursor` and `last_tick` are durable."""

    cursor: int
    records: int = 0
    readings: int = 0
    outputs: int = 0
    dead_letters: int = 0
    last_tick: int = 0
    seconds: float = 0.0  # wall time in steps, dumps and encoding, without commits
    busy: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)


class ProcessorShell:
    """One task a processor follows the sites' topic (or another); state, outputs and cursor are one transaction.

    Steps run in a worker thread, so that the event loop answers while a backlog is folded. A record
    that raises alone becomes a dead letter (log.rejects, reason "processor error") and the rest goes
    on. Anything else that fails, such as a commit on a full disk, stops that processor: `wait`,
    `drain` and `stop` raise it. After it, a new shell goes on from what is durable.
    """

    def __init__(
        self,
        log: LocalLog,
        processors: Sequence[Processor],
        *,
        largest_batch: int = _LARGEST,
        topic: str = SITES,
        decode: Decode | None = None,
    ) -> None:
        """`largest_batch`: records folded at a time, at most. Names of processors must differ.

        topic: another than the sites', whose entries `decode` gives as records.
        """
        if len({p.name for p in processors}) != len(processors):
            raise ValueError("two processors of one name would share their state")
        self._log = log
        self._processors = tuple(processors)
        self._largest = largest_batch
        self._topic = topic
        self._decode = decode
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._moved = asyncio.Event()
        self.progress: dict[str, Progress] = {}

    async def start(self) -> None:
        """Takes up states and cursors and goes on; LogError when a state cannot be read."""
        folds = {}
        self.progress = {p.name: Progress(self._log.load_cursor(p.name)) for p in self._processors}
        for processor in self._processors:
            await self._log.commit_cursor(processor.name, self.progress[processor.name].cursor)
            folds[processor.name] = self._fold(processor)
        for name, fold in folds.items():
            self._tasks[name] = asyncio.create_task(self._follow(name, fold), name=f"fold {name}")

    async def stop(self) -> None:
        """Ends after the batch in hand. Raises what had made a processor stop by itself."""
        for name, task in self._tasks.items():
            async with self.progress[name].busy:
                task.cancel()
        results = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks = {}
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def wait(self) -> None:
        """Returns when the shell is stopped; raises as soon as a processor fails."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
            self._raise_failure()

    async def drain(self, until: int | None = None) -> None:
        """Returns when every processor has committed all that the log held up to offset `until`.

        None: up to its present end. Raises what made a processor stop.
        """
        goal = self._log.last_offset(self._topic, self._log.head() if until is None else until)

        while any(p.cursor < goal for p in self.progress.values()):
            self._raise_failure()
            if any(task.done() for task in self._tasks.values()) or not self._tasks:
                raise LogError(f"the processors were stopped before log position {goal}")
            moved = asyncio.create_task(self._moved.wait(), name="drain")
            try:
                await asyncio.wait({moved, *self._tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                moved.cancel()

    def _fold(self, processor: Processor) -> Fold:
        states = self._log.load_states(processor.name)
        return Fold(processor, states) if self._decode is None else Fold(processor, states, decode=self._decode)

    def lag(self, name: str) -> int:
        """How many log positions the processor's cursor is behind the last site record."""
        return max(0, self._log.head(self._topic) - self.progress[name].cursor)

    def _raise_failure(self) -> None:
        for task in self._tasks.values():
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _follow(self, name: str, fold: Fold) -> None:
        progress, size = self.progress[name], min(256, self._largest)
        while True:
            await self._log.wait_beyond(progress.cursor, topics=self._topic)
            async with progress.busy:
                started = time.perf_counter()
                step = await asyncio.to_thread(self._step, fold, progress.cursor, size)
                seconds = time.perf_counter() - started
                await self._log.commit_step(name, step.cursor, step.states, step.outputs, step.rejects)
                _count(progress, step, seconds)
            # How a batch is cut changes no result, so that the wall clock may decide it.
            if seconds > 2 * _AIM:
                size = max(_SMALLEST, size // 2)
            elif seconds < _AIM:
                size = min(self._largest, size * 2)
            self._moved.set()
            self._moved = asyncio.Event()

    def _step(self, fold: Fold, cursor: int, size: int) -> Step:
        return fold.run(self._log.read(self._topic, cursor, size, _BATCH_BYTES))


def _count(progress: Progress, step: Step, seconds: float) -> None:
    progress.cursor = step.cursor
    progress.records += step.records
    progress.readings += step.readings
    progress.outputs += len(step.outputs)
    progress.dead_letters += len(step.rejects)
    progress.last_tick = step.last_tick or progress.last_tick
    progress.seconds += seconds
