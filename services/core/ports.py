"""What the pure parts and the field side ask of a runtime: the log they append to, without knowing which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.core.records import Config, Record


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


class Entry(NamedTuple):
    """An entry of the log: offset, topic, site ('' for a tick), bytes as services.core.codec has."""

    offset: int
    topic: str
    key: str
    data: bytes


class LogReader(Protocol):
    """A log as its followers see it, each from a named cursor of its own; LogError when it fails."""

    def read(
        self,
        topics: str | Sequence[str] | None,
        after: int,
        limit: int = 1000,
        max_bytes: int = ...,
    ) -> list[Entry]:
        """Entries beyond `after` in order; all topics when None. At least one, if there is one."""
        ...

    def head(self, topic: str | None = None) -> int:
        """The last durable offset, of `topic` if given; 0 when there is none."""
        ...

    async def wait_beyond(
        self, offset: int, within: float | None = None, topics: str | Sequence[str] | None = None
    ) -> bool:
        """Waits until something beyond `offset` is durable; False when it is not `within` s."""
        ...

    def configs(self) -> Mapping[str, Config]:
        """By site: the last durable Config."""
        ...

    def load_cursor(self, name: str) -> int:
        """How far the follower `name` has committed; 0 when it never has."""
        ...

    async def commit_cursor(self, name: str, cursor: int) -> None:
        """Makes the follower's position durable; retention never deletes beyond the slowest."""
        ...
