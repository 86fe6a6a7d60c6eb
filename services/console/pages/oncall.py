"""On call now: what is being paged and who knows of it, who is on call, who answers for what, silences."""

from __future__ import annotations

from nicegui import ui

from services.console.markup import Markup, tag
from services.console.pages.duty.areas import Areas
from services.console.pages.duty.doing import duties
from services.console.pages.duty.paged import BeingPaged
from services.console.pages.duty.rosters import Rosters
from services.console.pages.duty.silences import Silences
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.words import DUTY, ONCALL


class OnCallNow:
    """One browser's page."""

    def __init__(self) -> None:
        self._paged, self._rosters = BeingPaged(), Rosters()
        self._areas, self._silences = Areas(), Silences()

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        frame.page.classes(add="duty")
        frame.part("duty_fault").classes("wide")
        if frame.room.duties is None:
            return
        self._paged.build(frame)
        with ui.element("div").classes("column"):
            self._rosters.build(frame)
            self._silences.build(frame)
        with ui.element("div").classes("column"):
            self._areas.build(frame)
        self._told = ui.element("section").classes("panel wide").props('id="told" tabindex="-1"')
        with self._told:
            frame.fixed(tag("h2", ONCALL["told_title"]))
            frame.fixed(tag("p", ONCALL["told_note"], _class="muted"))
            frame.part("who_told")

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        if frame.room.duties is None:
            frame.show("duty_fault", tag("div", DUTY["look_only"], _class="banner"))
            return
        look = duties(frame).look()
        fault = tag("div", DUTY["fault"].format(why=look.fault), _class="banner alert") if look.fault else Markup("")
        frame.show("duty_fault", fault)
        self._told.set_visibility(look.rules is not None)
        self._paged.refresh(frame, moment, look)
        self._rosters.refresh(frame, moment, look)
        self._areas.refresh(frame, moment, look)
        self._silences.refresh(frame, moment, look)
