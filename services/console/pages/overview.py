"""The overview: incidents, active alarms, plants and trends on one screen."""

from __future__ import annotations

from nicegui import ui

from services.console import wording
from services.console.markup import tag
from services.console.pages import alarms, incident, plants, trends
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.view.trend import SPAN
from services.console.words import ALARMS, PLANTS, TRENDS
from services.core.clock import HOUR

#: How many looks there are to one new drawing of the charts.
CHARTS_EVERY = 3

#: So many alarms leave room for the charts beside the plants.
FEW = 2


class Overview:
    """One browser's overview."""

    def __init__(self) -> None:
        self._looks = 0
        self._charts: dict[str, ui.echart] = {}

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        frame.part("incidents").classes("incidents main")
        self._alarm_list(frame)
        with ui.element("section").classes("plants").props(f'aria-label="{PLANTS["title"]}"'):
            frame.part("plants").classes("tiles main")
        with ui.element("section").classes("trends main"):
            frame.part("trend_title")
            with ui.element("div").classes("charts"):
                self._draw(frame, moment)

    def _alarm_list(self, frame: Frame) -> None:
        with ui.element("section").classes("panel main").props(f'id="alarms" tabindex="-1" '
                                                          f'aria-label="{ALARMS["title"]}"'):  # fmt: skip
            frame.fixed(tag("h2", ALARMS["title"])).classes("title")
            frame.part("active")
            for name in ("hidden", "cleared", "history"):
                frame.parts[f"{name}_fold"] = fold = ui.expansion(ALARMS[name]).classes("fold")
                with fold:
                    frame.part(name)

    def _draw(self, frame: Frame, moment: Moment) -> None:
        site = trends.primary(moment)
        drawn = trends.charts(moment, site.id) if site else {}
        for name, options in drawn.items():
            if name not in self._charts:
                with ui.element("div").classes("panel"):
                    frame.fixed(tag("h3", TRENDS[name]))
                    self._charts[name] = (
                        ui.echart(options).classes("chart").props(f'role="img" aria-label="{TRENDS[name]}"')
                    )
            else:
                chart = self._charts[name]
                chart.options.clear()
                chart.options.update(options)
                chart.update()

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        view = moment.view
        hidden, cleared = view.hidden(), view.cleared()
        frame.show("incidents", incident.incidents(moment))
        frame.show("active", alarms.active(moment))
        frame.show("hidden", alarms.table(moment, hidden, ALARMS["hidden"]))
        frame.show("cleared", alarms.table(moment, cleared, ALARMS["cleared"]))
        frame.show("history", alarms.history(moment))
        frame.parts["hidden_fold"].set_text(f"{ALARMS['hidden']} ({len(hidden)})")
        frame.parts["cleared_fold"].set_text(f"{ALARMS['cleared']} ({len(cleared)})")
        frame.show("plants", plants.plants(moment))
        site = trends.primary(moment)
        title = TRENDS["title"].format(site=wording.said(site.name) if site else "", hours=SPAN // HOUR)
        frame.show("trend_title", tag("h2", title))
        calm = len(view.active()) <= FEW
        frame.page.classes(add="overview calm" if calm else "overview", remove="" if calm else "calm")
        if self._looks and self._looks % CHARTS_EVERY == 0:
            self._draw(frame, moment)
        self._looks += 1
