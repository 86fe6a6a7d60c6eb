"""The way from page to page, who is signed in, the language, the way out, and the help about keys."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from services.console.door.gate import Visitor
from services.console.markup import Markup, join, tag
from services.console.words import NAVIGATION

#: The letter after `g` that leads to a page, by its name in NAVIGATION.
KEYS = {
    "overview": "o", "alarms": "a", "incident": "i", "oncall": "d", "handover": "h", "work": "w", "account": "m",
    "users": "u", "audit": "j",
}  # fmt: skip

Links = Sequence[tuple[str, str]]


def navigation(visitor: Visitor, links: Links, path: str) -> Markup:
    """What stands in the bar: data is escaped, all else is ours."""
    other = "zh" if visitor.language == "en" else "en"
    language = tag("a", NAVIGATION["language"], href=f"/language/{other}?next={quote(path, safe='')}", lang=other,
                   title=NAVIGATION["language_label"])  # fmt: skip
    user = visitor.user
    if user is None:
        return join(*(_link(*one, path) for one in links), tag("span", NAVIGATION["looking"], _class="who"), language)
    who = f"{user.shown} ({NAVIGATION['roles'][user.role.value]})"
    out = tag("form", tag("button", NAVIGATION["sign_out"], type="submit"), method="post", action="/sign-out")
    return join(
        *(_link(*one, path) for one in (*links, *of_people(visitor))),
        tag("a", who, href="/account", _class="who", title=NAVIGATION["account"], data_key=KEYS["account"],
            aria_current="page" if path == "/account" else None),
        language,
        out,
    )  # fmt: skip


def of_people(visitor: Visitor) -> Links:
    """The pages about people that the visitor may see."""
    return [(f"/{name}", name) for name in ("users", "audit") if visitor.may(name)]


def _link(path: str, name: str, here: str) -> Markup:
    current = "page" if path == here else None
    return tag("a", NAVIGATION[name], href=path, aria_current=current, data_key=KEYS.get(name))


def help_button() -> Markup:
    """Opens the help for those who have no `?` at hand."""
    return tag("button", "?", type="button", _class="help-button", data_help="", aria_label=NAVIGATION["help"],
               title=NAVIGATION["help"])  # fmt: skip


def help_dialog(links: Links, own: Sequence[tuple[str, str]]) -> Markup:
    """All keys: those of every page, then the page's own."""
    every = list(NAVIGATION["keys"].items())
    ways = [(f"g {KEYS[name]}", NAVIGATION[name]) for _, name in links if name in KEYS]
    rows = [join(tag("dt", tag("kbd", key)), tag("dd", words)) for key, words in (*every, *ways, *own)]
    close = tag("form", tag("button", NAVIGATION["close"], type="submit"), method="dialog")
    return tag("dialog", tag("h2", NAVIGATION["help"], id="help-title"), tag("dl", *rows), close, id="help",
               aria_labelledby="help-title")  # fmt: skip
