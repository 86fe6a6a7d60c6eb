"""The paging service over a source of events: it follows, dispatches and sends until it is ended."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog

from services.alerts.oncall.decisions import Decision, Kind
from services.core.clock import SECOND
from services.core.errors import HeadworksError
from services.core.phrases import Phrases
from services.duty.lease import Lease
from services.duty.links import Links
from services.duty.log import Store
from services.duty.rules import Rules, read
from services.duty.wishes import Wishes
from services.notify.alertmanager import AGAIN, Alertmanager
from services.notify.channels import PATIENCE, ChannelError, open_channels
from services.notify.service import Notifier
from services.notify.sources import Happening, Source
from services.store.database import Database, StoreError

#: Seconds between two looks at what is due. A page may be late by this much.
_LOOK = 0.2

#: It says that it lives this often (s).
_SAY = 5.0

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


async def notify(
    file: Path | None, source: Source, database: Database, whole: bool, told: Told, phrases: Phrases | None = None
) -> None:
    """Follows `source` and pages by the rules in `file`, else by those in force, until cancelled.

    Rules that come into force meanwhile, and swaps of duty, hold from then on. whole: what the source held before the
    first start is taken too.  phrases: the catalogues' texts in other languages. HeadworksError for rules, channels, a
    source or a database that cannot be used.
    """
    book = Rules(database, time.time_ns)
    if file is not None and not book.started_with(read(file, time.time_ns()), file.name):
        _log.warning("rules that were applied since go on: `headworks oncall apply` brings back the file's")
    mark, rules = book.mark(), book.in_force(source.clock())  # swaps are of the clock that pages go by
    if rules is None:
        raise HeadworksError("no on-call rules are in force: name their file, or `headworks oncall apply FILE` first")
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        store, lease = Store(database), Lease(database, source.name, time.time_ns)
        await lease.take()
        notifier = Notifier(
            rules, store, source.name, open_channels(rules.channels, client), source.clock, source.names,
            Wishes(database), Links(database, time.time_ns), phrases,
        )  # fmt: skip
        begun = await source.begin(None if notifier.fresh else notifier.positions, whole)
        if notifier.fresh:
            notifier.begin_at(begun)
            await lease.take()
        store.lease = lease
        stack.callback(_leave, lease)
        async with asyncio.TaskGroup() as group:
            group.create_task(source.follow())
            group.create_task(_work(notifier, source, told))
            group.create_task(_live(lease))
            group.create_task(_rules(notifier, book, mark, client))
            group.create_task(_mirror(notifier, client))
            group.create_task(_beat(notifier, client))


def _leave(lease: Lease) -> None:
    with suppress(StoreError):  # then it runs out by itself
        lease.release()


async def _work(notifier: Notifier, source: Source, told: Told) -> None:
    await source.caught_up()  # first all that is there: what was acknowledged meanwhile pages nobody
    batch: list[Happening] = []
    sending: set[asyncio.Task[None]] = set()
    whole = True
    try:
        while True:
            batch += source.taken()
            try:
                if not whole:
                    notifier.reload()
                    whole = True
                told.add(notifier.take(batch) if batch else notifier.tick())
                told.add(notifier.listen())
                for end in [one for one in sending if one.done()]:
                    sending.discard(end)
                    end.result()
                begun = notifier.start()
            except StoreError as error:
                # Nothing is forgotten: what was not written is taken again as soon as the database is back.
                whole = False
                _log.error("the notification log takes nothing", error=str(error))
                await asyncio.sleep(1.0)
                continue
            sending.update(begun)
            told.unreached = sum(bool(p.unreached) for p in notifier.dispatch.problems.open.values())
            # A channel that hangs keeps nobody else waiting.
            await asyncio.sleep(0 if begun or batch else _LOOK)
            batch = []
    finally:
        for one in sending:
            one.cancel()


async def _live(lease: Lease) -> None:
    """Says that this one lives, and ends it when another one pages."""
    while True:
        await asyncio.sleep(_SAY)
        try:
            lease.renew()
        except StoreError as error:
            _log.error("it cannot be said that paging lives", error=str(error))


async def _rules(notifier: Notifier, book: Rules, mark: tuple[int, int, int], client: httpx.AsyncClient) -> None:
    """Other rules, or swaps, hold as soon as they are in force. Those that cannot be used change nothing."""
    while True:
        await asyncio.sleep(_SAY / 5)
        try:
            newest = book.mark()
            if newest == mark:
                continue
            mark, rules = newest, book.in_force(notifier.clock())
            if rules is not None:
                notifier.use(rules, open_channels(rules.channels, client))
                _log.info("other rules", swaps=mark[1])
        except StoreError as error:
            _log.warning("the rules cannot be looked up", error=str(error))
        except HeadworksError as error:
            _log.error("the rules in force cannot be used: those before them go on", error=str(error))


async def _mirror(notifier: Notifier, client: httpx.AsyncClient) -> None:
    """Told at once of what is new or over, and every minute of what stands."""
    shown: tuple[object, ...] = ()
    last, base = 0.0, None
    manager: Alertmanager | None = None
    while True:
        await asyncio.sleep(_LOOK)
        if notifier.rules.alertmanager != base:
            base = notifier.rules.alertmanager
            manager, shown = Alertmanager(base, client) if base else None, ()
        if manager is None:
            continue
        problems = list(notifier.dispatch.problems.open.values())
        now = tuple((p.id, p.status, p.worst, p.phase) for p in problems)
        if now != shown or time.monotonic() - last >= AGAIN:
            try:
                await manager.tell(problems, time.time_ns())
                shown, last = now, time.monotonic()
            except ChannelError as error:
                _log.warning("not taken", error=str(error))
                await asyncio.sleep(1.0)


async def _beat(notifier: Notifier, client: httpx.AsyncClient) -> None:
    """An outside watchdog hears that this service lives. What it cannot hear is for it to call somebody about."""
    asked = float("-inf")
    while True:
        url, every = notifier.rules.heartbeat, notifier.rules.heartbeat_every / SECOND
        if url is not None and time.monotonic() - asked >= every:
            asked = time.monotonic()
            try:
                await client.get(url)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                _log.warning("the watchdog does not hear", error=type(error).__name__)
        await asyncio.sleep(1.0)
