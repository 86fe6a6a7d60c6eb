"""Markup in which text is always escaped: names and causes come from data, and data is hostile."""

from __future__ import annotations

from html import escape


class Markup(str):
    """Markup that is safe to show, made by `tag` and `join` alone."""

    __slots__ = ()


def text(child: object) -> Markup:
    """The child as markup: Markup stays, None is nothing, all else is escaped."""
    if isinstance(child, Markup):
        return child
    return Markup("" if child is None else escape(str(child), quote=True))


def join(*children: object) -> Markup:
    """The children one after the other."""
    return Markup("".join(text(child) for child in children))


#: Elements that have no end tag.
VOID = frozenset({"br", "hr", "input", "meta"})


def tag(name: str, /, *children: object, **attributes: str | None) -> Markup:
    """An element. `_class` is written class, `aria_label` is written aria-label; None leaves one out."""
    written = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(value, quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")
