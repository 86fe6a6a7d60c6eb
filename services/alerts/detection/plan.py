"""From a site of the catalogue to the kernel's arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection.layout import (
    KINDS,
    LIMIT_SET,
    POINT_PLAN,
    REMEMBERING,
    RINGED,
    RULE_PLAN,
    SATURATED,
)
from services.core.catalogue import Point, Rule, Site
from services.core.catalogue.model import LimitSet
from services.core.clock import NEVER, to_ns

#: NAMUR NE 43: a loop current of 3.6 mA or less, or 21 mA or more, means a broken instrument. As shares of the
#: 4-20 mA span that is 2.5 % below and 6.25 % above.
NE43_BELOW, NE43_ABOVE = 0.4 / 16, 1.0 / 16


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One site, compiled. Rows of `points` are the site's points, then one pseudo-point a station (its silence and its
    clock), then the gates of derived points as the grid sees them: a point's index in `gates`, its row from `gate_row`.

    `gated` lists, a point after the other, the rules that it gates, and as ~r those whose limits it chooses. `months`:
    when each month since January 1970 began in the site's time zone; empty where no limit hangs on the season.

    names[r]: (station, point, rule) of rule row r.  rules_of[r]: its definition.
    """

    site: Site
    version: str
    points: NDArray[Any]
    rules: NDArray[Any]
    gated: NDArray[np.int64]
    names: list[tuple[str, str, str]]
    definitions: list[Rule]
    station_ids: list[str]
    stale_after: NDArray[np.int64]
    rings: int
    gates: list[int]
    sets: NDArray[Any]
    months: NDArray[np.int64]
    memos: int
    room: int

    @property
    def gate_row(self) -> int:
        """The first of the gates' rows."""
        return len(self.site.points) + len(self.station_ids)

    def silence_point(self, station: int) -> int:
        """The pseudo-point that stands for the station's silence."""
        return len(self.site.points) + station

    def clock_rule(self, station: int) -> int:
        """The row of the rule on the station's clock, -1 where there is none."""
        row = self.points[self.silence_point(station)]
        return int(row["rule_from"]) + 1 if row["rule_to"] - row["rule_from"] > 1 else -1


def compile_site(site: Site, version: str) -> Plan:
    """The plan of `site`. The site must be a verified one: names resolve, windows are positive."""
    stations = [s.id for s in site.stations]
    index = site.point_index
    # What is computed on the grid is gated there too: a gate's reading may be ahead of the instant.
    shadows = sorted(
        {index[f"{p.station}/{g}"] for p in site.points if p.derived for r in p.rules for g in _looks_at(r)}
    )
    rows = np.zeros(len(site.points) + len(stations) + len(shadows), POINT_PLAN)
    for pseudo in rows[len(site.points) :]:
        pseudo["fault_low"], pseudo["fault_high"], pseudo["top"], pseudo["hold"] = -np.inf, np.inf, np.inf, NEVER
        pseudo["switch"] = pseudo["station"] = pseudo["voice"] = -1
    rules: list[tuple[int, Rule]] = []
    for i, point in enumerate(site.points):
        _fill_point(rows[i], point, stations, index)
        if rows[i]["station"] >= 0:
            rows[i]["voice"] = len(site.points) + rows[i]["station"]
        else:
            rows[i]["voice"] = -1
        rows[i]["rule_from"] = len(rules)
        rules += [(i, rule) for rule in point.rules]
        rows[i]["rule_to"] = len(rules)
    for s, station in enumerate(site.stations):
        row = rows[len(site.points) + s]
        row["station"], row["rule_from"] = s, len(rules)
        rules += [(len(site.points) + s, rule) for rule in station.rules]
        row["rule_to"] = len(rules)
    table = np.zeros(len(rules), RULE_PLAN)
    gates: list[list[int]] = [[] for _ in rows]
    rings = memos = 0
    sets: list[tuple[float, float, int, int]] = []
    of_point: dict[int, dict[str, int]] = {}
    for r, (p, rule) in enumerate(rules):
        of_point.setdefault(p, {})[rule.id] = r
    for r, (p, rule) in enumerate(rules):
        row, kind = table[r], KINDS.index(rule.kind)
        row["kind"], row["point"] = kind, p
        for name in ("limit", "clear", "floor", "window", "reference", "slack", "count"):
            row[name] = getattr(rule, name)
        row["on"], row["off"], row["certain"] = rule.on_delay, rule.off_delay, rule.certain_after
        row["states"] = sum(1 << state for state in set(rule.states))
        if kind == SATURATED:
            top = site.points[p].high
            row["limit"] = np.inf if top is None else top
            row["clear"] = row["limit"] + (rule.clear - rule.limit)
        row["ring"] = row["memo"] = row["gate"] = -1
        if kind in RINGED:
            row["ring"], rings = rings, rings + 1
        if kind in REMEMBERING:
            row["memo"], memos = memos, memos + 1
        row["hider"] = of_point[p][rule.hidden_by] if rule.hidden_by else -1
        row["sets_from"] = len(sets)
        sets += [_limit_set(one) for one in rule.limits]
        row["sets_to"] = len(sets)
        for name in _looks_at(rule) if p < len(site.points) else ():
            gate = index[f"{site.points[p].station}/{name}"]
            if site.points[p].derived is not None:
                gate = len(site.points) + len(stations) + shadows.index(gate)
            if rule.gate is not None and name == rule.gate.point:
                row["gate"], row["settle"] = gate, rule.gate.settle
                row["gate_mask"] = sum(1 << state for state in set(rule.gate.states))
                gates[gate].append(r)
            if any(one.point == name for one in rule.limits):
                gates[gate].append(~r)
    flat: list[int] = []
    for i, members in enumerate(gates):
        rows[i]["gated_from"] = len(flat)
        flat += members
        rows[i]["gated_to"] = len(flat)
    names = [
        (site.points[p].station, site.points[p].name, rule.id)
        if p < len(site.points)
        else (stations[p - len(site.points)], "station", rule.id)
        for p, rule in rules
    ]
    return Plan(
        site, version, rows, table, np.array(flat, np.int64), names, [rule for _, rule in rules],
        stations, np.array([s.stale_after for s in site.stations], np.int64), rings, shadows,
        np.array(sets, LIMIT_SET), months_of(site.time_zone if _seasonal(rules) else ""), memos, _room(rows),
    )  # fmt: skip


