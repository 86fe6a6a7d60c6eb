"""How far the bridges say that a run's clock is in their logs."""

from __future__ import annotations

import json
import re

from services.telemetry.sparkplug.topics import TICKED

_PART = re.compile(r"(\d{1,4})-of-(\d{1,4})")


class Ticked:
    """One bridge says its time on the group's topic; of several each says its own below it, and the first says there
    how many they are. What other bridges left retained from before does not count."""

    def __init__(self, group: str) -> None:
        self._whole = f"{TICKED}{group}"
        self._count = 1
        self._times: dict[tuple[int, int], int] = {}

    @property
    def filter(self) -> str:
        """What to subscribe to."""
        return f"{self._whole}/#"

    @property
    def time(self) -> int:
        """The last time (ns) that all of the group has in its log, 0 when none is known."""
        return min(self._times.get((index, self._count), 0) for index in range(self._count))

    def take(self, topic: str, payload: bytes) -> bool:
        """Takes a word of a bridge; whether it was one."""
        part = _PART.fullmatch(topic.removeprefix(f"{self._whole}/"))
        if part is None and topic != self._whole:
            return False  # amqtt hands a client all that is retained, subscribed to or not
        index, count = (int(part[1]), int(part[2])) if part is not None else (0, 1)
        try:
            said = json.loads(payload)
            bridges = said.get("bridges", 1) if part is None else None
            time = said["time"] if bridges in (1, None) else 0
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return False
        if type(time) is not int or index >= count or type(bridges) not in (int, type(None)):
            return False
        if bridges is not None:
            self._count = max(1, min(bridges, 9_999))
        self._times[index, count] = time
        return True
