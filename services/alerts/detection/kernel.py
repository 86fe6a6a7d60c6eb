"""The kernel: readings in order, through every single-point rule of a site, to alarm transitions.

One loop in Numba over frame columns; no clock, no allocation, no fastmath, no threads, so that the same readings
give the same transitions on every run. All times are ns of event time.

A timer (on-delay, off-delay) that expires is reported at its deadline, whichever reading or tick revealed it,
before the reading that revealed it. Between readings the last value holds, until the point's own limit (`hold`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.core.compiled import compiled, inner

from services.alerts.detection.layout import (  # isort: skip
    ACTIVE, BETWEEN, BY_DEATH, BY_QUALITY, BY_SILENCE, BY_VOICE, CLEARING, CUSUM_HIGH, EQUALS, FALSE,
    FAULT, FLAG_UNCERTAIN, FLAT, HIGH, LOW, NORMAL, NOT_EQUALS, PENDING, SATURATED, SILENT, STALE, STATE,
    SUCCESSIVE_HIGH, TRUE,
)  # fmt: skip
from services.alerts.detection.memories import remember
from services.alerts.detection.rates import rate
from services.alerts.detection.timers import (
    bring_down,
    bring_up,
    gate,
    lose_sight,
    marks,
    move,
    record,
    settle,
    suspect,
)
from services.core.clock import NEVER
from services.core.quality import FIRST_BAD, FIRST_UNCERTAIN, Quality

# Numba takes module constants as compile-time ones, but not enum members or attributes of a package.
BAD_FROM, UNCERTAIN_FROM = FIRST_BAD, FIRST_UNCERTAIN
Q_SATURATED, Q_RANGE, Q_NAN = int(Quality.SATURATED), int(Quality.OUT_OF_RANGE), int(Quality.NOT_A_NUMBER)
Q_NO_SAMPLE, Q_CLOCK, Q_STALE = int(Quality.NO_SAMPLE), int(Quality.CLOCK), int(Quality.STALE)
Q_NEVER = int(Quality.NEVER_SEEN)


#: None written yet. Not the literal 0, which has a type of its own: what takes it would be compiled twice.
_NONE: Any = np.int64(0)


@inner
def _shut(row: Any, state: Any, time: int) -> bool:
    """The sample-flow switch says that nothing flows, and what it said is not too old."""
    shut: bool = state.quality < BAD_FROM and state.value == 0.0 and time - state.time <= row.hold
    return shut


@inner
def _in_force(rule: Any, sets: Any, months: Any, mode: int, time: int) -> tuple[float, float]:
    """Limit and clear limit by mode and season: the first that applies, else the rule's own."""
    low, high = 0, len(months)
    while low < high:  # months that have begun, of those since 1970
        middle = (low + high) // 2
        if months[middle] <= time:
            low = middle + 1
        else:
            high = middle
    month = (low + 11) % 12
    for k in range(rule.sets_from, rule.sets_to):
        one = sets[k]
        if (one.months >> month) & 1 == 1 and (one.states == -1 or (mode >= 0 and (one.states >> mode) & 1 == 1)):
            return one.limit, one.clear
    return rule.limit, rule.clear


