"""Receiver: an MQTT connection for whoever takes many messages: all that a read brought, found in one pass.

paho spends some 45 µs on a QoS 1 message, most of it on the objects of one; the bridge needs none of them. So this
speaks what a subscriber must (MQTT 3.1.1, QoS 0 and 1), hands over whole reads with a table of what is in them, and
acknowledges a table at a time. Like a Link it is used once: a lost connection is never mended.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import structlog
from numpy.typing import NDArray

from services.telemetry import packets
from services.telemetry.link import LinkError, Server

#: Bytes of the largest packet that is taken; beyond it the connection is given up.
MOST = 16_000_000

#: Bytes of ours that a broker may leave unread before it counts as gone.
_UNREAD = 16_000_000

_ROWS = 4096

_REFUSED = {
    1: "does not speak MQTT 3.1.1",
    2: "does not like the client id",
    3: "is not available",
    4: "knows no such user or password",
    5: "does not let this user in",
}

_log = structlog.get_logger("headworks.receiver")


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Messages as they came: `data` holds them, `rows` int64 (n, packets.COLUMNS) says where; `link` took them."""

    link: Receiver
    data: bytes
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


#: Handed what came, in the event loop.
OnChunk = Callable[[Chunk], None]


class Receiver(asyncio.Protocol):
    """A connection that is used once. Everything belongs to the event loop's thread."""

    def __init__(
        self, server: Server, client_id: str, on_chunk: OnChunk, *, persistent: bool = True, keep_alive: float = 60.0
    ) -> None:
        """`persistent` keeps the session in the broker; one that is silent for 1.5 × `keep_alive` s is given up."""
        self.server = server
        self.lost = asyncio.Event()
        #: Why it was lost.
        self.reason = ""
        self._client_id, self._persistent, self._on_chunk = client_id, persistent, on_chunk
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[None]] = {}
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._table = np.empty((_ROWS, packets.COLUMNS), np.int64)
        self._mid = 0
        self._patience = keep_alive
        self._heard = 0.0
        self._paused = False
        self._alive: asyncio.TimerHandle | None = None

    # -- for the caller

    async def open(self, seconds: float = 5.0) -> None:
        """Connects. LinkError when the broker cannot be reached, refuses, or does not answer in time."""
        try:
            secure = ssl.create_default_context(cafile=self.server.ca) if self.server.ca else None
            async with asyncio.timeout(seconds):
                await self._loop.create_connection(lambda: self, self.server.host, self.server.port, ssl=secure)
                await asyncio.shield(self._connected)
        except (OSError, TimeoutError) as error:
            await self.close()
            raise LinkError(f"{self.server} cannot be reached: {error or 'no answer'}") from None
        except BaseException:
            await self.close()
            raise

    async def subscribe(self, filters: list[str], seconds: float = 5.0) -> None:
        """Subscribes at QoS 1 and waits until the broker has confirmed. LinkError when it does not."""
        mid = self._next_mid()
        waiting = self._subscribed[mid] = self._loop.create_future()
        self._write(packets.subscribe(mid, filters))
        try:
            async with asyncio.timeout(seconds):
                await waiting
        except TimeoutError:
            raise LinkError(f"{self.server} did not confirm a subscription") from None

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hands a message over at QoS 1; on a lost link it is dropped with the link."""
        self._write(packets.publish(topic, payload, mid=self._next_mid(), retain=retain))

    def acknowledge(self, chunk: Chunk) -> None:
        """Acknowledges the QoS 1 messages of a chunk, if it came by this connection."""
        if chunk.link is self:
            mids = chunk.rows[:, packets.MID]
            self._write(packets.acknowledge(mids[mids > 0]))

    def pause(self) -> None:
        """Reads no more until `resume`: through TCP, and through MQTT's in-flight window, the broker is held up."""
        if self._transport is not None and not self._paused and not self.lost.is_set():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads again."""
        if self._transport is not None and self._paused and not self.lost.is_set():
            self._paused, self._heard = False, self._loop.time()
            self._transport.resume_reading()

    async def close(self) -> None:
        """Says goodbye if the link still stands."""
        if self._alive is not None:
            self._alive.cancel()
        if self._transport is not None and not self.lost.is_set():
            self._write(packets.DISCONNECT)
            self._transport.close()
            await asyncio.sleep(0)
        self._lose("it was closed here")
        if self._connected.done() and not self._connected.cancelled():
            self._connected.exception()  # was told to whoever opened; not a loss to warn of

    # -- the protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP (or TLS) connection stands: introduces itself."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._write(
            packets.connect(
                self._client_id,
                keep_alive=max(1, round(self._patience)),
                clean=not self._persistent,
                username=self.server.username,
                password=self.server.password,
            )
        )
        self._heard = self._loop.time()
        self._alive = self._loop.call_later(self._patience / 2, self._keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._lose(str(exc) if exc is not None else "without a word")

    def data_received(self, data: bytes) -> None:
        """Finds the packets in what came."""
        if self.lost.is_set():
            return
        self._heard = self._loop.time()
        if self._rest:
            data = self._rest + data
        view = np.frombuffer(data, np.uint8)
        found: list[NDArray[np.int64]] = []
        done, state = 0, packets.FINE
        while True:
            count, used, state = packets.split(view[done:], MOST, self._table)
            rows = self._table[:count].copy()
            rows[:, packets.TOPIC : packets.MID] += done
            found.append(rows)
            done += used
            if count < _ROWS or state == packets.BROKEN:
                break
        self._rest = data[done:]
        try:
            self._take(data, found[0] if len(found) == 1 else np.concatenate(found))
        except Exception as error:
            _log.exception("messages not handled, leaving the broker", server=str(self.server))
            self._abort(f"{type(error).__name__}: {error}")
        if state == packets.BROKEN:
            self._abort("it sent what is no MQTT, or too much at once")

    def _take(self, data: bytes, rows: NDArray[np.int64]) -> None:
        kinds = rows[:, packets.HEAD] >> 4
        published = kinds == packets.PUBLISH
        if not published.all():
            for row, kind in zip(rows[~published].tolist(), kinds[~published].tolist(), strict=True):
                self._control(kind, data[row[packets.BODY] : row[packets.END]])
            rows = rows[published]
        if len(rows):
            self._on_chunk(Chunk(self, data, rows))

    def _control(self, kind: int, body: bytes) -> None:
        if kind == packets.CONNACK and len(body) == 2:
            if body[1]:
                refusal = _REFUSED.get(body[1], f"refuses with code {body[1]}")
                self._abort(f"it {refusal}")
            elif not self._connected.done():
                self._connected.set_result(None)
        elif kind == packets.SUBACK and len(body) > 2:
            waiting = self._subscribed.pop(int.from_bytes(body[:2]), None)
            if waiting is not None and not waiting.done():
                if any(code > 2 for code in body[2:]):
                    waiting.set_exception(LinkError(f"{self.server} refused a subscription"))
                else:
                    waiting.set_result(None)

    def _keep_alive(self) -> None:
        if not self._paused and self._loop.time() - self._heard > 1.5 * self._patience:
            self._abort(f"silent for {1.5 * self._patience:g} s")
            return
        self._write(packets.PINGREQ)
        self._alive = self._loop.call_later(self._patience / 2, self._keep_alive)

    def _next_mid(self) -> int:
        self._mid = self._mid % 65_535 + 1
        return self._mid

    def _write(self, data: bytes) -> None:
        if self._transport is None or self.lost.is_set() or not data:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _UNREAD:
            self._abort("it does not read what it is told")

    def _abort(self, reason: str) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._lose(reason)

    def _lose(self, reason: str) -> None:
        if self.lost.is_set():
            return
        self.lost.set()
        self.reason = reason
        if self._alive is not None:
            self._alive.cancel()
        for waiting in (self._connected, *self._subscribed.values()):
            if not waiting.done():
                waiting.set_exception(LinkError(f"{self.server} closed the connection: {reason}"))
