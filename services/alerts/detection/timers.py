"""What an alarm does: timers, transitions, gates, and what is lost when a value can no longer be judged.

Called by the kernel only, and compiled into it; no clock, no allocation.
"""

from __future__ import annotations

from typing import Any

from services.core.compiled import inner

from services.alerts.detection.layout import (  # isort: skip
    ACTIVE, BETWEEN, BY_CONDITION, BY_GATE, BY_QUALITY_BACK, BY_RETURN, BY_SILENCE, BY_STALE, BY_WORSE,
    BY_WORSE_CLEARED, CERTAIN, CLEARED, CLEARING, FALSE, FLAG_HIDDEN, FLAG_RAISED_HIDDEN, FLAG_UNCERTAIN,
    HIDDEN, NORMAL, PENDING, RAISED, SILENT, STALE, SUCCESSIVE_HIGH, TRUE, UNCERTAIN, UNHIDDEN,
)  # fmt: skip
from services.core.clock import NEVER
from services.core.quality import FIRST_BAD, Quality

# Numba takes module constants as compile-time ones, but not enum members or attributes of a package.
BAD_FROM, Q_STALE = FIRST_BAD, int(Quality.STALE)


@inner
def emit(out: Any, n: int, rules: Any, rs: Any, ps: Any, r: int, time: int, what: int, why: int) -> int:
    """Writes a transition; gives how many are written."""
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
    row.limit = rules[r].limit if rules[r].sets_from == rules[r].sets_to else state.limit
    row.quality = ps[point].quality
    return n + 1


@inner
def bring_up(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, time: int, why: int) -> int:
    """A new occurrence; what it hides is hidden."""
    state = rs[r]
    state.phase = ACTIVE
    state.raised = time
    state.number = 0
    state.flags = 0
    state.good_since = 0
    hider = rules[r].hider
    if hider >= 0 and rs[hider].phase >= ACTIVE:
        state.flags = FLAG_HIDDEN | FLAG_RAISED_HIDDEN
    n = emit(out, n, rules, rs, ps, r, time, RAISED, why)
    row = points[rules[r].point]
    for other in range(row.rule_from, row.rule_to):
        if rules[other].hider == r and rs[other].phase >= ACTIVE and not rs[other].flags & FLAG_HIDDEN:
            rs[other].flags |= FLAG_HIDDEN
            n = emit(out, n, rules, rs, ps, other, time, HIDDEN, BY_WORSE)
    return n


@inner
def bring_down(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, time: int, why: int) -> int:
    """The occurrence ends; what it hid shows."""
    n = emit(out, n, rules, rs, ps, r, time, CLEARED, why)
    rs[r].phase = NORMAL
    rs[r].flags = 0
    rs[r].good_since = 0
    row = points[rules[r].point]
    for other in range(row.rule_from, row.rule_to):
        if rules[other].hider == r and rs[other].phase >= ACTIVE and rs[other].flags & FLAG_HIDDEN:
            rs[other].flags &= ~FLAG_HIDDEN
            n = emit(out, n, rules, rs, ps, other, time, UNHIDDEN, BY_WORSE_CLEARED)
    return n


@inner
def _deadlines(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, p: int, last: int) -> int:
    """The deadlines of p's rules up to `last` (inclusive).

    The earliest first: a worse alarm that came up before hides one that comes up after. A point is silent
    only where its station was still heard at the deadline.
    """
    row = points[p]
    heard = NEVER
    if row.voice >= 0:
        heard = ps[row.voice].changed
    while True:
        due, at, certain = -1, NEVER, False
        for r in range(row.rule_from, row.rule_to):
            state = rs[r]
            deadline = state.good_since + rules[r].certain
            if state.good_since > 0 and deadline <= last and deadline < at:
                due, at, certain = r, deadline, True
            if state.phase == PENDING or state.phase == CLEARING:
                deadline = state.since + (rules[r].on if state.phase == PENDING else rules[r].off)
                if deadline > last or (deadline > heard and rules[r].kind == SILENT and state.phase == PENDING):
                    continue
                if deadline < at:
                    due, at, certain = r, deadline, False
        if due < 0:
            return n
        if certain:
            rs[due].good_since = 0
            rs[due].flags &= ~FLAG_UNCERTAIN
            n = emit(out, n, rules, rs, ps, due, at, CERTAIN, BY_QUALITY_BACK)
        elif rs[due].phase == PENDING:
            why = BY_CONDITION
            if rules[due].kind == STALE:
                why = BY_SILENCE
            elif rules[due].kind == SILENT:
                why = BY_STALE
            n = bring_up(out, n, points, rules, rs, ps, due, at, why)
        else:
            n = bring_down(out, n, points, rules, rs, ps, due, at, BY_RETURN)


