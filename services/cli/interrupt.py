"""Ctrl-C, SIGTERM and a closed terminal end a command in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

import structlog

_Result = TypeVar("_Result")

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

#: Seconds that stopping in order may take; what computes in a thread, such as a compiler, cannot be told to stop.
_PATIENCE = 4.0


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
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:  # cancelling again would cut off what is being stopped in order
            stopped = True
            task.cancel()
            limit = threading.Timer(_PATIENCE, _leave_at_once)
            limit.daemon = True
            limit.start()

    for number in _SIGNALS:
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if stopped:
            return None
        raise


def _leave_at_once() -> None:
    """As good as a stop in order, only sooner: the log is whole at any moment, and children end with their parent."""
    structlog.get_logger("headworks.cli").warning("stopping took too long, ended at once", seconds=_PATIENCE)
    sys.stderr.flush()
    os._exit(0)
