"""What a run has come to, kept in its log beside it: so that it does not depend on entries that retention removed."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import asdict

from services.core.errors import HeadworksError, LogError, Rejected
from services.core.records import Output, Record
from services.job.field import Played
from services.job.follower import Follower
from services.job.summary import Tally
from services.runtime.local import LocalLog

_NAME, _PLAYED, _BROKER = "summary", "played", "broker"


class Memoir:
    """The tally of a run from its beginning, of which the log keeps a copy with the position that it has reached.

    It is one of the log's followers: nothing is trimmed that is not in the copy.
    """

    def __init__(self, log: LocalLog) -> None:
        """LogError when the copy is damaged."""
        self._log = log
        self._reached = self._kept = log.load_cursor(_NAME)
        held = log.load_states(_NAME).get("")
        try:
            self.tally = Tally.load(held) if held else Tally()
        except (ValueError, TypeError, KeyError, Rejected) as error:
            raise LogError(f"the summary in {log.path} is damaged ({error}): start over with --fresh") from error

    async def register(self) -> None:
        """From here on retention waits for the copy."""
        await self._log.commit_cursor(_NAME, self._kept)

    def take(self, follower: Follower, entry: Record | Output) -> None:
        """One entry, at the offset that the follower is at; what the copy had already is not counted again."""
        if follower.at > self._reached:
            self.tally.take(entry)
            self._reached = follower.at

    async def keep(self) -> None:
        """Brings the copy up to date."""
        reached = self._reached
        if reached > self._kept:
            await self._log.commit_step(_NAME, reached, {"": self.tally.dump()})
            self._kept = reached

    async def keep_on(self, every: float = 60.0) -> None:
        """Keeps it every `every` seconds until cancelled; then once more, unless the log can no longer be written."""
        try:
            while True:
                await asyncio.sleep(every)
                await self.keep()
        finally:
            with suppress(LogError):  # nothing is lost: the log has what the copy has not
                await self.keep()

    async def finish(self, played: Played, broker: str) -> None:
        """The event has ended and all of it is folded: the next start need not play it again."""
        await self.keep()
        await self._log.set_meta(_BROKER, broker)
        await self._log.set_meta(_PLAYED, json.dumps(asdict(played)))

    def finished(self) -> tuple[Played, str] | None:
        """What `finish` was told, if the event had ended before this start. HeadworksError when it is damaged."""
        held = self._log.meta(_PLAYED)
        if held is None:
            return None
        try:
            return Played(**json.loads(held)), self._log.meta(_BROKER) or ""
        except (ValueError, TypeError) as error:
            raise HeadworksError(
                f"what {self._log.path} says of its end is damaged: start over with --fresh"
            ) from error
