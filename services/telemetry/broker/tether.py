"""A child's promise to end with its parent, even when the parent is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Linux: the kernel kills this process, and what it executes later, when `parent` (its pid) ends.

    Called in the child itself: running Python between fork and exec of a program with threads is not safe.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have ended before the promise was made.
    if os.getppid() != parent:
        sys.exit(0)


def end_at_eof() -> None:
    """Anywhere: ends this process when its standard input, a pipe from its parent, closes."""

    def watch() -> None:
        try:
            while os.read(0, 1024):
                pass
        except OSError:
            pass
        os._exit(0)

    threading.Thread(target=watch, name="end at eof", daemon=True).start()
