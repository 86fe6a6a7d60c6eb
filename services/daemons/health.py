"""How a service is: live, ready, and if not, why not; in words for people, as status codes for machines."""

from __future__ import annotations

import time
from collections.abc import Callable


class Health:
    """Parts of a service say how they are; nothing here is asked of the network.

    A part that was named as needed is a problem until it has said that it is well. A part that beats must beat again
    within its bound, else the service is not live: it hangs, and should be started anew.
    """

    def __init__(self, *needed: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._problems = dict.fromkeys(needed, "starting")
        self._beats: dict[str, tuple[float, float]] = {}
        self._warnings: dict[str, str] = {}
        self._monotonic = monotonic

    def well(self, part: str) -> None:
        """The part does its work."""
        self._problems.pop(part, None)

    def ill(self, part: str, problem: str) -> None:
        """The part cannot do its work, and why: a sentence."""
        self._problems[part] = problem

    def warn(self, part: str, warning: str) -> None:
        """The part does its work, and somebody should look at this: a sentence, until there is a newer one."""
        self._warnings[part] = warning

    def beat(self, part: str, within: float) -> None:
        """The part goes round; if it does not again `within` seconds, it hangs."""
        self._beats[part] = (self._monotonic(), within)

    def rest(self, part: str) -> None:
        """The part has ended in order: no beat is due."""
        self._beats.pop(part, None)

    @property
    def problems(self) -> dict[str, str]:
        """By part, why the service is not ready; empty when it is."""
        return dict(sorted(self._problems.items()))

    @property
    def warnings(self) -> dict[str, str]:
        """By part, what does not keep the service from being ready."""
        return dict(sorted(self._warnings.items()))

    @property
    def hanging(self) -> dict[str, str]:
        """By part, for how long it has not gone round; empty when the service is live."""
        now = self._monotonic()
        return {
            part: f"silent for {now - at:.0f} s, at most {within:g} s"
            for part, (at, within) in sorted(self._beats.items())
            if now - at > within
        }
