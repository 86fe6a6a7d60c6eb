"""Alarm symbols: colour, shape and letter together, so that none of them has to be enough."""

from __future__ import annotations

from services.console.markup import Markup, join, tag
from services.console.words import ALARMS, PLANTS


def symbol(priority: str, *, small: bool = False, of: str = "") -> Markup:
    """Critical is a red square C, high an orange triangle H, medium a yellow diamond M; `of` says of what."""
    known = priority if priority in ALARMS["letters"] else "journal"
    word = ALARMS["priorities"].get(priority, priority)
    word = PLANTS["judged"].format(priority=word, name=of) if of else word
    return tag(
        "span",
        tag("span", ALARMS["letters"][known], _class="letter", aria_hidden="true"),
        _class=f"symbol {known}{' small' if small else ''}",
        role="img",
        aria_label=word,
        title=word,
    )


def labelled(priority: str) -> Markup:
    """The symbol with its word."""
    word = ALARMS["priorities"].get(priority, priority)
    return join(symbol(priority), tag("span", word, _class="word"))
