"""The simulator as a child process: told its pace through standard input, and ended with its parent."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self

from services.core.errors import HeadworksError
from services.job.field import Played
from services.job.options import Options
from services.telemetry.children import end_child, start_child
from services.telemetry.link import Server


class FieldError(HeadworksError):
    """The simulator ended before the event did."""


class FieldProcess:
    """An async context manager: inside it the city plays, at full speed until `slow_down`."""

    def __init__(self, options: Options, server: Server) -> None:
        self._options, self._server = options, server
        self._child: asyncio.subprocess.Process | None = None
        self._paced = False

    async def __aenter__(self) -> Self:
        command = [sys.executable, "-m", "services.cli", "simulate", self._options.event]
        command += ["--host", self._server.host, "--port", str(self._server.port), "--speed", "max", "--obey"]
        if self._options.sites is not None:
            command += ["--sites", str(self._options.sites)]
        if self._options.seed is not None:
            command += ["--seed", str(self._options.seed)]
        self._child = await start_child(command, stdout=asyncio.subprocess.PIPE)
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        child, self._child = self._child, None
        if child is not None:
            await end_child(child)

    def slow_down(self, speed: float) -> None:
        """From here on `speed` event seconds a wall second. Only the first call counts."""
        if self._paced or self._child is None or self._child.stdin is None:
            return
        self._paced = True
        self._child.stdin.write(f"speed {speed}\n".encode())

    async def played(self) -> Played:
        """What was published, once the event has ended and all of it is in the log. FieldError when it ends before."""
        assert self._child is not None
        assert self._child.stdout is not None
        last = b""
        async for line in self._child.stdout:
            last = line
        code = await self._child.wait()
        with suppress(ValueError, TypeError):
            if code == 0:
                return Played(**json.loads(last))
        raise FieldError(f"the simulator ended with code {code}; its own words are above")
