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
    ACTIVE, BETWEEN, BY_CONDITION, BY_DEATH, BY_GATE, BY_QUALITY, BY_QUALITY_BACK, BY_RETURN, BY_SILENCE, BY_VOICE,
    BY_WORSE, BY_WORSE_CLEARED, CERTAIN, CLEARED, CLEARING, EQUALS, FALSE, FAULT, FLAG_HIDDEN, FLAG_RAISED_HIDDEN,
    FLAG_UNCERTAIN, FLAT, HIDDEN, HIGH, LOW, NORMAL, PENDING, RAISED, STALE, SUCCESSIVE_HIGH, TRUE, UNCERTAIN,
    UNHIDDEN,
)  # fmt: skip
from services.alerts.detection.rates import rate
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
def _emit(out: Any, n: int, rules: Any, rs: Any, ps: Any, r: int, time: int, what: int, why: int) -> int:
    state = rs[r]
    state.number += 1
    row = out[n]
    row.time = time
    row.rule = r
    row.raised = state.raised
    row.number = state.number
    row.transition = what
    row.cause = why
    row.flags = state.flags
    point = rules[r].point
    row.value = ps[point].value
    row.quality = ps[point].quality
    return n + 1


@inner
def _raise(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, time: int, why: int) -> int:
    state = rs[r]
    state.phase = ACTIVE
    state.raised = time
    state.number = 0
    state.flags = 0
    hider = rules[r].hider
    if hider >= 0 and rs[hider].phase >= ACTIVE:
        state.flags = FLAG_HIDDEN | FLAG_RAISED_HIDDEN
    n = _emit(out, n, rules, rs, ps, r, time, RAISED, why)
    row = points[rules[r].point]
    for other in range(row.rule_from, row.rule_to):
        if rules[other].hider == r and rs[other].phase >= ACTIVE and not rs[other].flags & FLAG_HIDDEN:
            rs[other].flags |= FLAG_HIDDEN
            n = _emit(out, n, rules, rs, ps, other, time, HIDDEN, BY_WORSE)
    return n


@inner
def _clear(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, time: int, why: int) -> int:
    n = _emit(out, n, rules, rs, ps, r, time, CLEARED, why)
    rs[r].phase = NORMAL
    rs[r].flags = 0
    row = points[rules[r].point]
    for other in range(row.rule_from, row.rule_to):
        if rules[other].hider == r and rs[other].phase >= ACTIVE and rs[other].flags & FLAG_HIDDEN:
            rs[other].flags &= ~FLAG_HIDDEN
            n = _emit(out, n, rules, rs, ps, other, time, UNHIDDEN, BY_WORSE_CLEARED)
    return n


@inner
def _settle(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, p: int, until: int) -> int:
    """Lets the timers of p's rules run to `until` (inclusive), or to where its value is too old to judge.

    The earliest deadline first: a worse alarm that came up before hides one that comes up after.
    """
    row = points[p]
    known_to = NEVER
    if row.hold < NEVER - ps[p].time:
        known_to = ps[p].time + row.hold
    last = min(until, known_to)
    while True:
        due, at = -1, NEVER
        for r in range(row.rule_from, row.rule_to):
            if rs[r].phase == PENDING or rs[r].phase == CLEARING:
                deadline = rs[r].since + (rules[r].on if rs[r].phase == PENDING else rules[r].off)
                if deadline <= last and deadline < at:
                    due, at = r, deadline
        if due < 0:
            break
        if rs[due].phase == PENDING:
            why = BY_CONDITION
            if rules[due].kind == STALE:
                why = BY_SILENCE
            n = _raise(out, n, points, rules, rs, ps, due, at, why)
        else:
            n = _clear(out, n, points, rules, rs, ps, due, at, BY_RETURN)
    if until > known_to:
        for r in range(row.rule_from, row.rule_to):
            if rs[r].phase == PENDING:
                rs[r].phase = NORMAL
            elif rs[r].phase == CLEARING:
                rs[r].phase = ACTIVE
    return n


@inner
def _move(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, time: int, condition: int) -> int:
    """The phase after a judged reading at `time`."""
    state = rs[r]
    if state.flags & FLAG_UNCERTAIN:
        state.flags &= ~FLAG_UNCERTAIN
        n = _emit(out, n, rules, rs, ps, r, time, CERTAIN, BY_QUALITY_BACK)
    if state.phase == NORMAL:
        if condition == TRUE:
            if rules[r].on == 0:
                n = _raise(out, n, points, rules, rs, ps, r, time, BY_CONDITION)
            else:
                state.phase = PENDING
                state.since = time
    elif state.phase == PENDING:
        if condition != TRUE:
            state.phase = NORMAL
    elif state.phase == ACTIVE:
        if condition == FALSE:
            if rules[r].off == 0:
                n = _clear(out, n, points, rules, rs, ps, r, time, BY_RETURN)
            else:
                state.phase = CLEARING
                state.since = time
    elif condition != FALSE:
        state.phase = ACTIVE
    return n


