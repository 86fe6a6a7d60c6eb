"""Cores of a measurement: the server that is measured has its own, all who write to it have the others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


def halves() -> tuple[set[int], set[int]] | None:
    """The server's cores and the others' of those that this process may use; None when they cannot be divided."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < 2:
        return None
    return set(mine[: len(mine) // 2]), set(mine[len(mine) // 2 :])


@contextmanager
def apart(server: int, others: Sequence[int]) -> Iterator[int]:
    """Inside it the process `server` runs on its half, `others` and this one with its children on the other.

    Gives how many cores the server has; 0 when they cannot be divided: then all share all.
    """
    both = halves()
    if both is None:
        yield 0
        return
    before = os.sched_getaffinity(0)
    for pid, cores in ((server, both[0]), *((pid, both[1]) for pid in (*others, os.getpid()))):
        confine(pid, cores)
    try:
        yield len(both[0])
    finally:
        for pid in (server, *others, os.getpid()):
            confine(pid, before)


def confine(pid: int, cores: set[int]) -> None:
    """All threads of a process, and with them those that they will make."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores)
