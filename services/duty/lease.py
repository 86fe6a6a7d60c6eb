"""Who pages: one service at a time for one source, or everybody would be called twice.

The owner says every few seconds that it lives; one that has not for `LASTS` loses it to whoever comes. Every write of
the notification log looks whether it still holds, so that one that was stopped and wakes up calls nobody.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import psutil
from sqlalchemy import ColumnElement, CursorResult, Result, update
from sqlalchemy.orm import Session

from services.core.clock import SECOND, iso
from services.core.errors import HeadworksError
from services.store.database import Database
from services.store.tables import Progress

#: An owner that has said nothing for so long (ns) pages no more; it speaks a third as often.
LASTS = 15 * SECOND

#: Seconds between two tries to take it.
_TRY = 0.5


class Superseded(HeadworksError):
    """Another service pages now. This one must end, and call nobody."""


class Lease:
    """Of one source. `wall` gives ns UTC of the machine's clock."""

    def __init__(self, database: Database, source: str, wall: Callable[[], int], owner: str = "") -> None:
        self._database, self._source, self._wall = database, source, wall
        self.owner = owner or _this_process()

    async def take(self) -> None:
        """Returns when this one pages. What is left by one that was killed here is free at once, else when it runs
        out. HeadworksError when another one lives. A source that is new has nobody.
        """
        first, found, since = -1, ("", -1), time.monotonic()
        while not self._claim(Progress.owner.in_(("", self.owner)) | (Progress.seen < self._wall() - LASTS)):
            with self._database.reading() as session:
                row = session.get(Progress, self._source)
                owner, seen = ("", 0) if row is None else (row.owner, row.seen)
            if row is None:
                return
            if (owner, seen) != found:
                found, since = (owner, seen), time.monotonic()
            # Two clocks, or one that was set back, tell no age: an owner that says nothing while we look is gone.
            silent = (time.monotonic() - since) * SECOND > LASTS
            if (_is_dead(owner) or silent) and self._claim((Progress.owner == owner) & (Progress.seen == seen)):
                return
            if 0 <= first < seen:
                raise HeadworksError(
                    f"another `headworks notify` ({owner}) pages by this database, and lived at {iso(seen)}: "
                    "end it first"
                )
            first = max(first, seen)
            await asyncio.sleep(_TRY)

    def renew(self) -> None:
        """It lives. Superseded; StoreError."""
        if not self._claim(Progress.owner == self.owner):
            raise Superseded("another `headworks notify` pages by this database now: this one ends")

    def release(self) -> None:
        """It ends: whoever comes need not wait."""
        mine = update(Progress).where(Progress.source == self._source, Progress.owner == self.owner)
        with self._database.writing() as session:
            session.execute(mine.values(owner=""))

    def hold(self, session: Session) -> None:
        """Within a transaction of the owner's: Superseded when it is not that any more. Nobody takes it before the
        transaction ends.
        """
        mine = update(Progress).where(Progress.source == self._source, Progress.owner == self.owner)
        if _rows(session.execute(mine.values(owner=self.owner))) != 1:
            raise Superseded("another `headworks notify` pages by this database now: this one ends")

    def _claim(self, free: ColumnElement[bool]) -> bool:
        """True: it is ours from now on."""
        mine = update(Progress).where(Progress.source == self._source, free)
        with self._database.writing() as session:
            return _rows(session.execute(mine.values(owner=self.owner, seen=self._wall()))) == 1


def _rows(result: Result[Any]) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


def _this_process() -> str:
    process = psutil.Process()
    return f"{socket.gethostname()[:60]} {process.pid} {round(process.create_time())}"


def _is_dead(owner: str) -> bool:
    """Whether it was a process of this machine, and is none any more; of another machine nobody here can say."""
    host, _, rest = owner.partition(" ")
    pid, _, begun = rest.partition(" ")
    if host != socket.gethostname()[:60] or not pid.isdigit() or not begun.isdigit():
        return False
    try:
        return abs(psutil.Process(int(pid)).create_time() - int(begun)) > 2
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
