"""Bridge: from MQTT into the sites' logs. A message is acknowledged when the log has it, and not before.

The connection fills a bounded queue. One coroutine takes from it in batches: decode, one append, acknowledge.
Another, every few milliseconds, says to each gateway how far its frames are in the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog

from services.core.catalogue import Site
from services.core.codec import decode_records
from services.core.errors import LogError
from services.core.packed import Packed, PackedLog
from services.core.ports import Position, SiteLog
from services.core.records import Record, Tick
from services.telemetry.bridge.counters import BridgeCounters
from services.telemetry.bridge.digest import Clock, Digest, Reader, WallClock
from services.telemetry.bridge.intake import Arrived, Intake
from services.telemetry.bridge.session import Session
from services.telemetry.bridge.ticks import PlayerTicks, WallTicks
from services.telemetry.bridge.warm import warm_up
from services.telemetry.link import Backoff, LinkError, Server
from services.telemetry.receiver import Chunk, Receiver
from services.telemetry.sparkplug.encode import REBIRTH, RESEND, encode_command
from services.telemetry.sparkplug.topics import (
    Kind,
    all_of_edge,
    all_of_group,
    clock_topic,
    committed_topic,
    ticked_topic,
    topic,
)

#: Messages and bytes after which a batch is closed, and filters in one subscription.
_BATCH, _BATCH_BYTES, _FILTERS = 4_000, 8_000_000, 100
_SAY_EVERY = 0.02
_COMPLAIN_AFTER = 10.0

_log = structlog.get_logger("headworks.bridge")


class Bridge:
    """An async context manager: inside it the bridge works. `wait` tells of an error that ended it.

    A log that cannot take a batch is asked again, with pauses, for `retry_for` seconds; meanwhile nothing is
    acknowledged, the queue fills, and the gateways keep their frames. Then the bridge ends with the LogError.
    """

    def __init__(
        self,
        catalogues: Mapping[str, tuple[Site, str]],
        log: SiteLog,
        server: Server,
        *,
        clock: Clock | None = None,
        player: bool = False,
        tick_every: float = 5.0,
        backlog_limit: float = 60.0,
        retry_for: float = 10.0,
        patience: float = 30.0,
        client_id: str = "headworks-bridge",
        shard: tuple[int, int] = (0, 1),
        elsewhere: Collection[str] = (),
        groups: Collection[str] = (),
        passing: Callable[[LogError], bool] = lambda _error: True,
        waited: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """`catalogues`: by site, the site and its version.  `clock`: what event times are held against.

        `player`: a player owns the clock; then `clock` should be the event's end, and deaths are only counted.
        Without one the bridge ticks every `tick_every` seconds, held up to `backlog_limit` seconds while a gateway
        that came back has frames to send.  `patience`: seconds until a number that never comes is given up.
        `client_id` must be the bridge's own, and the same each time: its session waits for it in the broker.

        `shard`: (index, count) of this bridge among several, which then takes the topics of its own edge nodes alone;
        `elsewhere` are those that the others carry, `groups` those whose clocks it hears even if no site of its own is
        in them.  `passing`: whether an error of the log is worth trying again.
        `waited` is told, of each batch, how many seconds its oldest message took from MQTT into the log.
        """
        self.counters = BridgeCounters()
        self._log_of_sites, self.server = log, server
        self._clock = clock if clock is not None else WallClock()
        self._client_id = client_id
        self._retry_for, self._passing, self._waited = retry_for, passing, waited
        self._shard, self._more_groups = shard, set(groups)
        self._ticked = log.last_tick()
        self._writing_since: float | None = None
        self._player = PlayerTicks(log.last_tick()) if player else None
        self._wall = None if player else WallTicks(tick_every, backlog_limit, log.last_tick())
        self._reader = Reader(
            catalogues, log.positions(), self._clock, self.counters, self._ask,
            ticks=self._player, patience=patience,
        )  # fmt: skip
        for group in groups:
            self._reader.hear_clock(group)
        for edge in elsewhere:
            self._reader.leave_elsewhere(edge)
        self._link: Receiver | None = None
        #: Why it does not work just now, empty when it does: the connection to the broker, and the log.
        self.link_problem = f"not connected to {server} yet"
        self.log_problem = ""
        #: By site: the event time of the last reading that is in the log, ns.
        self.latest: dict[str, int] = {}
        self._say: set[str] = set()
        self._say_tick = False
        self._to_say = asyncio.Event()
        self._held_since: float | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: asyncio.Future[None] | None = None
        self._closing = False

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(warm_up)
        self._intake = Intake()
        self._failed = asyncio.get_running_loop().create_future()
        for name, work in (("link", self._keep_linked), ("log", self._work), ("say", self._speak)):
            task = asyncio.create_task(work(), name=f"bridge {name}")
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and self._failed is not None and not self._failed.done():
            _log.error("bridge ends", error=str(error))
            self._failed.set_exception(error)
            self._failed.exception()  # `wait` need not be called
            for other in self._tasks:
                other.cancel()
            self._intake.close()

    async def wait(self) -> None:
        """Returns when the bridge is closed; raises the error that ended it (LogError)."""
        assert self._failed is not None
        await asyncio.shield(self._failed)

    async def close(self) -> None:
        """Ends in order: the batch in hand is finished, the rest stays unacknowledged in the broker."""
        self._closing = True
        self._intake.close()
        if self._tasks:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(self._tasks[1], return_exceptions=True), 3.0)
            self._tell()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._failed is not None and not self._failed.done():
            self._failed.set_result(None)

    @property
    def log_waits(self) -> float:
        """Seconds that the batch in hand has waited for the log, 0 when none does."""
        since = self._writing_since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    # -- the connection

    async def _keep_linked(self) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._linked(Receiver(self.server, self._client_id, self._arrived), backoff)
            except LinkError as error:
                pause = backoff.next()
                self.link_problem = str(error)
                _log.warning("not connected", error=str(error), again_in=round(pause, 2))
                await asyncio.sleep(pause)

    @property
    def _groups(self) -> list[str]:
        return sorted({s.site.group for s in self._reader.sessions.values()} | self._more_groups)

    def _filters(self) -> list[str]:
        clocks = [clock_topic(group) for group in self._groups] if self._player is not None else []
        if self._shard[1] == 1:
            return [all_of_group(group) for group in self._groups] + clocks
        return [all_of_edge(s.site.group, edge) for edge, s in sorted(self._reader.sessions.items())] + clocks

    async def _linked(self, link: Receiver, backoff: Backoff) -> None:
        await link.open()
        try:
            self._link = link
            filters = self._filters()
            for first in range(0, len(filters), _FILTERS):
                await link.subscribe(filters[first : first + _FILTERS])
            self.counters.connections += 1
            self.link_problem = ""
            backoff.reset()
            # A broker that was started again has forgotten what was retained, and a retained word of another
            # log must not stand: say all anew. Gateways whose birth is not known introduce themselves.
            self._say.update(self._reader.sessions)
            self._say_tick = self._player is not None
            self._to_say.set()
            for session in self._reader.sessions.values():
                if not session.born:
                    self.counters.rebirth_requests += 1
                    self._ask(session, True, session.accepted + 1)
            await link.lost.wait()
            raise LinkError(f"{self.server} was lost: {link.reason}")
        finally:
            self._link = None
            await link.close()

    def _arrived(self, chunk: Chunk) -> None:
        self._intake.put(Arrived(chunk, self._clock.now(), asyncio.get_running_loop().time()))

    def version(self, site: str) -> str:
        """The version of a site's catalogue, empty when it is not carried."""
        session = self._reader.sessions.get(site)
        return session.version if session is not None else ""

    async def take_catalogue(self, site: Site, version: str, position: Position | None = None) -> None:
        """Goes on with another version of a site's catalogue.

        A site that it did not carry is carried from now on; `position` is how far the log has it.
        """
        session = self._reader.sessions.get(site.id)
        if session is None:
            session = self._reader.add(site, version, position)
        else:
            session.revise(site, version)
        _log.info("catalogue taken", site=site.id, version=version)
        if (link := self._link) is not None:
            whole = self._shard[1] == 1
            try:
                await link.subscribe(self._filters()[:_FILTERS] if whole else [all_of_edge(site.group, site.id)])
            except LinkError:
                return  # the next connection says it all
            self.counters.rebirth_requests += 1
            self._ask(session, True, session.accepted + 1)

    def _ask(self, session: Session, rebirth: bool, resend: int | None) -> None:
        commands: list[tuple[str, bool | int]] = [(REBIRTH, True)] if rebirth else []
        if resend is not None:
            commands.append((RESEND, resend))
        if self._link is not None:
            to = topic(Kind.NCMD, session.site.group, session.site.id)
            self._link.publish(to, encode_command(WallClock().now(), commands))

    def leave_elsewhere(self, edge: str) -> None:
        """Another bridge carries this edge node: what is said of it is none of this one's business."""
        self._reader.leave_elsewhere(edge)

    # -- from the queue into the log

    async def _work(self) -> None:
        pause = min(0.25, self._wall.every / 1e9) if self._wall is not None else 0.25
        while not self._closing:
            batch = await self._intake.take(_BATCH, _BATCH_BYTES, pause)
            digest = Digest()
            for arrived in batch:
                chunk = arrived.chunk
                self._reader.take_many(chunk.data, chunk.rows, arrived.received, digest)
            held = sum(len(arrived.chunk) for arrived in batch)
            self.counters.in_flight = held + len(self._intake)
            ticks = self._ticks()
            digest.records.extend(ticks)
            if digest.records:
                await self._persist(lambda d=digest: self._append(d))  # type: ignore[misc]
            if digest.rejects:
                await self._persist(lambda d=digest: self._log_of_sites.reject(d.rejects))  # type: ignore[misc]
            for site in digest.say:
                session = self._reader.sessions[site]
                session.committed = Position(session.epoch, session.accepted)
            self.counters.frames += digest.frames
            self.counters.readings += digest.readings
            self.latest |= digest.latest
            self._ticked = max([self._ticked, *(tick.time for tick in ticks)])
            self._say |= digest.say
            self._say_tick |= bool(ticks) and self._player is not None
            if self._say or self._say_tick:
                self._to_say.set()
            for arrived in batch:
                if self._link is not None:
                    self._link.acknowledge(arrived.chunk)
            if batch:
                self._waited(asyncio.get_running_loop().time() - batch[0].at)
            self.counters.in_flight = len(self._intake)

    async def _append(self, digest: Digest) -> None:
        log = self._log_of_sites
        if isinstance(log, PackedLog):
            await log.append_packed(digest.records)
            return
        records: list[Record] = []
        for one in digest.records:
            records += decode_records(one.data) if isinstance(one, Packed) else [one]
        await log.append(records)

    def _ticks(self) -> list[Tick]:
        if self._wall is not None:
            backlog = any(s.backlog for s in self._reader.sessions.values())
            ticks = self._wall.due(self._clock.now(), self._intake.oldest(), backlog)
        else:
            assert self._player is not None
            ticks = self._player.due(self._reader.reached)
            self._complain(self._player.holds(self._reader.reached))
        self.counters.ticks += len(ticks)
        return ticks

    def _complain(self, edge: str | None) -> None:
        """A run's clock that stands still must be seen, not waited for in silence."""
        now = asyncio.get_running_loop().time()
        if edge is None:
            self._held_since = None
        elif self._held_since is None:
            self._held_since = now
            self.counters.held_ticks += 1
        elif now - self._held_since > _COMPLAIN_AFTER:
            self._held_since = now
            _log.error("the clock waits for frames that do not come", edge_node=edge)

    async def _persist(self, write: Callable[[], Awaitable[None]]) -> None:
        """`write`, tried again while the log cannot take it; LogError when `retry_for` seconds did not help."""
        loop = asyncio.get_running_loop()
        self._writing_since = loop.time()
        until, backoff = self._writing_since + self._retry_for, Backoff(0.1, 2.0)
        while True:
            try:
                await write()
                self.log_problem, self._writing_since = "", None
                return
            except LogError as error:
                self.counters.log_errors += 1
                self.log_problem = str(error)
                pause = backoff.next()
                if loop.time() + pause > until or self._closing or not self._passing(error):
                    raise
                _log.error("the log cannot take a batch", error=str(error), again_in=round(pause, 2))
                await asyncio.sleep(pause)

    # -- how far it came

    async def _speak(self) -> None:
        while True:
            await self._to_say.wait()
            self._to_say.clear()
            self._tell()
            await asyncio.sleep(_SAY_EVERY)

    def _tell(self) -> None:
        if self._link is None:
            return
        for site in sorted(self._say):
            session = self._reader.sessions[site]
            at = session.committed
            said = json.dumps({"epoch": at.epoch, "number": at.number}).encode()
            self._link.publish(committed_topic(session.site.group, site), said, retain=True)
        self._say.clear()
        if self._say_tick:
            self._say_tick = False
            index, count = self._shard
            said = json.dumps({"time": self._ticked}).encode()
            for group in self._groups:
                self._link.publish(ticked_topic(group, index, count), said, retain=True)
                if index == 0 and count > 1:
                    how_many = json.dumps({"bridges": count}).encode()
                    self._link.publish(ticked_topic(group), how_many, retain=True)
