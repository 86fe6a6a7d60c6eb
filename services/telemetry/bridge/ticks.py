"""When the log may be told what time it is: from the player's marks, or from the wall clock."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from services.core.clock import SECOND
from services.core.errors import Rejected
from services.core.ports import Position
from services.core.records import Tick

#: Clock messages that wait for their marks; beyond it the oldest go, since a later one covers them.
WAITING = 1_000

Reached = Callable[[str, int], int]
"""(edge node, epoch) → the last number taken."""


@dataclass(frozen=True, slots=True)
class ClockMessage:
    """What the player said: `marks` are the frames that belong before `time` (ns)."""

    run: str
    time: int
    marks: dict[str, Position]
    end: bool


def parse_clock(payload: bytes) -> ClockMessage:
    """The message; Rejected("malformed clock") when it is not one."""
    try:
        said = json.loads(payload)
        marks = {str(edge): Position(*mark) for edge, mark in said.get("marks", {}).items()}
        message = ClockMessage(str(said["run"]), said["time"], marks, bool(said.get("end", False)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Rejected("malformed clock", f"{type(error).__name__}: {error}"[:200]) from None
    whole = [message.time, *(n for mark in marks.values() for n in (mark.epoch, mark.number))]
    for value in whole:
        if type(value) is not int or not 0 <= value < 2**64:
            raise Rejected("malformed clock", f"{value!r} must be a whole number")
    if message.time >= 2**63:
        raise Rejected("malformed clock", f"time {message.time} is beyond 2262")
    return message


class PlayerTicks:
    """Ticks of a run that has a player. None is given before its marks, and times only increase."""

    def __init__(self, last: int) -> None:
        """`last`: the time of the log's last tick, 0 when there is none."""
        self.last = last
        self._waiting: deque[ClockMessage] = deque()
        self._heard: ClockMessage | None = None

    def take(self, message: ClockMessage) -> bool:
        """Whether the message is new. Rejected("clock goes backwards") when it contradicts the one before.

        A player that was started again begins anew, time and marks: that is no contradiction, and is covered by
        the log's last tick. Time going back while the data go on is one.
        """
        before, self._heard = self._heard, message
        if before is not None and before.run == message.run and message.time < before.time:
            for edge, mark in message.marks.items():
                was = before.marks.get(edge)
                if was is not None and was.epoch == mark.epoch and was.number < mark.number:
                    self._heard = before
                    raise Rejected("clock goes backwards", f"{message.time} after {before.time} ns")
        if message.time <= self.last:
            return False
        at = bisect_left(self._waiting, message.time, key=lambda waiting: waiting.time)
        if at < len(self._waiting) and self._waiting[at].time == message.time:
            self._waiting[at] = message  # said again, by a player started again
            return True
        self._waiting.insert(at, message)
        if len(self._waiting) > WAITING:
            self._waiting.popleft()
        return True

    def due(self, reached: Reached) -> list[Tick]:
        """The ticks whose marks are all taken, oldest first.

        A word that can be told covers those before it: whatever held them, a stranger's marks or a player's that
        is gone, the clock goes on.
        """
        ticks = []
        held: deque[ClockMessage] = deque()
        for message in self._waiting:
            if _held_by(message, reached) is not None:
                held.append(message)
                continue
            held.clear()
            self.last = message.time
            ticks.append(Tick(message.time, message.end))
        self._waiting = held
        return ticks

    def holds(self, reached: Reached) -> str | None:
        """The edge node that the next tick waits for, None when it waits for none."""
        return _held_by(self._waiting[0], reached) if self._waiting else None


def _held_by(message: ClockMessage, reached: Reached) -> str | None:
    return next((edge for edge, mark in message.marks.items() if reached(edge, mark.epoch) < mark.number), None)


class WallTicks:
    """Ticks of a live system: every `every` seconds, held while a gateway has backlog, at most `limit` seconds."""

    def __init__(self, every: float, limit: float, last: int) -> None:
        self.every, self.limit = int(every * SECOND), int(limit * SECOND)
        self.last = last
        self._next = 0
        self._held_since = 0

    def due(self, now: int, waiting: int | None, backlog: bool) -> list[Tick]:
        """At most one tick. `now` ns; `waiting`: when the oldest message not yet taken was received."""
        if now < self._next:
            return []
        if backlog:
            self._held_since = self._held_since or now
            if now - self._held_since < self.limit:
                return []
        else:
            self._held_since = 0
        # Everything received before this moment has been taken, so that is the time that may be told.
        moment = now if waiting is None else min(now, waiting - 1)
        if moment <= self.last:
            return []
        self.last, self._next = moment, now + self.every
        return [Tick(moment)]
