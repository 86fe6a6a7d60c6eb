"""The handover: what the leaving shift leaves to the next, on one page that can be printed, copied and signed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from nicegui import ui

from services.alerts.lifecycle.standing import Standing
from services.console import wording
from services.console.acting.acts import Forbidden
from services.console.acting.logbook import Empty, Logbook
from services.console.markup import Markup, join, tag
from services.console.pages import handover_text as said
from services.console.pages import incident, naming
from services.console.pages.frame import Frame
from services.console.pages.handover_style import CSS
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.view.handover import Bad, BadShift, Changes, Sheet, Silent, sheet, starts_of
from services.console.view.snapshots import IncidentView
from services.console.words import HANDOVER, PAGE, PLANTS, speaking
from services.core.clock import DAY
from services.core.records import AlarmEvent
from services.duty.notes import LONGEST, Note
from services.store.database import StoreError

#: Wall seconds that a look at every point may be old.
FRESH = 5.0

#: Looks between two drawings, and rows of a list that are drawn.
LOOKS, ROWS = 2, 25

#: Out of service for longer (ns) stands out.
OLD = 3 * DAY

#: The lists in the order of the page: what needs somebody first.
ORDER = (
    "incidents", "unseen", "returned", "stale", "uncertain", "standing", "shelved", "removed", "work", "suppressed",
    "silent", "bad",
)  # fmt: skip

_COPY = """
const said = {text};
const fallback = () => {{ const box = document.createElement("textarea"); box.value = said;
  document.body.append(box); box.select(); const done = document.execCommand("copy"); box.remove(); return done; }};
return navigator.clipboard ? navigator.clipboard.writeText(said).then(() => true, fallback) : fallback();
"""


class HandoverPage:
    """One browser's page. `/handover?shifts=07:00,15:00,23:00` sets the local times at which shifts change."""

    def __init__(self) -> None:
        self._looks = 0
        self._starts = starts_of("")
        self._notes: Sequence[Note] = ()
        self._box: Any = None

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        ui.add_css(CSS)
        frame.page.classes("handover-page")
        request = ui.context.client.request
        asked = request.query_params.get("shifts", "")[:100] if request is not None else ""
        try:
            self._starts = starts_of(asked)
        except BadShift as error:
            frame.fixed(tag("p", str(error), _class="panel", role="alert"))
        frame.part("handover_head").classes("main handover-head")
        with ui.element("div").classes("tools"):
            ui.button(HANDOVER["print"], on_click=lambda: ui.run_javascript("window.print()")).props("no-caps outline")
            ui.button(HANDOVER["copy"], on_click=lambda: self._copy(frame)).props("no-caps outline")
            frame.fixed(tag("a", HANDOVER["responsibility"], href="/oncall"))
        frame.part("handover_fault").props('role="status"')
        with ui.element("section").classes("panel main notes").props(f'aria-label="{HANDOVER["notes"]}"'):
            frame.fixed(tag("h2", HANDOVER["notes"])).classes("title")
            if frame.visitor.may("shift_note"):
                self._note_box(frame)
            frame.part("notes")
        frame.part("changes").classes("main changes-part")
        frame.part("lists").classes("main lists")
        frame.fixed(signatures()).classes("signing")

    def _note_box(self, frame: Frame) -> None:
        async def write() -> None:
            if await self._write(frame, str(self._box.value or "")):
                self._box.value = ""

        with ui.element("div").classes("writing"):
            props = f"autogrow outlined dense maxlength={LONGEST}"
            self._box = ui.textarea(HANDOVER["write"]).props(props)
            self._box.on("keydown.ctrl.enter", write)
            ui.button(HANDOVER["sign"], on_click=write).props("no-caps unelevated color=blue-9")

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        if self._looks % LOOKS == 0:
            self._draw(frame, moment)
        self._looks += 1

    def _draw(self, frame: Frame, moment: Moment) -> None:
        self._read(frame)
        found = sheet(moment.view, moment.zone, self._starts, FRESH)
        frame.show("handover_head", head(moment, found))
        frame.show("notes", notes(moment, self._notes))
        newest = self._notes[0] if self._notes else None
        frame.show("changes", changes(moment, newest, found.since(newest) if newest is not None else None))
        frame.show("lists", lists(moment, found))

    def _read(self, frame: Frame) -> None:
        database, desk = frame.room.database, frame.room.desk
        if database is None or desk is None:
            return
        try:
            self._notes = Logbook(database, desk.accounts).notes(5)
            frame.show("handover_fault", Markup(""))
        except StoreError as error:
            fault = HANDOVER["unread"].format(why=error)
            frame.show("handover_fault", tag("p", fault, _class="banner alert"))

    async def _write(self, frame: Frame, text: str) -> bool:
        user = await frame.present("shift_note")
        database, desk = frame.room.database, frame.room.desk
        if user is None or database is None or desk is None:
            return False
        with speaking(frame.visitor.language):
            moment = frame.room.moment()
            lists = sheet(moment.view, moment.zone, self._starts).lists()
            book = Logbook(database, desk.accounts)
            try:
                await asyncio.to_thread(book.note, user, frame.visitor.address, text, desk.now(), lists)
            except (Forbidden, Empty, StoreError) as error:
                frame.say(PAGE["not_taken"].format(why=error), bad=True)
                return False
            frame.say(HANDOVER["written"])
            self._draw(frame, frame.room.moment())
        return True

    async def _copy(self, frame: Frame) -> None:
        with speaking(frame.visitor.language):
            moment = frame.room.moment()
            found = sheet(moment.view, moment.zone, self._starts, FRESH)
            note = self._notes[0] if self._notes else None
            whole = said.text(moment, found, note, found.since(note) if note is not None else None)
            try:
                done = await ui.run_javascript(_COPY.format(text=json.dumps(whole)), timeout=5.0)
            except TimeoutError:
                done = False
            frame.say(HANDOVER["copied"] if done else HANDOVER["not_copied"], bad=not done)