@inner
def _lose_sight(out: Any, n: int, rules: Any, rs: Any, ps: Any, r: int, time: int) -> int:
    """A reading that cannot be judged: nothing starts, nothing clears, what is active holds as uncertain."""
    state = rs[r]
    if state.phase == PENDING:
        state.phase = NORMAL
    elif state.phase >= ACTIVE:
        state.phase = ACTIVE
        if not state.flags & FLAG_UNCERTAIN:
            state.flags |= FLAG_UNCERTAIN
            n = _emit(out, n, rules, rs, ps, r, time, UNCERTAIN, BY_QUALITY)
    return n


@inner
def _record(state: Any, value: float, limit: float) -> int:
    """A mark's record: two in a row above the limit are the condition, one keeps what is active."""
    if value <= limit:
        state.marks = 0
        return FALSE
    state.marks = min(state.marks + 1, 2)
    return TRUE if state.marks >= 2 else BETWEEN


@inner
def _marks(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, until: int) -> int:
    """successive_high at the marks between the point's last reading and `until` (exclusive): its value stood there.

    A mark at which nothing was known has no record, and what follows it does not succeed what was before.
    """
    rule, state, p = rules[r], rs[r], rules[r].point
    width, held = rule.window, ps[p]
    mark = held.time // width * width + width
    final = (until - 1) // width * width
    if mark > final:
        return n
    known_to = until
    if points[p].hold < until - held.time:
        known_to = held.time + points[p].hold
    if held.quality < BAD_FROM:
        for _ in range(3):  # by the third mark of one value all is said
            if mark > final or mark > known_to:
                break
            if mark >= state.works_from:
                n = _settle(out, n, points, rules, rs, ps, p, mark)
                n = _move(out, n, points, rules, rs, ps, r, mark, _record(state, held.value, rule.limit))
            mark += width
    if held.quality >= BAD_FROM or final > known_to:
        state.marks = 0
    return n


@inner
def _gate(
    out: Any, n: int, points: Any, rules: Any, gated: Any, rs: Any, ps: Any, point: int, time: int,
    value: float,
) -> int:  # fmt: skip
    """A gate's new value: rules that stop applying clear, rules that start wait until it has settled.

    A gate never seen, or open at first sight, holds nothing back: nothing says that it has just changed.
    """
    row = points[point]
    code = int(value)
    for k in range(row.gated_from, row.gated_to):
        r = gated[k]
        rule, state = rules[r], rs[r]
        if state.phase != NORMAL:  # its neighbours' deadlines too: what it hides must not be raised unhidden later
            n = _settle(out, n, points, rules, rs, ps, rule.point, time)
        opened = 0 <= code < 63 and (rule.gate_mask >> code) & 1 == 1
        if not opened:
            state.works_from = NEVER
            if state.phase >= ACTIVE:
                n = _clear(out, n, points, rules, rs, ps, r, time, BY_GATE)
            state.phase = NORMAL
            state.marks = 0
        elif state.works_from == NEVER:
            state.works_from = time + rule.settle
    return n


