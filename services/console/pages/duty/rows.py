"""A list of rows with buttons in which nothing moves under the finger.

While a pointer or the keyboard is in the list, rows keep their places: what is new comes last, what is gone stays
grey, and only words change. When nobody is in it any more it is put into its order.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from services.console.markup import Markup

#: Wall seconds for which a pointer that rests in the list holds it.
HELD = 20.0

Handler = Callable[[], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class Button:
    """name: what it is about, for those who hear the page.  main: the one that most likely is wanted."""

    label: str
    does: Handler
    name: str = ""
    main: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """key: the same as long as it is the same thing."""

    key: str
    content: Markup
    buttons: tuple[Button, ...] = ()
    kind: str = ""


class _Shown:
    """One row in the browser."""

    def __init__(self, parent: ui.element, row: Row) -> None:
        self.row = row
        with parent:
            self.element = ui.element("li").classes(f"entry {row.kind}")
        with self.element:
            self._html = ui.html(row.content, sanitize=True).classes("said")
            self._acts = ui.element("div").classes("acts")
        self._build()

    def _build(self) -> None:
        self._acts.clear()
        with self._acts:
            for i, one in enumerate(self.row.buttons):
                label = f"{one.label}: {one.name}" if one.name else one.label
                button = ui.element("button").props('type="button"').classes("act main-act" if one.main else "act")
                button.props["aria-label"] = label
                with button:
                    ui.label(one.label)
                button.on("click", lambda _, i=i: self.row.buttons[i].does())

    def change(self, row: Row) -> None:
        """The same row as it is now; its buttons are made anew only when they are others."""
        before, self.row = self.row, row
        if before.content != row.content:
            self._html.set_content(row.content)
        if before.kind != row.kind:
            self.element.classes(remove=before.kind).classes(add=row.kind)
        if [(b.label, b.name) for b in before.buttons] != [(b.label, b.name) for b in row.buttons]:
            self._build()

    def gone(self) -> None:
        """It is no more, and still holds its place."""
        self.row = Row(self.row.key, self.row.content, (), self.row.kind)
        self.element.classes(add="gone")
        self._acts.clear()


class Rows:
    """Made inside the element that is open when it is made. empty: what stands there when there is none."""

    def __init__(self, label: str) -> None:
        self._list = ui.element("ul").classes("entries").props("role=list")
        self._list.props["aria-label"] = label
        self._empty = ui.label("").classes("empty muted")
        self._empty.set_visibility(False)
        self._shown: dict[str, _Shown] = {}
        self._held_until = 0.0
        self._list.on("mouseenter", lambda _: self._enter(inside=True), args=[])
        self._list.on("mouseleave", lambda _: self._enter(inside=False), args=[])
        self._list.on("focusin", lambda _: self._enter(inside=True), args=[])
        self._list.on("focusout", lambda _: self._enter(inside=False), args=[])

    def _enter(self, *, inside: bool) -> None:
        self._held_until = time.monotonic() + HELD if inside else 0.0

    def show(self, rows: Sequence[Row], empty: str = "") -> None:
        """The rows as they are now."""
        wanted, held = {row.key: row for row in rows}, time.monotonic() < self._held_until
        for key in [key for key in self._shown if key not in wanted]:
            if held:
                self._shown[key].gone()
            else:
                self._shown.pop(key).element.delete()
        for row in rows:
            known = self._shown.get(row.key)
            if known is None:
                self._shown[row.key] = _Shown(self._list, row)
            else:
                known.element.classes(remove="gone")
                known.change(row)
        if not held and list(self._shown) != list(wanted):
            self._shown = {key: self._shown[key] for key in wanted}
            for i, one in enumerate(self._shown.values()):
                one.element.move(self._list, i)
        self._empty.set_text(empty)
        self._empty.set_visibility(bool(empty) and not self._shown)