def head(moment: Moment, found: Sheet) -> Markup:
    """Which shift, how much it has heard."""
    load = said.load(moment, found)
    often = [
        f"{naming.place(moment, event.site)}: "
        f"{naming.alarm(moment, (event.site, event.station, event.point, event.rule))} × {times}"
        for event, times in found.oftenest
        if times > 1
    ]
    return join(
        tag("h2", f"{HANDOVER['title']} · {said.title(moment, found)}"),
        tag("p", load, _class="load"),
        tag("p", HANDOVER["often"].format(which="; ".join(often[:3])), _class="muted") if often else None,
    )


def notes(moment: Moment, found: Sequence[Note]) -> Markup:
    """What shifts wrote, newest first: the newest as a whole, those before it folded."""
    if not found:
        return tag("p", HANDOVER["no_note"], _class="muted")
    newest, *older = [
        tag("li", tag("b", one.user), " ", tag("time", wording.local(one.time, moment.zone, "%m-%d %H:%M")),
            tag("p", one.text, _class="written"))
        for one in found
    ]  # fmt: skip
    drawn = [tag("ul", newest, _class="note-list")]
    if older:
        drawn.append(tag("details", tag("summary", HANDOVER["older"].format(n=len(older))),
                         tag("ul", *older, _class="note-list")))  # fmt: skip
    return join(*drawn)


def changes(moment: Moment, note: Note | None, found: Changes | None) -> Markup:
    """What has changed since the newest note was written."""
    if note is None or found is None:
        return Markup("")
    title = tag("h2", HANDOVER["changed"].format(who=note.user, time=moment.at(note.time)))
    rows = [
        tag("li", tag("b", word), ": ", "; ".join(names)) for word, names in said.changed(moment, found)
    ] or [tag("li", HANDOVER["unchanged"], _class="muted")]  # fmt: skip
    return tag("section", title, tag("ul", *rows), _class="panel changes")


def signatures() -> Markup:
    """On paper alone."""
    return tag("p", *(tag("span", HANDOVER[one]) for one in ("gives", "takes")), _class="signatures")


