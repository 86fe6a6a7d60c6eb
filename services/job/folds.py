"""The processors of one machine over its log: alarms and windows, then zones over what the windows say."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from services.aggregator.derived import DerivedWindows
from services.aggregator.processor import Aggregator
from services.aggregator.zones import ZoneFolds
from services.alerts.processor import AlertProcessor
from services.core.codec import STEPS, decode_records
from services.runtime.beside import Beside
from services.runtime.local import LocalLog, ProcessorShell


class Folds:
    """An async context manager: inside it the log is folded. `wait`, `drain` as ProcessorShell has them."""

    def __init__(self, log: LocalLog) -> None:
        self._shells = (
            ProcessorShell(log, [Beside(AlertProcessor(), DerivedWindows()), Aggregator()]),
            ProcessorShell(log, [ZoneFolds()], topic=STEPS, decode=decode_records),
        )

    async def __aenter__(self) -> Self:
        started: list[ProcessorShell] = []
        try:
            for shell in self._shells:
                await shell.start()
                started.append(shell)
        except BaseException:
            for shell in started:
                await shell.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        results = await asyncio.gather(*(shell.stop() for shell in self._shells), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def wait(self) -> None:
        """Returns when all are stopped; raises as soon as a processor fails."""
        tasks = [asyncio.create_task(shell.wait()) for shell in self._shells]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Returns when all that the log held has been folded, and what came of that; raises what stopped a fold."""
        for shell in self._shells:
            await shell.drain()
