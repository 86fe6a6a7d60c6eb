"""Wrong guesses make the next one wait: counted by name, forgotten after a while, bounded in memory."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable

#: Wrong guesses that cost nothing; each further one doubles the wait, up to the longest (s).
FREE, FIRST_WAIT, LONGEST = 5, 2.0, 300.0

#: A name that nobody guessed at for so long (s) begins anew.
FORGOTTEN = 1800.0

#: Names and addresses remembered at a time; the longest unheard goes first.
_REMEMBERED = 10_000


class Throttle:
    """`clock` gives seconds that never go back; `free` wrong guesses cost nothing. Any number of threads."""

    def __init__(self, clock: Callable[[], float], free: int = FREE) -> None:
        self._clock, self._free = clock, free
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, *names: str) -> float:
        """Seconds that these names have yet to wait; 0: they may try."""
        with self._lock:
            now = self._clock()
            return max((self._until(name, now) - now for name in names), default=0.0)

    def wrong(self, *names: str) -> None:
        """A guess was wrong."""
        with self._lock:
            now = self._clock()
            for name in names:
                self._wrong[name] = (self._count(name, now) + 1, now)
                self._wrong.move_to_end(name)
                while len(self._wrong) > _REMEMBERED:
                    self._wrong.popitem(last=False)

    def right(self, *names: str) -> None:
        """It was right: what was wrong before is forgotten."""
        with self._lock:
            for name in names:
                self._wrong.pop(name, None)

    def taken_back(self, name: str) -> None:
        """The last guess under that name was not wrong after all; those before it still count."""
        with self._lock:
            count, last = self._wrong.get(name, (0, 0.0))
            if count > 1:
                self._wrong[name] = (count - 1, last)
            else:
                self._wrong.pop(name, None)

    def _count(self, name: str, now: float) -> int:
        count, last = self._wrong.get(name, (0, 0.0))
        return count if now - last < FORGOTTEN else 0

    def _until(self, name: str, now: float) -> float:
        count = self._count(name, now)
        if count < self._free:
            return -math.inf
        return self._wrong[name][1] + min(LONGEST, FIRST_WAIT * 2.0 ** min(count - self._free, 20))
