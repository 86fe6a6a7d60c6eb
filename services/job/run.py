"""The wiring of the main job: broker, field, bridge, processors, historian and console, and their life together."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from services.aggregator.sinks.parquet import Historian
from services.aggregator.windows.warm import warm_up as warm_windows
from services.alerts.warm import warm_up
from services.console.acting.answers import Answers
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.catalogue import Catalogue, Site
from services.core.clock import to_datetime
from services.core.errors import HeadworksError
from services.core.phrases import beside, keep
from services.core.records import AlarmEvent, Output, Record, Tick
from services.job.child import FieldProcess
from services.job.configure import Configured, configure
from services.job.console import Hands, serve_console
from services.job.field import Played
from services.job.folds import Folds
from services.job.follower import Follower, Taker
from services.job.memoir import Memoir
from services.job.memory import PeakMemory
from services.job.options import HISTORY, LOG_FILE, Options
from services.job.places import catalogue_for, find_event, site_file
from services.job.summary import Summary, Tally, alarm_lines, incident_lines
from services.runtime.local import LocalLog, keep_trimmed
from services.runtime.local.ownership import Ownership
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.bridge.counters import BridgeCounters
from services.telemetry.broker.broker import Broker
from services.telemetry.link import Server
from services.telemetry.simulator.described import Described
from services.telemetry.simulator.scene import scene_of

__all__ = ["LOG_FILE", "EventEnd", "Job", "RunError"]

_Result = TypeVar("_Result")


class RunError(HeadworksError):
    """The data folder holds something else than the run that was asked for."""


@dataclass(frozen=True, slots=True)
class EventEnd:
    """A player's clock, as the bridge's bound for event times: nothing of the event lies beyond its end."""

    end: int

    def now(self) -> int:
        """ns UTC."""
        return self.end


@dataclass(frozen=True, slots=True)
class Wire:
    """Broker and bridge of a run that is not at its end."""

    broker: Broker
    bridge: Bridge

    @property
    def kind(self) -> str:
        """Which broker."""
        return self.broker.kind


class Job:
    """One start of a run. `show` is told, in words, what a person should know; `watch` every entry of the log."""

    def __init__(
        self, options: Options, show: Callable[[str], None], watch: Callable[[Catalogue, int], list[Taker]]
    ) -> None:
        self.options, self._show, self._watch = options, show, watch
        self.event: Described = find_event(options.event)
        scene = scene_of(self.event, options.seed)
        self.catalogue = catalogue_for(scene, options.sites)
        self._phrases = beside([options.sites or site_file(scene)])
        self.run_id = f"{self.event.id}/{scene.seed}/{_digest(self.event)}"
        self.summary: Summary | None = None
        self._memoir: Memoir | None = None
        self._follower: Follower | None = None
        self.ended = asyncio.Event()
        self._alarmed = asyncio.Event()

    def _take(self, entry: Record | Output) -> None:
        assert self._memoir is not None
        assert self._follower is not None
        self._memoir.take(self._follower, entry)
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
            keep(self._phrases, options.data)
            self._memoir = memoir = Memoir(log)
            await memoir.register()
            if log.last_tick() >= self.event.end_ns:
                self.ended.set()
            configured = await self._configure(log)
            view = LiveView(self.catalogue.sites)
            since = self._say_where(log, memoir)
            answers = Answers()
            shown = [view.apply, answers.take] if options.console else []
            takers = [self._take, *shown, *self._watch(self.catalogue, since)]
            self._follower = follower = Follower(log, takers)
            await stack.enter_async_context(follower)
            shell = await stack.enter_async_context(Folds(log))
            historian = await stack.enter_async_context(Historian(log, options.data))
            wire = None
            if (finished := memoir.finished()) is None:
                versions = {name: (one.site, one.version) for name, one in configured.items()}
                wire = await self._wire(stack, log, versions)
            tasks: list[Coroutine[Any, Any, None]] = [
                memory.run(),
                memoir.keep_on(),
                keep_trimmed(log),
                follower.wait(),
                shell.wait(),
                historian.wait(),
            ]
            if wire is not None:
                tasks += [wire.bridge.wait(), wire.broker.wait()]
            if options.console:
                status = self._status(view, log, wire, historian)
                hands = Hands(options.data, log.append, answers)
                tasks.append(serve_console(view, self.catalogue, status, options.console_port, self._show, hands))
            running: list[asyncio.Future[Any]] = [asyncio.ensure_future(task) for task in tasks]
            stack.push_async_callback(_cancel, running)
            if wire is not None:
                # Else the field would play hours ahead of the first alarm while the kernels are being compiled.
                await asyncio.to_thread(warm_up)
                await asyncio.to_thread(warm_windows)
                field = await stack.enter_async_context(FieldProcess(options, wire.bridge.server))
                if options.speed is not None:
                    running.append(asyncio.create_task(self._slow_down(field, options.speed), name="pace"))
                finished = await _first_failure(running, asyncio.create_task(field.played(), name="field")), wire.kind
            assert finished is not None
            await _first_failure(running, asyncio.create_task(self._settle(log, shell, follower), name="settle"))
            await historian.drain()
            await memoir.finish(*finished)
            memory.sample()
            carried = 0 if wire is None else wire.bridge.counters.readings
            self.summary = summary = self._summary(log, *finished, carried, time.monotonic() - started, memory.peak)
            if not options.until_end:
                self._show(
                    f"the event has ended: {len(summary.alarms)} alarms, {summary.lost} readings lost. "
                    "Ctrl-C stops; start again with --fresh to see it anew"
                )
                await _first_failure(running, asyncio.create_task(asyncio.Event().wait(), name="linger"))
        return summary

    async def _configure(self, log: LocalLog) -> dict[str, Configured]:
        """The event's catalogue where the folder has none; what was applied there stays, unless a file was named."""
        at = max(log.last_tick(), self.event.start_ns)
        configured = await configure(log, self.catalogue, at, keep=self.options.sites is None)
        for name, one in configured.items():
            if one.differs:
                self._show(
                    f"{name}: catalogue {one.version} was applied to this folder and stays; the site file differs "
                    "(`headworks apply` takes it, --fresh starts over with it)"
                )
        self.catalogue = self.catalogue.model_copy(update={"sites": tuple(one.site for one in configured.values())})
        return configured

    def _say_where(self, log: LocalLog, memoir: Memoir) -> int:
        """The event time (ns) up to which everything was told at an earlier start; 0: tell it all."""
        if not log.last_tick() or memoir.finished() is not None:
            return 0
        zone = ZoneInfo(self.event.time_zone)
        clock = to_datetime(log.last_tick()).astimezone(zone).strftime("%m-%d %H:%M")
        self._show(f"going on from {clock}; what was raised before is on the page, and in `headworks journal`")
        return log.last_tick()

    def so_far(self) -> dict[str, Any]:
        """What an interrupted run amounts to; the log has it, and the next start goes on from there."""
        tally = self._memoir.tally if self._memoir is not None else Tally()
        return {
            "event": self.event.id,
            "interrupted": True,
            "received": tally.received,
            "alarms": alarm_lines(tally.raised),
            "incidents": incident_lines(tally.incidents),
        }

    async def _wire(self, stack: AsyncExitStack, log: LocalLog, versions: dict[str, tuple[Site, str]]) -> Wire:
        """The way from the field into the log, up to the bridge."""
        options = self.options
        broker = await stack.enter_async_context(Broker(options.mqtt_port, options.broker))
        if broker.moved:
            self._show(f"port {options.mqtt_port} is in use: the MQTT broker listens on {broker.port}")
        bridge = Bridge(versions, log, Server(port=broker.port), clock=EventEnd(self.event.end_ns), player=True)
        return Wire(broker, await stack.enter_async_context(bridge))

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

    async def _settle(self, log: LocalLog, folds: Folds, follower: Follower) -> None:
        """Everything that the log holds at the event's end has been folded and handed on."""
        await self.ended.wait()
        await folds.drain()
        await follower.reach(log.head())

    def _status(self, view: LiveView, log: LocalLog, wire: Wire | None, historian: Historian) -> Callable[[], Status]:
        refused_before = sum(log.reject_counts().values())
        memoir = self._memoir
        assert memoir is not None

        def status() -> Status:
            counters = BridgeCounters() if wire is None else wire.bridge.counters
            return Status(
                silence=0.0 if view.ended else view.silence(),
                problem=historian.fault,
                simulation=True,
                speed=self.options.speed if self._alarmed.is_set() else None,
                counters={
                    "readings": memoir.tally.received,
                    "rejected": refused_before + counters.rejects.total(),
                    "in flight": counters.in_flight,
                },
            )

        return status

    def _summary(self, log: LocalLog, played: Played, broker: str, carried: int, wall: float, peak: int) -> Summary:
        assert self._memoir is not None
        tally = self._memoir.tally
        return Summary(
            event=self.event.id,
            published=played.published,
            received=tally.received,
            rejected=sum(log.reject_counts().values()),
            lost=played.published - tally.received,
            messages=played.messages,
            alarms=alarm_lines(tally.raised),
            incidents=incident_lines(tally.incidents),
            wall_seconds=round(wall, 2),
            readings_per_second=round(carried / wall, 1),
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


def _digest(event: Described) -> str:
    """Of what makes the readings come out as they do; a run can only go on when it is the same."""
    told = {"title", "sources", "documented", "assumptions"}
    return hashlib.blake2b(event.model_dump_json(exclude=told).encode(), digest_size=6).hexdigest()


async def _cancel(tasks: list[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _remove_run(data: Path) -> None:
    """Removes what a run writes, and where paging was in it; nothing else that may lie in the folder."""
    for name in (LOG_FILE, f"{LOG_FILE}-wal", f"{LOG_FILE}-shm"):
        (data / name).unlink(missing_ok=True)
    shutil.rmtree(data / HISTORY, ignore_errors=True)
    from services.store.database import STORE_FILE, Database  # only where there is one: it is slow to load

    if (data / STORE_FILE).exists():
        from services.duty.log import FOLDER, Store

        database = Database.in_folder(data)
        try:
            Store(database).forget(FOLDER)
        finally:
            database.close()
