"""Whether this worker may still think itself the owner of its partitions."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.core.errors import LogError


class Lapsed(LogError):
    """The last heartbeat that Kafka confirmed is older than the session: another worker may have the partitions."""


def _seconds() -> float:
    # Goes on while the machine sleeps, where the system has such a clock: a sleeper has lost its session as well.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Vigil:
    """Holds when the last confirmed heartbeat was sent; asked before each sending.

    Of a heartbeat the sending counts, not the answer: a paused process may find an old answer when it wakes.
    """

    def __init__(self, session: float, seconds: Callable[[], float] = _seconds) -> None:
        """`session`: Kafka's session timeout, s."""
        self._session, self.seconds = session, seconds
        self._heard: float | None = None

    def heard(self, sent: float) -> None:
        """Kafka has confirmed a heartbeat sent at `sent` (of `seconds`). From any thread."""
        self._heard = sent if self._heard is None else max(self._heard, sent)

    @property
    def fresh(self) -> bool:
        """Whether the session cannot be over."""
        return self._heard is not None and self.seconds() - self._heard <= self._session

    def check(self) -> None:
        """Lapsed when the session may be over."""
        if self.fresh:
            return
        if self._heard is None:
            raise Lapsed("no heartbeat has been confirmed yet: nothing may be sent")
        raise Lapsed(
            f"no heartbeat was confirmed for {self.seconds() - self._heard:.1f} s, the session is {self._session:g} s: "
            "another worker may have the partitions, so this one ends and has to be started anew"
        )
