"""Who no longer does their work, as far as Kafka shows it: there is something to do, and nothing gets done."""

from __future__ import annotations

from collections.abc import Mapping

from services.runtime.cluster.reading import Part


class Standstill:
    """Of one reader of the log: how far it is in each part, and since when it has not moved while more was there.

    A reader that is slow moves; one that has nothing to do is not behind. `bound`: seconds without a move until it
    counts as standing.
    """

    def __init__(self, bound: float) -> None:
        self._bound = bound
        self._places: dict[Part, int] = {}
        self._since: dict[Part, float] = {}
        self.behind = 0
        self.stands = False

    def look(self, places: Mapping[Part, int], ends: Mapping[Part, int], at: float) -> None:
        """`places`: by part the next offset that it will do; `ends`: the next that there will be; `at`: seconds."""
        for part, end in ends.items():
            place = places.get(part, 0)
            if place >= end:
                self._since.pop(part, None)
            elif part not in self._since or place != self._places.get(part):
                self._since[part] = at
            self._places[part] = place
        self.behind = sum(max(0, end - places.get(part, 0)) for part, end in ends.items())
        self.stands = any(at - since >= self._bound for since in self._since.values())
