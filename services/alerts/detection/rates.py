"""Rise, fall, ratio and slope over a window: the conditions of the kernel that need a ring of the window's past.

Robust to noise: every reading is first the median of the last three, so one wild reading moves nothing; a slope is
moreover a least-squares line through the window, where noise averages out. Uneven sampling: the window is cut into 30
buckets of event time, and each counts once, by its first value, however many readings it has. Gaps: a bucket without
a reading has no say; with less than half a window between oldest and newest there is no rise, fall or slope, neither
raised nor kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.alerts.detection.layout import BETWEEN, BUCKETS, FALSE, RISE, RISE_RATIO, SLOPE_DOWN, SLOPE_UP, TRUE
from services.core.compiled import inner

#: Fewer buckets than this, the present one not counted, are no line.
_FEWEST = 3


@inner
def median3(a: float, b: float, c: float) -> float:
    """The middle one of three."""
    return max(min(a, b), min(max(a, b), c))


@inner
def _older(ring: Any, seen: Any, bucket: int) -> None:
    """What the window's buckets before `bucket` hold: the oldest with its first value, the least of all."""
    oldest, base, least = bucket, np.inf, np.inf
    for k in range(BUCKETS):
        slot = ring[k]
        b = slot.bucket
        if b > bucket - (BUCKETS - 1) and b < bucket:
            least = min(least, slot.least)
            if b < oldest:
                oldest = b
                base = slot.first
    seen.bucket, seen.oldest, seen.base, seen.least = bucket, oldest, base, least


@inner
def _sums(ring: Any, seen: Any, bucket: int) -> None:
    """What a line through the buckets before `bucket` needs; values against the oldest one, so that none is large."""
    n, x, y, xx, xy = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(BUCKETS):
        slot = ring[k]
        b = slot.bucket
        if b > bucket - (BUCKETS - 1) and b < bucket:
            dx, dy = float(b - bucket), slot.first - seen.base
            n += 1.0
            x += dx
            y += dy
            xx += dx * dx
            xy += dx * dy
    seen.n, seen.x, seen.y, seen.xx, seen.xy = n, x, y, xx, xy


@inner
def _slope(seen: Any, value: float) -> float:
    """Change a bucket of the least-squares line through the older buckets and `value` now."""
    n, y = seen.n + 1.0, seen.y + value - seen.base
    slope: float = (n * seen.xy - seen.x * y) / (n * seen.xx - seen.x * seen.x)
    return slope


@inner
def rate(
    rule: Any, ring: Any, recent: Any, seen: Any, time: int, value: float, limit: float, clear: float
) -> int:  # fmt: skip
    """Rise, fall, ratio and slope over the window, on the median of the last three readings.

    Buckets before the present one no longer change: `seen` keeps what they say until the next bucket begins.
    """
    if np.isnan(recent[0]):
        recent[0] = recent[1] = value
    middle = median3(recent[0], recent[1], value)
    recent[0] = recent[1]
    recent[1] = value
    width = (rule.window + BUCKETS - 3) // (BUCKETS - 2)
    bucket = time // width
    slot = ring[bucket % BUCKETS]
    if slot.bucket != bucket:
        slot.bucket = bucket
        slot.first = middle
        slot.least = middle
    elif middle < slot.least:
        slot.least = middle
    if seen.bucket != bucket:
        _older(ring, seen, bucket)
        if rule.kind == SLOPE_UP or rule.kind == SLOPE_DOWN:
            _sums(ring, seen, bucket)
    if rule.kind == RISE_RATIO:
        ratio = middle / max(min(slot.least, seen.least), 1e-9)
        if ratio > limit and middle > rule.floor:
            return TRUE
        return FALSE if ratio <= clear or middle <= rule.floor else BETWEEN
    # Less than half a window of history cannot say how fast a value moves.
    if (bucket - seen.oldest) * 2 < BUCKETS - 2:
        return FALSE
    if rule.kind == SLOPE_UP or rule.kind == SLOPE_DOWN:
        if seen.n < _FEWEST:
            return FALSE
        change = _slope(seen, middle) * (rule.window / width)
        if rule.kind == SLOPE_DOWN:
            change = -change
    else:
        change = middle - seen.base if rule.kind == RISE else seen.base - middle
    if change > limit:
        return TRUE
    return FALSE if change <= clear else BETWEEN
