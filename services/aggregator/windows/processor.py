"""WindowAggregator: windows of event time of every site, closed by the run's clock."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregator.windows.site import SiteWindows, terms_after
from services.aggregator.windows.terms import Terms
from services.core.frame import Frame
from services.core.records import Config, Output, Record, Tick


class WindowAggregator:
    """Per point: minutes, quarters of an hour, hours (of UTC) and days (of the site's zone), as Aggregates.

    A Processor. A window is given out by the first tick at or after its end. Readings that come later change it as
    long as it is in memory: then the rows of their points are given out again. After that it is for the archive, and a
    Recompute says so. Of readings with one point and time the first counts. See docs/adr/0016.
    """

    name = "aggregator"

    def __init__(self) -> None:
        self._sites: dict[str, SiteWindows] = {}

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        """The windows that the ticks among `records` end or that late readings changed, in order."""
        # What can raise does so before anything is changed.
        found = self.accept(site, records)
        mine = self._sites.get(site)
        if mine is None:
            mine = self._sites[site] = SiteWindows(site)
        configs = iter(found)
        outputs: list[Output] = []
        for record in records:
            match record:
                case Frame():
                    mine.take(record)
                case Tick():
                    outputs += mine.tick(record.time)
                case Config():
                    mine.configure(next(configs))
        return outputs

    def accept(self, site: str, records: Sequence[Record]) -> list[Terms]:
        """The catalogues among `records`; changes nothing. ValueError for what `step` would not take."""
        found = [Terms.of(r.catalogue_json, r.version) for r in records if isinstance(r, Config)]
        terms_after(self._sites.get(site), found)
        return found

    def late(self, site: str) -> int:
        """Readings that came after their minute had been given out, and changed it."""
        return self._of(site).late

    def lost(self, site: str) -> int:
        """Readings that came after their minute had left memory: the archive has them."""
        return self._of(site).lost

    def ignored(self, site: str) -> int:
        """Readings of points that the catalogue does not have, or with a time that cannot be."""
        return self._of(site).ignored

    def dump(self, site: str) -> bytes:
        """The site's state; that of a site never seen is the initial one."""
        return self._of(site).dump()

    def load(self, site: str, state: bytes) -> None:
        """ValueError for another schema version or damaged bytes."""
        self._sites[site] = SiteWindows.load(site, state)

    def _of(self, site: str) -> SiteWindows:
        return self._sites.get(site) or SiteWindows(site)
