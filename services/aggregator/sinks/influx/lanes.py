"""Lanes: several partitions stored at the same time, those of one site in order, with a bound on what waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from services.core.ports import Entry

#: (short name of the topic, partition).
Part = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Entries of one partition that are stored together. term: how often the partition had been given away before."""

    part: Part
    entries: Sequence[Entry]
    size: int
    term: int = 0


Store = Callable[[Sequence[Piece]], Awaitable[None]]


def pieces(part: Part, entries: Sequence[Entry], most: int, term: int = 0) -> list[Piece]:
    """`entries` in order, in pieces of about `most` bytes, each at least one entry."""
    out, begin, size = list[Piece](), 0, 0
    for n, entry in enumerate(entries):
        if size and size + len(entry.data) > most:
            out.append(Piece(part, entries[begin:n], size, term))
            begin, size = n, 0
        size += len(entry.data)
    return [*out, Piece(part, entries[begin:], size, term)] if begin < len(entries) else out


class _Lane:
    def __init__(self) -> None:
        self.waiting: deque[Piece] = deque()
        self.size = 0
        self.changed = asyncio.Condition()


class Lanes:
    """An async context manager. A partition's number says its lane, so a site's topics all share one, in order.

    What one lane waits for holds up no other until its room is full. An error of `store` ends all: `put`,
    `drained` and `broken` raise it.
    """

    def __init__(self, count: int, store: Store, *, together: int, room: int) -> None:
        """together: bytes that a lane stores at once, if they are there.  room: bytes that may wait in a lane."""
        self._lanes = [_Lane() for _ in range(count)]
        self._store, self._together, self._room = store, together, room
        self._done: dict[Part, int] = {}
        self._terms: dict[Part, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        #: Entries that wait or are being stored.
        self.messages = 0

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._run(lane), name=f"lane {n}") for n, lane in enumerate(self._lanes)
        ]  # fmt: skip
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def done(self) -> Mapping[Part, int]:
        """By part the last offset up to which everything that was put is stored."""
        return dict(self._done)

    def forget(self, parts: Iterable[Part]) -> None:
        """They go to another: what of them still waits is stored, but is no longer said to be done.

        When they come back, another may be further; to commit what was done before would set them back.
        """
        for part in parts:
            self._terms[part] = self._terms.get(part, 0) + 1
            self._done.pop(part, None)

    async def put(self, part: Part, entries: Sequence[Entry]) -> None:
        """Waits until the lane has room; entries of a part are put in order."""
        lane = self._lanes[part[1] % len(self._lanes)]
        for piece in pieces(part, entries, self._together, self._terms.get(part, 0)):
            await self._meanwhile(self._admit(lane, piece))

    async def drained(self) -> None:
        """Returns when all that was put is stored."""
        for lane in self._lanes:
            await self._meanwhile(self._empty(lane))

    async def broken(self) -> None:
        """Returns never; raises what ends a lane."""
        await self._meanwhile(asyncio.Event().wait())

    async def _admit(self, lane: _Lane, piece: Piece) -> None:
        async with lane.changed:
            await lane.changed.wait_for(lambda: not lane.size or lane.size + piece.size <= self._room)
            lane.waiting.append(piece)
            lane.size += piece.size
            self.messages += len(piece.entries)
            lane.changed.notify_all()

    async def _empty(self, lane: _Lane) -> None:
        async with lane.changed:
            await lane.changed.wait_for(lambda: not lane.waiting)

    async def _meanwhile(self, wanted: Awaitable[object]) -> None:
        """Waits for `wanted`, or raises what has ended a lane."""
        waiting = asyncio.ensure_future(wanted)
        try:
            await asyncio.wait({waiting, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()
            await waiting
        finally:
            waiting.cancel()

    async def _run(self, lane: _Lane) -> None:
        while True:
            async with lane.changed:
                await lane.changed.wait_for(lambda: lane.waiting)
                some, size = list[Piece](), 0
                for piece in lane.waiting:
                    if some and size + piece.size > self._together:
                        break
                    some.append(piece)
                    size += piece.size
            await self._store(some)
            async with lane.changed:
                for piece in some:
                    lane.waiting.popleft()
                    if piece.term == self._terms.get(piece.part, 0):
                        self._done[piece.part] = piece.entries[-1].offset
                lane.size -= size
                self.messages -= sum(len(piece.entries) for piece in some)
                lane.changed.notify_all()
