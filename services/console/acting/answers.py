"""What became of a command: the journal says it, and whoever gave it is waiting."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from services.core.records import AlarmEvent, Output, Record
from services.duty.work import Journal

#: Answers that are kept for a command which is asked for after it was obeyed.
_KEPT = 2_000


class Answers:
    """A taker of the log's entries. One event loop. work: what the journal has told of planned work."""

    def __init__(self) -> None:
        self.work = Journal()
        self._told: OrderedDict[str, AlarmEvent] = OrderedDict()
        self._asked: dict[str, set[asyncio.Future[AlarmEvent]]] = {}

    def take(self, entry: Record | Output) -> None:
        """The first event that names a command is its answer; of planned work the first alarm that it concerns."""
        if not isinstance(entry, AlarmEvent):
            return
        self.work.apply(entry)
        if not entry.command or entry.command in self._told:
            return
        self._told[entry.command] = entry
        while len(self._told) > _KEPT:
            self._told.popitem(last=False)
        for asked in self._asked.pop(entry.command, ()):
            if not asked.done():
                asked.set_result(entry)

    async def wait(self, command: str, within: float) -> AlarmEvent | None:
        """The event that answers `command`; None when none came `within` s."""
        if command in self._told:
            return self._told[command]
        asked: asyncio.Future[AlarmEvent] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(command, set()).add(asked)
        try:
            return await asyncio.wait_for(asked, within)
        except TimeoutError:
            return None
        finally:
            waiting = self._asked.get(command)
            if waiting is not None:
                waiting.discard(asked)
                if not waiting:
                    del self._asked[command]
