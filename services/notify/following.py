"""The paging service over a folder's log: it follows, dispatches and sends until it is ended."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog

from services.alerts.oncall.check import load_oncall
from services.alerts.oncall.decisions import Decision, Kind
from services.core.catalogue import from_json
from services.core.errors import HeadworksError
from services.core.records import AlarmEvent, Config, IncidentEvent, Output, Record, Tick
from services.job.follower import Follower
from services.job.options import LOG_FILE
from services.notify.alertmanager import AGAIN, Alertmanager
from services.notify.channels import PATIENCE, ChannelError, open_channels
from services.notify.service import Happening, Notifier
from services.duty.log import Store
from services.runtime.local import LogView
from services.store.database import Database

#: Seconds between two looks at what is due. A page may be late by this much.
_LOOK = 0.2

#: The part of the source that a folder's log is.
_PART = "log"

_log = structlog.get_logger("headworks.notify")


@dataclass(slots=True)
class Clock:
    """The machine's clock, or, of a run that has a player, the run's: the newest tick."""

    player: bool
    ticked: int = 0

    def __call__(self) -> int:
        """The present, ns."""
        return self.ticked if self.player else time.time_ns()


@dataclass(slots=True)
class Told:
    """Counts of what was decided, by kind; the newest decisions for who watches."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, decisions: list[Decision]) -> None:
        """Counts and logs them; what reached nobody is an error in the log."""
        for one in decisions:
            self.counts[one.kind.value] = self.counts.get(one.kind.value, 0) + 1
            say = _log.error if one.kind is Kind.UNREACHED else _log.info
            say(one.kind.value, why=one.why.value, problem=one.problem, person=one.person, detail=one.detail)


async def notify(file: Path, data: Path, player: bool, whole: bool, told: Told) -> None:
    """Follows the log in `data` and pages by the rules in `file`, until cancelled.

    player: the run's clock is the log's ticks, not the machine's.  whole: what the log held before the first start is
    taken too. HeadworksError for rules, channels or a log that cannot be used.
    """
    rules = load_oncall(file, time.time_ns())
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        channels = open_channels(rules.channels, client)
        view = stack.enter_context(LogView.open(data / LOG_FILE))
        database = Database.in_folder(data)
        stack.callback(database.close)
        store = Store(database)
        clock, names = Clock(player), dict[str, str]()
        notifier = Notifier(rules, store, _PART, channels, clock, names)
        waiting: list[Happening] = []

        def take(entry: Record | Output) -> None:
            match entry:
                case Tick():
                    clock.ticked = max(clock.ticked, entry.time)
                case Config():
                    names[entry.site] = from_json(entry.catalogue_json).name
                case AlarmEvent() | IncidentEvent():
                    waiting.append(Happening(_PART, follower.at, entry))

        follower = Follower(view, [take])
        if notifier.fresh:
            notifier.begin_at({_PART: -1 if whole else view.head()})
        await stack.enter_async_context(follower)
        manager = Alertmanager(rules.alertmanager, client) if rules.alertmanager else None
        async with asyncio.TaskGroup() as group:
            group.create_task(_ended(follower))
            group.create_task(_work(notifier, waiting, told, follower, view))
            if manager is not None:
                group.create_task(_mirror(manager, notifier))
            if rules.heartbeat:
                group.create_task(_beat(rules.heartbeat, rules.heartbeat_every / 1e9, client))


async def _ended(follower: Follower) -> None:
    await follower.wait()
    raise HeadworksError("the site log ended")


async def _work(notifier: Notifier, waiting: list[Happening], told: Told, follower: Follower, view: LogView) -> None:
    await follower.reach(view.head())  # first all that is there: what was acknowledged meanwhile pages nobody
    while True:
        batch = waiting[:]
        del waiting[: len(batch)]
        told.add(notifier.take(batch) if batch else notifier.tick())
        sent = await notifier.send_all()
        if not sent and not waiting:
            await asyncio.sleep(_LOOK)


async def _mirror(manager: Alertmanager, notifier: Notifier) -> None:
    """Told at once of what is new or over, and every minute of what stands."""
    shown: tuple[object, ...] = ()
    last = 0.0
    while True:
        problems = list(notifier.dispatch.problems.open.values())
        now = tuple((p.id, p.status, p.worst, p.phase) for p in problems)
        if now != shown or time.monotonic() - last >= AGAIN:
            try:
                await manager.tell(problems, time.time_ns())
                shown, last = now, time.monotonic()
            except ChannelError as error:
                _log.warning("not taken", error=str(error))
                await asyncio.sleep(1.0)
        await asyncio.sleep(_LOOK)


async def _beat(url: str, every: float, client: httpx.AsyncClient) -> None:
    """An outside watchdog hears that this service lives. What it cannot hear is for it to call somebody about."""
    while True:
        try:
            await client.get(url)
        except httpx.HTTPError as error:
            _log.warning("the watchdog does not hear", error=type(error).__name__)
        await asyncio.sleep(every)
