"""How fast a sump rises, as a range, from its levels of the last minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Minutes looked back on: the range is what the fastest and the slowest of them say.
SPANS = (5, 10, 20)
#: Fewer levels than this say nothing.
_LEAST = 6


@dataclass(frozen=True, slots=True)
class Rise:
    """m/h: slowest, the middle one, fastest."""

    slow: float
    middle: float
    fast: float


def rise_of(trail: Sequence[float | None]) -> Rise | None:
    """trail: a level (m) a minute, newest last, None where unknown. None when its end is not known well enough.

    Each span's slope is by least squares, which one wild level moves little.
    """
    known: list[float] = []
    for level in reversed(trail):
        if level is None:
            break
        known.append(level)
    if len(known) < _LEAST:
        return None
    known.reverse()
    slopes = sorted(_slope(known[-(span + 1) :]) for span in SPANS)
    return Rise(slopes[0], slopes[1], slopes[2])


def _slope(levels: Sequence[float]) -> float:
    """m/h of levels a minute apart."""
    n = len(levels)
    middle, mean = (n - 1) / 2.0, sum(levels) / n
    over = sum((k - middle) * (level - mean) for k, level in enumerate(levels))
    return 60.0 * over / sum((k - middle) ** 2 for k in range(n))
