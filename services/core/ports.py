"""What the pure parts and the field side ask of a runtime: the log they append to, without knowing which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.core.records import Record


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that could not be taken: from which topic, why (a short constant), in words, and the raw bytes."""

    source: str
    reason: str
    detail: str
    payload: bytes
    received: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far a gateway's numbered frames are in the log: its epoch and the highest contiguous number."""

    epoch: int
    number: int


class SiteLog(Protocol):
    """The sites' ordered logs. All methods return only when what they did is durable.

    They raise LogError when the log cannot take it (disk full, not writable): then nothing was taken.
    """

    async def append(self, records: Sequence[Record]) -> None:
        """Appends in order, as one transaction; a Tick goes to every site. Waits while the log is behind."""
        ...

    async def reject(self, rejects: Sequence[Reject]) -> None:
        """Keeps what could not be taken, counted by reason."""
        ...

    def positions(self) -> Mapping[str, Position]:
        """By site: the last numbered frame that is durable."""
        ...

    def last_tick(self) -> int:
        """The time (ns) of the last durable tick, 0 when there is none."""
        ...
