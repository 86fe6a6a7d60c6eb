"""From a site of the catalogue to the kernel's arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection.layout import FALL, KINDS, POINT_PLAN, RISE, RISE_RATIO, RULE_PLAN, STALE
from services.core.catalogue import Point, Rule, Site
from services.core.clock import NEVER

#: NAMUR NE 43: a loop current of 3.6 mA or less, or 21 mA or more, means a broken instrument. As shares of the
#: 4-20 mA span that is 2.5 % below and 6.25 % above.
NE43_BELOW, NE43_ABOVE = 0.4 / 16, 1.0 / 16


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One site, compiled. Rows of `points` are the site's points, then one pseudo-point a station (silence), then
    the gates of derived points as the grid sees them: a point's index in `gates`, its row from `gate_row` on.

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

    @property
    def gate_row(self) -> int:
        """The first of the gates' rows."""
        return len(self.site.points) + len(self.station_ids)

    def silence_point(self, station: int) -> int:
        """The pseudo-point that stands for the station's silence."""
        return len(self.site.points) + station


def compile_site(site: Site, version: str) -> Plan:
    """The plan of `site`. The site must be a verified one: names resolve, windows are positive."""
    stations = [s.id for s in site.stations]
    index = site.point_index
    # What is computed on the grid is gated there too: a gate's reading may be ahead of the instant.
    shadows = sorted(
        {index[f"{p.station}/{r.gate.point}"] for p in site.points if p.derived for r in p.rules if r.gate is not None}
    )
    rows = np.zeros(len(site.points) + len(stations) + len(shadows), POINT_PLAN)
    for pseudo in rows[len(site.points) :]:
        pseudo["fault_low"], pseudo["fault_high"], pseudo["top"], pseudo["hold"] = -np.inf, np.inf, np.inf, NEVER
        pseudo["switch"] = pseudo["station"] = -1
    rules: list[tuple[int, Rule]] = []
    for i, point in enumerate(site.points):
        _fill_point(rows[i], point, stations, index)
        rows[i]["rule_from"] = len(rules)
        rules += [(i, rule) for rule in point.rules]
        rows[i]["rule_to"] = len(rules)
    for s, station in enumerate(site.stations):
        row = rows[len(site.points) + s]
        row["station"], row["rule_from"] = s, len(rules)
        rules.append((len(site.points) + s, station.stale))
        row["rule_to"] = len(rules)
    table = np.zeros(len(rules), RULE_PLAN)
    gates: list[list[int]] = [[] for _ in rows]
    rings = 0
    for r, (p, rule) in enumerate(rules):
        row, kind = table[r], KINDS.index(rule.kind)
        row["kind"], row["point"] = kind, p
        for name in ("limit", "clear", "floor", "window"):
            row[name] = getattr(rule, name)
        row["on"], row["off"] = rule.on_delay, rule.off_delay
        row["ring"] = -1
        if kind in (RISE, FALL, RISE_RATIO):
            row["ring"], rings = rings, rings + 1
        same_point = {other.id: q for q, (pp, other) in enumerate(rules) if pp == p}
        row["hider"] = same_point[rule.hidden_by] if rule.hidden_by else -1
        row["gate"] = -1
        if rule.gate is not None and kind != STALE:
            gate = index[f"{site.points[p].station}/{rule.gate.point}"]
            if site.points[p].derived is not None:
                gate = len(site.points) + len(stations) + shadows.index(gate)
            row["gate"], row["settle"] = gate, rule.gate.settle
            row["gate_mask"] = sum(1 << state for state in set(rule.gate.states))
            gates[gate].append(r)
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
    )  # fmt: skip


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
