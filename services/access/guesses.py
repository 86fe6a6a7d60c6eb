"""Guesses at passwords: slowed by name and by address, without letting a guesser keep anybody out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.access.throttle import Throttle
from services.core.errors import HeadworksError

#: Wrong guesses from one address that cost nothing: a control room has one address and many tired people.
FREE_AT_ADDRESS = 20

#: Passwords that are checked at a time, and how long (s) one more waits: argon2 takes 64 MiB each, on purpose.
_AT_ONCE, _LONGEST_WAIT = 2, 10.0


class TooOften(HeadworksError):
    """Too many wrong guesses. `seconds`: how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many wrong guesses: wait {seconds:.0f} s")
        self.seconds = seconds


class Guesses:
    """`seconds`: a clock that never goes back. `came_in`: whether a name signed in from an address before."""

    def __init__(self, seconds: Callable[[], float], came_in: Callable[[str, str], bool]) -> None:
        self._names, self._addresses = Throttle(seconds), Throttle(seconds, FREE_AT_ADDRESS)
        self._came_in = came_in
        self._checking = threading.BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def guess(self, name: str, address: str) -> Iterator[Callable[[], None]]:
        """One guess, wrong until what it gives is called: many at the same moment are as slow as one after the other.

        A name's wait, and an address' wait, are for names that never came in from there: else whoever guesses on and
        on, of a control room or behind a proxy, would keep the others out. TooOften.
        """
        everywhere, here, place = f"user {name}", f"user {name} at {address}", f"address {address}"
        wait = self._names.wait(here)
        if wait <= 0:
            wait = max(self._names.wait(everywhere), self._addresses.wait(place))
            wait = 0.0 if wait > 0 and self._came_in(name, address) else wait
        if wait > 0:
            raise TooOften(wait)
        self._names.wrong(everywhere, here)
        self._addresses.wrong(place)

        def right() -> None:
            self._names.right(here)
            self._names.taken_back(everywhere)
            self._addresses.taken_back(place)

        if not self._checking.acquire(timeout=_LONGEST_WAIT):
            for throttle, counted in ((self._names, here), (self._names, everywhere), (self._addresses, place)):
                throttle.taken_back(counted)  # nobody looked at it
            raise TooOften(_LONGEST_WAIT)
        try:
            yield right
        finally:
            self._checking.release()
