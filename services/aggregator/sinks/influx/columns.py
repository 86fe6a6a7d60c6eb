"""Readings of many frames as columns, straight from the bytes of the log: no frame is made that nobody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from services.aggregator.sinks.influx.lines import Place
from services.core.codec import MAX_READINGS
from services.core.frame import Frame, Points, Qualities, Times, Values
from services.core.pb import headworks_pb2 as pb


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """places, sites, lengths: of each frame; the columns have the readings of all, one frame after the other."""

    places: tuple[Place, ...]
    sites: tuple[str, ...]
    lengths: NDArray[np.int64]
    times: Times
    points: Points
    values: Values
    quality: Qualities

    def __len__(self) -> int:
        return len(self.times)

    @property
    def latest(self) -> dict[str, int]:
        """By site the time (ns) of its last reading."""
        out: dict[str, int] = {}
        if len(self):
            ends = np.maximum.reduceat(self.times, np.cumsum(self.lengths) - self.lengths)
            for site, time in zip(self.sites, ends.tolist(), strict=True):
                out[site] = max(out.get(site, time), time)
        return out


@lru_cache(1024)
def _all_good(readings: int) -> bytes:
    return bytes(readings)


class Collected:
    """Frames with readings, put one after the other."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._sites: list[str] = []
        self._bases: list[int] = []
        self._bytes: tuple[list[bytes], ...] = ([], [], [], [])

    def add(self, place: Place, frame: Frame) -> None:
        """A frame that is decoded already."""
        if len(frame):
            columns = (frame.points.astype("<u4"), frame.times, frame.values, frame.quality)
            self._add(place, frame.site, 0, tuple(column.tobytes() for column in columns))

    def take(self, place: Place, data: bytes) -> bool:
        """All of a message of the log of sites. False, with nothing taken, when it holds or lacks anything else."""
        try:
            message = pb.Records.FromString(data)
        except DecodeError:
            return False
        taken = []
        for record in message.record:
            if not record.HasField("frame"):
                return False
            frame = record.frame
            point, offset, value, quality = frame.point, frame.offset, frame.value, frame.quality
            n = len(point) // 4
            if len(point) != 4 * n or not 8 * n == len(offset) == len(value) or n > MAX_READINGS:
                return False
            if len(quality) != n:
                if quality:
                    return False
                quality = _all_good(n)
            if n:
                taken.append((frame.site, frame.base_time, point, offset, value, quality))
        if taken:
            sites, bases, *columns = zip(*taken, strict=True)
            self._places += [place] * len(taken)
            self._sites += sites
            self._bases += bases
            for held, column in zip(self._bytes, columns, strict=True):
                held.extend(column)
        return bool(message.record)

    def _add(self, place: Place, site: str, base: int, columns: Sequence[bytes]) -> None:
        self._places.append(place)
        self._sites.append(site)
        self._bases.append(base)
        for held, column in zip(self._bytes, columns, strict=True):
            held.append(column)

    def columns(self) -> Columns:
        """What has been put together."""
        points, offsets, values, quality = map(b"".join, self._bytes)
        lengths = np.fromiter(map(len, self._bytes[3]), np.int64, len(self._places))
        times = np.frombuffer(offsets, "<i8") + np.repeat(np.array(self._bases, np.int64), lengths)
        return Columns(
            tuple(self._places), tuple(self._sites), lengths, times,
            np.frombuffer(points, "<i4"), np.frombuffer(values, "<f8"), np.frombuffer(quality, np.uint8),
        )  # fmt: skip
