"""A package that complains many times a second, such as a client of a server that is down, is heard now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

#: Seconds between two records of one kind.
_EVERY = 10.0

#: Kinds that are remembered.
_KINDS = 1000


class Seldom(logging.Filter):
    """Passes a record of each kind (logger, level, text before its values are in) every ten seconds.

    The next that passes says how many did not. What the project itself logs does not come this way.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._kinds: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is heard."""
        kind, now = (record.name, record.levelno, str(record.msg)), self._monotonic()
        since, unheard = self._kinds.get(kind, (now - _EVERY, 0))
        if now - since < _EVERY:
            self._kinds[kind] = (since, unheard + 1)
            return False
        if len(self._kinds) >= _KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        if unheard:
            record.msg = f"{record.getMessage()} (and {unheard} more like it)"
            record.args = ()
        return True
