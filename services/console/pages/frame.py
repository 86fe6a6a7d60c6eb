"""The frame of every page: top line, navigation, banners, the heartbeat to the browser, and acts in a visitor's name.

Parts of a page are sent when they change, so that a quiet night is quiet on the wire too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from nicegui import background_tasks, ui

from services.access.accounts import Identity
from services.access.roles import NEEDS, may
from services.console.acting.acts import LATE, Act, Forbidden, NeedsEnd, Result, do, later
from services.console.door.gate import Visitor
from services.console.markup import Markup, tag
from services.console.pages import attention, header, style
from services.console.pages.moment import Moment
from services.console.pages.navigation import help_button, help_dialog, navigation, of_people
from services.console.room import Room
from services.console.words import LIST, NAVIGATION, PAGE, speaking
from services.core.errors import LogError
from services.store.database import StoreError

#: Wall seconds between two looks, and between two questions whether the visitor may still look.
PERIOD, ASKED_EVERY = 1.0, 5.0

#: To the sign-in, and from there back to this very view.
_SIGN_IN = "location.href = '/sign-in?next=' + encodeURIComponent(location.pathname + location.search)"


class Content(Protocol):
    """What a page holds inside the frame. It is built once for a browser, in the visitor's language."""

    def build(self, frame: Frame, moment: Moment) -> None:
        """Makes the page's elements inside `frame.page`."""

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """Shows what changed since the last look; `frame.show` sends nothing else."""


