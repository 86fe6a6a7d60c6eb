"""One cause, one problem: which alarms a standing cause suppresses, and for how long after it.

Cause and consequence are alarms of different points, whose readings come when they come. What they say is therefore
held until every station that they belong to has told its part up to that moment, and then taken in order of time:
the answer is the same however the stations interleave.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.core.catalogue import Site
from services.core.catalogue.verify import alarm_keys, matching
from services.core.records import AlarmEvent


@dataclass(frozen=True, slots=True)
class Cause:
    """hides: keys of alarms, in order.  hold: ns that they stay suppressed after the cause has cleared."""

    hides: tuple[str, ...]
    because: str
    hold: int


class Causes:
    """Of one site."""

    def __init__(self, site: Site) -> None:
        alarms = alarm_keys(site)
        found: dict[str, Cause] = {}
        for one in site.suppressions:
            hidden = tuple(sorted({key for pattern in one.hides for key in matching(pattern, alarms)}))
            earlier = found.get(one.cause)
            if earlier is not None:
                hidden = tuple(sorted({*hidden, *earlier.hides}))
            found[one.cause] = Cause(hidden, one.because, max(one.hold, earlier.hold if earlier else 0))
        self.by_key = found
        self.concerned = _with_neighbours(site, {*found, *(key for cause in found.values() for key in cause.hides)})

    def hides(self, cause: str, key: str) -> bool:
        """Whether the one suppresses the other while it stands."""
        return cause in self.by_key and key in self.by_key[cause].hides

    def order(self, events: Iterable[AlarmEvent]) -> list[AlarmEvent]:
        """By time; of one instant first the causes, so that a consequence finds its cause standing."""

        def place(event: AlarmEvent) -> tuple[int, bool, str, str, str, int]:
            key = f"{event.station}/{event.point}/{event.rule}"
            return event.time, key not in self.by_key, event.station, event.point, event.rule, event.number

        return sorted(events, key=place)


def _with_neighbours(site: Site, keys: set[str]) -> frozenset[str]:
    """And the worse and lesser alarms of the same points: each of them looks at how the other stands, in order."""
    found = set(keys)
    for point in site.points:
        hidden = {rule.id: rule.hidden_by for rule in point.rules if rule.hidden_by}
        mine = {f"{point.id}/{name}" for name in (*hidden, *hidden.values())}
        if mine & keys:
            found |= mine
    return frozenset(found)
