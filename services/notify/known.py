"""What messages need of a site's catalogue, and no more: names, what an alarm is about, what to do and how soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern

from services.core.catalogue.model import Point, Rule, Site


@dataclass(frozen=True, slots=True)
class RuleWords:
    """An alarm. what: the quantity, "" for one of the station itself.  window, respond_within: ns."""

    what: str
    kind: str
    window: int
    states: Mapping[int, str]
    looked_for: tuple[int, ...]
    response: str
    respond_within: int


@dataclass(frozen=True, slots=True)
class SiteWords:
    """A site. stations: names by id.  rules: by station/point/rule.  shared: quantities of several of its stations."""

    name: str
    zone: str
    stations: Mapping[str, str]
    rules: Mapping[str, RuleWords]
    shared: frozenset[str] = frozenset()


def words_of(site: Site) -> SiteWords:
    """Of a site's catalogue."""
    rules: dict[str, RuleWords] = {}
    for point in site.points:
        if not point.removed:
            rules |= {f"{point.id}/{rule.id}": _words(rule, point) for rule in point.rules}
    for station in site.stations:
        rules |= {f"{station.id}/station/{rule.id}": _words(rule, None) for rule in station.rules}
    count = Counter(point.description for point in site.points if not point.removed)
    shared = frozenset(what for what, times in count.items() if times > 1)
    return SiteWords(site.name, site.time_zone, {one.id: one.name for one in site.stations}, rules, shared)


def _words(rule: Rule, point: Point | None) -> RuleWords:
    looked_for = rule.states or (int(rule.limit),)
    return RuleWords(
        intern(point.description or point.name) if point is not None else "",
        rule.kind, rule.window, point.states if point is not None else {}, looked_for,
        intern(rule.response), rule.respond_within,
    )  # fmt: skip
