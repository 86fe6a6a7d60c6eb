"""Contradictions within a rule, with its point and with the rules beside it."""

from __future__ import annotations

from collections.abc import Iterator

from services.core.catalogue.model import FALLING, VARIABLE, LimitSet, Point, Rule
from services.core.clock import format_duration

_Found = Iterator[tuple[object, str]]

_WINDOWED = {
    "rise", "fall", "rise_ratio", "successive_high", "flat", "slope_up", "slope_down", "cusum_high", "cusum_low",
    "ewma_high", "ewma_low", "drift", "spike",
}  # fmt: skip

#: Kinds whose limit is a level of the point, and kinds whose limit is a change of it.
_LEVEL = {"high", "low", "successive_high", "ewma_high", "ewma_low"}
_CHANGE = {"rise", "fall", "slope_up", "slope_down", "cusum_high", "cusum_low", "drift", "spike"}

#: Which kinds read a field; in another it would say something that nobody hears.
_READ_BY = {
    "window": _WINDOWED,
    "floor": {"rise_ratio"},
    "reference": {"cusum_high", "cusum_low"},
    "slack": {"cusum_high", "cusum_low"},
    "count": {"spike"},
    "states": {"state"},
}


def verify_rule(rule: Rule, point: Point, names: dict[str, Point]) -> _Found:
    """(value, bound) of each contradiction. names: the site's points by `station/point`."""
    yield from _verify_kind(rule, point)
    yield from _verify_limit(rule, rule.limit, rule.clear, point)
    yield from _verify_codes(rule, point)
    yield from _verify_gate(rule, point, names)
    yield from _verify_sets(rule, point, names)
    yield from verify_times(rule)


def verify_times(rule: Rule) -> _Found:
    """(value, bound) of what the times of an alarm contradict, whatever it watches."""
    if rule.respond_within <= 0:
        yield rule.respond_within, "respond_within must be above 0s: without time to respond it is not an alarm"
    if rule.chatter_shelf > rule.longest_shelf:
        longest = format_duration(rule.longest_shelf)
        yield format_duration(rule.chatter_shelf), f"chatter_shelf must be at most longest_shelf, {longest}"


def _verify_kind(rule: Rule, point: Point) -> _Found:
    for name, kinds in _READ_BY.items():
        if rule.kind not in kinds and getattr(rule, name) != Rule.model_fields[name].default:
            yield getattr(rule, name), f"a rule of kind {rule.kind} has no use for {name}"
    if rule.kind in _WINDOWED and rule.window <= 0:
        yield rule.window, f"a rule of kind {rule.kind} needs a window above 0s"
    if rule.kind in ("stale", "clock"):
        yield rule.id, f"{rule.kind} is judged for the station, not for a point"
    if rule.kind == "silent" and point.stale_after is None:
        yield rule.id, "needs the point's `stale_after`: without it nobody knows when it is silent"
    if rule.kind == "silent" and point.derived is not None:
        yield rule.id, "what is computed is never silent: put the rule on what it is computed from"
    if rule.kind == "saturated" and (point.high is None or point.derived is not None):
        yield rule.id, "needs a measured point with a range"
    if rule.kind in ("cusum_high", "cusum_low"):
        if rule.slack <= 0:
            yield rule.slack, "slack must be above 0: without it the sum never returns"
        yield from _within(rule.reference, "reference", point)


def _within(value: float, what: str, point: Point) -> _Found:
    if point.low is not None and point.high is not None and not point.low <= value <= point.high:
        # Rounded as people write it: 0.3 less 0.7 is -0.4. The unit, since it is mostly the unit that was mistaken.
        shown, span = float(f"{value:.12g}"), f"{point.low:g}..{point.high:g} {point.unit}".rstrip()
        yield shown, f"{what} must be within the point's range {span}"


