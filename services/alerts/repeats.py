"""Frames of sources without numbers that come again: known by their bytes, among the last of a site.

What is said twice is not late, and must be recognised before its lateness is judged.
"""

from __future__ import annotations

import hashlib

import numpy as np

from services.core.frame import Frame

#: Frames that are remembered.
REMEMBERED = 64


class Repeats:
    """recent: int64[REMEMBERED], what stands for each of the last frames, the newest last."""

    def __init__(self) -> None:
        self.recent = np.zeros(REMEMBERED, np.int64)

    def knows(self, frame: Frame) -> bool:
        """Whether this very frame came before; it is remembered from here on."""
        digest = hashlib.blake2b(frame.station.encode(), digest_size=8)
        for column in (frame.times, frame.points, frame.values, frame.quality):
            digest.update(column.tobytes())
        digest.update(frame.through.to_bytes(8, "little", signed=True))
        mark = np.int64(int.from_bytes(digest.digest(), "little", signed=True))
        if (self.recent == mark).any():
            return True
        self.recent[:-1], self.recent[-1] = self.recent[1:].copy(), mark
        return False
