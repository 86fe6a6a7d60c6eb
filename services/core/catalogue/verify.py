"""Contradictions in a resolved site that no single field shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from services.core.catalogue.known import FORMULAS
from services.core.catalogue.known_incidents import verify_uses
from services.core.catalogue.model import DerivedBy, Point, Site
from services.core.catalogue.verify_pairs import verify_pairs
from services.core.catalogue.verify_rules import verify_rule, verify_times
from services.core.catalogue.zones import verify_balance

Complaint = tuple[tuple[str | int, ...], object, str]

#: What a site's suppressions may cost to look up: some 5 s. A plant of 1,000 alarms and 100 patterns needs 100,000.
MAX_COMPARISONS = 5_000_000

#: Functions that say nothing without the site's forecast demand.
_OF_DEMAND = ("supply_hours", "overflow_hours")


def alarm_keys(site: Site) -> list[str]:
    """Every alarm of the site, as station/point/rule; one of a station itself is station/station/rule."""
    points = [f"{p.id}/{rule.id}" for p in site.points if not p.removed for rule in p.rules]
    return points + [f"{station.id}/station/{rule.id}" for station in site.stations for rule in station.rules]


def matching(pattern: str, alarms: Iterable[str]) -> list[str]:
    """The alarms that station/point/rule matches, where a part may hold `*`."""
    parts = pattern.split("/")
    return [a for a in alarms if all(fnmatchcase(x, p) for x, p in zip(a.split("/"), parts, strict=True))]


def verify_site(site: Site) -> Iterator[Complaint]:
    """(where, value, bound) for each; `where` starts with the station's id, or with "" for the site itself."""
    names = {p.id: p for p in site.points if not p.removed}
    yield from verify_uses(site, names)
    yield from _verify_suppressions(site)
    if site.balance is not None:
        yield from ((("", *where), value, bound) for where, value, bound in verify_balance(site.balance, names))
    for station in site.stations:
        for rule in station.rules:
            at = (station.id, "station", rule.id)
            yield from ((at, value, bound) for value, bound in verify_times(rule))
    for point in names.values():
        where = (point.station, point.name)
        if point.sample_flow and f"{point.station}/{point.sample_flow}" not in names:
            yield where, point.sample_flow, "sample_flow must be a point of the same station"
        if point.derived is not None:
            yield from _verify_formula(point.station, point, point.derived)
            if point.derived.function in _OF_DEMAND and site.demand is None:
                for rule in point.rules:
                    yield (*where, rule.id), rule.id, "never has data: it needs the site's `demand`"
            for label, target in point.derived.inputs.items():
                if target not in names:
                    yield where, target, f"input {label!r} must be a point of the site"
                elif names[target].derived is not None:
                    yield where, target, f"input {label!r} must be a measured point"
        if point.stale_after is not None and point.stale_after <= 0:
            yield where, point.stale_after, "stale_after must be above 0s"
        if point.sample_flow == point.name:
            yield where, point.sample_flow, "sample_flow must be another point: its own reading says nothing of it"
        yield from (((*where, rule_id), value, bound) for rule_id, value, bound in verify_pairs(point))
        ids = [rule.id for rule in point.rules]
        for rule in point.rules:
            at = (*where, rule.id)
            if ids.count(rule.id) > 1:
                yield at, rule.id, "must be unique on its point"
            yield from ((at, value, bound) for value, bound in verify_rule(rule, point, names))


def _verify_suppressions(site: Site) -> Iterator[Complaint]:
    alarms = alarm_keys(site)
    causes = {one.cause for one in site.suppressions}
    comparisons = len(alarms) * sum(len(one.hides) for one in site.suppressions)
    if comparisons > MAX_COMPARISONS:
        bound = f"patterns × alarms of the site: at most {MAX_COMPARISONS}"
        yield ("", "suppressions", 0), comparisons, bound
        return
    for n, one in enumerate(site.suppressions):
        where = ("", "suppressions", n)
        if one.cause not in alarms:
            yield (*where, "cause"), one.cause, "must be an alarm of the site, as station/point/rule"
        for k, pattern in enumerate(one.hides):
            hidden = matching(pattern, alarms)
            if not hidden:
                yield (*where, "hides", k), pattern, "must match an alarm of the site, as station/point/rule"
            if one.cause in hidden:
                yield (*where, "hides", k), pattern, "must not match the cause itself"
            if looped := sorted(set(hidden) & causes - {one.cause}):
                yield (*where, "hides", k), pattern, f"must not match another cause: {looped[0]}"


def _verify_formula(station: str, point: Point, derived: DerivedBy) -> Iterator[Complaint]:
    formula = FORMULAS.get(derived.function)
    if formula is None:
        yield (station, point.name), derived.function, f"function must be one of {', '.join(sorted(FORMULAS))}"
        return
    known = (*formula.inputs, *formula.optional)
    for given in derived.inputs:
        if not any(_is(given, label) for label in known):
            yield (station, point.name), given, f"input of {derived.function} must be one of {', '.join(known)}"
    for label in formula.inputs:
        least, count = (formula.least if label.endswith("*") else 1), sum(_is(g, label) for g in derived.inputs)
        if count < least:
            many = f" {least} times at least" if least > 1 else ""
            yield (station, point.name), label, f"input of {derived.function} must be given{many}"
    for name, value in derived.parameters.items():
        if name not in formula.parameters:
            yield (station, point.name), name, f"must be a parameter of {derived.function}"
            continue
        low, high = formula.parameters[name]
        if value is not None and not low <= value <= high:
            yield (station, "parameters", name), value, f"{name} must be between {low:g} and {high:g}"
    for name in formula.parameters:
        if derived.parameters.get(name) is None:
            bound = f"needs `parameters: {{{name}: …}}` at the station"
            yield (station, "parameters", name), derived.function, bound


def _is(given: str, label: str) -> bool:
    stem = label.rstrip("*")
    return given == label or (label != stem and given.startswith(stem))
