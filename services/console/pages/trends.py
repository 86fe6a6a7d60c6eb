"""Charts of one site: a plant's surge, intake and supply, others by station. Limits are lines, gaps are gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.console import wording
from services.console.pages import alarms
from services.console.pages.moment import Moment
from services.console.view.snapshots import SiteView, Trend
from services.console.view.trend import SPAN
from services.console.words import TRENDS
from services.core.catalogue.model import Site

GREY = "#8d969e"
QUIET = "#7d868e"
LINE_COLOURS = ("#9cc3dd", "#c9c2a5")
#: A limit is grey until its alarm is active.
LIMIT_COLOURS = {"critical": "#ff8083", "high": "#f59a4a", "medium": "#d9c53f"}
#: Labels nearer than this part of the axis would touch on the lowest chart, and stand side by side so far apart, px.
NEAR = 0.16
ASIDE = 78
PANEL = "#22272b"
TOP_HOURS = 24.0

#: Charts of a site that is no plant: a station type, its points on the left and the right axis, where these begin.
#: Lines of one axis would look alike, and two axes of one unit mislead: a temperature stands alone.
OTHERS: dict[str, tuple[str, str, str, tuple[float | None, float | None]]] = {
    "sump": ("isolation_station", "sump_level", "battery_hours", (0, 0)),
    "circuit": ("isolation_station", "static_pressure", "flow", (0, 0)),
    "frost": ("weather_station", "air_temperature", "", (None, None)),
    "calls": ("hotline", "frozen_calls", "burst_calls", (0, 0)),
}


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name, its samples, on which axis (0 left, 1 right), its limits.

    A limit is its value, the priority of its alarm if that is active now (else empty), its label with sign and unit.
    """

    name: str
    trend: Trend
    axis: int = 0
    limits: tuple[tuple[float, str, str], ...] = ()


def primary(moment: Moment) -> SiteView | None:
    """The site that the charts show: that of the open incident, else the first plant, else the first that has any."""
    sites = moment.view.sites()
    troubled = {one.site for one in moment.view.incidents() if one.closed is None}
    for site in sites:
        if site.id in troubled:
            return site
    plant = next((site for site in sites if site.kind == "plant"), None)
    drawn = {kind for kind, *_ in OTHERS.values()}
    return plant or next((site for site in sites if any(one.type in drawn for one in site.stations)), None)


def charts(moment: Moment, site_id: str) -> dict[str, dict[str, Any]]:
    """ECharts options by chart: `turbidity`, `intake`, `supply` of a plant, else those of OTHERS."""
    sites = {site.id: site for site in moment.view.catalogue()}
    site = sites[site_id]
    if site.kind != "plant":
        return {
            name: options(moment, [_series(moment, site, kind, left), _series(moment, site, kind, right, 1)], low=low)
            for name, (kind, left, right, low) in OTHERS.items()
            if _point(site, kind, left)
        }
    gauge = next((one for one in sites.values() if one.kind == "gauge"), None)
    stage = _series(moment, gauge, "river_gauge", "stage", 1) if gauge else None
    hours = _series(moment, site, "clearwell", "supply_hours_pessimistic", 1, name="hours")
    return {
        "turbidity": options(
            moment, [_series(moment, site, "intake", "raw_turbidity"), stage], log=True
        ),
        "intake": options(
            moment, [_series(moment, site, "intake", "screen_head"), _ratio(moment, site)], low=(0, 0)
        ),
        "supply": options(
            moment,
            [_series(moment, site, "clearwell", "level"), _capped(hours)],
            low=(0, 0),
        ),
    }  # fmt: skip


def _point(site: Site, station_type: str, name: str) -> str:
    """The first station of that type that has the point."""
    for station in site.stations:
        if station.type == station_type and f"{station.id}/{name}" in site.point_index:
            return f"{station.id}/{name}"
    return ""


