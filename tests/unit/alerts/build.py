"""Small sites and readings for tests, in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.alerts.detection.engine import Engine
from services.alerts.detection.plan import compile_site
from services.alerts.transitions import to_events
from services.core.catalogue import Point, Rule, Site, Station
from services.core.clock import SECOND
from services.core.records import AlarmEvent

WORDS: dict[str, Any] = {"priority": "high", "consequence": "c", "response": "r", "respond_within": "5m"}

Reading = tuple[float, int, float] | tuple[float, int, float, int]


def rule(name: str, kind: str, limit: float = 0.0, **more: Any) -> Rule:
    """A rule; delays, window and settle in seconds; `clear` is the limit unless given."""
    for key in ("on_delay", "off_delay", "window", "certain_after"):
        if key in more:
            more[key] = round(more[key] * SECOND)
    fields = {"id": name, "kind": kind, "limit": limit, "clear": limit, "certain_after": 0}
    return Rule.model_validate(WORDS | fields | more)


def gate(point: str, *states: int, settle: float = 0) -> dict[str, Any]:
    return {"point": point, "states": states, "settle": round(settle * SECOND)}


def point(name: str, *rules: Rule, station: str = "st", **more: Any) -> Point:
    if "stale_after" in more:
        more["stale_after"] = round(more["stale_after"] * SECOND)
    return Point.model_validate({"station": station, "name": name, "rules": rules} | more)


def station(name: str = "st", stale_after: float = 180, off_delay: float = 300) -> Station:
    silent = rule("station-silent", "stale", off_delay=off_delay)
    return Station(
        id=name, type="t", name=name, heartbeat=60 * SECOND, stale_after=round(stale_after * SECOND), stale=silent
    )


def site(*points: Point, stations: tuple[Station, ...] = (), **more: Any) -> Site:
    ids = list(dict.fromkeys(p.station for p in points))
    return Site(
        id="no3", group="g", name="n", kind="plant", time_zone="Asia/Shanghai",
        stations=stations or tuple(station(i) for i in ids), points=points, **more,
    )  # fmt: skip


def columns(readings: list[Reading]) -> tuple[Any, Any, Any, Any]:
    """(times ns, points, values, quality) of readings (s, point, value[, quality])."""
    full = [(*r, 0)[:4] for r in readings]
    return (
        np.array([round(r[0] * SECOND) for r in full], np.int64),
        np.array([r[1] for r in full], np.int32),
        np.array([r[2] for r in full], np.float64),
        np.array([r[3] for r in full], np.uint8),
    )


class Bench:
    """An engine with what it has said."""

    def __init__(self, *points: Point) -> None:
        self.plan = compile_site(site(*points), "v1")
        self.engine = Engine(self.plan)
        self.events: list[AlarmEvent] = []

    def read(self, *readings: Reading) -> Bench:
        rows, self.judged, self.late = self.engine.feed(*columns(list(readings)))
        self.events += to_events(self.plan, rows)
        return self

    def tick(self, seconds: float) -> Bench:
        self.events += to_events(self.plan, self.engine.settle(round(seconds * SECOND)))
        return self

    def story(self, *names: str) -> list[tuple[Any, ...]]:
        """(seconds, rule, transition) or what of each event is named, in order of time."""
        told = []
        for e in sorted(self.events, key=lambda e: e.time):
            fields = {"at": e.time / SECOND}
            told.append(tuple(fields.get(n, getattr(e, n, None)) for n in names or ("at", "rule", "transition")))
        return told
