"""Steps: what a site's windows say to the zones and the balance that it is a member of, also that they say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from services.aggregator.windows.terms import day_of
from services.aggregator.zones.terms import Told, told_of
from services.core.clock import DAY
from services.core.records import FROM_ARCHIVE, Aggregates, Config, Output, SiteStep

#: After a gap in the run's clock of more than this (ns) the windows in between are passed over unsaid.
_LONGEST = 2 * DAY


class Steps:
    """told: the folds of the site.  until: the clock up to which every window has been said to be over (ns)."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.told: tuple[Told, ...] = ()
        self.until = self.configured = 0
        self.zone = "UTC"

    def configure(self, config: Config) -> None:
        """From here on."""
        site, self.told = told_of(config.catalogue_json)
        self.zone, self.configured = site.time_zone, config.time

    def tick(self, now: int, outputs: Sequence[Output]) -> list[SiteStep]:
        """What the windows given out at a tick say, in order of their ends; of windows that are over without: that."""
        if now <= self.until:
            return []
        windows = [one for one in outputs if isinstance(one, Aggregates)]
        steps = [step for told in self.told for step in self._of(told, windows, now)]
        self.until = now
        return sorted(steps, key=lambda one: (one.end, one.width, one.key))

    def _of(self, told: Told, windows: Sequence[Aggregates], now: int) -> Iterator[SiteStep]:
        said = set()
        for window in windows:
            if window.width in told.widths:
                over = window.end > self.until
                step = step_of(self.site, told, self.configured, window)
                if over or step.members:
                    said.add((window.width, window.start))
                    yield step
        for width in told.widths:
            for start, end in self._over(width, now):
                if (width, start) not in said:
                    yield SiteStep(told.key, self.site, width, start, end, 0, told.definition, self.configured)

    def _over(self, width: int, now: int) -> Iterator[tuple[int, int]]:
        """Windows that end after what was told and by `now`."""
        if not self.until:
            return
        at = max(self.until, now - _LONGEST)
        start, end = day_of(at, self.zone) if width == DAY else (at // width * width, at // width * width + width)
        while end <= now:
            yield start, end
            start, end = day_of(end, self.zone) if width == DAY else (end, end + width)

    # -- state

    def dump(self) -> dict[str, Any]:
        """As JSON data."""
        told = [one.dump() for one in self.told]
        return {"until": self.until, "configured": self.configured, "zone": self.zone, "told": told}

    @classmethod
    def load(cls, site: str, data: dict[str, Any]) -> Steps:
        """What `dump` gave. KeyError, TypeError when something is missing."""
        new = cls(site)
        new.until, new.configured, new.zone = data["until"], data["configured"], data["zone"]
        new.told = tuple(map(Told.load, data["told"]))
        return new


def step_of(site: str, told: Told, configured: int, window: Aggregates) -> SiteStep:
    """The rows of the fold's members in a window."""
    rows = [n for n, point in enumerate(window.points.tolist()) if point in told.points]
    revision = window.revision if window.revision == FROM_ARCHIVE else window.revision + 1
    columns = [tuple(np.asarray(column)[rows].tolist()) for column in (window.volume, window.gap, window.last)]
    names = tuple(told.points[point] for point in window.points[rows].tolist())
    return SiteStep(
        told.key, site, window.width, window.start, window.end, revision, told.definition, configured, names, *columns
    )
