"""Ctrl-C, SIGTERM and a closed terminal end a command in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

_Result = TypeVar("_Result")

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

#: Seconds that stopping may take before another Ctrl-C ends the process at once. Its children end with it.
_PATIENCE = 5.0


def normal_end() -> None:
    """For commands that run until they are told to stop: a signal ends them with code 0 from here on.

    Until the event loop takes the signals over there is nothing yet to be stopped in order.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    for number in _SIGNALS:
        signal.signal(number, leave)


async def until_interrupted(work: Coroutine[Any, Any, _Result]) -> _Result | None:
    """The work's result; None when a signal ended it, after everything in it was stopped."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    stopped: float | None = None

    def stop() -> None:
        nonlocal stopped
        if stopped is None:
            stopped = time.monotonic()
            task.cancel()
        elif time.monotonic() - stopped > _PATIENCE:
            # Cancelling again would cut off what is being stopped in order.
            os._exit(130)

    for number in _SIGNALS:
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if stopped is not None:
            return None
        raise
