"""The log of a data folder as a source of events, read from its beginning each time: it has the sites' names too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from services.core.catalogue import from_json
from services.core.errors import HeadworksError, LogError
from services.core.records import AlarmEvent, Config, IncidentEvent, Output, Record, Tick
from services.duty.log import FOLDER
from services.job.follower import Follower
from services.job.options import LOG_FILE
from services.notify.known import SiteWords, words_of
from services.notify.sources import Clock, Happening
from services.runtime.local import LogView

#: Its only part, and its name.
_PART = FOLDER

#: Whether it is still the same file is looked at this often (s).
_LOOK = 1.0


class FolderSource:
    """See Source. `player`: the run's clock is the log's ticks, not the machine's."""

    def __init__(self, data: Path, player: bool) -> None:
        """LogError when the folder has no log, or one that cannot be used."""
        self.name, self.lost = _PART, 0
        self.clock = Clock(player)
        self.names: dict[str, SiteWords] = {}
        self._view = LogView.open(data / LOG_FILE)
        self._file = self._view.path.stat().st_ino
        self._follower = Follower(self._view, [self._take])
        self._waiting: list[Happening] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._view.close()

    async def begin(self, positions: Mapping[str, int] | None, whole: bool) -> Mapping[str, int]:
        """See Source."""
        head = self._view.head()
        if positions is None:
            return {_PART: -1 if whole else head}
        if positions.get(_PART, -1) > head:
            raise LogError(
                f"{self._view.path} ends before the place up to which paging has read it: it was started over, "
                "or is another one; `headworks run --fresh` has paging begin anew, and so does a new folder"
            )
        return positions

    async def follow(self) -> None:
        """See Source."""
        async with self._follower:
            ended = asyncio.ensure_future(self._follower.wait())
            try:
                while not ended.done():
                    self._same()
                    await asyncio.wait({ended}, timeout=_LOOK)
                await ended
            finally:
                ended.cancel()
        raise HeadworksError("the site log ended")

    def _same(self) -> None:
        """Else it would read on in a file that nobody writes any more, and page nobody, without a word."""
        try:
            same = self._view.path.stat().st_ino == self._file
        except OSError:
            same = False
        if not same:
            raise LogError(f"{self._view.path} was started over while paging read it: start `headworks notify` again")

    async def caught_up(self) -> None:
        """See Source."""
        await self._follower.reach(self._view.head())

    def taken(self) -> list[Happening]:
        """See Source."""
        taken, self._waiting = self._waiting, []
        return taken

    def _take(self, entry: Record | Output) -> None:
        match entry:
            case Tick():
                self.clock.ticked = max(self.clock.ticked, entry.time)
            case Config():
                self.names[entry.site] = words_of(from_json(entry.catalogue_json))
            case AlarmEvent() | IncidentEvent():
                self._waiting.append(Happening(_PART, self._follower.at, entry))
