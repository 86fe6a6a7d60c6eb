"""What a query finds in one look at the alarms, and how many each other filter would; worked out once a change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from services.console.pages.alarm_list.query import GROUPS, Query
from services.console.view.alarms import Occurrence
from services.console.view.live import LiveView
from services.console.view.snapshots import severity
from services.console.words import LANGUAGES

#: States that wait to be acknowledged.
UNSEEN = frozenset(GROUPS["unacknowledged"])

_NEVER = 2**63


@dataclass(frozen=True, slots=True)
class Found:
    """rows: in the order that was asked for.  states, priorities, sites: how many rows each filter of that kind would
    have if it alone were changed; "": without it.  outside: those unacknowledged that the query leaves out.
    unseen: all unacknowledged."""

    rows: tuple[Occurrence, ...]
    states: dict[str, int]
    priorities: dict[str, int]
    sites: dict[str, int]
    outside: int
    unseen: int


def find(view: LiveView, query: Query) -> Found:
    """The answer; the page that is asked for makes no difference to it."""
    question = replace(query, page=1)
    return view.listing().once(("find", question), lambda: _find(view, question))


def _find(view: LiveView, query: Query) -> Found:
    rows: list[Occurrence] = []
    letters: Counter[str] = Counter()
    priorities: Counter[str] = Counter()
    sites: Counter[str] = Counter()
    words, unseen, seen_here = query.words, 0, 0
    for one in view.listing().everything:
        state, of, site = one.state, one.last.priority, one.first.site
        unseen += state in UNSEEN
        if words:
            text = one.text or _searched(view, one)
            if not all(word in text for word in words):
                continue
        stands, ranks, placed = state in query.letters, query.priority in ("", of), query.site in ("", site)
        if ranks and placed:
            letters[state] += 1
        if stands and placed:
            priorities[of] += 1
        if stands and ranks:
            sites[site] += 1
        if stands and ranks and placed:
            rows.append(one)
            seen_here += state in UNSEEN
    states = {name: sum(letters[letter] for letter in group) for name, group in GROUPS.items()}
    return Found(
        tuple(_sorted(view, rows, query.sort)), states, {**priorities, "": priorities.total()},
        {**sites, "": sites.total()}, unseen - seen_here, unseen,
    )  # fmt: skip


def _sorted(view: LiveView, rows: list[Occurrence], order: str) -> list[Occurrence]:
    match order:
        case "newest":
            return sorted(rows, key=lambda one: -one.first.time)
        case "oldest":
            return sorted(rows, key=lambda one: one.first.time)
        case "place":
            return sorted(rows, key=lambda one: one.name)
        case "left":
            return sorted(rows, key=lambda one: due(view, one) or _NEVER)
        case _:
            return sorted(rows, key=lambda one: (severity(one.last.priority), -one.first.time))


def due(view: LiveView, one: Occurrence) -> int:
    """Until when (ns) somebody has to have responded; 0: it has gone, is not in service, or its rule is not known."""
    if one.cleared is not None or one.hidden:
        return 0
    rule = view.rule(*one.name)
    return one.first.time + rule.respond_within if rule is not None and rule.respond_within else 0


def _searched(view: LiveView, one: Occurrence) -> str:
    """What a search looks at, in every language: names as people and as machines say them."""
    shown = view.alarm(one)
    rule = shown.rule
    parts = [*one.name, shown.site_name, shown.station_name, shown.description, one.last.who]
    parts += [rule.consequence, rule.response] if rule is not None else []
    parts += [words.ALARMS["points"].get(one.first.point, "") for words in LANGUAGES.values()]
    one.text = "\n".join(parts).casefold()
    return one.text
