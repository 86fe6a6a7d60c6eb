"""`run_worker`: a processor over the log of sites, in a Faust worker, from start to an end in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import structlog

from services.core.errors import LogError
from services.core.processor import Processor
from services.core.settings import Settings
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.faust_worker.app import WorkerApp
from services.runtime.cluster.faust_worker.carrier import Carrier, Watch
from services.runtime.cluster.faust_worker.changelog import restored
from services.runtime.cluster.faust_worker.delivery import Delivery
from services.runtime.cluster.faust_worker.rejects import dead_letter
from services.runtime.cluster.faust_worker.vigil import Vigil
from services.runtime.cluster.topics import SITES, LogIdentity, check_topics

_log = structlog.get_logger("headworks.worker")

#: Seconds between two looks at whether Kafka answers, and at whether the log is still the same one.
_PULSE, _LOOK = 1.0, 30.0


class Observer(Watch, Protocol):
    """Who is told how the worker is and how it goes."""

    def well(self, part: str) -> None: ...

    def ill(self, part: str, problem: str) -> None: ...

    def beat(self, part: str, within: float) -> None: ...

    def rest(self, part: str) -> None: ...

    def lagging(self, behind: dict[int, int], event_times: dict[str, int]) -> None: ...


async def run_worker(
    settings: Settings,
    name: str,
    state: str,
    make: Callable[[], Processor],
    observer: Observer,
    stopping: asyncio.Event,
    warm: Callable[[], None] = lambda: None,
    source: str = SITES,
) -> None:
    """Folds until `stopping` is set; then flushes, commits and leaves the group.

    `name`: of the group after the prefix; `state`: short name of the changelog; `warm`: done before joining;
    `source`: short name of the log that is folded.
    Whatever it raises (LogError mostly) has to end the process: what was not flushed is folded again after that.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="fold")
    try:
        log = await _reached(settings, observer, stopping, source)
        if log is None:
            return
        await asyncio.get_running_loop().run_in_executor(executor, warm)
        await _Worker(settings, name, state, make, observer, log, executor, source).run(stopping)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


async def _reached(settings: Settings, observer: Observer, stopping: asyncio.Event, source: str) -> LogIdentity | None:
    """Which log it is; waits for a Kafka that is not there, and says so. None when asked to stop meanwhile."""
    while not stopping.is_set():
        try:
            log = await check_topics(settings, source)
        except Unreachable as error:
            observer.ill("kafka", str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 1.0)
        else:
            observer.well("kafka")
            return log
    return None


class _Worker:
    def __init__(
        self,
        settings: Settings,
        name: str,
        state: str,
        make: Callable[[], Processor],
        observer: Observer,
        log: LogIdentity,
        executor: ThreadPoolExecutor,
        source: str,
    ) -> None:
        self.settings, self.observer, self.log, self.name, self.source = settings, observer, log, name, source
        self._ending = asyncio.Event()
        self.vigil = Vigil(settings.session_timeout)
        self.app = WorkerApp.made(settings, name, self.vigil, source)
        self.app.carrier = Carrier(state, Delivery(self.app), self.vigil, observer, dead_letter, executor)
        self.app.restore = lambda partitions: restored(settings, state, log, partitions, make, source)
        self.app.told = self._told

    async def run(self, stopping: asyncio.Event) -> None:
        self.observer.ill("partitions", "not assigned yet")
        asked = asyncio.create_task(stopping.wait(), name="asked to stop")
        starting = asyncio.create_task(self.app.start(), name="faust")
        flushing = asyncio.create_task(self._flushing(), name="flush")
        looking = asyncio.create_task(self._looking(), name="look")
        tasks: set[asyncio.Task[Any]] = {asked, starting, flushing, looking}
        try:
            ended: set[asyncio.Future[Any]] = {self.app.failed, asked, flushing, looking}
            waiting: set[asyncio.Future[Any]] = {*ended, starting}
            while not any(one.done() for one in ended):
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for one in done - {asked}:
                    one.result()  # raises what ended it
            self._ending.set()
            await flushing  # a flush that was cut off would be followed by nothing
            await self._end_in_order()
        except BaseException:
            await self.app.give_up()
            raise
        finally:
            self.observer.rest("fold")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _end_in_order(self) -> None:
        self.app.hold()
        await self.app.carrier.let_go()
        await self.app.leave()

    def _told(self, partitions: Sequence[int] | None) -> None:
        if partitions is None:
            self.observer.ill("partitions", "a rebalance: not assigned")
        else:
            _log.info("partitions", worker=self.name, name=self.settings.worker, partitions=list(partitions))
            self.observer.well("partitions")

    async def _flushing(self) -> None:
        every = self.settings.flush_every
        while not self._ending.is_set():
            self.observer.beat("fold", 10 * every + 60.0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), every)
            await self.app.carrier.flush()
            self.observer.lagging(self.app.behind(), self.app.carrier.event_times)

    async def _looking(self) -> None:
        """A log that is made anew under a running worker would begin below what it has folded, and be passed over."""
        looked = time.monotonic()
        while True:
            await asyncio.sleep(_PULSE)
            if self.vigil.fresh or not self.app.carrier.due:  # who has no partition is told of elsewhere
                self.observer.well("kafka")
            else:
                self.observer.ill("kafka", f"has confirmed no heartbeat for {self.settings.session_timeout:g} s")
            if time.monotonic() - looked < _LOOK:
                continue
            looked = time.monotonic()
            try:
                now = await check_topics(self.settings, self.source)
            except Unreachable:
                continue
            except LogError as error:
                self.observer.ill("topics", str(error))
                continue
            self.observer.well("topics")
            if now != self.log:
                raise LogError(
                    f"the log of sites was {self.log.log} with {self.log.partitions} partitions when this worker "
                    f"started, and now it is {now.log} with {now.partitions}: it has to be started anew"
                )