def _looks_at(rule: Rule) -> list[str]:
    """The points, by name, that gate the rule or choose its limits."""
    named = [rule.gate.point] if rule.gate is not None else []
    return list(dict.fromkeys([*named, *(one.point for one in rule.limits if one.point is not None)]))


def _limit_set(one: LimitSet) -> tuple[float, float, int, int]:
    months = sum(1 << (month - 1) for month in set(one.months)) or 4095
    states = -1 if one.point is None else sum(1 << state for state in set(one.states))
    return one.limit, one.clear, months, states


def _seasonal(rules: list[tuple[int, Rule]]) -> bool:
    return any(one.months for _, rule in rules for one in rule.limits)


@cache
def months_of(zone: str) -> NDArray[np.int64]:
    """When each month from January 1970 to December 2199 begins in `zone`, ns; none for ""."""
    if not zone:
        return np.zeros(0, np.int64)
    place = ZoneInfo(zone)
    months = [to_ns(datetime(year, month, 1, tzinfo=place)) for year in range(1970, 2200) for month in range(1, 13)]
    return np.array(months, np.int64)


def _room(rows: NDArray[Any]) -> int:
    """Transitions that the kernel's output must hold: what one reading can bring about, and more for speed."""
    most = 20 * (rows["rule_to"] - rows["rule_from"]) + 8 * (rows["gated_to"] - rows["gated_from"])
    return max(256, int(most.max(initial=0)) + 64)


def _fill_point(row: Any, point: Point, stations: list[str], index: dict[str, int]) -> None:
    row["fault_low"], row["fault_high"], row["top"] = -np.inf, np.inf, np.inf
    if point.low is not None and point.high is not None and point.derived is None:
        span = point.high - point.low
        row["fault_low"] = point.low - NE43_BELOW * span
        row["fault_high"] = point.high + NE43_ABOVE * span
        if point.saturates:
            row["top"] = point.high
    row["hold"] = NEVER if point.stale_after is None else point.stale_after
    row["switch"] = index[f"{point.station}/{point.sample_flow}"] if point.sample_flow else -1
    # What is derived falls silent through its inputs, at the grid's instants.
    mine = point.derived is None and point.station in stations
    row["station"] = stations.index(point.station) if mine else -1
