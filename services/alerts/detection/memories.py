"""Conditions that remember a few numbers: sustained change (CUSUM, EWMA), drift, spikes.

All work in event time, whatever the sampling: between two readings the earlier one is what the value was. A time of
which nothing is known (bad quality, a point or station silent) adds nothing and takes nothing away. It is judged when a
reading comes: where a point reports by exception, a value that stays is judged with the next one, for all its time.

CUSUM: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954); the tabular form with reference value and
slack, and EWMA (S. W. Roberts, Technometrics 1, 1959): NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.3 and
6.3.2.4. Both are given there for even sampling; here the sum is an integral over time, in units of `window`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from services.alerts.detection.layout import (
    BETWEEN,
    CUSUM_HIGH,
    CUSUM_LOW,
    DRIFT,
    EWMA_LOW,
    FALSE,
    SPIKE,
    TRUE,
)
from services.alerts.detection.rates import median3
from services.core.compiled import inner

#: A drift's quick mean follows in an eighth of the window; both lag a ramp, and the difference is 7/8 of its change.
_QUICKER, _OF_A_WINDOW = 8.0, 8.0 / 7.0


@inner
def _spike(rule: Any, memo: Any, time: int, value: float, limit: float) -> int:
    """A jump of one reading that returns is told at the reading at which it has returned."""
    up, back = memo.b - memo.a, memo.b - value
    if memo.seen >= 2 and abs(up) > limit and abs(back) > limit and (up > 0.0) == (back > 0.0):
        memo.count = memo.count + 1 if memo.count > 0 and time - memo.since <= rule.window else 1
        memo.since = time
    memo.seen = min(memo.seen + 1, 2)
    memo.a = memo.b
    memo.b = value
    return TRUE if memo.count >= rule.count and time - memo.since < rule.window else FALSE


@inner
def _cusum(rule: Any, memo: Any, dt: int, limit: float) -> float:
    """A shift of slack + limit, held for one window, sums up to the limit; beyond twice the limit nothing is added."""
    excess = memo.held - rule.reference
    if rule.kind == CUSUM_LOW:
        excess = -excess
    total: float = min(max(memo.fast + (excess - rule.slack) * dt / rule.window, 0.0), 2.0 * limit)
    memo.fast = total
    return total


@inner
def _means(rule: Any, memo: Any, dt: int) -> None:
    if dt != memo.dt:
        memo.dt = dt
        memo.w_slow = -math.expm1(-dt / rule.window)
        memo.w_fast = -math.expm1(-dt * _QUICKER / rule.window)
    memo.slow += memo.w_slow * (memo.held - memo.slow)
    memo.fast += memo.w_fast * (memo.held - memo.fast)


@inner
def remember(rule: Any, memo: Any, time: int, dt: int, value: float, limit: float, clear: float) -> int:
    """The condition after a judged reading. `dt` (ns): since the one before, 0 when what was between is unknown.

    All but the spike look at the median of the last three readings: one wild reading moves nothing.
    """
    if dt == 0:
        memo.seen = 0
        memo.a = memo.b = value
    if rule.kind == SPIKE:
        return _spike(rule, memo, time, value, limit)
    middle = median3(memo.a, memo.b, value)
    memo.a = memo.b
    memo.b = value
    if rule.kind == CUSUM_HIGH or rule.kind == CUSUM_LOW:
        found = _cusum(rule, memo, dt, limit) if dt > 0 else memo.fast
    else:
        if memo.since == 0:
            memo.since = time
            memo.fast = memo.slow = middle
        elif dt > 0:
            _means(rule, memo, dt)
        found = memo.slow
        if not (np.isfinite(memo.fast) and np.isfinite(memo.slow)):
            memo.since = 0  # values beyond all measure: the next one begins anew
            return FALSE
    memo.held = middle
    if rule.kind == EWMA_LOW:
        return TRUE if found < limit else FALSE if found >= clear else BETWEEN
    if rule.kind == DRIFT:
        # Before a window has passed the slow mean is still what the first reading was.
        if time - memo.since < rule.window:
            return FALSE
        found = abs(memo.fast - memo.slow) * _OF_A_WINDOW
    return TRUE if found > limit else FALSE if found <= clear else BETWEEN
