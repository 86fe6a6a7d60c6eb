"""One service from its start to its end: logs, health pages, signals, and an end in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from services.core.errors import HeadworksError
from services.core.settings import Settings
from services.daemons.health import Health
from services.daemons.metrics import Metrics
from services.daemons.pages import served

#: Where each service's health pages are, unless HEADWORKS_HTTP_PORT says otherwise.
PORTS = {"bridge": 9201, "alerts": 9202, "aggregate": 9203, "sink": 9204, "archive": 9205}

#: Seconds that a service has to end in order.
GRACE = 20.0

#: The event loop itself must go round in this many seconds.
_LOOP_BOUND = 15.0

_log = structlog.get_logger("headworks.daemon")


@dataclass(frozen=True, slots=True)
class Daemon:
    """What a service is given. `stopping` is set when it has been asked to end."""

    name: str
    settings: Settings
    health: Health
    metrics: Metrics
    stopping: asyncio.Event


#: Works until `stopping` is set, then ends in order; raises what ended it before.
Work = Callable[[Daemon], Awaitable[None]]


async def run_daemon(name: str, settings: Settings, work: Work, *needed: str) -> None:
    """Runs `work` until SIGTERM or SIGINT, with health pages; `needed` are the parts that make it ready.

    A HeadworksError, of the work or because it did not end in time, is raised.
    """
    daemon = Daemon(name, settings, Health(*needed), Metrics(), asyncio.Event())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stopping.set)
    port = settings.http_port or PORTS.get(name, 0)
    async with served(name, daemon.health, daemon.metrics, settings.http_host, port):
        _log.info("started", service=name)
        pulse = asyncio.create_task(_pulse(daemon.health), name="pulse")
        working = asyncio.ensure_future(work(daemon))
        asked = asyncio.create_task(daemon.stopping.wait(), name="asked to stop")
        try:
            await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                _log.info("asked to stop", service=name)
                daemon.health.ill(name, "is stopping")
                await asyncio.wait({working}, timeout=GRACE)
            if not working.done():
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working
                raise HeadworksError(f"{name} did not end within {GRACE:g} s: it was cut off")
            working.result()
            _log.info("stopped", service=name)
        finally:
            for task in (pulse, asked, working):
                task.cancel()
            await asyncio.gather(pulse, asked, working, return_exceptions=True)


async def _pulse(health: Health) -> None:
    while True:
        health.beat("event loop", _LOOP_BOUND)
        await asyncio.sleep(1.0)
