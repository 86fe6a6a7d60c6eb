"""What every part of the page is drawn from: the view, the owner's status, the utility's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.console import wording
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.clock import HOUR

#: Wall seconds without a tick after which the page says that data stopped.
SILENCE = 30.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at the system."""

    utility: str
    view: LiveView
    status: Status
    zone: ZoneInfo

    @property
    def stopped(self) -> bool:
        """Whether nothing comes any more although the run has not ended."""
        return self.status.silence > SILENCE and not self.view.ended

    @property
    def old(self) -> bool:
        """Whether what is shown must not be taken for the present."""
        return self.stopped or self.view.now is None

    def at(self, ns: int | None) -> str:
        """A local time of day, with the date when it is too far from now to be told by the hour alone."""
        if ns is None:
            return wording.UNKNOWN
        today = self.view.now if self.view.now is not None else ns
        near = abs(today - ns) < 20 * HOUR
        return wording.local(ns, self.zone, "%H:%M" if near else "%m-%d %H:%M")
