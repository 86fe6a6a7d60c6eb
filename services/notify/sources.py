"""Where the paging service's events come from, as it sees it: the log of a folder, or a cluster's topics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.core.records import AlarmEvent, IncidentEvent
from services.notify.known import SiteWords


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of a source: in which part of it, and where in that; None where none could be read."""

    part: str
    offset: int
    event: AlarmEvent | IncidentEvent | None


@dataclass(slots=True)
class Clock:
    """The machine's clock, or, of a run that has a player, the run's: the newest tick."""

    player: bool
    ticked: int = 0

    def __call__(self) -> int:
        """The present, ns."""
        return self.ticked if self.player else time.time_ns()


class Source(Protocol):
    """Events in parts, each part in order. An async context manager: inside it, its methods may be used.

    name: under which the notification log keeps how far it is.  names: what is known of each site, by its id.
    lost: events that were gone before they could be read; the log says which.
    """

    name: str
    clock: Clock
    names: dict[str, SiteWords]
    lost: int

    async def begin(self, positions: Mapping[str, int] | None, whole: bool) -> Mapping[str, int]:
        """Is to give what lies beyond `positions`: by part the last that was taken. None: the source is new, then all
        of it when `whole`, else what comes from now on. Gives the positions that it begins from.

        LogError when it is not the source that the positions are of.
        """
        ...

    async def follow(self) -> None:
        """Reads until cancelled; raises what ended it before."""
        ...

    async def caught_up(self) -> None:
        """Returns when all that was there at the begin has been read."""
        ...

    def taken(self) -> list[Happening]:
        """What was read since the last call, those of a part in order. Some may have been taken at an earlier start."""
        ...
