"""Pages that are plain forms, in the same look: they work before any script does."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import HTMLResponse

from services.console.door.gate import Visitor
from services.console.markup import Markup, join, tag
from services.console.pages import style
from services.console.pages.navigation import Links, help_button, help_dialog, navigation, of_people
from services.console.words import NAVIGATION, PAGE, language


def document(title: str, *content: Markup | None, status: int = 200) -> HTMLResponse:
    """A page without navigation, in the language that is spoken."""
    return _answer(title, tag("main", join(*content), id="main"), status)


def signed_in(
    visitor: Visitor, links: Links, path: str, title: str, content: Sequence[Markup | None], status: int = 200
) -> HTMLResponse:
    """A page inside the console's navigation. links: (path, name in NAVIGATION) of all pages; path: of this one."""
    ways = tag("nav", navigation(visitor, links, path), help_button(), _class="nav", aria_label=NAVIGATION["label"])
    body = join(
        tag("a", PAGE["skip"], href="#main", _class="skip"),
        tag("header", ways, _class="top"),
        tag("main", tag("h1", title), join(*content), id="main", tabindex="-1", _class="page"),
        help_dialog((*links, *of_people(visitor)), ()),
        tag("script", Markup(style.SCRIPT)),
    )
    return _answer(title, body, status)


def field(
    label: str, name: str, value: str = "", kind: str = "text", complete: str = "off", **more: str | None
) -> Markup:
    """A labelled field that must be filled in."""
    given: dict[str, str | None] = {"required": "", **more}
    return tag("label", label, tag("input", name=name, type=kind, autocomplete=complete, value=value, **given))


def choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str = "") -> Markup:
    """A labelled choice of (value, words)."""
    rows = [tag("option", words, value=value, selected="" if value == chosen else None) for value, words in options]
    return tag("label", label, tag("select", *rows, name=name))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    """The first column of a row is its time or name."""
    head = tag("thead", tag("tr", *(tag("th", one, scope="col") for one in columns)))
    body = [tag("tr", *(tag("td", one, _class=None if i else "time") for i, one in enumerate(row))) for row in rows]
    return tag("table", head, tag("tbody", *body))


def said(words: str, *, bad: bool = False) -> Markup | None:
    """A line about what was just done; None when there is nothing to say."""
    return tag("p", words, _class="banner alert" if bad else "banner said", role="alert") if words else None


def _answer(title: str, body: Markup, status: int) -> HTMLResponse:
    head = tag(
        "head", tag("meta", charset="utf-8"), tag("meta", name="viewport", content="width=device-width"),
        tag("title", f"{title} · {PAGE['title']}"), tag("style", Markup(style.CSS)),
    )  # fmt: skip
    page = tag("html", head, tag("body", body, _class="plain"), lang=language())
    return HTMLResponse(f"<!doctype html>{page}", status)
