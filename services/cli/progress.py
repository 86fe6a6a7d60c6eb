"""A progress bar with the event's clock, under the lines that are printed meanwhile."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.core.clock import SECOND, to_datetime

if TYPE_CHECKING:
    from services.core.records import Output, Record


class EventProgress:
    """A context manager; shows nothing when not `enabled` or when stdout is no terminal."""

    def __init__(self, console: Console, *, enabled: bool) -> None:
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=console,
            disable=not (enabled and console.is_terminal),
            transient=True,
        )
        self._task = self._progress.add_task("", total=1.0)
        self._start, self._zone = 0, ZoneInfo("UTC")

    @property
    def console(self) -> Console:
        """Prints above the bar."""
        return self._progress.console

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def span(self, start: int, end: int, zone: str) -> None:
        """The event's start and end (ns) and the zone of its clock."""
        self._start, self._zone = start, ZoneInfo(zone)
        self._progress.update(self._task, total=(end - start) / SECOND)

    def take(self, entry: Record | Output) -> None:
        """Moves with the ticks."""
        from services.core.records import Tick

        if isinstance(entry, Tick):
            clock = to_datetime(entry.time).astimezone(self._zone).strftime("%m-%d %H:%M")
            self._progress.update(self._task, completed=(entry.time - self._start) / SECOND, description=clock)
