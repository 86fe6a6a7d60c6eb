"""Contradictions between the alarms of one point: order of limits, deadbands across neighbours, twice the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from services.core.catalogue.model import FALLING, Point, Rule

#: (rule, value, bound)
Found = Iterator[tuple[str, object, str]]

#: A season and a state of the point that chooses limits: (month, point, state).
_Scene = tuple[int, str | None, int]

_LEVELS = {"high": 1, "ewma_high": 2, "low": 1, "ewma_low": 2}


def verify_pairs(point: Point) -> Found:
    """What two alarms of the point say against each other, in every season and mode that their limits name."""
    for rule in point.rules:
        if rule.hidden_by is not None:
            yield from _verify_hider(rule, point)
    for one, other in combinations(point.rules, 2):
        if not _meet(one, other):
            continue
        if _says(one) == _says(other):
            yield other.id, other.limit, f"says the same as {one.id}: one of them is too many"
        elif _LEVELS.get(one.kind) == _LEVELS.get(other.kind) is not None and one.kind != other.kind:
            low, high = (one, other) if one.kind in FALLING else (other, one)
            yield from _verify_sides(low, high)


def limits_of(rule: Rule, scene: _Scene) -> tuple[float, float]:
    """Limit and clear limit in a season and mode: the first that applies, else the rule's own."""
    month, mode, state = scene
    for one in rule.limits:
        if (not one.months or month in one.months) and (
            one.point is None or (one.point == mode and state in one.states)
        ):
            return one.limit, one.clear
    return rule.limit, rule.clear


def scenes_of(*rules: Rule) -> list[_Scene]:
    """Every season and mode in which limits of these rules may differ."""
    limits = [one for rule in rules for one in rule.limits]
    months = range(1, 13) if any(one.months for one in limits) else range(1, 2)
    modes: dict[tuple[str | None, int], None] = {(None, 0): None}
    modes |= {(one.point, state): None for one in limits for state in one.states}
    return [(month, mode, state) for month in months for mode, state in modes]


def _says(rule: Rule) -> object:
    return rule.model_dump(
        include={"kind", "limit", "limits", "window", "floor", "reference", "slack", "count", "states", "on_delay"}
    )


def _meet(one: Rule, other: Rule) -> bool:
    """Whether both can be at work at once."""
    a, b = one.gate, other.gate
    return a is None or b is None or a.point != b.point or bool(set(a.states) & set(b.states))


def _verify_sides(low: Rule, high: Rule) -> Found:
    for scene in scenes_of(low, high):
        (under, back), (over, _) = limits_of(low, scene), limits_of(high, scene)
        if under >= over:
            yield low.id, under, f"must be below the limit {over:g} of {high.id}, or the point is never at rest"
            return
        if back > over:
            yield low.id, back, f"it clears only above {over:g}, where {high.id} is raised: the deadband is too wide"
            return


def _verify_hider(rule: Rule, point: Point) -> Found:
    hider = next((r for r in point.rules if r.id == rule.hidden_by), None)
    if hider is None:
        yield rule.id, rule.hidden_by, "hidden_by must be another alarm of the same point"
        return
    if rule.id in hiders_of(rule, point):
        yield rule.id, rule.hidden_by, "two alarms must not hide each other, nor more of them in a circle"
        return
    if hider.kind != rule.kind or rule.kind not in _LEVELS:
        return
    falling = rule.kind in FALLING
    for scene in scenes_of(rule, hider):
        (limit, _), (worse, clear) = limits_of(rule, scene), limits_of(hider, scene)
        gap = limit - worse if falling else worse - limit
        if gap <= 0:
            side = "above" if falling else "below"
            yield rule.id, limit, f"must be {side} the limit {worse:g} of {hider.id}, which hides it{_when(scene)}"
            return
        if abs(worse - clear) > gap * (1 + 1e-9):
            band = abs(worse - clear)
            bound = f"is nearer to {hider.id} ({worse:g}) than that one's deadband of {band:g}{_when(scene)}"
            yield rule.id, limit, bound
            return


def hiders_of(rule: Rule, point: Point) -> list[str]:
    """The alarms that hide it, one behind the other; its own name is last when they stand in a circle."""
    hides = {r.id: r.hidden_by for r in point.rules}
    found: list[str] = []
    at = rule.hidden_by
    while at is not None and at not in found:
        found.append(at)
        at = hides.get(at)
    return found


def _when(scene: _Scene) -> str:
    month, mode, state = scene
    return f" (month {month}" + (f", {mode} {state})" if mode else ")") if month > 1 or mode else ""
