"""The edge of the replay: gives a log its speed and appends it to a runtime's log.

The only clock of this room.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.ports import SiteLog
from services.core.records import Command, Config, Record, SiteStep, Tick


def event_time(record: Record) -> int:
    """The event time (ns) up to which a record speaks."""
    match record:
        case Frame():
            return record.through
        case Tick() | Config() | Command() | SiteStep():
            return record.time


async def paced(
    log: Iterable[Record],
    speed: float | None,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Record]:
    """`log` at `speed` seconds of event time a second; None: as fast as it is taken.

    A record comes when its event time has come. Pauses are measured from the start, so that they do
    not add up.
    Raises ValueError when the speed is not above 0.
    """
    if speed is not None and not speed > 0:
        raise ValueError(f"speed {speed} must be above 0")
    begin = clock()
    first: int | None = None
    for record in log:
        if speed is not None:
            first = event_time(record) if first is None else first
            due = begin + (event_time(record) - first) / SECOND / speed
            if (wait := due - clock()) > 0:
                await sleep(wait)
        yield record


async def feed(
    log: Iterable[Record],
    target: SiteLog,
    *,
    speed: float | None = None,
    batch: int = 64,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Appends `log` to `target` and returns the number of records; each append waits until it is
    durable.

    At full speed up to `batch` records go into one append. `progress` hears the event time (ns)
    after each.
    """
    size = batch if speed is None else 1
    part: list[Record] = []
    count = 0

    async def flush() -> None:
        nonlocal count
        if part:
            await target.append(part)
            count += len(part)
            if progress is not None:
                progress(event_time(part[-1]))
            part.clear()

    async for record in paced(log, speed):
        part.append(record)
        if len(part) >= size:
            await flush()
    await flush()
    return count
