"""The wiring of the main job: broker, field, bridge, processors, historian and console, and their life together."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from services.aggregator.sinks.parquet import Historian
from services.aggregator.windows import MinuteAggregator
from services.alerts.processor import AlertProcessor
from services.alerts.warm import warm_up
from services.console.live import LiveView
from services.console.snapshots import Status
from services.core.catalogue import Catalogue
from services.core.errors import HeadworksError
from services.core.records import AlarmEvent, Output, Record, Tick
from services.job.child import FieldProcess
from services.job.configure import configure
from services.job.console import serve_console
from services.job.field import Played
from services.job.follower import Follower, Taker
from services.job.memory import PeakMemory
from services.job.options import Options
from services.job.places import catalogue_for, find_event
from services.job.summary import Summary, Tally, alarm_lines, incident_lines
from services.runtime.local import LocalLog, ProcessorShell
from services.runtime.local.ownership import Ownership
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.broker.broker import Broker
from services.telemetry.link import Server
from services.telemetry.simulator.city import City
from services.telemetry.simulator.event import Event

_Result = TypeVar("_Result")

_log = structlog.get_logger("headworks.run")

LOG_FILE, HISTORY = "site-log.sqlite", "history"


class RunError(HeadworksError):
    """The data folder holds something else than the run that was asked for."""


@dataclass(frozen=True, slots=True)
class EventEnd:
    """A player's clock, as the bridge's bound for event times: nothing of the event lies beyond its end."""

    end: int

    def now(self) -> int:
        """ns UTC."""
        return self.end


class Job:
    """One start of a run. `show` is told, in words, what a person should know; `watch` every entry of the log."""

    def __init__(
        self, options: Options, show: Callable[[str], None], watch: Callable[[Catalogue], list[Taker]]
    ) -> None:
        self.options, self._show, self._watch = options, show, watch
        self.event: Event = find_event(options.event)
        city = City(self.event, options.seed)
        self.catalogue = catalogue_for(self.event, city)
        self.run_id = f"{self.event.id}/{city.seed}"
        self.tally = Tally()
        self.ended = asyncio.Event()
        self._alarmed = asyncio.Event()

    def _take(self, entry: Record | Output) -> None:
        self.tally.take(entry)
        match entry:
            case Tick(end=True):
                self.ended.set()
            case AlarmEvent(transition="raised"):
                self._alarmed.set()

    async def run(self) -> Summary:
        """Until the event's end (`until_end`), a failure (raised), or cancellation; then everything is stopped."""
        options, started = self.options, time.monotonic()
        memory = PeakMemory()
        async with AsyncExitStack() as stack:
            log = self._open()
            stack.callback(log.close)
            await self._claim(log)
            configured = await configure(log, self.catalogue, max(log.last_tick(), self.event.start_ns))
            view = LiveView(self.catalogue.sites)
            takers = [self._take, *([view.apply] if options.console else []), *self._watch(self.catalogue)]
            follower = await stack.enter_async_context(Follower(log, takers))
            broker = await stack.enter_async_context(Broker(options.mqtt_port, options.broker))
            if broker.moved:
                self._show(f"port {options.mqtt_port} is in use: the MQTT broker listens on {broker.port}")
            shell = ProcessorShell(log, [AlertProcessor(), MinuteAggregator()])
            await stack.enter_async_context(shell)
            historian = Historian(log, options.data)
            await stack.enter_async_context(historian)
            server = Server(port=broker.port)
            versions = {name: (site, version) for name, (site, version, _) in configured.items()}
            bridge = await stack.enter_async_context(
                Bridge(versions, log, server, clock=EventEnd(self.event.end_ns), player=True)
            )
            tasks: list[Coroutine[Any, Any, None]] = [
                memory.run(),
                follower.wait(),
                shell.wait(),
                bridge.wait(),
                historian.wait(),
            ]
            if options.console:
                status = self._status(view, bridge, broker, historian)
                tasks.append(serve_console(view, self.catalogue, status, options.console_port, self._show))
            running: list[asyncio.Future[Any]] = [asyncio.ensure_future(task) for task in tasks]
            stack.push_async_callback(_cancel, running)
            # Else the field would play hours ahead of the first alarm while the kernels are being compiled.
            await asyncio.to_thread(warm_up)
            field = await stack.enter_async_context(FieldProcess(options, server))
            if options.speed is not None:
                running.append(asyncio.create_task(self._slow_down(field, options.speed), name="pace"))
            played = await _first_failure(running, asyncio.create_task(field.played(), name="field"))
            await _first_failure(running, asyncio.create_task(self._settle(log, shell, follower), name="settle"))
            await historian.drain()
            memory.sample()
            summary = self._summary(log, played, started, memory.peak, broker.kind)
            if not options.until_end:
                self._show(
                    f"the event has ended: {len(summary.alarms)} alarms, {summary.lost} readings lost. "
                    "Ctrl-C stops; start again with --fresh to see it anew"
                )
                await _first_failure(running, asyncio.create_task(asyncio.Event().wait(), name="linger"))
        return summary

    def _open(self) -> LocalLog:
        path = self.options.data / LOG_FILE
        if self.options.fresh and path.exists():
            owner = Ownership(path)  # LogError while another process works on it
            _remove_run(self.options.data)
            owner.release()
        return LocalLog.open(path)

    async def _claim(self, log: LocalLog) -> None:
        """A data folder belongs to one run: another event's readings must not be mixed in."""
        held = log.meta("run")
        if held is None:
            await log.set_meta("run", self.run_id)
        elif held != self.run_id:
            raise RunError(
                f"{self.options.data} holds the run {held}, not {self.run_id}: "
                "choose another folder with --data, or start over with --fresh"
            )

    async def _slow_down(self, field: FieldProcess, speed: float) -> None:
        await self._alarmed.wait()
        field.slow_down(speed)
        await asyncio.Event().wait()

    async def _settle(self, log: LocalLog, shell: ProcessorShell, follower: Follower) -> None:
        """Everything that the log holds at the event's end has been folded and handed on."""
        await self.ended.wait()
        await shell.drain()
        await follower.reach(log.head())

    def _status(self, view: LiveView, bridge: Bridge, broker: Broker, historian: Historian) -> Callable[[], Status]:
        def status() -> Status:
            counters = bridge.counters
            problem = historian.fault
            if broker.gave_up:
                problem = "The MQTT broker cannot be started again: no data can come."
            return Status(
                silence=0.0 if view.ended else view.silence(),
                problem=problem,
                simulation=True,
                speed=self.options.speed if self._alarmed.is_set() else None,
                counters={
                    "readings": self.tally.received,
                    "rejected": counters.rejects.total(),
                    "in flight": counters.in_flight,
                },
            )

        return status

    def _summary(self, log: LocalLog, played: Played, started: float, peak: int, broker: str) -> Summary:
        wall = time.monotonic() - started
        return Summary(
            event=self.event.id,
            published=played.published,
            received=self.tally.received,
            rejected=sum(log.reject_counts().values()),
            lost=played.published - self.tally.received,
            messages=played.messages,
            alarms=alarm_lines(self.tally.raised),
            incidents=incident_lines(self.tally.incidents),
            wall_seconds=round(wall, 2),
            readings_per_second=round(played.published / wall, 1),
            peak_rss_mb=round(peak / 2**20, 1),
            broker=broker,
        )


async def _first_failure(running: list[asyncio.Future[Any]], wanted: asyncio.Task[_Result]) -> _Result:
    """What `wanted` gives, unless one of `running` fails before: then its error."""
    try:
        watched = set(running) - {wanted}
        while not wanted.done():
            done, _ = await asyncio.wait({wanted, *watched}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {wanted}:
                watched.discard(task)
                if not task.cancelled() and (error := task.exception()) is not None:
                    raise error
        return await wanted
    finally:
        wanted.cancel()


async def _cancel(tasks: list[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _remove_run(data: Path) -> None:
    """Removes what a run writes, and nothing else that may lie in the folder."""
    for name in (LOG_FILE, f"{LOG_FILE}-wal", f"{LOG_FILE}-shm"):
        (data / name).unlink(missing_ok=True)
    shutil.rmtree(data / HISTORY, ignore_errors=True)
