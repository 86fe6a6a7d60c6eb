"""The control room: all that the pages are made from, handed to each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.console.acting.acts import Desk
from services.console.acting.duties import Duties
from services.console.door.gate import Gate
from services.console.pages.moment import Moment
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.store.database import Database


@dataclass(frozen=True, slots=True)
class Room:
    """utility: its name.  desk, gate, database, duties: of the people; None where the console is only looked at."""

    utility: str
    view: LiveView
    status: Callable[[], Status]
    zone: ZoneInfo
    desk: Desk | None = None
    gate: Gate | None = None
    database: Database | None = None
    duties: Duties | None = None

    def unreached(self) -> int:
        """Grows with every page that reached nobody and every call of the last resort; 0 when somebody has answered."""
        if self.duties is None:
            return 0
        return sum(1 + one.problem.told for one in self.duties.look().paging.unreached)

    def moment(self) -> Moment:
        """One look."""
        return Moment(self.utility, self.view, self.status(), self.zone)
