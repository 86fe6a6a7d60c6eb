"""Where a gateway keeps its frames until the centre has said that they are committed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """An encoded frame of `station`, without the Sparkplug seq, which is given when it is sent."""

    number: int
    station: str
    payload: bytes


class Outbox(Protocol):
    """Frames with contiguous numbers, in order."""

    @property
    def first(self) -> int:
        """The lowest number held; 0 when empty."""
        ...

    def __len__(self) -> int: ...

    def has_room(self, size: int) -> bool:
        """Whether a frame of `size` bytes fits; an empty outbox takes any."""
        ...

    def append(self, frame: Stored) -> None:
        """Keeps a frame; ValueError unless its number follows the last one held."""
        ...

    def get(self, number: int) -> Stored:
        """The frame of that number; KeyError when it is not held."""
        ...

    def drop_to(self, number: int) -> None:
        """Forgets frames up to and including `number`."""
        ...


class MemoryOutbox:
    """Frames in memory, bounded in count and bytes.

    They are lost with the process. That is right for a simulator, which makes the same frames again; a gateway at
    a real site needs an outbox on disk, and a new epoch whenever that disk is lost.
    """

    def __init__(self, frames: int = 20_000, size: int = 128_000_000) -> None:
        """At most `frames` frames and `size` bytes of payload."""
        self._frames: deque[Stored] = deque()
        self._most, self._most_bytes = frames, size
        self.bytes = 0

    @property
    def first(self) -> int:
        """The lowest number held; 0 when empty."""
        return self._frames[0].number if self._frames else 0

    def __len__(self) -> int:
        return len(self._frames)

    def has_room(self, size: int) -> bool:
        """Whether a frame of `size` bytes fits; an empty outbox takes any."""
        if not self._frames:
            return True
        return len(self._frames) < self._most and self.bytes + size <= self._most_bytes

    def append(self, frame: Stored) -> None:
        """Keeps a frame; ValueError unless its number follows the last one held."""
        if self._frames and frame.number != self._frames[-1].number + 1:
            raise ValueError(f"{frame.number} does not follow {self._frames[-1].number}")
        self._frames.append(frame)
        self.bytes += len(frame.payload)

    def get(self, number: int) -> Stored:
        """The frame of that number; KeyError when it is not held."""
        index = number - self.first
        if not self._frames or not 0 <= index < len(self._frames):
            raise KeyError(number)
        return self._frames[index]

    def drop_to(self, number: int) -> None:
        """Forgets frames up to and including `number`."""
        while self._frames and self._frames[0].number <= number:
            self.bytes -= len(self._frames.popleft().payload)
