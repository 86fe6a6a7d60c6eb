"""Gateway: publishes a site's frames as Sparkplug B, numbered, and sends again what the log does not have.

Everything but paho's network thread runs in one event loop. Numbers are given when a frame is made; Sparkplug's seq
when it is sent, since a frame that is sent again needs another one.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
import structlog
from numpy.typing import NDArray
from paho.mqtt.client import MQTTMessage

from services.core.catalogue import Site
from services.core.errors import Rejected
from services.core.ports import Position
from services.telemetry.gateway.births import check_aliases, device_births
from services.telemetry.gateway.outbox import MemoryOutbox, Outbox, Stored
from services.telemetry.link import Backoff, Link, LinkError, Server, Will
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.decode import decode_certificate
from services.telemetry.sparkplug.topics import Kind, committed_topic, topic

#: Readings in one message: below the bounds of the wire, whatever their quality.
MAX_READINGS = 20_000

_log = structlog.get_logger("headworks.gateway")


@dataclass(slots=True)
class GatewayCounters:
    """What a gateway did since it was made; `committed` and `last` are numbers of its epoch."""

    committed: int = 0
    last: int = 0
    skipped: int = 0
    sent: int = 0
    resent: int = 0
    births: int = 0
    connections: int = 0


class Gateway:
    """The edge node of one site. An async context manager: inside it, it keeps itself connected."""

    def __init__(
        self,
        site: Site,
        epoch: int,
        server: Server,
        *,
        outbox: Outbox | None = None,
        window: int = 200,
        settle: float = 0.3,
        resend_after: float = 5.0,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        """`epoch` names the numbering, and changes when the outbox is lost; it comes from the caller.

        `window`: frames sent beyond the committed number.  `settle`: seconds to wait, once connected, for the
        committed number.  `resend_after`: seconds without progress after which the window is sent again.
        `now`: ns, dates births only.  ValueError for a site with more points than aliases.
        """
        check_aliases(site)
        self.site, self.epoch, self.server = site, epoch, server
        self.counters = GatewayCounters()
        self._outbox: Outbox = MemoryOutbox() if outbox is None else outbox
        self._window, self._settle, self._resend_after = window, settle, resend_after
        self._now = now
        self._stations = {station.id for station in site.stations}
        self._committed_topic = committed_topic(site.group, site.id)
        self._command_topic = topic(Kind.NCMD, site.group, site.id)
        # Distinct from the bridge's, and from that of a gateway for the same site started by mistake:
        # equal ids would make the broker throw the two out in turns, for ever.
        self._client_id = f"headworks-gateway-{site.group}-{site.id}-{os.getpid()}"
        # Sparkplug's death-birth number; from the clock, so that a restart does not repeat the last one.
        self._bdseq = (now() // 1_000_000_000) % 256
        self._seq = 0
        self._sent = self._highest = 0
        self._rebirth = self._closed = False
        self._making = asyncio.Lock()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._heard = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failed: BaseException | None = None
        self._link: Link | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- for the caller

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(), name=f"gateway {self.site.id}")
        self._task.add_done_callback(self._ended)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("gateway ends", site=self.site.id, error=f"{type(error).__name__}: {error}")
            self._failed = error
            self._room.set()  # who waits for room or for the log must not wait for ever

    def start_after(self, position: Position) -> None:
        """Tells what is committed before any frame is made: frames up to there will not be sent, only counted."""
        if position.epoch == self.epoch:
            self._commit(position.number)

    async def publish(
        self,
        station: str,
        times: NDArray[np.int64],
        points: NDArray[np.int32],
        values: NDArray[np.float64],
        quality: NDArray[np.uint8],
        through: int,
    ) -> int:
        """Numbers, encodes and keeps a frame; waits while the outbox is full. Returns the number.

        Columns of length n (0: a heartbeat): event time (ns, cut to ms), index into the site's points, value,
        quality. `through` (ns): everything of the station up to it has been given.
        ValueError for a station or point that is not the site's, or more than MAX_READINGS readings;
        LinkError when the gateway is closed while there is no room.
        """
        if station not in self._stations:
            raise ValueError(f"site {self.site.id} has no station {station!r}")
        if len(times) > MAX_READINGS:
            raise ValueError(f"{len(times)} readings in a frame, at most {MAX_READINGS}")
        if len(points) and not 0 <= points.min() <= points.max() < len(self.site.points):
            raise ValueError(f"point indices must be 0 to {len(self.site.points) - 1}")
        async with self._making:
            number = self.counters.last + 1
            if number > self.counters.committed:
                frame = Stored(
                    number,
                    station,
                    encode.encode_data(
                        points.astype(np.int64) + encode.FIRST_ALIAS,
                        times, values, quality,
                        through=through, epoch=self.epoch, number=number,
                    ),
                )  # fmt: skip
                while not self._outbox.has_room(len(frame.payload)):
                    await self._wait_for_room()
            self.counters.last = number
            # The committed number may have overtaken it while it waited for room.
            if number > self.counters.committed:
                self._outbox.append(frame)
                self._wake.set()
            else:
                self.counters.skipped += 1
        # A caller that makes frames without ever waiting must not keep the loop from sending them.
        await asyncio.sleep(0)
        return number

    async def drain(self) -> None:
        """Waits until all that was published is committed."""
        await self.until_committed(self.counters.last)

    async def until_committed(self, number: int) -> None:
        """Waits until everything up to `number` is committed. LinkError when the gateway is closed before."""
        while self.counters.committed < number:
            await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        if self._closed:
            raise LinkError(f"the gateway of {self.site.id} is closed")
        if self._failed is not None:
            raise LinkError(f"the gateway of {self.site.id} has ended: {self._failed!r}") from self._failed
        self._room.clear()
        await self._room.wait()

    async def close(self) -> None:
        """Publishes the death certificate if connected, and ends. What is not committed stays in the outbox."""
        self._closed = True
        self._room.set()
        if self._task is None:
            return
        self._task.cancel()
        # What ended it before was logged, and told to those who waited.
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    # -- the connection

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._connection(backoff)
            except LinkError as error:
                pause = backoff.next()
                _log.warning("not connected", site=self.site.id, error=str(error), again_in=round(pause, 2))
                await asyncio.sleep(pause)

    async def _connection(self, backoff: Backoff) -> None:
        self._bdseq = (self._bdseq + 1) % 256
        dead = topic(Kind.NDEATH, self.site.group, self.site.id)
        certificate = encode.encode_death(self._now(), self._bdseq)
        link = Link(self.server, self._client_id, self._on_message, will=Will(dead, certificate))
        await link.open()
        self._link = link
        try:
            self.counters.connections += 1
            self._heard.clear()
            await link.subscribe([self._committed_topic, self._command_topic])
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settle):
                    await self._heard.wait()
            backoff.reset()
            self._rebirth = True
            self._sent = self.counters.committed
            await self._send_until_lost(link)
            raise LinkError(f"{self.server} was lost")
        finally:
            self._link = None
            if not link.lost.is_set():
                # A goodbye discards the will, so the certificate is published by hand.
                await link.publish_and_wait(dead, certificate, 1.0)
            await link.close()

    async def _send_until_lost(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        lost = asyncio.create_task(link.lost.wait())
        patience, progress, moved = self._resend_after, self.counters.committed, loop.time()
        try:
            while not link.lost.is_set():
                self._wake.clear()
                if self._rebirth:
                    self._rebirth = False
                    self._births(link)
                await self._send(link)
                wake = asyncio.create_task(self._wake.wait())
                await asyncio.wait((wake, lost), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                wake.cancel()
                if self.counters.committed > progress or self._sent == self.counters.committed:
                    progress, moved = self.counters.committed, loop.time()
                    patience = self._resend_after
                elif loop.time() - moved >= patience:
                    # Something was lost where nobody could notice: a broker that drops, a bridge that was away.
                    self._sent = self.counters.committed
                    moved, patience = loop.time(), min(2 * patience, 60.0)
        finally:
            lost.cancel()

    def _births(self, link: Link) -> None:
        at, site, counters = self._now(), self.site, self.counters
        self._seq = 0
        node = encode.encode_node_birth(
            at,
            bdseq=self._bdseq,
            epoch=self.epoch,
            number=counters.committed,
            first=counters.committed + 1,
            last=max(counters.last, counters.committed),
        )
        self._give(link, topic(Kind.NBIRTH, site.group, site.id), node)
        for station, payload in device_births(site, at):
            self._give(link, topic(Kind.DBIRTH, site.group, site.id, station), payload)
        counters.births += 1

    async def _send(self, link: Link) -> None:
        counters = self.counters
        sent = 0
        while (
            self._sent < counters.last
            and self._sent - counters.committed < self._window
            and not (self._rebirth or link.lost.is_set())
        ):
            # A committed number may arrive while this one waits its turn; the outbox has dropped up to it.
            number = max(self._sent, counters.committed) + 1
            if number > counters.last:
                break
            frame = self._outbox.get(number)
            self._give(link, topic(Kind.DDATA, self.site.group, self.site.id, frame.station), frame.payload)
            if number <= self._highest:
                counters.resent += 1
            self._highest = max(self._highest, number)
            self._sent = number
            counters.sent += 1
            sent += 1
            if sent % 50 == 0:
                await asyncio.sleep(0)

    def _give(self, link: Link, to: str, payload: bytes) -> None:
        link.publish(to, encode.with_seq(payload, self._seq))
        self._seq = (self._seq + 1) % 256

    # -- what comes back

    def _on_message(self, message: MQTTMessage) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, message.topic, bytes(message.payload))

    def _take(self, source: str, payload: bytes) -> None:
        try:
            if source == self._committed_topic:
                self._hear(_position(payload))
                return
            if source != self._command_topic:
                # amqtt hands a client all that is retained, subscribed to or not. Another gateway's committed
                # number taken for one's own would drop frames that nobody has.
                _log.debug("message of another topic", site=self.site.id, topic=source)
                return
            command = decode_certificate(payload)
        except (Rejected, ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("message not understood", topic=source, error=str(error))
            return
        start = command.number(encode.RESEND)
        if start is not None:
            # What is no longer held was committed once: a birth says where this gateway begins.
            self._rebirth |= start <= self.counters.committed
            self._sent = min(self._sent, max(start - 1, self.counters.committed))
        self._rebirth |= any(m.name == encode.REBIRTH and m.value is True for m in command.metrics)
        self._wake.set()

    def _hear(self, position: Position) -> None:
        self._heard.set()
        number = position.number if position.epoch == self.epoch else 0
        if number < self.counters.committed:
            # Another log than before: what was dropped on the word of the first cannot be sent to this one.
            _log.error(
                "the log has less than it said that it had",
                site=self.site.id, said=self.counters.committed, now=number,
            )  # fmt: skip
        self._commit(number)

    def _commit(self, number: int) -> None:
        if number <= self.counters.committed:
            return
        self.counters.committed = number
        self._sent = max(self._sent, number)
        self._outbox.drop_to(number)
        self._room.set()
        self._wake.set()


def _position(payload: bytes) -> Position:
    """What the committed topic says; ValueError, TypeError, KeyError or RecursionError when it says something else."""
    said = json.loads(payload)
    position = Position(said["epoch"], said["number"])
    for value, most in ((position.epoch, 2**64 - 1), (position.number, 2**63 - 1)):
        if type(value) is not int or not 0 <= value <= most:
            raise ValueError(f"{value!r} must be a whole number up to {most}")
    return position
