"""Every kind of rule with the alarms' life behind it, and the rules over several points by themselves."""

from __future__ import annotations

import time
from itertools import cycle
from typing import Any

import numpy as np

from bench.plant_day import PlantDay
from services.alerts.derived import FUNCTIONS
from services.alerts.detection.engine import Engine
from services.alerts.detection.plan import Plan
from services.alerts.lifecycle.definitions import keeper_of
from services.alerts.transitions import to_events
from services.core.catalogue import Point, Rule, Site
from services.core.clock import MINUTE
from services.core.frame import Frame

#: What a point gets besides its own rules, one each in turn: every kind that the plant's types do not use.
_KINDS = (
    "slope_up", "slope_down", "cusum_high", "cusum_low", "ewma_high", "ewma_low", "drift", "spike", "silent",
    "saturated", "not_equals", "state", "fall", "successive_high", "flat",
)  # fmt: skip
_WORDS = {"priority": "medium", "consequence": "none", "response": "none", "respond_within": MINUTE}


def with_every_kind(site: Site) -> Site:
    """The site with one rule more on every measured point, the kinds in turn."""
    turn = cycle(_KINDS)
    points = [p if p.derived is not None else _and(p, next(turn)) for p in site.points]
    return site.model_copy(update={"points": tuple(points)})


def _and(point: Point, kind: str) -> Point:
    high, low = point.high if point.high is not None else 5.0, point.low if point.low is not None else 0.0
    limit = {"ewma_low": low, "ewma_high": high, "state": 0.0}.get(kind, 0.5 * (high - low))
    rule = Rule.model_validate({
        "id": f"bench-{kind}", "kind": kind, "limit": limit, "clear": limit, "window": 30 * MINUTE, "on_delay": MINUTE,
        "slack": 0.05 * (high - low), "reference": 0.5 * (high + low), "states": (62,) if kind == "state" else (),
        "off_delay": MINUTE,
    } | _WORDS)  # fmt: skip
    held = {"stale_after": 10 * MINUTE} if kind == "silent" else {}
    return point.model_copy(update={"rules": (*point.rules, rule), **held})


def feed_and_keep(plan: Plan, frames: list[Frame]) -> int:
    """Detection, the events that come of it, and the life of their alarms; gives the events."""
    engine, keeper, told = Engine(plan), keeper_of(plan), 0
    for frame in frames:
        rows = engine.feed(frame.times, frame.points, frame.values, frame.quality)[0]
        if len(rows):
            told += len(keeper.take(to_events(plan, rows[np.lexsort((rows["rule"], rows["time"]))])))
    return told


def multi_point(day: PlantDay) -> dict[str, Any]:
    """Results/s of each derived point of the site, over a day of instants of the grid."""
    column = {int(p): n for n, p in enumerate(day.points)}
    index, speeds, spent, made = day.site.point_index, dict[str, int](), 0.0, 0
    for point in day.site.points:
        if point.derived is None:
            continue
        mine = [column[index[target]] for target in point.derived.inputs.values()]
        given = {k: v for k, v in point.derived.parameters.items() if v is not None}
        function = FUNCTIONS[point.derived.function](day.site, list(point.derived.inputs), given)
        values, quality = np.ascontiguousarray(day.values[:, mine]), np.ascontiguousarray(day.quality[:, mine])
        start = time.process_time()
        function.compute(day.times, values, quality)
        seconds = time.process_time() - start
        spent, made = spent + seconds, made + len(day.times)
        speeds[point.derived.function] = round(len(day.times) / max(seconds, 1e-6))
    return {"multi_point_results_per_second": round(made / max(spent, 1e-6)), "multi_point_by_function": speeds}
