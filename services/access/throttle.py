"""Wrong guesses make the next one wait: by user and by address, forgotten after a while, bounded in memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

#: Wrong guesses that cost nothing; each further one doubles the wait, up to the longest.
FREE, FIRST_WAIT, LONGEST = 5, 2.0, 300.0

#: Names and addresses remembered at a time; the longest unheard goes first.
_REMEMBERED = 10_000


class Throttle:
    """`clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, *names: str) -> float:
        """Seconds that these names have yet to wait; 0: they may try."""
        now = self._clock()
        return max((self._until(name) - now for name in names), default=0.0)

    def wrong(self, *names: str) -> None:
        """A guess was wrong."""
        for name in names:
            count, _ = self._wrong.pop(name, (0, 0.0))
            self._wrong[name] = (count + 1, self._clock())
            while len(self._wrong) > _REMEMBERED:
                self._wrong.popitem(last=False)

    def right(self, *names: str) -> None:
        """It was right: what was wrong before is forgotten."""
        for name in names:
            self._wrong.pop(name, None)

    def _until(self, name: str) -> float:
        count, last = self._wrong.get(name, (0, 0.0))
        if count < FREE:
            return -math.inf
        return last + min(LONGEST, FIRST_WAIT * 2.0 ** min(count - FREE, 20))
