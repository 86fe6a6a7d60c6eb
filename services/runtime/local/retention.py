"""Keeps the log within its age and size, a little at a time, while everything else goes on."""

from __future__ import annotations

import asyncio

from services.core.clock import DAY
from services.runtime.local.log import LocalLog


async def keep_trimmed(
    log: LocalLog,
    *,
    age: int = 14 * DAY,
    max_bytes: int = 8 << 30,
    every: float = 60.0,
) -> None:
    """Runs until cancelled: every `every` seconds deletes what is older than `age` (event time, ns,
    before the last tick) and, above `max_bytes`, the oldest. What a follower has not yet committed
    and each site's latest Config stay. LogError ends it.
    """
    while True:
        deleted = await log.trim(log.last_tick() - age, max_bytes)
        await asyncio.sleep(min(every, 0.05) if deleted else every)  # appends go between
