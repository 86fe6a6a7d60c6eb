"""The frame of every page: top line, navigation, banners, the heartbeat to the browser, and acts in a visitor's name.

Parts of a page are sent when they change, so that a quiet night is quiet on the wire too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import quote

from nicegui import ui

from services.console.acts import Act, Forbidden, NeedsEnd, Result, do
from services.console.gate import Visitor
from services.console.markup import Markup, tag
from services.console.pages import header, style
from services.console.pages.moment import Moment
from services.console.room import Room
from services.console.words import NAVIGATION, PAGE, speaking
from services.core.errors import LogError
from services.store.database import StoreError

#: Wall seconds between two looks.
PERIOD = 1.0


class Content(Protocol):
    """What a page holds inside the frame. It is built once for a browser, in the visitor's language."""

    def build(self, frame: Frame, moment: Moment) -> None:
        """Makes the page's elements inside `frame.page`."""

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """Shows what changed since the last look; `frame.show` sends nothing else."""


class Frame:
    """One browser's page. links: (path, name in NAVIGATION) of all pages; path: of this one."""

    def __init__(
        self, room: Room, visitor: Visitor, content: Content, links: Sequence[tuple[str, str]], path: str
    ) -> None:
        self.room, self.visitor = room, visitor
        self._content, self._links, self._path = content, links, path
        self._beats = 0
        self._shown: dict[str, str] = {}
        self.parts: dict[str, Any] = {}
        with speaking(visitor.language):
            self._build(room.moment())
        self.refresh()
        ui.timer(PERIOD, self.refresh, immediate=False)

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

    async def act(self, act: Act) -> list[Result] | None:
        """Does it as the visitor, and says on the page what became of it; None when nothing was done."""
        with speaking(self.visitor.language):
            gate, desk = self.room.gate, self.room.desk
            try:
                user = gate.present(self.visitor) if gate is not None else None
                if user is None or desk is None:
                    ui.navigate.to(f"/sign-in?next={quote(self._path, safe='')}")
                    return None
                done = await do(desk, user, self.visitor.address, act)
            except (Forbidden, NeedsEnd) as error:
                self.say(str(error), bad=True)
            except (LogError, StoreError) as error:
                self.say(PAGE["not_taken"].format(why=error), bad=True)
            else:
                self._told(done)
                return done
        return None

    def say(self, text: str, *, bad: bool = False) -> None:
        """A line that appears over the page; what went wrong stays until it is put away."""
        ui.notify(text, type="negative" if bad else "positive", timeout=0 if bad else 4000,
                  close_button="✕" if bad else False, position="top")  # fmt: skip

    def _told(self, done: Sequence[Result]) -> None:
        refused = [one for one in done if one.outcome == "refused"]
        pending = sum(one.outcome == "pending" for one in done)
        if refused:
            reasons = "; ".join(dict.fromkeys(one.reason for one in refused))
            self.say(PAGE["refused"].format(n=len(refused), of=len(done), why=reasons), bad=True)
        elif pending:
            self.say(PAGE["pending"].format(n=pending), bad=True)
        else:
            self.say(PAGE["done"].format(n=len(done)))

    # -- the frame itself

    def _build(self, moment: Moment) -> None:
        ui.add_css(style.CSS)
        ui.add_head_html(f"<script>{style.SCRIPT}</script>")
        ui.run_javascript(f"document.documentElement.lang = '{self.visitor.language}'")
        self._beat = ui.element("div").props('id="beat" aria-hidden="true"').classes("aloud")
        ui.link(PAGE["skip"], "#main").classes("skip")
        self.part("aloud").classes("aloud").props('aria-live="assertive"')
        with ui.element("div").classes("top").props('role="banner"'):
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
        self.page = ui.element("main").classes("page").props('id="main" tabindex="-1"')
        with self.page:
            self._content.build(self, moment)
        self.part("foot", "footer").classes("foot")

    def _navigation(self) -> None:
        visitor = self.visitor
        here = [
            tag("a", NAVIGATION[name], href=path, aria_current="page" if path == self._path else None)
            for path, name in self._links
        ]
        other = "zh" if visitor.language == "en" else "en"
        back = quote(self._path, safe="")
        with ui.element("nav").classes("nav").props(f'aria-label="{NAVIGATION["label"]}"'):
            self.fixed(Markup("".join(here))).style("display: contents")
            who = NAVIGATION["looking"] if visitor.user is None else f"{visitor.user.shown} ({visitor.user.role.value})"
            self.fixed(tag("span", who)).classes("who")
            self.fixed(tag("a", NAVIGATION["language"], href=f"/language/{other}?next={back}", lang=other)).style(
                "display: contents"
            )
            if visitor.user is not None:
                # The browser's sanitiser would take the form out; all of it is ours.
                button = tag("button", NAVIGATION["sign_out"], type="submit")
                ui.html(tag("form", button, method="post", action="/sign-out"), sanitize=False)

    def refresh(self) -> None:
        """Draws what changed since the last look."""
        with speaking(self.visitor.language):
            moment = self.room.moment()
            self.show("header", header.header(moment))
            self.show("banners", header.banners(moment))
            self.show("aloud", tag("span", header.announcement(moment)))
            self.page.classes(add="old" if moment.old else "", remove="" if moment.old else "old")
            self._content.refresh(self, moment)
            self.show("foot", header.footer(moment))
            self._beats += 1
            self._beat.props(f'data-beat="{self._beats}"')