def _series(moment: Moment, site: Site, kind: str, point: str, axis: int = 0, name: str = "") -> Series | None:
    found = _point(site, kind, point)
    if not found:
        return None
    raised = moment.view.listing().worst
    known = site.points[site.point_index[found]]
    limits = tuple(
        (
            rule.limit,
            raised.get((site.id, found, rule.id), ""),
            f"{alarms.SIGNS[rule.kind]} {wording.limit(rule.limit)} {wording.unit(known.unit)}".strip(),
        )
        for rule in known.rules
        if rule.kind in ("high", "low") and rule.priority != "journal"
    )
    label = TRENDS[name or point]
    return Series(label, moment.view.trend(site.id, found), axis, limits)


def _ratio(moment: Moment, site: Site) -> Series | None:
    """Raw flow as a percentage of the required flow: the catalogue's own point, else computed here.

    There is a gap where either is unknown or none is required.
    """
    if known := _series(moment, site, "intake", "flow_ratio", 1):
        return known
    raw, wanted = (_point(site, "intake", name) for name in ("raw_flow", "required_flow"))
    if not raw or not wanted:
        return None
    flow, need = moment.view.trend(site.id, raw), moment.view.trend(site.id, wanted)
    values: list[float | None] = []
    at = -1
    for time, value in zip(flow.times, flow.values, strict=True):
        while at + 1 < len(need.times) and need.times[at + 1] <= time:
            at += 1
        required = need.values[at] if at >= 0 else None
        values.append(None if value is None or not required else 100 * value / required)
    return Series(TRENDS["flow_ratio"], Trend(flow.times, tuple(values)), 1)


def _capped(series: Series | None) -> Series | None:
    """Hours beyond a day are drawn at the top: how far beyond decides nothing."""
    if series is None:
        return None
    values = tuple(None if v is None else min(v, TOP_HOURS) for v in series.trend.values)
    return Series(series.name, Trend(series.trend.times, values), series.axis, series.limits)


def options(
    moment: Moment,
    series: Sequence[Series | None],
    *,
    log: bool = False,
    low: tuple[float | None, float | None] = (None, None),
) -> dict[str, Any]:
    """Options of a chart with a left and a right axis.

    ECharts draws UTC; times are shifted by the zone's offset of now, so that its ticks fall on local hours.
    """
    present = [one for one in series if one is not None]
    ends = [one.trend.times[-1] for one in present if one.trend.times]
    now = moment.view.now if moment.view.now is not None else max(ends, default=0)
    shift = round(wording.offset(now, moment.zone).total_seconds() * 1000)
    axes = [_axis(present, 0, low[0], log=log), _axis(present, 1, low[1], log=False)]
    return {
        "animation": False,
        "useUTC": True,
        "textStyle": {"color": GREY, "fontFamily": "system-ui, sans-serif"},
        "grid": {"left": 48, "right": 48, "top": 34, "bottom": 24},
        "legend": {"top": 0, "left": 0, "itemWidth": 14, "itemHeight": 3, "icon": "rect", "selectedMode": False,
                   "textStyle": {"color": "#b9c0c6", "fontSize": 12}},
        # Rich text is drawn, not parsed: a hostile name stays a name.
        "tooltip": {"trigger": "axis", "renderMode": "richText", "backgroundColor": "#2b3137",
                    "borderColor": "#4a525a", "textStyle": {"color": "#e4e7ea", "fontSize": 12}},
        "xAxis": {"type": "time", "min": (now - SPAN) // 1_000_000 + shift,
                  "max": now // 1_000_000 + shift, "splitLine": {"show": False},
                  "axisLine": {"lineStyle": {"color": "#4a525a"}},
                  "axisLabel": {"color": GREY, "hideOverlap": True, "formatter": "{HH}:{mm}"}},
        "yAxis": axes,
        "series": [_line(one, shift, axes[one.axis]) for one in present],
    }  # fmt: skip


