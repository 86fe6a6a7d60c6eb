"""Silences of paging: those in force, a new one, and the end of one before its time."""

from __future__ import annotations

from nicegui import ui

from services.access.accounts import Identity
from services.alerts.oncall.silences import Silence
from services.console import wording
from services.console.acting.duties import Look
from services.console.markup import Markup, join, tag
from services.console.pages.duty.dialogs import Field, Values, ask
from services.console.pages.duty.doing import attempt, duties, tell_wish, text, wished
from services.console.pages.duty.rows import Button, Row, Rows
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.words import DUTY, ONCALL, speaking
from services.core.clock import HOUR, MINUTE
from services.duty.areas import NotDone


class Silences:
    """One browser's section."""

    def build(self, frame: Frame) -> None:
        """Inside the element that is open."""
        with ui.element("section").classes("panel").props('id="silences" tabindex="-1"'):
            with ui.element("div").classes("title-acts"):
                frame.fixed(tag("h2", ONCALL["silences"]))
                if frame.visitor.may("silence"):
                    new = ui.element("button").props('type="button"').classes("act")
                    new.on("click", lambda _: _ask(frame))
                    with new:
                        ui.label(ONCALL["silence"])
            self._rows = Rows(ONCALL["silences"])

    def refresh(self, frame: Frame, moment: Moment, look: Look) -> None:
        """As it is now."""
        self._rows.show([_row(frame, one, moment) for one in look.paging.silences], ONCALL["no_silence"])


def _row(frame: Frame, one: Silence, moment: Moment) -> Row:
    told = ONCALL["silent"].format(
        target=place(one.prefix, moment), time=moment.at(one.until), why=one.why, who=one.who
    )
    held = ONCALL["critical_held"] if one.critical else ONCALL["critical_pages"]
    end = wished(frame, "silence", lambda user, address: duties(frame).unsilence(user, address, one.id))
    buttons = (Button(ONCALL["end"], end, told),) if frame.visitor.may("silence") else ()
    return Row(one.id, join(tag("span", told), " ", tag("small", held)), buttons)


def place(target: str, moment: Moment) -> str:
    """A site, station or point by its names."""
    parts = target.split("/")
    site = next((one for one in moment.view.catalogue() if one.id == parts[0]), None)
    if site is None:
        return target
    told = [wording.said(site.name)]
    if len(parts) > 1:
        told.append(wording.said(next((one.name for one in site.stations if one.id == parts[1]), parts[1])))
    if len(parts) > 2:
        point = next((p for p in site.points if p.station == parts[1] and p.name == parts[2]), None)
        told.append(wording.said((point.description if point is not None else "") or parts[2]))
    return " › ".join([*told, *parts[3:]])


def _ask(frame: Frame) -> None:
    with speaking(frame.visitor.language):
        d = duties(frame)
        now = d.now()
        fields = [
            Field("target", "target", "", sites=frame.room.view.catalogue()),
            Field("until", "time", DUTY["end"], now - now % MINUTE + 2 * HOUR),
            Field("why", "text", DUTY["why"]),
        ]
        if frame.visitor.may("silence_critical"):
            fields.append(Field("critical", "check", ONCALL["critical_too"]))

        def tells(values: Values) -> Markup:
            return tag("p", ONCALL["silence_note"])

        async def does(values: Values) -> str | None:
            if values["until"] is None:
                raise NotDone("end: must be given")
            names: list[str] = []

            def what(user: Identity, address: str) -> None:
                critical = values.get("critical") is True
                target, why = text(values, "target"), text(values, "why")
                names.append(d.silence(user, address, target, values["until"], why, critical))

            why = await attempt(frame, "silence", what)
            if why is None:
                await tell_wish(frame, names[0])
            return why

        ask(frame, ONCALL["silence_title"], fields, ONCALL["silence"].rstrip("…. "), does, tells)
