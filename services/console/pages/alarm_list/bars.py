"""Around the rows: filters with their counts, what a filter leaves out, what is new, pages, what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from services.console import wording
from services.console.markup import Markup, join, tag
from services.console.pages.alarm_list.found import Found
from services.console.pages.alarm_list.query import GROUPS, PRIORITIES, ROWS, SORTS, Query
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.words import ALARMS, LIST

#: In the order in which the bar has them.
ACTS = ("acknowledge", "shelve", "unshelve", "reset", "comment", "out_of_service", "in_service")
KEYS = {"acknowledge": "a", "shelve": "s", "comment": "c"}

#: All keys of the page, by their name in LIST["keys"].
ALL_KEYS = {
    "move": "j k", "pick": "x", "pick_all": "Shift+X", **KEYS, "noted": "Shift+A", "search": "/", "open": "Enter",
    "let_go": "Esc",
}  # fmt: skip


def filters(query: Query, found: Found) -> Markup:
    """States and priorities as links with their counts: a filter is an address."""
    states = [
        _chip(query.but(state=name), f"{LIST['groups'][name]}", found.states[name], query.state == name)
        for name in GROUPS
        if found.states[name] or name in ("", "unacknowledged", query.state)
    ]
    priorities = [_chip(query.but(priority=""), LIST["any_priority"], found.priorities[""], not query.priority)]
    priorities += [
        _chip(query.but(priority=name), ALARMS["priorities"][name], found.priorities.get(name, 0),
              query.priority == name, symbol(name, small=True))
        for name in PRIORITIES
        if found.priorities.get(name, 0) or query.priority == name
    ]  # fmt: skip
    return join(
        tag("span", *states, role="group", aria_label=LIST["by_state"], _class="chips"),
        tag("span", *priorities, role="group", aria_label=LIST["by_priority"], _class="chips"),
    )


def _chip(query: Query, word: str, count: int, on: bool, sign: Markup | None = None) -> Markup:
    return tag("a", sign, tag("span", word), tag("b", wording.count(count)), href=query.address, data_go=query.address,
               _class="chip", aria_current="true" if on else None)  # fmt: skip


def choices(moment: Moment, query: Query, found: Found) -> Markup:
    """Site and order as lists to choose from."""
    names = {site.id: site.name for site in moment.view.catalogue()}
    sites = [_option("", LIST["any_site"].format(n=wording.count(found.sites[""])), query.site)]
    known = dict.fromkeys([*names, *([query.site] if query.site else [])])
    sites += [
        _option(
            one,
            LIST["site"].format(name=wording.said(names.get(one, one)), n=wording.count(found.sites.get(one, 0))),
            query.site,
        )
        for one in known
    ]
    orders = [_option(one, LIST["sorts"][one], query.sort) for one in SORTS]
    return join(
        tag("select", *sites, aria_label=LIST["by_site"], data_set="site"),
        tag("select", *orders, aria_label=LIST["by_sort"], data_set="sort"),
    )


def _option(value: str, text: str, chosen: str) -> Markup:
    return tag("option", text, value=value, selected="" if value == chosen else None)


def notices(query: Query, found: Found, new: int, moved: bool) -> Markup:
    """What the rows below do not show: unacknowledged alarms outside the filter, and what came while they are held."""
    said: list[Markup] = []
    if found.outside:
        one = found.outside == 1
        words = LIST["outside_one"] if one else LIST["outside"].format(n=wording.count(found.outside))
        wanted = Query(state="unacknowledged").address
        said.append(tag("span", tag("b", words), " ", tag("a", LIST["show_outside"], href=wanted, data_go=wanted),
                        _class="notice outside", role="status"))  # fmt: skip
    if new or moved:
        words = LIST["new"].format(n=wording.count(new)) if new else LIST["changed"]
        said.append(tag("span", tag("b", words), " ", tag("button", LIST["show_new"], type="button", data_do="fresh"),
                        _class="notice fresh", role="status", title=LIST["held"]))  # fmt: skip
    if query.narrowed:
        said.append(tag("a", LIST["bare"], href=Query().address, data_go=Query().address, _class="notice plain"))
    return join(*said)


def pages(query: Query, found: Found, shown: int) -> Markup:
    """Which rows these are of how many, and the way to the others."""
    count = len(found.rows)
    if not count:
        return Markup()
    first = (query.page - 1) * ROWS + 1
    told = LIST["range"].format(first=wording.count(first), last=wording.count(min(first + shown - 1, count)),
                                n=wording.count(count))  # fmt: skip
    before, after = query.but(page=query.page - 1).address, query.but(page=query.page + 1).address
    return join(
        tag("a", LIST["before"], href=before, data_go=before) if query.page > 1 else None,
        tag("span", told),
        tag("a", LIST["after"], href=after, data_go=after) if query.page * ROWS < count else None,
    )


def empty(moment: Moment) -> Markup:
    """No rows: said to be none only while data comes."""
    return tag("p", LIST["none_old"] if moment.old else LIST["none"], _class="empty muted")


def acts(selected: int, allowed: Sequence[str]) -> Markup:
    """What can be done to what is selected; nothing while nothing is."""
    if not selected:
        return Markup()
    buttons = [
        tag("button", LIST["acts"][act], tag("kbd", KEYS[act]) if act in KEYS else None, type="button", data_do=act,
            data_all="", _class="do")
        for act in ACTS
        if act in allowed
    ]  # fmt: skip
    return tag(
        "div",
        tag("b", LIST["selected"].format(n=selected), role="status"),
        *buttons,
        tag("button", LIST["let_go"], tag("kbd", "Esc"), type="button", data_do="let_go", _class="quiet"),
        _class="acts",
        role="toolbar",
        aria_label=LIST["selected"].format(n=selected),
    )


def head(selected: bool) -> Markup:
    """The columns' names, and the box that selects all rows that are shown."""
    names = LIST["columns"]
    box = tag(
        "button", "✓" if selected else "", type="button", role="checkbox", data_do="pick_all", _class="pick",
        aria_checked="true" if selected else "false", aria_label=LIST["pick_all"], title=LIST["pick_all"],
    )  # fmt: skip
    hidden = tag("span", ALARMS["columns"][0], _class="aloud")
    told = [("pick", box), ("how", hidden), *((name, names[name]) for name in ("since", "what", "value", "advice",
            "left", "state")), ("do", hidden)]  # fmt: skip
    return tag("div", *(tag("div", word, role="columnheader", _class=f"c-{name}") for name, word in told),
               _class="alarm heads", role="row")  # fmt: skip
