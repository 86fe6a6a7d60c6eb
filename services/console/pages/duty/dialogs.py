"""A dialog that asks a few things and does one: Enter does it, Escape leaves it, what is wrong is said inside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from services.console import wording
from services.console.markup import Markup, tag
from services.console.pages.frame import Frame
from services.console.words import DUTY, language, speaking
from services.core.catalogue.model import Site
from services.core.clock import to_datetime, to_ns
from services.duty.areas import NotDone

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """kind: `text`, `time` (value: ns or None), `choose` (options), `several` (options), `check` or `target`.

    A target is chosen from the catalogue: a site, then perhaps a station of it, then perhaps a point.
    """

    name: str
    kind: str
    label: str
    value: Any = None
    options: Mapping[str, str] | None = None
    sites: Sequence[Site] = ()


def ask(
    frame: Frame, title: str, fields: Sequence[Field], submit: str, does: Callable[[Values], Awaitable[str | None]],
    tells: Callable[[Values], Markup] | None = None,
) -> None:  # fmt: skip
    """Opens it. does: None when it was done, else why not.  tells: what the values mean, drawn anew as they change."""
    with speaking(frame.visitor.language), frame.page:
        dialog = ui.dialog().props("no-shake transition-duration=0")
        dialog.props["aria-label"] = title
        with dialog, ui.element("form").classes("ask panel") as form:
            form.props["aria-label"] = title
            ui.html(tag("h2", title), sanitize=True)
            asked = {one.name: _made(one, frame.room.zone, first=i == 0) for i, one in enumerate(fields)}
            told = ui.html("", sanitize=True).classes("tells").props('aria-live="polite"')
            wrong = ui.label("").classes("wrong").props('role="alert"')
            with ui.element("div").classes("foot-acts"):
                button = ui.element("button").props('type="submit"').classes("act main-act")
                with button:
                    ui.label(submit)
                leave = ui.element("button").props('type="button"').classes("act").on("click", lambda _: dialog.close())
                with leave:
                    ui.label(DUTY["cancel"])

        def values() -> dict[str, Any]:
            return {name: read() for name, (read, _) in asked.items()}

        def tell() -> None:
            with speaking(frame.visitor.language):
                if tells is not None:
                    told.set_content(tells(values()))

        async def submitted() -> None:
            with speaking(frame.visitor.language):
                try:
                    why = await does(values())
                except NotDone as error:
                    why = str(error)
                wrong.set_text(why or "")
                if why is None:
                    dialog.close()
                    frame.refresh()

        form.on("submit.prevent", submitted, args=[])
        dialog.on("hide", lambda _: dialog.delete(), args=[])
        for _, changes in asked.values():
            for one in changes:
                one.on_value_change(lambda _: tell())
        tell()
        dialog.open()


_Made = tuple[Callable[[], Any], list[Any]]


def _made(one: Field, zone: ZoneInfo, *, first: bool) -> _Made:
    if one.kind == "target":
        return _target(one)
    if one.kind == "time":
        written = "" if one.value is None else wording.local(one.value, zone, "%Y-%m-%dT%H:%M")
        made: Any = ui.input(one.label, value=written).props('type="datetime-local" stack-label')
        return lambda: _moment(made.value, zone), [made]
    if one.kind == "choose":
        made = ui.select(dict(one.options or {}), label=one.label, value=one.value)
    elif one.kind == "several":
        made = ui.select(dict(one.options or {}), label=one.label, value=one.value or [], multiple=True)
        made.props("use-chips")
    elif one.kind == "check":
        made = ui.checkbox(one.label, value=bool(one.value))
    else:
        made = ui.input(one.label, value=one.value or "").props("maxlength=500")
    made.props("autofocus" if first else "").classes("field")
    return lambda: made.value, [made]


def _moment(written: object, zone: ZoneInfo) -> int | None:
    """ns of a time as the browser writes it, of the utility's wall clock. NotDone for what is none."""
    if not written:
        return None
    try:
        return to_ns(datetime.fromisoformat(str(written)).replace(tzinfo=zone))
    except ValueError:
        raise NotDone(f"{str(written)[:40]!r}: must be a date and a time") from None


def _target(one: Field) -> _Made:
    """Three lists, each of what lies in the choice before it."""
    sites = {site.id: site for site in one.sites}
    given = [*str(one.value or "").split("/"), "", "", ""]
    site = ui.select(
        {key: wording.said(s.name) for key, s in sites.items()}, label=DUTY["site"],
        value=given[0] if given[0] in sites else next(iter(sites), None), with_input=len(sites) > 8,
    ).classes("field").props("autofocus")  # fmt: skip
    station = ui.select({"": DUTY["whole_site"]}, label=DUTY["station"], value="").classes("field")
    point = ui.select({"": DUTY["whole_station"]}, label=DUTY["point"], value="").classes("field")
    spoken = language()

    def of_site() -> None:
        with speaking(spoken):
            found = sites.get(str(site.value))
            known = {} if found is None else {s.id: wording.said(s.name) for s in found.stations}
            station.set_options({"": DUTY["whole_site"]} | known, value="")
            of_station()

    def of_station() -> None:
        with speaking(spoken):
            found = sites.get(str(site.value))
            points = () if found is None else found.points
            known = {
                p.name: wording.said(p.description or p.name)
                for p in points if p.station == station.value and not p.removed and p.rules
            }  # fmt: skip
            point.set_options({"": DUTY["whole_station"]} | known, value="")
            point.set_visibility(bool(station.value))

    site.on_value_change(lambda _: of_site())
    station.on_value_change(lambda _: of_station())
    of_site()
    if given[1]:
        station.set_value(given[1])
    return lambda: "/".join(str(part.value) for part in (site, station, point) if part.value), [site, station, point]


def at(ns: int, zone: ZoneInfo) -> str:
    """Date and time of the utility's clock."""
    return to_datetime(ns).astimezone(zone).strftime("%Y-%m-%d %H:%M")
