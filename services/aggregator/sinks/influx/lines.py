"""Lines of the protocol with where they came from, and how they are taken apart when some of them are refused."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.aggregator.sinks.influx.words import key_of, parts


class Place(NamedTuple):
    """An entry of the log: topic (short name), partition, offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines. starts: ascending, where in `data` the lines of each of `places` begin."""

    data: bytes
    starts: tuple[int, ...] = (0,)
    places: tuple[Place, ...] = field(default=())

    def __len__(self) -> int:
        return self.data.count(b"\n")

    @property
    def first(self) -> Place:
        """Where the first line came from."""
        return self.places[0]

    @property
    def last(self) -> Place:
        """Where the last line came from."""
        return self.places[-1]

    def cut(self, begin: int, end: int) -> Lines:
        """The lines from byte `begin` to `end`, both at the beginning of a line."""
        low = max(bisect.bisect_right(self.starts, begin) - 1, 0)
        high = max(bisect.bisect_left(self.starts, end), low + 1)
        starts = tuple(max(start - begin, 0) for start in self.starts[low:high])
        return Lines(self.data[begin:end], starts, self.places[low:high])

    def pieces(self, most: int) -> list[Lines]:
        """In order, pieces of at most `most` bytes; a line that is longer stands alone."""
        out, begin = [], 0
        while len(self.data) - begin > most:
            end = self.data.rfind(b"\n", begin, begin + most) + 1 or self.data.find(b"\n", begin) + 1
            out.append(self.cut(begin, end))
            begin = end
        if begin < len(self.data):
            out.append(self.cut(begin, len(self.data)) if begin else self)
        return out

    def halves(self) -> tuple[Lines, Lines]:
        """Two parts of about the same number of bytes; at least two lines are needed."""
        middle = self.data.rfind(b"\n", 0, len(self.data) // 2) + 1 or self.data.find(b"\n") + 1
        return self.cut(0, middle), self.cut(middle, len(self.data))

    def apart(self, measurement: str, key: str) -> tuple[Lines, Lines]:
        """(all but the field `key` of `measurement`, that field alone), each on lines of its own."""
        rest, alone = Gathered(), Gathered()
        wanted = measurement.encode()
        begin = 0
        while begin < len(self.data):
            end = self.data.find(b"\n", begin) + 1
            line, place = self.data[begin : end - 1], self.places[bisect.bisect_right(self.starts, begin) - 1]
            begin = end
            head, fields, time = parts(line)
            mine = [one for one in fields if key_of(one) == key] if head.partition(b",")[0] == wanted else []
            for some, to in (([one for one in fields if one not in mine], rest), (mine, alone)):
                if some:
                    to.add(b"%b %b %b\n" % (head, b",".join(some), time), place)
        return rest.lines(), alone.lines()


class Gathered:
    """Lines that are put together."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._starts: list[int] = []
        self._places: list[Place] = []
        self.size = 0

    def add(self, data: bytes, place: Place) -> None:
        """Whole lines of one entry."""
        if not data:
            return
        self._parts.append(data)
        self._starts.append(self.size)
        self._places.append(place)
        self.size += len(data)

    def add_many(self, data: bytes, starts: Iterable[int], places: Iterable[Place]) -> None:
        """Whole lines of several entries, `starts` within `data`."""
        self._parts.append(data)
        self._starts += [self.size + start for start in starts]
        self._places += places
        self.size += len(data)

    def lines(self) -> Lines:
        """What has been put together."""
        return Lines(b"".join(self._parts), tuple(self._starts), tuple(self._places))
