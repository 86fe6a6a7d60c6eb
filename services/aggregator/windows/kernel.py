"""The loops over readings and points: a minute's readings folded, minutes put together to wider windows."""

from __future__ import annotations

import numpy as np

from services.aggregator.windows.layout import (
    ABOVE,
    BELOW,
    COUNT,
    DIFF,
    GOOD,
    HIGH,
    INTEGRAL,
    KNOWN,
    LAST,
    LOW,
    TOTAL,
    USABLE,
    Flags,
    Floats,
    Ints,
)
from services.core.compiled import compiled, inner
from services.core.frame import Points, Qualities, Times, Values
from services.core.quality import FIRST_BAD, FIRST_UNCERTAIN

_FIRST_BAD, _FIRST_UNCERTAIN = int(FIRST_BAD), int(FIRST_UNCERTAIN)


@inner
def _hold(ints: Ints, floats: Floats, p: int, value: float, since: int, until: int, high: float, low: float) -> None:
    """The value stood from `since` to `until` (ns)."""
    if until > since:
        ints[p, KNOWN] += until - since
        floats[p, INTEGRAL] += value * ((until - since) * 1e-9)
        if value > high:
            ints[p, ABOVE] += until - since
        if value < low:
            ints[p, BELOW] += until - since


@compiled
def in_order(times: Times, points: Points, seen: Ints) -> bool:
    """Whether no reading is older than one of its point before it; `seen` (ns a point) is written over."""
    for i in range(len(times)):
        if times[i] < seen[points[i]]:
            return False
        seen[points[i]] = times[i]
    return True


@compiled
def fold_minute(
    start: int,
    end: int,
    times: Times,
    points: Points,
    values: Values,
    quality: Qualities,
    limit: Ints,
    high: Floats,
    low: Floats,
    modulus: Floats,
    seen: Ints,
    held: Floats,
    counted: Floats,
    counted_at: Ints,
    ints: Ints,
    floats: Floats,
) -> None:
    """Folds the readings of start <= time < end, in order of time by point, into rows of `ints`, `floats` made blank.

    By point: limit: how long a value holds, ns; high, low: seconds beyond are counted (inf, -inf: none); modulus: of a
    counter, else 0. Carried from minute to minute, by point: seen: time of the last reading; held: its value, NaN when
    it was not usable; counted, counted_at: the last usable value of a counter and its time.
    Of two readings of one moment the first stands. A counter that falls has rolled over, unless that would mean more
    than half its range: then it was set anew, and what it counted meanwhile is not known.
    """
    for p in range(len(limit)):
        for k in range(6):
            ints[p, k] = 0
            floats[p, k] = 0.0
        floats[p, LOW], floats[p, HIGH] = np.inf, -np.inf
        floats[p, LAST] = floats[p, DIFF] = np.nan
    for i in range(len(times)):
        p, t, v = points[i], times[i], values[i]
        if t <= seen[p]:
            continue
        if not np.isnan(held[p]):
            _hold(ints, floats, p, held[p], max(seen[p], start), min(t, seen[p] + limit[p]), high[p], low[p])
        usable = quality[i] < _FIRST_BAD and np.isfinite(v)
        ints[p, COUNT] += 1
        seen[p] = t
        held[p] = np.nan
        if not usable:
            continue
        held[p] = v
        ints[p, USABLE] += 1
        if quality[i] < _FIRST_UNCERTAIN:
            ints[p, GOOD] += 1
        floats[p, TOTAL] += v
        floats[p, LOW] = min(floats[p, LOW], v)
        floats[p, HIGH] = max(floats[p, HIGH], v)
        floats[p, LAST] = v
        if modulus[p] > 0.0:
            if not np.isnan(counted[p]):
                more = v - counted[p]
                if more < 0.0:
                    more += modulus[p]
                if 0.0 <= more < modulus[p] / 2:
                    floats[p, DIFF] = more if np.isnan(floats[p, DIFF]) else floats[p, DIFF] + more
            counted[p], counted_at[p] = v, t
    for p in range(len(limit)):
        if not np.isnan(held[p]):
            _hold(ints, floats, p, held[p], max(seen[p], start), min(end, seen[p] + limit[p]), high[p], low[p])


@compiled
def merge(to_ints: Ints, to_floats: Floats, ints: Ints, floats: Floats) -> None:
    """Adds a minute (n, 6) to every wider window (m, n, 6) that it is in; minutes come in order of time."""
    for w in range(len(to_ints)):
        for p in range(len(ints)):
            if ints[p, COUNT] == 0 and ints[p, KNOWN] == 0:
                continue
            for k in range(6):
                to_ints[w, p, k] += ints[p, k]
            to_floats[w, p, TOTAL] += floats[p, TOTAL]
            to_floats[w, p, INTEGRAL] += floats[p, INTEGRAL]
            to_floats[w, p, LOW] = min(to_floats[w, p, LOW], floats[p, LOW])
            to_floats[w, p, HIGH] = max(to_floats[w, p, HIGH], floats[p, HIGH])
            if not np.isnan(floats[p, LAST]):
                to_floats[w, p, LAST] = floats[p, LAST]
            if not np.isnan(floats[p, DIFF]):
                sofar = to_floats[w, p, DIFF]
                to_floats[w, p, DIFF] = floats[p, DIFF] if np.isnan(sofar) else sofar + floats[p, DIFF]


@compiled
def known_until(seen: Ints, held: Floats, limit: Ints) -> int:
    """The last moment (ns) at which a value still holds; -2**62 when none does."""
    latest = -(2**62)
    for p in range(len(seen)):
        if not np.isnan(held[p]):
            latest = max(latest, seen[p] + limit[p])
    return latest


@compiled
def any_row(ints: Ints, chosen: Flags) -> int:
    """Marks in `chosen` the points that had readings or a value that held; how many they are."""
    n = 0
    for p in range(len(ints)):
        chosen[p] = ints[p, COUNT] > 0 or ints[p, KNOWN] > 0
        n += chosen[p]
    return n


@compiled
def catch_up(
    times: Times,
    points: Points,
    values: Values,
    quality: Qualities,
    modulus: Floats,
    seen: Ints,
    held: Floats,
    counted: Floats,
    counted_at: Ints,
) -> None:
    """What is carried from minute to minute, after readings of minutes that are no longer in memory."""
    for i in range(len(times)):
        p, t, v = points[i], times[i], values[i]
        usable = quality[i] < _FIRST_BAD and np.isfinite(v)
        if usable and modulus[p] > 0.0 and t != seen[p] and t > counted_at[p]:
            counted[p], counted_at[p] = v, t
        if t > seen[p]:
            seen[p] = t
            held[p] = v if usable else np.nan
