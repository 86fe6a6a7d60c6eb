"""One MQTT connection, from connecting to its loss: what gateway and player stand on.

paho runs its network in a thread, so that keep-alives go on while the program computes. A lost link is never
mended: a new one is made, so that nothing that paho had queued comes out of turn in a new session.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from services.core.errors import HeadworksError

#: Handed every message, in the network thread.
OnMessage = Callable[[MQTTMessage], None]

_KEEP_ALIVE = 60
_IN_FLIGHT = 1_000

_log = structlog.get_logger("headworks.link")


class LinkError(HeadworksError):
    """The broker refused, or the connection was lost. Worth trying again."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the broker is. `ca` is a file of certificates: given, the connection is TLS."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password: str = ""
    ca: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, at QoS 1, when the link is lost without a goodbye."""

    topic: str
    payload: bytes


class Backoff:
    """Pauses that double from `first` to `most` seconds, each between half and whole of that, at random."""

    def __init__(self, first: float = 0.2, most: float = 10.0) -> None:
        self._first, self._most = first, most
        self.tries = 0

    def reset(self) -> None:
        """After a success."""
        self.tries = 0

    def next(self) -> float:
        """The seconds to wait now."""
        span = min(self._most, self._first * 2.0 ** min(self.tries, 30))
        self.tries += 1
        return span * (0.5 + 0.5 * random.random())


class Link:
    """A connection that is used once. Its methods belong to the event loop's thread."""

    def __init__(
        self,
        server: Server,
        client_id: str,
        on_message: OnMessage | None = None,
        *,
        will: Will | None = None,
    ) -> None:
        """Each starts a session of its own; what it takes is acknowledged at once."""
        self.server = server
        self.lost = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[None]] = {}
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.connect_timeout = 5.0
        if server.username:
            client.username_pw_set(server.username, server.password)
        if server.ca:
            client.tls_set(server.ca)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        if on_message is not None:
            client.on_message = lambda _client, _data, message: self._hand_over(on_message, message)
        self._client = client

    def _soon(self, call: Callable[..., None], *args: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *args)

    def _on_connect(self, _c: Client, _d: object, _f: object, reason: Any, _p: object) -> None:
        self._soon(self._settle_connect, str(reason) if reason.is_failure else "")

    def _settle_connect(self, refusal: str) -> None:
        if self._connected.done():
            return
        if refusal:
            self._connected.set_exception(LinkError(f"{self.server} refused: {refusal}"))
        else:
            self._connected.set_result(None)

    def _on_disconnect(self, _c: Client, _d: object, _f: object, reason: Any, _p: object) -> None:
        self._soon(self._settle_loss, str(reason))

    def _settle_loss(self, reason: str) -> None:
        self.lost.set()
        for waiting in (self._connected, *self._subscribed.values()):
            if not waiting.done():
                waiting.set_exception(LinkError(f"{self.server} closed the connection: {reason}"))

    def _hand_over(self, on_message: OnMessage, message: MQTTMessage) -> None:
        try:
            on_message(message)
        except Exception as error:
            # It would end the network thread, and the link be deaf without being lost.
            _log.exception("message not handled, leaving the broker", server=str(self.server))
            self._soon(self._settle_loss, f"{type(error).__name__}: {error}")

    def _on_subscribe(self, _c: Client, _d: object, mid: int, codes: Any, _p: object) -> None:
        refused = any(code.is_failure for code in codes)
        self._soon(self._settle_subscribe, mid, refused)

    def _settle_subscribe(self, mid: int, refused: bool) -> None:
        waiting = self._subscribed.pop(mid, None)
        if waiting is None or waiting.done():
            return
        if refused:
            waiting.set_exception(LinkError(f"{self.server} refused a subscription"))
        else:
            waiting.set_result(None)

    async def open(self, seconds: float = 5.0) -> None:
        """Connects. LinkError when the broker cannot be reached, refuses, or does not answer in time."""
        try:
            await asyncio.to_thread(self._client.connect, self.server.host, self.server.port, _KEEP_ALIVE)
            self._client.loop_start()
            # Not wait_for: in Python 3.11 it forgets a cancellation that comes as it is done.
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._connected)
        except (OSError, TimeoutError) as error:
            await self.close()
            raise LinkError(f"{self.server} cannot be reached: {error or 'no answer'}") from None
        except BaseException:
            await self.close()
            raise

    async def subscribe(self, filters: list[str], seconds: float = 5.0) -> None:
        """Subscribes at QoS 1 and waits until the broker has confirmed. LinkError when it does not."""
        waiting: asyncio.Future[None] = self._loop.create_future()
        code, mid = self._client.subscribe([(text, 1) for text in filters])
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise LinkError(f"{self.server}: {code}")
        self._subscribed[mid] = waiting
        try:
            async with asyncio.timeout(seconds):
                await waiting
        except TimeoutError:
            raise LinkError(f"{self.server} did not confirm a subscription") from None

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hands a message over; on a lost link it is dropped with the link."""
        self._client.publish(topic, payload, qos=qos, retain=retain)

    async def publish_and_wait(self, topic: str, payload: bytes, seconds: float) -> bool:
        """Whether the broker acknowledged the message in `seconds`."""
        info = self._client.publish(topic, payload, qos=1)
        try:
            await asyncio.to_thread(info.wait_for_publish, seconds)
        except (RuntimeError, ValueError):
            return False
        return info.is_published()

    async def close(self) -> None:
        """Says goodbye if the link still stands, and ends the network thread."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        self.lost.set()
        if self._connected.done() and not self._connected.cancelled():
            self._connected.exception()  # was told to whoever opened; not a loss to warn of