@inner
def settle(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, p: int, until: int) -> int:
    """Lets the timers of p's rules run to `until` (inclusive).

    Where its value becomes too old to judge, it is unknown from there on: what stands is uncertain, nothing else
    starts or clears, and the point is silent if its station is still heard.
    """
    row = points[p]
    if row.hold < NEVER and ps[p].quality < Q_STALE and until - ps[p].time > row.hold:
        known_to = ps[p].time + row.hold
        for r in range(row.rule_from, row.rule_to):
            if rules[r].kind == SUCCESSIVE_HIGH:
                n = marks(out, n, points, rules, rs, ps, r, known_to + 1)
        n = _deadlines(out, n, points, rules, rs, ps, p, known_to)
        ps[p].quality = Q_STALE
        for r in range(row.rule_from, row.rule_to):
            if rules[r].kind == SILENT:
                suspect(rs, r, known_to)
            else:
                n = lose_sight(out, n, rules, rs, ps, r, known_to, BY_STALE)
    return _deadlines(out, n, points, rules, rs, ps, p, until)


@inner
def suspect(rs: Any, r: int, time: int) -> None:
    """The silence of a point from `time` on, or from where its gate lets it work."""
    state = rs[r]
    if state.phase == CLEARING:
        state.phase = ACTIVE
    elif state.phase == NORMAL and state.works_from < NEVER:
        state.phase = PENDING
        state.since = max(time, state.works_from)


@inner
def move(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, time: int, condition: int) -> int:
    """The phase after a judged reading at `time`."""
    state = rs[r]
    if state.flags & FLAG_UNCERTAIN:
        if rules[r].certain == 0:
            state.flags &= ~FLAG_UNCERTAIN
            n = emit(out, n, rules, rs, ps, r, time, CERTAIN, BY_QUALITY_BACK)
        elif state.good_since == 0:
            state.good_since = time
    if state.phase == NORMAL:
        if condition == TRUE:
            if rules[r].on == 0:
                n = bring_up(out, n, points, rules, rs, ps, r, time, BY_CONDITION)
            else:
                state.phase = PENDING
                state.since = time
    elif state.phase == PENDING:
        if condition != TRUE:
            state.phase = NORMAL
    elif state.phase == ACTIVE:
        if condition == FALSE:
            if rules[r].off == 0:
                n = bring_down(out, n, points, rules, rs, ps, r, time, BY_RETURN)
            else:
                state.phase = CLEARING
                state.since = time
    elif condition != FALSE:
        state.phase = ACTIVE
    return n


@inner
def lose_sight(out: Any, n: int, rules: Any, rs: Any, ps: Any, r: int, time: int, why: int) -> int:
    """What cannot be judged: nothing starts, nothing clears, what is active holds as uncertain."""
    state = rs[r]
    state.good_since = 0
    if state.phase == PENDING:
        state.phase = NORMAL
    elif state.phase >= ACTIVE:
        state.phase = ACTIVE
        if not state.flags & FLAG_UNCERTAIN:
            state.flags |= FLAG_UNCERTAIN
            n = emit(out, n, rules, rs, ps, r, time, UNCERTAIN, why)
    return n


@inner
def record(state: Any, value: float, limit: float) -> int:
    """A mark's record: two in a row above the limit are the condition, one keeps what is active."""
    if value <= limit:
        state.marks = 0
        return FALSE
    state.marks = min(state.marks + 1, 2)
    return TRUE if state.marks >= 2 else BETWEEN


@inner
def marks(out: Any, n: int, points: Any, rules: Any, rs: Any, ps: Any, r: int, until: int) -> int:
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
                n = _deadlines(out, n, points, rules, rs, ps, p, mark)
                n = move(out, n, points, rules, rs, ps, r, mark, record(state, held.value, rule.limit))
            mark += width
    if held.quality >= BAD_FROM or final > known_to:
        state.marks = 0
    return n


@inner
def gate(
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
        if r < 0:  # it does not gate the rule, it chooses its limits
            rs[~r].mode = code if 0 <= code < 63 else -1
            continue
        rule, state = rules[r], rs[r]
        # Its neighbours' deadlines too: what it hides must not be raised unhidden later.
        if state.phase != NORMAL or (rule.kind == SILENT and points[rule.point].hold < NEVER):
            n = settle(out, n, points, rules, rs, ps, rule.point, time)
        opened = 0 <= code < 63 and (rule.gate_mask >> code) & 1 == 1
        if not opened:
            state.works_from = NEVER
            if state.phase >= ACTIVE:
                n = bring_down(out, n, points, rules, rs, ps, r, time, BY_GATE)
            state.phase = NORMAL
            state.marks = 0
        elif state.works_from == NEVER:
            state.works_from = time + rule.settle
            if rule.kind == SILENT and ps[rule.point].quality == Q_STALE:
                suspect(rs, r, time)
    return n
