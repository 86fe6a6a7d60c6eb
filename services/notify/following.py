"""The paging service over a source of events: it follows, dispatches and sends until it is ended."""

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
from services.duty.links import Links
from services.duty.log import Store
from services.duty.wishes import Wishes
from services.notify.alertmanager import AGAIN, Alertmanager
from services.notify.channels import PATIENCE, ChannelError, open_channels
from services.notify.service import Notifier
from services.notify.sources import Happening, Source
from services.store.database import Database, StoreError

#: Seconds between two looks at what is due. A page may be late by this much.
_LOOK = 0.2

_log = structlog.get_logger("headworks.notify")


@dataclass(slots=True)
class Told:
    """Counts of what was decided, by kind. unreached: problems now of which nobody was reached, or nobody answered."""

    counts: dict[str, int] = field(default_factory=dict)
    unreached: int = 0

    def add(self, decisions: list[Decision]) -> None:
        """Counts and logs them; what reached nobody is an error in the log."""
        for one in decisions:
            self.counts[one.kind.value] = self.counts.get(one.kind.value, 0) + 1
            say = _log.error if one.kind is Kind.UNREACHED else _log.info
            say(one.kind.value, why=one.why.value, problem=one.problem, person=one.person, detail=one.detail)


async def notify(file: Path, source: Source, database: Database, whole: bool, told: Told) -> None:
    """Follows `source` and pages by the rules in `file`, until cancelled.

    whole: what the source held before the first start is taken too. HeadworksError for rules, channels, a source or
    a database that cannot be used.
    """
    rules = load_oncall(file, time.time_ns())
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        channels = open_channels(rules.channels, client)
        notifier = Notifier(
            rules, Store(database), source.name, channels, source.clock, source.names,
            Wishes(database), Links(database, time.time_ns),
        )  # fmt: skip
        begun = await source.begin(None if notifier.fresh else notifier.positions, whole)
        if notifier.fresh:
            notifier.begin_at(begun)
        manager = Alertmanager(rules.alertmanager, client) if rules.alertmanager else None
        async with asyncio.TaskGroup() as group:
            group.create_task(source.follow())
            group.create_task(_work(notifier, source, told))
            if manager is not None:
                group.create_task(_mirror(manager, notifier))
            if rules.heartbeat:
                group.create_task(_beat(rules.heartbeat, rules.heartbeat_every / 1e9, client))


async def _work(notifier: Notifier, source: Source, told: Told) -> None:
    await source.caught_up()  # first all that is there: what was acknowledged meanwhile pages nobody
    batch: list[Happening] = []
    whole = True
    while True:
        batch += source.taken()
        try:
            if not whole:
                notifier.reload()
                whole = True
            told.add(notifier.take(batch) if batch else notifier.tick())
            told.add(notifier.listen())
            sent = await notifier.send_all()
        except StoreError as error:
            # Nothing is forgotten: what was not written is taken again as soon as the database is back.
            whole = False
            _log.error("the notification log takes nothing", error=str(error))
            await asyncio.sleep(1.0)
            continue
        told.unreached = sum(bool(p.unreached) for p in notifier.dispatch.problems.open.values())
        if not sent and not batch:
            await asyncio.sleep(_LOOK)
        batch = []


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
