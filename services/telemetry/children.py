"""Child processes of ours: how they find this package, and how they are ended."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])


async def start_child(command: list[str], *, stdout: int, stderr: int | None = None) -> asyncio.subprocess.Process:
    """Starts `command` with a pipe to its standard input, which ends when we do.

    stdout, stderr: as asyncio.subprocess takes them; None is ours.
    """
    path = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH", "")]))
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, "PYTHONPATH": path},
        # Ctrl-C on the terminal is for the parent, which ends its children in order.
        start_new_session=True,
    )


async def end_child(child: asyncio.subprocess.Process, within: float = 1.5) -> None:
    """Asks it to end, and kills it when it has not `within` seconds."""
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), within)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
