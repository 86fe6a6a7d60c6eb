"""One service from its start to its end: logs, health pages, signals, and an end in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from services.core.errors import HeadworksError
from services.core.settings import Settings
from services.daemons.health import Health
from services.daemons.metrics import Metrics
from services.daemons.pages import served

#: Where each service's health pages are, unless HEADWORKS_HTTP_PORT says otherwise.
PORTS = {"bridge": 9201, "alerts": 9202, "aggregate": 9203, "sink": 9204, "archive": 9205,
         "console": 9206, "recompute": 9207, "notify": 9208, "zones": 9209}  # fmt: skip

#: Seconds that a service has to end in order.
GRACE = 20.0

#: Seconds that what is cut off has to let go.
_CUT = 2.0

#: The event loop itself must go round in this many seconds.
_LOOP_BOUND = 15.0

_log = structlog.get_logger("headworks.daemon")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Daemon:
    """What a service is given. `stopping` is set when it has been asked to end."""

    name: str
    settings: Settings
    health: Health
    metrics: Metrics
    stopping: asyncio.Event

    async def pause(self, seconds: float) -> None:
        """Sleeps; not when it has been asked to end."""
        await self.unless_stopping(asyncio.sleep(seconds))

    async def unless_stopping(self, wanted: Coroutine[Any, Any, T]) -> T | None:
        """What is waited for; None when it has been asked to end before, and then that is cut short."""
        task, asked = asyncio.create_task(wanted), asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for one in (task, asked):
                one.cancel()
            await asyncio.gather(task, asked, return_exceptions=True)

    async def together(self, works: Mapping[str, Coroutine[Any, Any, None]]) -> None:
        """All of `works`, by name, until one has ended or the end is asked for; raises what ended one."""
        tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
        asked = asyncio.create_task(self.stopping.wait(), name="asked to stop")
        try:
            done, _ = await asyncio.wait({*tasks, asked}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for one in (*tasks, asked):
                one.cancel()
            await asyncio.gather(*tasks, asked, return_exceptions=True)


#: Works until `stopping` is set, then ends in order; raises what ended it before.
Work = Callable[[Daemon], Awaitable[None]]


async def run_daemon(name: str, settings: Settings, work: Work, *needed: str) -> None:
    """Runs `work` until SIGTERM or SIGINT, with health pages; `needed` are the parts that make it ready.

    A second signal changes nothing: the end in order is bounded. A HeadworksError, of the work, because it ended
    before it was asked to, or because it did not end in time, is raised.
    """
    daemon = Daemon(name, settings, Health(*needed), Metrics(), asyncio.Event())
    daemon.metrics.ready.set_function(lambda: float(not daemon.health.problems))
    port = settings.http_port or PORTS.get(name, 0)
    with _told_by_signals(daemon.stopping):
        async with served(name, daemon.health, daemon.metrics, settings.http_host, port):
            _log.info("started", service=name)
            tasks = [
                asyncio.create_task(_pulse(daemon.health), name="pulse"),
                asyncio.create_task(daemon.stopping.wait(), name="asked to stop"),
                asyncio.create_task(_vitals(daemon), name="vitals"),
            ]
            working = asyncio.ensure_future(work(daemon))
            try:
                await asyncio.wait({working, tasks[1]}, return_when=asyncio.FIRST_COMPLETED)
                asked = daemon.stopping.is_set()
                if not working.done():
                    _log.info("asked to stop", service=name)
                    daemon.health.ill(name, "is stopping")
                    await asyncio.wait({working}, timeout=GRACE)
                _result(name, working)
                if not asked:
                    raise HeadworksError(f"{name} ended without having been asked to")
                _log.info("stopped", service=name)
            finally:
                for task in (*tasks, working):
                    task.cancel()
                # What does not let itself be cut off must not keep the process.
                await asyncio.wait({*tasks, working}, timeout=_CUT)


def _result(name: str, working: asyncio.Future[None]) -> None:
    """Raises what ended the work; of several errors at once the one that is meant for people, if there is one."""
    if not working.done():
        raise HeadworksError(f"{name} did not end within {GRACE:g} s: it was cut off")
    if working.cancelled():
        raise HeadworksError(f"{name} was cut off from within")
    error = working.exception()
    if isinstance(error, BaseExceptionGroup):
        told: BaseException | None = error.split(HeadworksError)[0]
        while isinstance(told, BaseExceptionGroup):
            told = told.exceptions[0]
        if told is not None:
            raise told from error
    if error is not None:
        raise error


@contextmanager
def _told_by_signals(stopping: asyncio.Event) -> Iterator[None]:
    """SIGTERM, SIGINT and, of a terminal that was closed, SIGHUP set `stopping`."""
    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
    for number in numbers:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _vitals(daemon: Daemon) -> None:
    """Tells InfluxDB how the service is, if it has a token for one; nothing that fails there ends a service."""
    if not daemon.settings.influx_token.get_secret_value():
        return
    from services.daemons.vitals import tell

    try:
        await tell(daemon)
    except Exception as error:
        _log.warning("this service tells InfluxDB nothing of itself any more", problem=repr(error))


async def _pulse(health: Health) -> None:
    while True:
        health.beat("event loop", _LOOP_BOUND)
        await asyncio.sleep(1.0)
