"""What the console does by itself: planned work begins at its time, and sites that lost their person are said to be.

`keep` runs beside the server, in the job and in the cluster's console alike. Several consoles may run it: a window's
command has one name, and is obeyed once.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from services.console.acting.acts import Desk
from services.core.errors import LogError
from services.duty.area_book import AreaBook
from services.duty.areas import NotDone
from services.duty.work import Step, due
from services.duty.work_book import WorkBook
from services.store.database import Database, StoreError

#: Wall seconds between two looks at the run's clock, and before a command without an answer is sent again.
PERIOD, AGAIN = 1.0, 60.0

_log = structlog.get_logger("headworks.console")


async def keep(desk: Desk, database: Database) -> None:
    """Until cancelled. What fails is said and tried again."""
    keeping, said = Keeping(desk, database), ""
    while True:
        try:
            await keeping.once()
            said = ""
        except (StoreError, LogError) as error:
            if str(error) != said:
                _log.error("planned work and areas wait", error=str(error))
                said = str(error)
        except Exception as error:  # whatever it is: what is planned after it must not be forgotten with it
            if repr(error) != said:
                _log.exception("planned work and areas wait")
                said = repr(error)
        await asyncio.sleep(PERIOD)


class Keeping:
    """Of one console."""

    def __init__(self, desk: Desk, database: Database) -> None:
        self._desk = desk
        self._areas = AreaBook(database, desk.accounts.now)
        self._works = WorkBook(database, desk.accounts.now)
        self._sent: dict[str, float] = {}

    async def once(self) -> None:
        """One look. StoreError, LogError: the rest waits for the next."""
        for site, who in await asyncio.to_thread(self._areas.settle):
            self._desk.accounts.record(who, "", "orphan", site, "done", f"{who} does not answer for it any more")
        now = self._desk.now()
        if not now:
            return  # no clock yet: nothing is due
        for step in due(await asyncio.to_thread(self._works.open), now, self._desk.answers.work):
            await self._take(step)

    async def _take(self, step: Step) -> None:
        state, reason = step.state, step.reason
        if step.command is not None:
            if time.monotonic() - self._sent.get(step.command.id, -AGAIN) < AGAIN:
                return
            self._sent[step.command.id] = time.monotonic()
            await self._desk.send([step.command])
            answer = await self._desk.answers.wait(step.command.id, self._desk.patience)
            if answer is None:
                return  # the journal will tell
            if answer.transition == "refused":
                state, reason = "refused", answer.cause
        try:
            await asyncio.to_thread(self._works.change, step.work, state=state, reason=reason)
        except NotDone:
            return  # somebody changed it meanwhile, or another console was quicker
        self._sent.pop(step.work.commands[0], None)
        self._desk.accounts.record(step.work.who, "", "planned work", step.work.target, state, reason or step.work.why)
