"""A site for tests of windows, its frames, and the same windows in plain Python, a reading at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from services.core.catalogue import Point, Rule, Site, Station, to_json
from services.core.clock import MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.records import Aggregates, Config, Output

#: Points: a level with limits, a flow, a counter; how long a value of each holds.
LEVEL, FLOW, COUNTER = range(3)
HOLDS = (3 * MINUTE, 90 * SECOND, 3 * MINUTE)
HIGH, LOW, MODULUS = 4.0, 1.0, 1000.0

STATISTICS = ("mean", "min", "max", "count", "good_ratio", "twa", "last", "above", "below", "volume", "gap", "diff")


def rule(kind: str, limit: float = 0.0) -> Rule:
    return Rule(
        id=f"rule-{kind}-{limit:g}", kind=kind, limit=limit, clear=limit, priority="medium",  # type: ignore[arg-type]
        consequence="c", response="r", respond_within=5 * MINUTE,
    )  # fmt: skip


def config(more: int = 0, version: str = "v1", zone: str = "Asia/Shanghai", lateness: int = 0) -> Config:
    site = Site(
        id="no3", group="liuyang", name="No. 3", kind="plant", time_zone=zone, lateness=lateness,
        stations=(
            Station(
                id="intake", type="intake", name="i", heartbeat=MINUTE, stale_after=3 * MINUTE, stale=rule("stale")
            ),
        ),
        points=(
            Point(
                station="intake", name="level", unit="m",
                rules=(rule("high", 9), rule("high", HIGH), rule("low", LOW), rule("low", 0)),
            ),
            Point(station="intake", name="flow", unit="m3/h", stale_after=90 * SECOND),
            Point(station="intake", name="counter", unit="m3", counter=MODULUS),
            *(Point(station="intake", name=f"more_{n}", unit="m") for n in range(more)),
        ),
    )  # fmt: skip
    return Config("no3", version, to_json(site), 0)


def frame(*readings: tuple[float, int, float] | tuple[float, int, float, int]) -> Frame:
    """Readings (seconds, point, value[, quality])."""
    full = [(*r, 0)[:4] for r in readings]
    return make_frame(
        "no3", "intake",
        np.array([int(r[0] * SECOND) for r in full], np.int64),
        np.array([r[1] for r in full], np.int32),
        np.array([r[2] for r in full], np.float64),
        np.array([r[3] for r in full], np.uint8),
        through=0,
    )  # fmt: skip


Rows = dict[tuple[int, int, int], dict[str, float]]


def latest(outputs: Iterable[Output]) -> Rows:
    """By (width, start, point) the row that stands: the last one given out."""
    rows: Rows = {}
    for a in outputs:
        if isinstance(a, Aggregates):
            for i, point in enumerate(a.points):
                rows[a.width, a.start, int(point)] = {name: float(getattr(a, name)[i]) for name in STATISTICS}
    return rows


def plain(readings: Sequence[tuple[int, int, float, int]], windows: Iterable[tuple[int, int, int]]) -> Rows:
    """Readings (ns, point, value, quality) in the order in which they came; windows (width, start, end).

    Every window by itself, straight from the readings: no minutes, nothing carried.
    """
    said: dict[tuple[int, int], tuple[float, int]] = {}
    for time, point, value, quality in readings:
        said.setdefault((point, time), (value, quality))
    rows: Rows = {}
    for width, start, end in windows:
        for point, holds in enumerate(HOLDS):
            mine = sorted((t, *vq) for (p, t), vq in said.items() if p == point)
            row = _row(point, holds, mine, start, end)
            if row is not None:
                rows[width, start, point] = row
    return rows


def _row(point: int, holds: int, mine: list[tuple[int, float, int]], start: int, end: int) -> dict[str, Any] | None:
    within = [r for r in mine if start <= r[0] < end]
    usable = [v for _, v, q in within if q < 128]
    known = above = below = 0
    integral = 0.0
    diff, counted = math.nan, math.nan
    for n, (t, v, q) in enumerate(mine):
        if q >= 128:
            continue
        following = mine[n + 1][0] if n + 1 < len(mine) else end
        span = min(following, t + holds, end) - max(t, start)
        if span > 0:
            known += span
            integral += v * span * 1e-9
            above += span * (v > HIGH)
            below += span * (v < LOW)
        if start <= t < end and not math.isnan(counted):
            more = (v - counted) % MODULUS
            if more < MODULUS / 2:
                diff = more if math.isnan(diff) else diff + more
        counted = v
    if not within and not known:
        return None
    return {
        "mean": sum(usable) / len(usable) if usable else math.nan,
        "min": min(usable, default=math.nan),
        "max": max(usable, default=math.nan),
        "count": len(within),
        "good_ratio": sum(q < 64 for _, _, q in within) / len(within) if within else math.nan,
        "twa": integral / (known * 1e-9) if known else math.nan,
        "last": usable[-1] if usable else math.nan,
        "above": above * 1e-9 if point == LEVEL and known else math.nan,
        "below": below * 1e-9 if point == LEVEL and known else math.nan,
        "volume": integral / 3600 if point == FLOW and known else math.nan,
        "gap": (end - start - known) * 1e-9,
        "diff": diff if point == COUNTER else math.nan,
    }