def _axis(present: list[Series], side: int, low: float | None, *, log: bool) -> dict[str, Any]:
    mine = [one for one in present if one.axis == side]
    values = [v for one in mine for v in one.trend.values if v is not None and math.isfinite(v)]
    bounds = [bound for one in mine for bound, _, _ in one.limits]
    top = max([*values, *bounds], default=1.0)
    axis: dict[str, Any] = {
        "type": "log" if log else "value", "show": bool(mine), "position": ("left", "right")[side],
        "splitNumber": 4, "axisLabel": {"color": LINE_COLOURS[side], "fontSize": 11},
        "splitLine": {"show": side == 0, "lineStyle": {"color": "#343b41"}},
    }  # fmt: skip
    if log:
        axis |= {"min": 1, "max": 10 ** math.ceil(math.log10(max(top, 10.0)))}
        return axis
    if low is None:
        # A stage is a height above datum: its movement matters, not its distance from zero.
        bottom = min(values, default=0.0)
        room = max((max(values, default=1.0) - bottom) * 0.15, 0.25)
        return axis | {"min": math.floor(bottom - room),
                       "max": math.ceil(max(values, default=1.0) + room)}  # fmt: skip
    step = 10 ** math.floor(math.log10(max(top, 0.1))) / 2
    return axis | {"min": low, "max": math.ceil(top * 1.05 / step) * step}


def _columns(bounds: Sequence[float], axis: dict[str, Any]) -> list[int]:
    """For each limit the column that its label stands in: 0 at the axis, further in where it would touch another."""
    scale = math.log10 if axis["type"] == "log" else float
    low, high = scale(axis["min"]), scale(axis["max"])
    chosen = [0] * len(bounds)
    last: list[float] = []
    for index in sorted(range(len(bounds)), key=lambda at: bounds[at]):
        height = (scale(max(bounds[index], axis["min"])) - low) / ((high - low) or 1.0)
        column = next((at for at, before in enumerate(last) if height - before >= NEAR), len(last))
        last[column : column + 1] = [height]
        chosen[index] = column
    return chosen


def _limit(one: Series, bound: float, priority: str, label: str, column: int) -> dict[str, Any]:
    """A limit as a line, drawn as its series is; its label stands at its axis, with a pointer in that axis' colour."""
    colour = LIMIT_COLOURS.get(priority, QUIET)
    left = one.axis == 0
    return {
        "yAxis": bound, "name": label,
        "lineStyle": {"color": colour, "width": 1, "type": "solid" if left else "dashed", "opacity": 0.55},
        "label": {
            "formatter": "{side|◂} {b}" if left else "{b} {side|▸}",
            "rich": {"side": {"color": LINE_COLOURS[one.axis], "fontSize": 11}},
            # A label takes over its line's opacity unless it has one of its own.
            "color": colour, "opacity": 1, "fontSize": 11, "backgroundColor": PANEL,
            "position": "insideStartTop" if left else "insideEndTop", "distance": [3 + ASIDE * column, 2],
        },
    }  # fmt: skip


def _line(one: Series, shift: int, axis: dict[str, Any]) -> dict[str, Any]:
    floor = 1.0 if axis["type"] == "log" else -math.inf
    columns = _columns([bound for bound, _, _ in one.limits], axis)
    data = [
        [t // 1_000_000 + shift, None if v is None or not math.isfinite(v) else round(max(v, floor), 3)]
        for t, v in zip(one.trend.times, one.trend.values, strict=True)
    ]
    colour = LINE_COLOURS[one.axis]
    return {
        "type": "line", "name": one.name, "yAxisIndex": one.axis, "data": data, "showSymbol": False,
        "connectNulls": False, "step": "end", "color": colour,
        "lineStyle": {"width": 2 if one.axis == 0 else 1.5, "color": colour,
                      "type": "solid" if one.axis == 0 else "dashed"},
        "markLine": {
            "silent": True, "symbol": "none", "animation": False,
            "data": [
                _limit(one, *limit, column)
                for limit, column in zip(one.limits, columns, strict=True)
            ],
        },
    }  # fmt: skip
