"""The clock of a simulated or replayed run, as the player publishes it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog
from paho.mqtt.client import MQTTMessage

from services.core.ports import Position
from services.telemetry.gateway.ticked import Ticked
from services.telemetry.link import Backoff, Link, LinkError, Server
from services.telemetry.sparkplug.topics import clock_topic

_log = structlog.get_logger("headworks.player")


class PlayerClock:
    """Says what time it is in a run, and which frames belong before that time.

    The last word is retained by the broker and said again after each reconnect; a word that is lost in between
    does no harm, since the next one covers it. The very last one has none after it: `until_heard`.
    """

    def __init__(self, group: str, run: str, server: Server) -> None:
        """`run` names the run, the same when it is started again."""
        self.group, self.run, self.server = group, run, server
        self._link: Link | None = None
        self._last = b""
        self._ticked = Ticked(group)
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._keep(), name="player's clock")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def say(self, time: int, marks: Mapping[str, Position], *, end: bool = False) -> None:
        """The run's clock is `time` (ns); `marks`: by edge node, the last frame that belongs before it."""
        message = {
            "run": self.run,
            "time": time,
            "marks": {edge: [mark.epoch, mark.number] for edge, mark in sorted(marks.items())},
            "end": end,
        }
        self._last = json.dumps(message, separators=(",", ":")).encode()
        self._speak()

    async def until_heard(self, time: int, within: float) -> bool:
        """Waits until the bridge, or each of several, has said that `time` (ns) is in its log.

        False when that does not come `within` seconds.
        """
        try:
            async with asyncio.timeout(within):
                while self._ticked.time < time:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _on_message(self, message: MQTTMessage) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, message.topic, bytes(message.payload))

    def _take(self, topic: str, payload: bytes) -> None:
        if self._ticked.take(topic, payload):
            self._news.set()

    def _speak(self) -> None:
        if self._link is not None and self._last:
            self._link.publish(clock_topic(self.group), self._last, retain=True)

    async def _keep(self) -> None:
        backoff = Backoff()
        while True:
            try:
                link = Link(self.server, f"headworks-player-{self.group}-{os.getpid()}", self._on_message)
                await link.open()
                try:
                    await link.subscribe([self._ticked.filter])
                    self._link = link
                    backoff.reset()
                    self._speak()
                    await link.lost.wait()
                    raise LinkError(f"{self.server} was lost")
                finally:
                    self._link = None
                    await link.close()
            except LinkError as error:
                pause = backoff.next()
                _log.warning("not connected", error=str(error), again_in=round(pause, 2))
                await asyncio.sleep(pause)