def _verify_limit(rule: Rule, limit: float, clear: float, point: Point) -> _Found:
    if rule.kind in _LEVEL:
        yield from _within(limit, "limit", point)
        end = point.low if rule.kind in FALLING else point.high
        if limit == end:
            yield limit, f"limit must be within the range, not at its end {end:g}: nothing is beyond that"
        safe = clear >= limit if rule.kind in FALLING else clear <= limit
        if rule.kind != "successive_high" and not safe:
            yield clear, f"the clear limit must be on the safe side of the limit {limit:g}"
        elif rule.kind != "successive_high" and not any(_within(limit, "", point)):
            yield from _within(clear, "limit and deadband: the clear limit", point)
    elif rule.kind in _CHANGE:
        if limit <= 0:
            yield limit, f"the limit of a rule of kind {rule.kind} must be above 0"
        elif point.low is not None and point.high is not None and limit > point.high - point.low:
            yield limit, f"limit must be at most the span of the point's range, {point.high - point.low:g}"
        if clear > limit:
            yield clear, f"the clear limit must be on the safe side of the limit {limit:g}"
        elif clear < 0 < limit and rule.kind in ("cusum_high", "cusum_low", "drift"):
            yield clear, "the deadband must not be wider than the limit, or it never clears"
    elif rule.kind == "rise_ratio":
        if limit <= 1:
            yield limit, "limit must be above 1: it is a ratio"
        if clear > limit:
            yield clear, f"the clear limit must be on the safe side of the limit {limit:g}"
        elif clear < 1 < limit:
            yield clear, "the deadband must not reach under 1, or it never clears: nothing is less than the least"
        yield from _within(rule.floor, "floor", point)


def _verify_codes(rule: Rule, point: Point) -> _Found:
    if rule.kind == "state":
        if not rule.states:
            yield rule.states, "a rule of kind state needs states"
        yield from _verify_states(rule.states, point, "states")
        for state in rule.states:
            yield from _within(state, "states", point)
    if rule.kind in ("equals", "not_equals"):
        if point.states and rule.limit not in point.states:
            yield rule.limit, f"limit must be one of the point's states {sorted(point.states)}"
        yield from _within(rule.limit, "limit", point)


def _verify_states(states: tuple[int, ...], of: Point | None, what: str) -> _Found:
    if any(not 0 <= s < 63 for s in states):
        yield states, f"{what} must be between 0 and 62"
    elif of is not None and of.states and (unknown := sorted(set(states) - of.states.keys())):
        yield unknown[0], f"{what} must be of {of.name}: {sorted(of.states)}"


def _verify_gate(rule: Rule, point: Point, names: dict[str, Point]) -> _Found:
    if rule.gate is None:
        return
    gate = names.get(f"{point.station}/{rule.gate.point}")
    if gate is None:
        yield rule.gate.point, "the gate must be a point of the same station"
    elif gate.derived is not None:
        yield rule.gate.point, "the gate must be a measured point"
    yield from _verify_states(rule.gate.states, gate, "gate states")


def _verify_sets(rule: Rule, point: Point, names: dict[str, Point]) -> _Found:
    if rule.limits and rule.kind not in VARIABLE:
        yield rule.kind, f"a rule of kind {rule.kind} has one limit: limits by mode or season are not for it"
    if len({one.point for one in rule.limits if one.point is not None}) > 1:
        yield rule.id, "the limits of a rule must be chosen by one point"
    for n, one in enumerate(rule.limits):
        if not one.months and one.point is None:
            yield one.limit, f"limits[{n}] must say when it applies: months, or a point and its states"
        yield from _verify_mode(one, point, names)
        yield from _verify_limit(rule, one.limit, one.clear, point)
        if any(_covers(before, one) for before in rule.limits[:n]):
            yield one.limit, f"limits[{n}] never applies: another before it does, at the same times"


def _covers(before: LimitSet, one: LimitSet) -> bool:
    """Whether the earlier limit applies whenever the later one does."""
    months = not before.months or (bool(one.months) and set(one.months) <= set(before.months))
    modes = before.point is None or (before.point == one.point and set(one.states) <= set(before.states))
    return months and modes and bool(before.months or before.point)


def _verify_mode(one: LimitSet, point: Point, names: dict[str, Point]) -> _Found:
    if len(set(one.months)) != len(one.months):
        yield one.months, "months must be named once"
    if (one.point is None) != (not one.states):
        yield one.point or one.states, "a limit by mode needs a point and its states"
    if one.point is None:
        return
    mode = names.get(f"{point.station}/{one.point}")
    if mode is None or mode.derived is not None:
        yield one.point, "the point that chooses a limit must be a measured one of the same station"
    yield from _verify_states(one.states, mode, "states")
