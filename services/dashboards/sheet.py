"""A dashboard as it is put together: what all have alike, places on the grid, and what the catalogue knows."""

from __future__ import annotations

import json
from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from services.core.catalogue import Catalogue
from services.dashboards.flux import source_of_data
from services.dashboards.limits import Limit, greatest, limits

TAG = "headworks"

#: Of a console on the same machine.
CONSOLE = "http://127.0.0.1:8080"

#: Screens: 24 columns; a row is 38 px, so that 16 rows are what 1366×768 shows without scrolling.
COLUMNS = 24


class Book:
    """A catalogue, by type of station: what a dashboard draws of it."""

    def __init__(self, catalogue: Catalogue, console: str = CONSOLE) -> None:
        """console: where the operators' console answers, as their browsers reach it."""
        self.catalogue, self.console = catalogue, console.rstrip("/")

    def limits(self, station_type: str, point: str) -> list[Limit]:
        """See services.dashboards.limits."""
        return limits(self.catalogue, station_type, point)

    def saturated(self, station_type: str, point: str, unit: str) -> list[dashboard.ValueMapping]:
        """At its greatest value an instrument says only that there is at least so much."""
        top = greatest(self.catalogue, station_type, point)
        if top is None:
            return []
        said = dashboard.ValueMappingResult(text=f"≥ {top:,.0f} {unit}", color=COLOUR_OF_MOST)
        return [dashboard.RangeMap(options=dashboard.DashboardRangeMapOptions(from_val=top, to=None, result=said))]

    @property
    def unlike(self) -> tuple[str, ...]:
        """Rules whose limit is no value of their point, but a rise, a ratio or a span of time."""
        kinds: dict[str, set[str]] = {}
        for site in self.catalogue.sites:
            for point in site.points:
                for rule in point.rules:
                    kinds.setdefault(rule.id, set()).add(rule.kind)
        return tuple(sorted(name for name, some in kinds.items() if not some <= {"high", "low"}))

    @property
    def site_names(self) -> dict[str, tuple[str, str]]:
        """(name, colour) by id, as a column's texts want it."""
        return {site.id: (site.name, "text") for site in self.catalogue.sites}

    @property
    def zone_names(self) -> dict[str, tuple[str, str]]:
        """As `site_names`, of zones."""
        return {zone.id: (zone.name, "text") for site in self.catalogue.sites for zone in site.zones}

    @property
    def zone(self) -> str:
        """The zone that is shown first; "" when there is none."""
        return next(iter(self.zone_names), "")

    @property
    def plant(self) -> str:
        """The plant that is shown first: the one with incidents of its own, else the first."""
        plants = [site for site in self.catalogue.sites if site.kind == "plant"] or list(self.catalogue.sites)
        return next((site.id for site in plants if site.incidents), plants[0].id)

    def first_with(self, station: str) -> str:
        """The first site that has a station of this id; "" when none has."""
        return next((s.id for s in self.catalogue.sites if any(one.id == station for one in s.stations)), "")


COLOUR_OF_MOST = "red"


class Sheet:
    """Panels are put from left to right; a row is full at 24 columns."""

    def __init__(self, uid: str, title: str, description: str, book: Book, *, hours: int = 24) -> None:
        self.uid = uid
        zones = {site.time_zone for site in book.catalogue.sites}
        self._build = (
            build.Dashboard(title)
            .uid(f"headworks-{uid}")
            .description(description)
            .tags([TAG])
            .readonly()
            .timezone(zones.pop() if len(zones) == 1 else "browser")
            .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
            .time(f"now-{hours}h", "now")
            .refresh("30s")
            .with_variable(source_of_data())
            .with_variable(build.ConstantVariable("console").label("Console").value(book.console))
            .link(
                build.DashboardLink("Console: alarms")
                .type(dashboard.DashboardLinkType.LINK)
                .url("${console}/alarms")
                .target_blank(True)
            )
            .link(
                build.DashboardLink("Dashboards")
                .type(dashboard.DashboardLinkType.DASHBOARDS)
                .tags([TAG])
                .as_dropdown(True)
                .include_vars(True)
                .keep_time(True)
            )
        )
        self._number = self._y = 0

    def variables(self, *some: cogbuilder.Builder[dashboard.VariableModel]) -> None:
        """Adds variables, the general before the particular."""
        for one in some:
            self._build.with_variable(one)

    def annotations(self, *some: cogbuilder.Builder[dashboard.AnnotationQuery]) -> None:
        """Adds marks."""
        for one in some:
            self._build.annotation(one)

    def row(self, height: int, panels: Sequence[tuple[int, cogbuilder.Builder[dashboard.Panel]]]) -> None:
        """(width, panel) side by side; ValueError when they do not fill the row."""
        if sum(width for width, _ in panels) != COLUMNS:
            raise ValueError(f"{self.uid}: a row of {[width for width, _ in panels]}, {COLUMNS} columns are needed")
        x = 0
        for width, panel in panels:
            self._number += 1
            made = panel.build()
            made.id_val, made.grid_pos = self._number, dashboard.GridPos(x=x, y=self._y, w=width, h=height)
            self._build.with_panel(_Made(made))
            x += width
        self._y += height

    def to_json(self) -> str:
        """The file's text, the same for the same catalogue."""
        made = self._build.build()
        made.id_val = None
        return json.dumps(made, cls=JSONEncoder, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


class _Made(cogbuilder.Builder[dashboard.Panel]):
    """A panel that has its place; with_panel would move one at the beginning of a row."""

    def __init__(self, panel: dashboard.Panel) -> None:
        self._panel = panel

    def build(self) -> dashboard.Panel:
        return self._panel
