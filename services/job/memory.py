"""How much memory the job and its children take together."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psutil


class PeakMemory:
    """Samples the resident memory of this process and all of its children; `peak` is the largest sum, in bytes."""

    def __init__(self, every: float = 0.5) -> None:
        self._every = every
        self.peak = 0

    def sample(self) -> None:
        """One look."""
        me = psutil.Process()
        total = 0
        for process in [me, *me.children(recursive=True)]:
            with suppress(psutil.Error):
                total += process.memory_info().rss
        self.peak = max(self.peak, total)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.sample()
            await asyncio.sleep(self._every)
