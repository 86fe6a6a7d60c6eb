"""Panels as all dashboards have them: calm when normal, units and limits of the catalogue, gaps shown as gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat as build_stat
from grafana_foundation_sdk.builders import table as build_table
from grafana_foundation_sdk.builders import timeseries as build_series
from grafana_foundation_sdk.models import common, dashboard

from services.dashboards.flux import SOURCE, FluxQuery
from services.dashboards.limits import COLOURS, Limit, thresholds

Chart = build_series.Panel
Stat = build_stat.Panel
Table = build_table.Panel

#: Milliseconds: where nothing came for longer the line ends, and is not drawn through.
GAP = 5 * 60 * 1000

#: Readings are shown by windows of at least this: gateways tell some points every few seconds, some once a minute.
LEAST = "1m"

_UNITS = {"m3/h": "m³/h", "m3": "m³"}


def unit_of(unit: str) -> str:
    """A catalogue's unit in Grafana: the number, a space, the unit as the field writes it; "" for a bare number."""
    if unit == "s":
        return "s"  # Grafana's own, so that 5400 s read as 1.5 hours
    return f"suffix: {_UNITS.get(unit, unit)}" if unit else "none"


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a chart. colour: "" takes the next of the palette.  unit: another than the chart's, on the right."""

    label: str
    query: str
    colour: str = ""
    unit: str = ""
    dashed: bool = False
    bars: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """limits: coloured where an alarm would stand.  low, high: of the axis.  log: it counts in tens.

    stacked: the series make up a whole.  bars: counts, not a course.  decimals: of the numbers shown.
    gap: of series whose rows are so far apart that the line must end where more milliseconds are without one; 0: of
    readings, whose windows without a value are rows of their own.
    """

    limits: list[Limit] = field(default_factory=list)
    low: float | None = None
    high: float | None = None
    log: bool = False
    stacked: bool = False
    bars: bool = False
    decimals: int | None = None
    gap: int = 0
    description: str = ""


def chart(title: str, unit: str, series: Sequence[Series], look: Look | None = None) -> Chart:
    """Courses over time. Limits are shaded in the colour of their priority."""
    look = look or Look()
    panel = (
        build_series.Panel()
        .title(title)
        .description(look.description)
        .datasource(SOURCE)
        .unit(unit_of(unit))
        .line_width(1.5)
        .draw_style(common.GraphDrawStyle.BARS if look.bars else common.GraphDrawStyle.LINE)
        .fill_opacity(60 if look.bars else 25 if look.stacked else 0)
        .show_points(common.VisibilityMode.NEVER)
        .insert_nulls(look.gap or False)
        .span_nulls(False if look.gap else GAP)
        .interval(LEAST)
        .thresholds(thresholds(look.limits))
        .thresholds_style(
            build_common.GraphThresholdsStyleConfig().mode(
                common.GraphTresholdsStyleMode.AREA if look.limits else common.GraphTresholdsStyleMode.OFF
            )
        )
        .color_scheme(build.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .legend(
            build_common.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(len(series) > 1 or "${" in series[0].label)
            .calcs([])
        )
        .tooltip(build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    if look.low is not None:
        panel = panel.axis_soft_min(look.low)
    if look.high is not None:
        panel = panel.axis_soft_max(look.high)
    if look.decimals is not None:
        panel = panel.decimals(look.decimals)
    if look.log:
        panel = panel.scale_distribution(
            build_common.ScaleDistributionConfig().type(common.ScaleDistribution.LOG).log(10)
        )
    if look.stacked:
        panel = panel.stacking(build_common.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    for number, one in enumerate(series):
        ref = chr(ord("A") + number)
        panel = panel.with_target(FluxQuery(one.query, ref)).override_by_query(ref, _line(one))
    return panel


def _line(one: Series) -> list[dashboard.DynamicConfigValue]:
    said: list[tuple[str, object]] = [("displayName", one.label)]
    if one.colour:
        said.append(("color", {"mode": "fixed", "fixedColor": one.colour}))
    if one.unit:
        said += [("unit", unit_of(one.unit)), ("custom.axisPlacement", "right")]
    if one.bars:
        said += [("custom.drawStyle", "bars"), ("custom.fillOpacity", 30), ("custom.lineWidth", 0)]
    if one.dashed:
        said.append(("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}))
    return [dashboard.DynamicConfigValue(id_val=name, value=value) for name, value in said]


def stat(
    title: str,
    unit: str,
    query: str,
    some: Sequence[Limit] = (),
    *,
    decimals: int | None = None,
    column: str = "",
    none: str = "no reading",
    mappings: Sequence[dashboard.ValueMapping] = (),
    description: str = "",
) -> Stat:
    """One number, coloured only where an alarm would stand; `column`: of a table, when it is not a number."""
    reduce = build_common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    reduce = reduce.fields(f"/^{column}$/" if column else "")
    panel = (
        build_stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .with_target(FluxQuery(query, "A"))
        .unit(unit_of(unit))
        .no_value(none)
        .thresholds(thresholds(list(some), calm="text"))
        .mappings(list(mappings))
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .text_mode(common.BigValueTextMode.VALUE)
        .reduce_options(reduce)
    )
    return panel if decimals is None else panel.decimals(decimals)


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table is shown. hidden: needed for links only.  link: title and address."""

    label: str
    unit: str = ""
    width: int | None = None
    decimals: int | None = None
    limits: Sequence[Limit] = ()
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    hidden: bool = False
    link: tuple[str, str] | None = None
    time: bool = False


#: Priorities in their colours; what is calm has the colour of text.
PRIORITIES = {name: (name, colour) for name, colour in COLOURS.items()} | {"journal": ("journal", "text")}


def table(
    title: str, query: str, columns: Mapping[str, Column], *, none: str = "nothing", description: str = ""
) -> Table:
    """Rows; the columns of the query in the order of `columns`."""
    panel = (
        build_table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .with_target(FluxQuery(query, "A"))
        .no_value(none)
        .thresholds(thresholds([], calm="text"))
        .cell_height(common.TableCellHeight.SM)
        .with_transformation(
            dashboard.DataTransformerConfig(
                id_val="organize",
                options={
                    "indexByName": {name: number for number, name in enumerate(columns)},
                    "excludeByName": {},
                    "renameByName": {},
                },
            )
        )
    )
    for name, column in columns.items():
        panel = panel.override_by_name(name, _cells(column))
    return panel


def _cells(column: Column) -> list[dashboard.DynamicConfigValue]:
    said: list[tuple[str, object]] = [("displayName", column.label)]
    if column.unit:
        said.append(("unit", unit_of(column.unit)))
    if column.time:
        said.append(("unit", "time:MM-DD HH:mm:ss"))
    if column.width is not None:
        said.append(("custom.width", column.width))
    if column.decimals is not None:
        said.append(("decimals", column.decimals))
    if column.limits:
        said += [("thresholds", thresholds(list(column.limits), "text").build()), *_COLOURED]
    if column.texts:
        options = {key: {"text": text, "color": colour} for key, (text, colour) in column.texts.items()}
        said += [("mappings", [{"type": "value", "options": options}]), *_COLOURED]
    if column.hidden:
        said.append(("custom.hidden", True))
    if column.link:
        said.append(("links", [{"title": column.link[0], "url": column.link[1]}]))
    return [dashboard.DynamicConfigValue(id_val=name, value=value) for name, value in said]


_COLOURED: tuple[tuple[str, object], ...] = (
    ("color", {"mode": "thresholds"}),
    ("custom.cellOptions", {"type": "color-text"}),
)
