"""Alarm symbols: colour, shape and letter together, so that none of them has to be enough."""

from __future__ import annotations

from services.console.markup import Markup, join, tag
from services.console.texts import ALARMS


def symbol(priority: str, *, small: bool = False) -> Markup:
    """Critical is a red square C, high an orange triangle H, medium a yellow diamond M."""
    known = priority if priority in ALARMS["letters"] else "journal"
    return tag(
        "span",
        tag("span", ALARMS["letters"][known], _class="letter", aria_hidden="true"),
        _class=f"symbol {known}{' small' if small else ''}",
        role="img",
        aria_label=ALARMS["priorities"].get(priority, priority),
        title=ALARMS["priorities"].get(priority, priority),
    )


def labelled(priority: str) -> Markup:
    """The symbol with its word."""
    word = ALARMS["priorities"].get(priority, priority)
    return join(symbol(priority), tag("span", word, _class="word"))
