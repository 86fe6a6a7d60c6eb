"""Rise, fall and ratio over a window: the one condition of the kernel that needs a memory of its own.

Compiled into the kernel. Numba's cache looks at the kernel's file alone: who changes this one touches that one too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.alerts.detection.layout import BETWEEN, BUCKETS, FALSE, RISE, RISE_RATIO, TRUE
from services.core.compiled import inner


@inner
def _median3(a: float, b: float, c: float) -> float:
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
def rate(rule: Any, ring: Any, recent: Any, seen: Any, time: int, value: float) -> int:
    """Rise, fall and ratio over the window, on the median of the last three readings (one spike moves nothing).

    Buckets before the present one no longer change: `seen` keeps what they say until the next bucket begins.
    """
    if np.isnan(recent[0]):
        recent[0] = recent[1] = value
    middle = _median3(recent[0], recent[1], value)
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
    if rule.kind == RISE_RATIO:
        ratio = middle / max(min(slot.least, seen.least), 1e-9)
        if ratio > rule.limit and middle > rule.floor:
            return TRUE
        return FALSE if ratio <= rule.clear or middle <= rule.floor else BETWEEN
    # Less than half a window of history cannot say how fast a value moves.
    if (bucket - seen.oldest) * 2 < BUCKETS - 2:
        return FALSE
    change = middle - seen.base if rule.kind == RISE else seen.base - middle
    if change > rule.limit:
        return TRUE
    return FALSE if change <= rule.clear else BETWEEN