@compiled
def run(
    points: Any, rules: Any, gated: Any, ps: Any, rs: Any, rings: Any, recents: Any, seen: Any,
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
        room = 12 * (plan.rule_to - plan.rule_from) + 4 * (plan.gated_to - plan.gated_from)
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
            elif plan.switch >= 0 and ps[plan.switch].quality < BAD_FROM and ps[plan.switch].value == 0.0:
                q = Q_NO_SAMPLE
            elif value >= plan.top and q < UNCERTAIN_FROM:
                q = Q_SATURATED
            quality[i] = q
        # The tests before the calls are the calls' own first tests: most rules are idle at most readings.
        for r in range(plan.rule_from, plan.rule_to):
            width = rules[r].window
            if rules[r].kind == SUCCESSIVE_HIGH and not first and (time - 1) // width * width > state.time:
                n = _marks(out, n, points, rules, rs, ps, r, time)
            if rs[r].phase == PENDING or rs[r].phase == CLEARING:
                n = _settle(out, n, points, rules, rs, ps, p, time)
        bad = q >= BAD_FROM
        judged_before = not first and state.quality < BAD_FROM
        if first or bad or q == Q_SATURATED or value != state.value or not judged_before:
            state.changed = time
        state.time = time
        state.value = value
        state.quality = q
        if plan.gated_to > plan.gated_from and not bad:
            n = _gate(out, n, points, rules, gated, rs, ps, p, time, value)
        for r in range(plan.rule_from, plan.rule_to):
            rule = rules[r]
            if time < rs[r].works_from:
                if rs[r].phase == PENDING:
                    rs[r].phase = NORMAL
                rs[r].marks = 0
                continue
            kind = rule.kind
            if kind == FAULT:
                condition = TRUE if bad else FALSE
            elif bad:
                if rs[r].phase != NORMAL:
                    n = _lose_sight(out, n, rules, rs, ps, r, time)
                if kind == SUCCESSIVE_HIGH and time % rule.window == 0:
                    rs[r].marks = 0
                continue
            elif kind == HIGH:
                condition = TRUE if value > rule.limit else FALSE if value <= rule.clear else BETWEEN
            elif kind == LOW:
                condition = TRUE if value < rule.limit else FALSE if value >= rule.clear else BETWEEN
            elif kind == EQUALS:
                condition = TRUE if value == rule.limit else FALSE
            elif kind == FLAT:
                condition = TRUE if time - state.changed >= rule.window else FALSE
            elif kind == SUCCESSIVE_HIGH:
                if time % rule.window:
                    continue
                condition = _record(rs[r], value, rule.limit)
            else:
                condition = rate(rule, rings[rule.ring], recents[rule.ring], seen[rule.ring], time, value)
            phase = rs[r].phase
            if phase == NORMAL and condition != TRUE:
                continue
            if phase == ACTIVE and condition != FALSE and not rs[r].flags & FLAG_UNCERTAIN:
                continue
            n = _move(out, n, points, rules, rs, ps, r, time, condition)
    return n, len(times)


@compiled
def settle_all(
    points: Any, rules: Any, ps: Any, rs: Any, until: int, which: Any, start: int, out: Any
) -> tuple[int, int]:  # fmt: skip
    """Lets the timers of `which` points (bool[n]) run to `until`. Returns (transitions written, next rule to take)."""
    n: int = _NONE
    for r in range(start, len(rules)):
        if not which[rules[r].point]:
            continue
        row = points[rules[r].point]
        if n + 4 * (row.rule_to - row.rule_from) + 2 > len(out):
            return n, r
        if rs[r].phase == PENDING or rs[r].phase == CLEARING:
            n = _settle(out, n, points, rules, rs, ps, rules[r].point, until)
    return n, len(rules)


@compiled
def silence(points: Any, rules: Any, ps: Any, rs: Any, station: int, time: int, dead: bool, out: Any) -> int:
    """The station fell silent at `time`: its values are unknown from here on, its silence alarm starts.

    `out` must hold three transitions a rule.
    """
    n: int = _NONE
    for p in range(len(points)):
        row = points[p]
        if row.station != station:
            continue
        n = _settle(out, n, points, rules, rs, ps, p, time)
        if row.rule_to > row.rule_from and rules[row.rule_from].kind == STALE:
            r = row.rule_from
            ps[p].time = time
            if rs[r].phase == CLEARING:
                rs[r].phase = ACTIVE
            elif rs[r].phase == NORMAL:
                if rules[r].on == 0:
                    n = _raise(out, n, points, rules, rs, ps, r, time, BY_DEATH if dead else BY_SILENCE)
                else:
                    rs[r].phase = PENDING
                    rs[r].since = time
            continue
        if ps[p].quality != Q_NEVER:
            ps[p].quality = Q_STALE
        for r in range(row.rule_from, row.rule_to):
            n = _lose_sight(out, n, rules, rs, ps, r, time)
    return n


@compiled
def voice(points: Any, rules: Any, ps: Any, rs: Any, point: int, time: int, out: Any) -> int:
    """The station of silence pseudo-point `point` is heard again from `time` on. `out` holds four."""
    r = points[point].rule_from
    n: int = _settle(out, _NONE, points, rules, rs, ps, point, time)
    ps[point].time = time
    if rs[r].phase == PENDING:
        rs[r].phase = NORMAL
    elif rs[r].phase == ACTIVE:
        if rules[r].off == 0:
            n = _clear(out, n, points, rules, rs, ps, r, time, BY_VOICE)
        else:
            rs[r].phase = CLEARING
            rs[r].since = time
    return n