@compiled
def run(
    points: Any, rules: Any, gated: Any, ps: Any, rs: Any, rings: Any, recents: Any, seen: Any,
    memos: Any, sets: Any, months: Any,
    times: Any, indices: Any, values: Any, quality: Any, start: int, out: Any, late: Any,
) -> tuple[int, int]:  # fmt: skip
    """Readings from `start` on, in order. Returns (transitions written, next reading to take).

    times i8[n], indices i4[n] (rows of `points`), values f8[n], quality u1[n]: judged in place.
    late u1[n] is set for readings older than their point's watermark; they change nothing else.
    Stops early when `out` might not hold a reading's transitions: call again with what it returned.
    """
    n: int = _NONE
    for i in range(start, len(times)):
        p = indices[i]
        if p < 0 or p >= len(points):
            late[i] = 1
            continue
        plan = points[p]
        if plan.voice < 0 and plan.station >= 0:
            late[i] = 1  # the row that stands for a station's silence: nobody measures it
            continue
        room = 20 * (plan.rule_to - plan.rule_from) + 8 * (plan.gated_to - plan.gated_from)
        if n + room + 4 > len(out):
            return n, i
        time, value, q = times[i], values[i], quality[i]
        if q == Q_CLOCK:
            continue  # its time cannot be believed: it moves nothing
        state = ps[p]
        first = state.quality == Q_NEVER
        if not first and time <= state.time:
            late[i] = 1
            state.late += 1
            continue
        if q < BAD_FROM:
            if not np.isfinite(value):
                q = Q_NAN
            elif value < plan.fault_low or value > plan.fault_high:
                q = Q_RANGE
            elif plan.switch >= 0 and _shut(points[plan.switch], ps[plan.switch], time):
                q = Q_NO_SAMPLE
            elif value >= plan.top and q < UNCERTAIN_FROM:
                q = Q_SATURATED
            quality[i] = q
        before, known = state.time, not first and state.quality < BAD_FROM
        if not first and state.quality < Q_STALE and time - before > plan.hold:
            if plan.voice >= 0:  # who speaks now was heard at every deadline until now
                ps[plan.voice].changed = max(ps[plan.voice].changed, time)
            n = settle(out, n, points, rules, rs, ps, p, time)
            known = False
        # The tests before the calls are the calls' own first tests: most rules are idle at most readings.
        for r in range(plan.rule_from, plan.rule_to):
            width = rules[r].window
            if rules[r].kind == SUCCESSIVE_HIGH and not first and (time - 1) // width * width > before:
                n = marks(out, n, points, rules, rs, ps, r, time)
            phase = rs[r].phase
            if phase != NORMAL and (phase != ACTIVE or rs[r].good_since > 0):
                n = settle(out, n, points, rules, rs, ps, p, time)
        bad = q >= BAD_FROM
        if not known or bad or q == Q_SATURATED or value != state.value:
            state.changed = time
        state.time = time
        state.value = value
        state.quality = q
        if plan.gated_to > plan.gated_from and not bad:
            n = gate(out, n, points, rules, gated, rs, ps, p, time, value)
        for r in range(plan.rule_from, plan.rule_to):
            rule = rules[r]
            if time < rs[r].works_from:
                if rs[r].phase == PENDING:
                    rs[r].phase = NORMAL
                rs[r].marks = 0
                continue
            kind = rule.kind
            limit, clear = rule.limit, rule.clear
            if rule.sets_to > rule.sets_from:
                limit, clear = _in_force(rule, sets, months, rs[r].mode, time)
                rs[r].limit = limit
            if kind == FAULT:
                condition = TRUE if bad else FALSE
            elif kind == SILENT:
                condition = FALSE
            elif bad:
                if rs[r].phase != NORMAL:
                    n = lose_sight(out, n, rules, rs, ps, r, time, BY_QUALITY)
                if kind == SUCCESSIVE_HIGH and time % rule.window == 0:
                    rs[r].marks = 0
                continue
            elif kind == HIGH:
                condition = TRUE if value > limit else FALSE if value <= clear else BETWEEN
            elif kind == LOW:
                condition = TRUE if value < limit else FALSE if value >= clear else BETWEEN
            elif kind == EQUALS:
                condition = TRUE if value == limit else FALSE
            elif kind == NOT_EQUALS:
                condition = TRUE if value != limit else FALSE
            elif kind == STATE:
                code = int(value) if 0.0 <= value < 63.0 else 63
                condition = TRUE if (rule.states >> code) & 1 == 1 else FALSE
            elif kind == SATURATED:
                top = value >= limit or q == Q_SATURATED
                condition = TRUE if top else FALSE if value < limit and value <= clear else BETWEEN
            elif kind == FLAT:
                condition = TRUE if time - state.changed >= rule.window else FALSE
            elif kind == SUCCESSIVE_HIGH:
                if time % rule.window:
                    continue
                condition = record(rs[r], value, rule.limit)
            elif kind >= CUSUM_HIGH:  # it and all after it in KINDS remember
                dt = time - before if known else 0
                condition = remember(rule, memos[rule.memo], time, dt, value, limit, clear)
            else:
                ring = rule.ring
                condition = rate(rule, rings[ring], recents[ring], seen[ring], time, value, limit, clear)
            phase = rs[r].phase
            if phase == NORMAL and condition != TRUE:
                continue
            if phase == ACTIVE and condition != FALSE and not rs[r].flags & FLAG_UNCERTAIN:
                continue
            n = move(out, n, points, rules, rs, ps, r, time, condition)
    return n, len(times)