class Frame:
    """One browser's page. links: (path, name in NAVIGATION) of all pages; path: of this one.  notices: what every
    page says above its content.

    keys: the page's own keys and their words, for the help; its `build` appends them.
    """

    def __init__(
        self, room: Room, visitor: Visitor, content: Content, links: Sequence[tuple[str, str]], path: str,
        notices: Content | None = None,
    ) -> None:  # fmt: skip
        self.room, self.visitor, self._notices = room, visitor, notices
        self.keys: list[tuple[str, str]] = []
        self.gone = False
        self._client = ui.context.client
        self._content, self._links, self._path = content, links, path
        self._beats = 0
        self._shown: dict[str, str] = {}
        self.parts: dict[str, Any] = {}
        with speaking(visitor.language):
            self._build(room.moment())
        self.refresh()
        self._timers = [ui.timer(PERIOD, self.refresh, immediate=False)]
        if room.gate is not None:
            self._timers.append(ui.timer(ASKED_EVERY, self._still_here, immediate=False))

    # -- for the contents

    def fixed(self, content: str) -> ui.html:
        """Markup that never changes."""
        return ui.html(content, sanitize=True)

    def part(self, name: str, kind: str = "div") -> ui.html:
        """A part that `show` fills."""
        self.parts[name] = part = ui.html("", sanitize=True, tag=kind)
        return part

    def show(self, name: str, content: Markup) -> None:
        """Sends a part only when it changed."""
        if self._shown.get(name) != content:
            self._shown[name] = content
            self.parts[name].set_content(content)

    async def present(self, act: str = "view") -> Identity | None:
        """Who the visitor is now, if they may do `act`; else None, and the page has said so. Ask before each change."""
        with speaking(self.visitor.language):
            gate = self.room.gate
            try:
                user = await asyncio.to_thread(gate.present, self.visitor) if gate is not None else None
                if user is None:
                    self.leave()
                elif may(user.role, act):
                    return user
                else:
                    assert gate is not None
                    here = (user.name, self.visitor.address, act, self._path, "forbidden", "")
                    await asyncio.to_thread(gate.accounts.record, *here)
                    needed = NEEDS[act].value if act in NEEDS else "nobody's"
                    self.say(PAGE["not_taken"].format(why=f"{act}: {needed}"), bad=True)
            except StoreError as error:
                self.say(PAGE["not_taken"].format(why=error), bad=True)
        return None

    async def act(self, act: Act) -> list[Result] | None:
        """Does it as the visitor, and says on the page what became of it; None when nothing was done."""
        desk, user = self.room.desk, await self.present()
        if user is None or desk is None:
            return None
        with speaking(self.visitor.language):
            try:
                done = await do(desk, user, self.visitor.address, act)
            except (Forbidden, NeedsEnd) as error:
                self.say(str(error), bad=True)
            except (LogError, StoreError) as error:
                self.say(PAGE["not_taken"].format(why=error), bad=True)
            else:
                self._told(done)
                if any(one.outcome == "pending" for one in done):
                    background_tasks.create(self._later(done), name="late answers")
                return done
        return None

    async def _later(self, done: Sequence[Result]) -> None:
        """What was pending is told when it is answered."""
        desk = self.room.desk
        assert desk is not None
        told = await later(desk, done)
        if self._client.is_deleted or self.gone:
            return
        with speaking(self.visitor.language), self._client:
            unknown = sum(one.outcome == "pending" for one in told)
            if unknown:
                self.say(PAGE["later_unknown"].format(n=unknown, minutes=round(LATE / 60)), bad=True)
            refused = [one.reason for one in told if one.outcome == "refused"]
            if refused:
                why = "; ".join(dict.fromkeys(refused))
                self.say(PAGE["later_refused"].format(n=len(refused), why=why), bad=True)
            if len(refused) + unknown < len(told):
                self.say(PAGE["later"].format(n=len(told) - len(refused) - unknown))

    def leave(self) -> None:
        """The visitor is not signed in any more: the page shows nothing more, and they may sign in."""
        if not self.gone:
            self.gone = True
            for timer in self._timers:
                timer.cancel()
            ui.run_javascript(_SIGN_IN)
            self.page.clear()
            self._top.clear()
            for part in ("aloud", "foot"):
                self.show(part, Markup(""))

    async def _still_here(self) -> None:
        gate = self.room.gate
        assert gate is not None
        try:
            signed_in = await asyncio.to_thread(gate.may_look, self.visitor)
        except StoreError:
            return  # the alarms are still to be seen; nothing can be done with them until it answers
        if not signed_in:
            self.leave()

    def say(self, text: str, *, bad: bool = False) -> None:
        """A line that appears over the page; what went wrong stays until it is put away."""
        ui.notify(text, type="negative" if bad else "positive", timeout=0 if bad else 4000,
                  close_button="✕" if bad else False, position="top")  # fmt: skip

    def _told(self, done: Sequence[Result]) -> None:
        refused = [one for one in done if one.outcome == "refused"]
        pending = sum(one.outcome == "pending" for one in done)
        if refused:
            reasons = "; ".join(dict.fromkeys(f"{one.reason} ({one.by})" if one.by else one.reason for one in refused))
            self.say(PAGE["refused"].format(n=len(refused), of=len(done), why=reasons), bad=True)
        elif pending:
            self.say(PAGE["pending"].format(n=pending), bad=True)
        else:
            self.say(PAGE["done"].format(n=len(done)))

    # -- the frame itself

    def _build(self, moment: Moment) -> None:
        ui.add_css(style.CSS)
        # Before anything is drawn: whoever listens to the page hears it in its language from the first word.
        ui.add_head_html(f"<script>document.documentElement.lang = '{self.visitor.language}'</script>")
        ui.add_head_html(f"<script>{style.SCRIPT}{attention.SCRIPT}</script>")
        self.keys.append(("m", LIST["sound_hint"]))
        self._beat = ui.element("div").props('id="beat" aria-hidden="true"').classes("aloud")
        ui.link(PAGE["skip"], "#main").classes("skip")
        self.part("aloud").classes("aloud").props('aria-live="assertive"')
        with ui.element("div").classes("top").props('role="banner"') as self._top:
            with ui.element("div").classes("bar"):
                self.part("header").classes("head")
                self.fixed(
                    tag("span", PAGE["connected"], _class="ok") + tag("span", PAGE["lost_short"], _class="no")
                ).classes("link")
            self._navigation()
            before, after = PAGE["lost"].split("{since}")
            self.fixed(tag("span", before) + tag("span", "4", id="lost-since") + tag("span", after)).classes(
                "banner alert lostbar"
            ).props('role="alert"')
            self.part("banners").props('role="status"')
            if self._notices is not None:
                self._notices.build(self, moment)
        self.page = ui.element("main").classes("page").props('id="main" tabindex="-1"')
        with self.page:
            self._content.build(self, moment)
        self.part("foot", "footer").classes("foot")
        links = (*self._links, *of_people(self.visitor))
        ui.html(help_dialog(links, self.keys), sanitize=False)

    def _navigation(self) -> None:
        with ui.element("nav").classes("nav").props(f'aria-label="{NAVIGATION["label"]}"'):
            # The browser's sanitiser would take the form out; all of it is ours.
            inside = navigation(self.visitor, self._links, self._path) + attention.button() + help_button()
            ui.html(inside, sanitize=False).style("display: contents")

    def refresh(self) -> None:
        """Draws what changed since the last look."""
        if self.gone:
            return
        with speaking(self.visitor.language):
            moment = self.room.moment()
            self.show("header", header.header(moment))
            self.show("banners", header.banners(moment))
            self.show("aloud", tag("span", header.announcement(moment)))
            self.page.classes(add="old" if moment.old else "", remove="" if moment.old else "old")
            if self._notices is not None:
                self._notices.refresh(self, moment)
            self._content.refresh(self, moment)
            self.show("foot", header.footer(moment))
            self._beats += 1
            self._beat.props(f'data-beat="{self._beats}" {attention.marks(moment.view, self.room.unreached())}')
