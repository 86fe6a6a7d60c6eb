"""Frames of sources without numbers that come again: known by their bytes, among the last of each station.

What is said twice is not late, and must be recognised before its lateness is judged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.core.frame import Frame

#: Frames that are remembered of a station.
REMEMBERED = 64


class Repeats:
    """recent: int64[stations, REMEMBERED], what stands for each of the last frames, the newest last."""

    def __init__(self, stations: int) -> None:
        self.recent = np.zeros((stations, REMEMBERED), np.int64)

    def knows(self, station: int, frame: Frame) -> bool:
        """Whether this very frame of station row `station` came before; it is remembered from here on."""
        digest = hashlib.blake2b(frame.station.encode(), digest_size=8)
        for column in (frame.times, frame.points, frame.values, frame.quality):
            digest.update(column.tobytes())
        digest.update(frame.through.to_bytes(8, "little", signed=True))
        mark = np.int64(int.from_bytes(digest.digest(), "little", signed=True))
        recent = self.recent[station]
        if (recent == mark).any():
            return True
        recent[:-1], recent[-1] = recent[1:].copy(), mark
        return False

    def adopt(self, old: Repeats, rows: Iterable[tuple[int, int]]) -> None:
        """Takes over what is known of stations, as (row here, row in `old`)."""
        for here, was in rows:
            self.recent[here] = old.recent[was]

    def arrays(self) -> dict[str, NDArray[np.int64]]:
        """State: the stations that have said anything without a number. Most sites have none."""
        rows = np.flatnonzero(self.recent.any(axis=1))
        return {"recent_of": rows.astype(np.int64), "recent": self.recent[rows].ravel()}

    def load(self, arrays: dict[str, NDArray[np.int64]]) -> None:
        """What `arrays` gave."""
        self.recent[:] = 0
        self.recent[arrays["recent_of"]] = arrays["recent"].reshape(-1, REMEMBERED)