def lists(moment: Moment, found: Sheet) -> Markup:
    """Every list that has something; those that have nothing in one line."""
    drawn: list[Markup] = []
    empty: list[str] = []
    for name in ORDER:
        count, rows = _rows(moment, found, name)
        if not count:
            empty.append(str(HANDOVER["lists"][name]))
            continue
        title = tag("h3", HANDOVER["lists"][name], " ", tag("b", str(count), _class="many"))
        left = (len(rows) if name == "silent" else count) - ROWS
        more = tag("p", HANDOVER["more"].format(n=left), _class="muted") if left > 0 else None
        drawn.append(tag("section", title, tag("ul", *rows[:ROWS]), more, _class=f"panel list of-{name}"))
    if moment.old:
        drawn.insert(0, tag("p", HANDOVER["old"], _class="panel"))
    elif empty:
        drawn.append(tag("p", HANDOVER["none_of"].format(lists=", ".join(empty)), _class="muted none-of"))
    return join(*drawn)


def _rows(moment: Moment, found: Sheet, name: str) -> tuple[int, list[Markup]]:
    """How many there are, and the first of them."""
    match name:
        case "incidents":
            return len(found.incidents), [_incident(moment, found, one) for one in found.incidents[:ROWS]]
        case "work":
            return len(found.alarms.work), [_work(moment, event) for event in found.alarms.work[:ROWS]]
        case "silent":
            return len(found.silent), _silent(moment, found.silent)
        case "bad":
            return len(found.bad), [_bad(moment, one) for one in found.bad[:ROWS]]
    alarms = found.of(name)
    return len(alarms), [_alarm(moment, found, one, name) for one in alarms[:ROWS]]


def _alarm(moment: Moment, found: Sheet, one: Standing, name: str) -> Markup:
    what = join(symbol(one.last.priority, small=True), " ", naming.alarm(moment, one.name))
    old = name == "removed" and one.removed is not None and found.now - one.removed.since > OLD
    return _line(what, naming.place(moment, one.name[0], one.name[1]), said.detail(moment, one, name), old=old)


def _bad(moment: Moment, one: Bad) -> Markup:
    label = wording.said(one.point.description or one.point.name)
    return _line(label, naming.place(moment, one.site.id, one.station.id), _why(moment, one))


def _incident(moment: Moment, found: Sheet, one: IncidentView) -> Markup:
    link = tag("a", incident.kind_of(one), href=incident.address(one.incident))
    detail = f"{HANDOVER['since'].format(time=moment.at(one.began), age=wording.age(found.now - one.began))}"
    step = wording.said(one.next_step)
    return _line(join(link, " · ", incident.phase_of(one.phase)), wording.said(one.site_name), f"{detail} → {step}")


def _work(moment: Moment, event: AlarmEvent) -> Markup:
    what = "/".join(part for part in (event.point, event.rule) if part) or HANDOVER["whole"]
    until = HANDOVER["until"].format(time=moment.at(event.until or None))
    why = naming.reason(event.who, event.cause)
    return _line(what, naming.place(moment, event.site, event.station), f"{until} · {why}")


def _silent(moment: Moment, found: Sequence[Silent]) -> list[Markup]:
    """A station a row; a site of which nothing reports in one."""
    rows = []
    for site in {one.site.id: one.site for one in found}.values():
        stations = [one.station for one in found if one.site.id == site.id]
        whole = len(stations) > 1 and len(stations) == len(site.stations)
        for station in stations[:1] if whole else stations:
            through = site.through if whole else station.through
            since = PLANTS["silent"].format(time=moment.at(through)) if through is not None else PLANTS["never"]
            name = HANDOVER["stations"].format(n=len(stations)) if whole else wording.said(station.name)
            rows.append(_line(name, wording.said(site.name), since))
    return rows


def _why(moment: Moment, one: Bad) -> str:
    why = str(PLANTS["whys"].get(one.point.why, wording.said(one.point.why)))
    good = one.point.good_at
    return why if good is None else str(PLANTS["since"].format(why=why, time=moment.at(good)))


def _line(what: object, where: str, detail: str, *, old: bool = False) -> Markup:
    return tag(
        "li", tag("span", what, _class="name"), tag("span", where, _class="place muted"),
        tag("span", detail, _class="detail"), _class="old" if old else None,
    )  # fmt: skip
