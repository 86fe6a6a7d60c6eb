"""Broker: starts the MQTT broker on the loopback, keeps it alive, and ends it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psutil
import structlog

from services.core.errors import HeadworksError
from services.telemetry.children import end_child, start_child
from services.telemetry.link import Backoff

Kind = Literal["auto", "mosquitto", "amqtt"]

_START = 20.0  # seconds until a broker must answer
_GIVE_UP = 10  # starts in a row that never came to an answer

_log = structlog.get_logger("headworks.broker")


class BrokerError(HeadworksError):
    """The broker cannot be started."""


def find_mosquitto() -> str | None:
    """Mosquitto's path; Debian puts it where ordinary users' PATH does not look."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which("mosquitto", path=os.pathsep.join([path, "/usr/sbin", "/usr/local/sbin"]))


def mosquitto_config(port: int) -> str:
    """Mosquitto's configuration.

    Nothing is kept on disk: what is lost with the broker, the gateways send again. Queues are bounded by the
    gateways' windows; the bounds here stand above those, so that nothing is dropped in ordinary work.
    """
    return "\n".join([
        f"listener {port} 127.0.0.1",
        # Started by root it would change its user, and with that lose the tether to its parent.
        *(["user root"] if os.geteuid() == 0 else []),
        "allow_anonymous true",
        "persistence false",
        "max_inflight_messages 1000",
        # Bounded in bytes: with a bound in messages that can be reached 2.0.11 drops from a busy client's queue that
        # is nearly empty, and with none (0) the last message to a client stays lying until another one comes.
        "max_queued_messages 2000000000",
        "max_queued_bytes 512000000",
        "max_packet_size 16000000",
        "log_dest stderr",
        "log_type error",
        "",
    ])  # fmt: skip


def free_port(wanted: int) -> int:
    """`wanted` if it can be listened on, else another one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise BrokerError("no port of the loopback can be listened on")


def listens(pid: int, port: int) -> bool:
    """Whether the process `pid`, or a child of it, listens on `port`."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                found = one.net_connections(kind="tcp")
                if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in found):
                    return True
    return False


class Broker:
    """An async context manager: inside it a broker answers on 127.0.0.1:`port`.

    kind: the one that runs, "mosquitto" or "amqtt".  moved: whether `port` is another one than was asked for.
    restarts: how often it died and was started again, on the same port.  pid: of the present child.
    """

    def __init__(self, port: int = 1883, kind: Kind = "auto") -> None:
        """BrokerError when Mosquitto is asked for by name and is not installed."""
        program = find_mosquitto() if kind != "amqtt" else None
        if kind == "mosquitto" and program is None:
            raise BrokerError("mosquitto is not on PATH; install it, or use amqtt")
        self._program = program
        self.kind: Literal["mosquitto", "amqtt"] = "amqtt" if program is None else "mosquitto"
        self.wanted = port
        self.port = 0
        self.moved = False
        self.restarts = 0
        self._watching: asyncio.Task[None] | None = None
        self._child: asyncio.subprocess.Process | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """Of the present child, 0 when there is none."""
        return self._child.pid if self._child is not None else 0

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="headworks-broker-")
        try:
            for wanted in (self.wanted, 0, 0):
                self.port = free_port(wanted)
                if await self._start():
                    break
                await self._end()  # somebody else took the port between the look and the start
            else:
                raise BrokerError(f"{self.kind} did not answer on 127.0.0.1:{self.port}")
            self.moved = self.port != self.wanted
        except BaseException:
            await self.close()
            raise
        self._watching = asyncio.create_task(self._watch(), name="broker")
        self._tasks.append(self._watching)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def wait(self) -> None:
        """Until it is closed; raises BrokerError when the broker died and cannot be started again."""
        assert self._watching is not None
        await asyncio.wait({self._watching})
        if not self._watching.cancelled() and (error := self._watching.exception()) is not None:
            raise error

    async def close(self) -> None:
        """Ends the child, in less than two seconds."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._end()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await end_child(child)

    def _command(self) -> list[str]:
        assert self._folder is not None
        module = f"services.telemetry.broker.{self.kind}_child"
        command = [sys.executable, "-m", module, str(os.getpid())]
        if self._program is None:
            return [*command, str(self.port)]
        config = Path(self._folder.name, "mosquitto.conf")
        config.write_text(mosquitto_config(self.port))
        return [*command, self._program, str(config)]

    async def _start(self) -> bool:
        """Whether the broker came to answer: this one, not another that listens where it was to."""
        self._child = child = await start_child(
            self._command(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        self._tasks = [t for t in self._tasks if not t.done()]
        self._tasks.append(asyncio.create_task(self._report(child), name="broker's words"))
        loop = asyncio.get_running_loop()
        until = loop.time() + _START
        while loop.time() < until and child.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                if listens(child.pid, self.port):
                    return True
            await asyncio.sleep(0.02)
        return False

    async def _watch(self) -> None:
        backoff = Backoff(0.1, 5.0)
        while True:
            assert self._child is not None
            code = await self._child.wait()
            _log.warning("broker ended, starting it again", kind=self.kind, code=code)
            while True:
                await asyncio.sleep(backoff.next())
                self.restarts += 1
                if await self._start():
                    backoff.reset()
                    break
                if backoff.tries >= _GIVE_UP:
                    raise BrokerError(f"{self.kind} on 127.0.0.1:{self.port} died and cannot be started again")

    async def _report(self, child: asyncio.subprocess.Process) -> None:
        assert child.stderr is not None
        while line := await child.stderr.readline():
            text = line.decode("utf-8", "replace").strip()
            say = _log.warning if "error" in text.lower() else _log.debug
            say("broker says", kind=self.kind, text=text)