@compiled
def settle_all(
    points: Any, rules: Any, ps: Any, rs: Any, until: int, which: Any, start: int, out: Any
) -> tuple[int, int]:  # fmt: skip
    """Lets the timers of `which` points (bool[n]) run to `until`. Returns (transitions written, next point to take)."""
    n: int = _NONE
    for p in range(start, len(points)):
        row = points[p]
        if not which[p] or row.rule_from == row.rule_to:
            continue
        if n + 20 * (row.rule_to - row.rule_from) + 4 > len(out):
            return n, p
        running = row.hold < NEVER and ps[p].quality < Q_STALE and until - ps[p].time > row.hold
        for r in range(row.rule_from, row.rule_to):
            phase = rs[r].phase
            running = running or (phase != NORMAL and (phase != ACTIVE or rs[r].good_since > 0))
        if running:
            n = settle(out, n, points, rules, rs, ps, p, until)
    return n, len(points)


@compiled
def silence(
    points: Any, rules: Any, ps: Any, rs: Any, station: int, time: int, dead: bool, start: int, out: Any
) -> tuple[int, int]:  # fmt: skip
    """The station fell silent at `time`: its values are unknown from here on, its silence alarm starts.

    Returns (transitions written, next point to take): call again with it until all are taken.
    """
    n: int = _NONE
    for p in range(start, len(points)):
        row = points[p]
        if row.station != station:
            continue
        if n + 20 * (row.rule_to - row.rule_from) + 4 > len(out):
            return n, p
        n = settle(out, n, points, rules, rs, ps, p, time)
        if row.rule_to > row.rule_from and rules[row.rule_from].kind == STALE:
            r = row.rule_from
            ps[p].time = time
            if rs[r].phase == CLEARING:
                rs[r].phase = ACTIVE
            elif rs[r].phase == NORMAL:
                if rules[r].on == 0:
                    n = bring_up(out, n, points, rules, rs, ps, r, time, BY_DEATH if dead else BY_SILENCE)
                else:
                    rs[r].phase = PENDING
                    rs[r].since = time
            continue
        if ps[p].quality != Q_NEVER:
            ps[p].quality = Q_STALE
        for r in range(row.rule_from, row.rule_to):
            n = lose_sight(out, n, rules, rs, ps, r, time, BY_QUALITY)
    return n, len(points)


@compiled
def voice(points: Any, rules: Any, ps: Any, rs: Any, point: int, time: int, out: Any) -> int:
    """The station of silence pseudo-point `point` is heard again from `time` on. `out` holds four.

    Each of its points that has a limit of its own now has as long again to come, or it is silent.
    """
    r = points[point].rule_from
    n: int = settle(out, _NONE, points, rules, rs, ps, point, time)
    ps[point].time = time
    if rs[r].phase == PENDING:
        rs[r].phase = NORMAL
    elif rs[r].phase == ACTIVE:
        if rules[r].off == 0:
            n = bring_down(out, n, points, rules, rs, ps, r, time, BY_VOICE)
        else:
            rs[r].phase = CLEARING
            rs[r].since = time
    for p in range(len(points)):
        if points[p].voice == point and points[p].hold < NEVER and ps[p].quality == Q_STALE:
            for k in range(points[p].rule_from, points[p].rule_to):
                if rules[k].kind == SILENT:
                    suspect(rs, k, time + points[p].hold)
    return n
