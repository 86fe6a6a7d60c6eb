"""The alarms page of one browser: its query, its selection, its rows, and what was done there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from nicegui import ui
from nicegui.events import GenericEventArguments

from services.console.acting.acts import Act
from services.console.acting.comments import Comments
from services.console.markup import Markup, join, tag
from services.console.pages.alarm_list import bars, doing, look, rows, script
from services.console.pages.alarm_list.drawings import Drawings
from services.console.pages.alarm_list.found import Found, find
from services.console.pages.alarm_list.order import Order
from services.console.pages.alarm_list.query import LONGEST_TEXT, ROWS, Query, asked
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.view.alarms import Occurrence
from services.console.words import LIST, speaking
from services.store.database import StoreError

#: Looks (s) for which the list stays as it is after an act, so that what became of it is read where it was done; for
#: which a row says it; and between two counts of comments.
HELD_AFTER, TOLD_FOR, COMMENTS_EVERY = 6, 20, 5


class AlarmPage:
    """See Content."""

    def __init__(self) -> None:
        self.query = Query()
        self.selected: dict[str, None] = {}
        self._order, self._drawings = Order(), Drawings()
        self._looks, self._held_until = 0, 0
        self._busy = self._choosing = self._asking = False
        self._outcomes: dict[str, tuple[int, tuple[str, str, str]]] = {}
        self._comments: dict[str, int] = {}

    # -- what is there

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        self._frame = frame
        request = ui.context.client.request
        self.query = asked(dict(request.query_params)) if request is not None else Query()
        ui.add_css(look.CSS)
        ui.add_head_html(f"<script>{script.SCRIPT}</script>")
        frame.page.classes("alarm-page" if self._works() else "alarm-page looking")
        with ui.element("section").props(f'aria-label="{LIST["filters"]}"'):
            self._own("filters").classes("tools")
            with ui.element("div").classes("tools second"):
                box = tag(
                    "input", type="search", id="alarm-search", placeholder=LIST["search"], value=self.query.text,
                    aria_label=LIST["search_label"], maxlength=str(LONGEST_TEXT), autocomplete="off",
                )  # fmt: skip
                fold = tag("button", LIST["fold"], type="button", data_fold="", aria_expanded="false", _class="do fold")
                ui.html(join(fold, box), sanitize=False)
                self._own("choices")
                self._own("notices").classes("notices")
        listed = ui.element("div").classes("alarm-list")
        with listed.props(f'id="alarm-list" role="table" aria-label="{LIST["title"]}"'):
            self._own("head")
            for at in range(ROWS):
                self._own(f"row{at}").classes("slot").props(f'role="row" tabindex="{-1 if at else 0}"')
            self._own("empty")
        with ui.element("div").classes("under"):
            self._own("pages", "nav").classes("pagesbar").props(f'aria-label="{LIST["pages"]}"')
        self._own("acts").classes("actsbar")
        frame.keys.extend((key, LIST["keys"][name]) for name, key in bars.ALL_KEYS.items())
        ui.on("alarms", self._said)

    def _own(self, name: str, kind: str = "div") -> ui.html:
        """A part with buttons and boxes in it, which the browser's sanitiser would take out; all of it is ours."""
        self._frame.parts[name] = part = ui.html("", sanitize=False, tag=kind)
        return part

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        self._looks += 1
        found = find(moment.view, self.query)
        held = bool(self._busy or self.selected or self._asking or self._looks < self._held_until)
        last = max(-(-len(found.rows) // ROWS), 1)
        if self.query.page > last and not (held and self._order.rows):
            self.query = self.query.but(page=last)
        self._order.look(found.rows, self.query, (self.query.page - 1) * ROWS, ROWS, held)
        self._read_comments()
        self._rows(moment, found)
        frame.show("head", bars.head(0 < len(self.selected) == len(self._order.rows)))
        frame.show("filters", bars.filters(self.query, found))
        if not self._choosing:
            frame.show("choices", bars.choices(moment, self.query, found))
        frame.show("notices", bars.notices(self.query, found, self._order.new, self._order.moved))
        frame.show("pages", bars.pages(self.query, found, len(self._order.rows)))
        frame.show("empty", Markup() if self._order.rows else bars.empty(moment))
        allowed = {act for one in self._chosen() for act in self._possible(one)}
        frame.show("acts", bars.acts(len(self.selected), [act for act in bars.ACTS if act in allowed]))

    def _rows(self, moment: Moment, found: Found) -> None:
        shown = self._order.rows
        here = {id(one) for one in found.rows} if self._order.moved or self._order.new else None
        self._drawings.keep(shown)
        self.selected = {name: None for name in self.selected if any(o.first.occurrence == name for o in shown)}
        for at in range(ROWS):
            if at >= len(shown):
                self._frame.show(f"row{at}", Markup())
                continue
            one = shown[at]
            name = one.first.occurrence
            told = self._outcomes.get(name)
            if told is not None and told[0] < self._looks:
                del self._outcomes[name]
                told = None
            known = rows.Row(
                name in self.selected, here is not None and id(one) not in here,
                self._drawings.of(moment, one, self._looks + at), self._comments.get(name, 0),
                told[1] if told is not None else None,
            )  # fmt: skip
            self._frame.show(f"row{at}", rows.row(moment, self._frame.visitor, one, known))

    def _read_comments(self, anew: bool = False) -> None:
        database = self._frame.room.database
        if database is None or (self._looks % COMMENTS_EVERY != 1 and not anew):
            return
        try:
            self._comments = Comments(database).counts([one.first.occurrence for one in self._order.rows])
        except StoreError:
            self._comments = {}  # the rows matter more; the banner of the service says that its database is away

    # -- what the browser says

    async def _said(self, event: GenericEventArguments) -> None:
        said = event.args if isinstance(event.args, Mapping) else {}
        with speaking(self._frame.visitor.language):
            await self._obey(str(said.get("do", "")), said)

    async def _obey(self, what: str, said: Mapping[str, Any]) -> None:
        name = str(said.get("o", ""))
        match what:
            case "busy":
                self._busy = said.get("on") is True
                return
            case "choosing":
                self._choosing = said.get("on") is True
                return
            case "go":
                self._go(asked(dict(parse_qsl(str(said.get("to", "")).partition("?")[2]))))
            case "address":
                self._go(asked(dict(parse_qsl(str(said.get("to", "")).lstrip("?")))), told=True)
            case "set" if said.get("name") in ("site", "sort", "text"):
                wanted = {str(said["name"]): str(said.get("value", ""))}
                self._choosing = False
                self._go(asked({**_parameters(self.query.but()), **wanted}), typing="text" in wanted)
            case "pick" | "pick_all" if not self._works():
                return
            case "pick" if any(one.first.occurrence == name for one in self._order.rows):
                if name in self.selected:
                    del self.selected[name]
                else:
                    self.selected[name] = None
            case "pick_all":
                shown = [one.first.occurrence for one in self._order.rows]
                self.selected = {} if len(self.selected) == len(shown) else dict.fromkeys(shown)
            case "let_go":
                self.selected.clear()
                self._order.release()
            case "fresh":
                self._order.release()
            case _ if not self._asking:
                await self._act(what, self._chosen() if said.get("all") and self.selected else self._named(name))
        self._redraw()

    def _go(self, query: Query, *, told: bool = False, typing: bool = False) -> None:
        """Another query: its address, unless the browser has it already; nothing that is not seen stays selected."""
        if query == self.query:
            return
        self.query = query
        self.selected.clear()
        if not told:
            how = "replaceState" if typing else "pushState"
            ui.run_javascript(f"history.{how}({{}}, '', {json.dumps(query.address)})")
        if not typing:
            ui.run_javascript(f"document.getElementById('alarm-search').value = {json.dumps(query.text)}")

    def _redraw(self) -> None:
        self.refresh(self._frame, self._frame.room.moment())

    def _named(self, name: str) -> list[Occurrence]:
        return [one for one in self._order.rows if one.first.occurrence == name]

    def _chosen(self) -> list[Occurrence]:
        return [one for one in self._order.rows if one.first.occurrence in self.selected]

    def _works(self) -> bool:
        """Whether the visitor may do anything here."""
        return any(self._frame.visitor.may(act) for act in bars.ACTS)

    def _possible(self, one: Occurrence) -> tuple[str, ...]:
        own = rows.possible(one, self._frame.visitor)
        return (*own, "comment") if self._frame.visitor.may("comment") else own

    # -- what is done

    async def _act(self, what: str, named: Sequence[Occurrence]) -> None:
        act = "acknowledge" if what == "noted" else what
        if act not in bars.ACTS:
            return
        if not named:
            self._frame.say(LIST["nothing"])
            return
        fit = [one for one in named if act in self._possible(one)]
        if not fit:
            self._frame.say(LIST["cannot"].format(act=LIST["acts"][act]), bad=True)
            return
        self._asking = True
        try:
            order = await doing.asked(self._frame, what, fit, len(named) - len(fit))
        finally:
            self._asking = False
            ui.run_javascript("alarmFocus()")
        if order is not None and act == "comment":
            await doing.comment(self._frame, fit, order.why)
            self._read_comments(anew=True)
        elif order is not None:
            await self._send(act, order, fit)

    async def _send(self, act: str, order: Act, fit: Sequence[Occurrence]) -> None:
        """Sends it, and each row says at once what becomes of it."""
        of = {one.target: one.first.occurrence for one in fit}
        for name in of.values():
            self._tell(name, (act, "sent", ""))
        self._redraw()
        done = await self._frame.act(order)
        for name in of.values():
            self._outcomes.pop(name, None)
        for result in done or ():
            self._tell(of.get(result.occurrence, result.occurrence), (act, result.outcome, result.reason))
        self.selected.clear()
        self._held_until = self._looks + HELD_AFTER

    def _tell(self, name: str, outcome: tuple[str, str, str]) -> None:
        self._outcomes[name] = (self._looks + TOLD_FOR, outcome)


def _parameters(query: Query) -> dict[str, str]:
    return dict(parse_qsl(query.address.partition("?")[2]))
