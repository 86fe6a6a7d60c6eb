"""Readings of many frames as columns, straight from the bytes of the log: no frame is made that nobody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
            columns = (frame.point, frame.offset, frame.value, frame.quality)
            n = len(columns[0]) // 4
            sizes = tuple(map(len, columns))
            if sizes[:3] != (4 * n, 8 * n, 8 * n) or sizes[3] not in (0, n) or n > MAX_READINGS:
                return False
            if n:
                taken.append((frame.site, frame.base_time, columns if sizes[3] else (*columns[:3], bytes(n))))
        for site, base, columns in taken:
            self._add(place, site, base, columns)
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
