"""The one page: parts of markup that are sent when they change, charts, and a heartbeat to the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from services.console import wording
from services.console.markup import Markup, tag
from services.console.pages import alarms, header, incident, plants, style, trends
from services.console.pages.moment import Moment
from services.console.trend import SPAN
from services.console.words import ALARMS, FOOTER, PAGE, PLANTS, TRENDS
from services.core.clock import HOUR

#: Wall seconds between two looks, and how many looks there are to one new drawing of the charts.
PERIOD = 1.0
CHARTS_EVERY = 3

#: So many alarms leave room for the charts beside the plants.
FEW = 2


class Overview:
    """One browser's page. `look` gives the present moment."""

    def __init__(self, look: Callable[[], Moment]) -> None:
        self._look = look
        self._beats = 0
        self._shown: dict[str, str] = {}
        self._parts: dict[str, Any] = {}
        self._charts: dict[str, ui.echart] = {}
        moment = look()
        self._build(moment)
        self.refresh()
        ui.timer(PERIOD, self.refresh, immediate=False)

    def _build(self, moment: Moment) -> None:
        ui.add_css(style.CSS)
        ui.add_head_html(f"<script>{style.SCRIPT}</script>")
        self._beat = ui.element("div").props('id="beat" aria-hidden="true"').classes("aloud")
        ui.link(PAGE["skip"], "#alarms").classes("skip")
        self._part("aloud", "div").classes("aloud").props('aria-live="assertive"')
        with ui.element("div").classes("top").props('role="banner"'):
            with ui.element("div").classes("bar"):
                self._part("header", "div").classes("head")
                self._fixed(
                    tag("span", PAGE["connected"], _class="ok") + tag("span", PAGE["lost_short"], _class="no")
                ).classes("link")
            before, after = PAGE["lost"].split("{since}")
            self._fixed(tag("span", before) + tag("span", "4", id="lost-since") + tag("span", after)).classes(
                "banner alert lostbar"
            ).props('role="alert"')
            self._part("banners", "div").props('role="status"')
        self._page = ui.element("main").classes("page")
        with self._page:
            self._part("incidents", "div").classes("incidents main")
            self._alarm_list()
            with ui.element("section").classes("plants").props(f'aria-label="{PLANTS["title"]}"'):
                self._part("plants", "div").classes("tiles main")
            with ui.element("section").classes("trends main"):
                self._part("trend_title", "div")
                with ui.element("div").classes("charts"):
                    self._draw(moment)
        self._part("foot", "footer").classes("foot")

    def _alarm_list(self) -> None:
        with ui.element("section").classes("panel main").props(f'id="alarms" tabindex="-1" '
                                                          f'aria-label="{ALARMS["title"]}"'):  # fmt: skip
            self._fixed(tag("h2", ALARMS["title"])).classes("title")
            self._part("active", "div")
            for name in ("hidden", "cleared", "history"):
                self._parts[f"{name}_fold"] = fold = ui.expansion(ALARMS[name]).classes("fold")
                with fold:
                    self._part(name, "div")

    def _fixed(self, content: str) -> ui.html:
        return ui.html(content, sanitize=True)

    def _part(self, name: str, kind: str) -> ui.html:
        self._parts[name] = part = ui.html("", sanitize=True, tag=kind)
        return part

    def _draw(self, moment: Moment) -> None:
        site = trends.primary(moment)
        drawn = trends.charts(moment, site.id) if site else {}
        for name, options in drawn.items():
            if name not in self._charts:
                with ui.element("div").classes("panel"):
                    self._fixed(tag("h3", TRENDS[name]))
                    self._charts[name] = (
                        ui.echart(options).classes("chart").props(f'role="img" aria-label="{TRENDS[name]}"')
                    )
            else:
                chart = self._charts[name]
                chart.options.clear()
                chart.options.update(options)
                chart.update()

    def _show(self, name: str, content: Markup) -> None:
        """Sends a part only when it changed, so that a quiet night is quiet on the wire too."""
        if self._shown.get(name) != content:
            self._shown[name] = content
            self._parts[name].set_content(content)

    def refresh(self) -> None:
        """Draws what changed since the last look."""
        moment = self._look()
        view = moment.view
        hidden, cleared = view.hidden(), view.cleared()
        self._show("header", header.header(moment))
        self._show("banners", header.banners(moment))
        self._show("aloud", tag("span", header.announcement(moment)))
        self._show("incidents", incident.incidents(moment))
        self._show("active", alarms.active(moment))
        self._show("hidden", alarms.table(moment, hidden, ALARMS["hidden"]))
        self._show("cleared", alarms.table(moment, cleared, ALARMS["cleared"]))
        self._show("history", alarms.history(moment))
        self._parts["hidden_fold"].set_text(f"{ALARMS['hidden']} ({len(hidden)})")
        self._parts["cleared_fold"].set_text(f"{ALARMS['cleared']} ({len(cleared)})")
        self._show("plants", plants.plants(moment))
        site = trends.primary(moment)
        title = TRENDS["title"].format(site=site.name if site else "", hours=SPAN // HOUR)
        self._show("trend_title", tag("h2", title))
        counters = " · ".join(
            f"{name.replace('_', ' ')} {wording.count(value)}" for name, value in moment.status.counters.items()
        )
        self._show("foot", tag("span", f"{FOOTER['note']} {counters}"))
        calm = len(view.active()) <= FEW
        for name, on in (("old", moment.old), ("calm", calm)):
            self._page.classes(add=name if on else "", remove="" if on else name)
        if self._beats and self._beats % CHARTS_EVERY == 0:
            self._draw(moment)
        self._beats += 1
        self._beat.props(f'data-beat="{self._beats}"')
