"""What is no contradiction, but seldom meant: notes of `headworks check`, faults with `--strict`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from services.core.catalogue.model import FALLING, Point, Rule, Site, Station
from services.core.catalogue.priority import derive_priority
from services.core.catalogue.resolve import Reading
from services.core.catalogue.verify_pairs import hiders_of, limits_of, scenes_of
from services.core.clock import MINUTE, format_duration
from services.core.errors import Fault
from services.core.yaml_source import shown

_Found = Iterator[tuple[object, str]]

#: Nobody walks to a screen, understands and acts in less: the controller must, and the alarm tells of it (ALARMS).
LEAST_RESPONSE = 5 * MINUTE

#: A station that is heard less often sends its readings in bundles: how often it measures cannot be told from that.
LONGEST_STEP = 15 * MINUTE


def doubts(reading: Reading) -> list[Fault]:
    """Every doubt of a catalogue, where the alarm is last changed, else where it is defined; said once a place."""
    found: dict[tuple[object, ...], Fault] = {}
    places = {d.key: d for d in reading.definitions}
    for i, site in enumerate(reading.catalogue.sites):
        for value, bound in _of_demand(site):
            fault = reading.source.fault(("sites", i, "demand"), value, bound)
            found[(fault.line, bound)] = fault
        for name, value, bound in _of_alarms(site):
            definition = places[(site.id, *name)]
            file, line = definition.written
            if definition.overrides:
                file, line = reading.source.file, reading.source.line(definition.overrides[-1][0])
            fault = Fault(file, line, "/".join(name), shown(value), bound)
            found.setdefault((file, line, name[1:] if not line else "", value, bound), fault)
    return list(found.values())


def _of_alarms(site: Site) -> Iterator[tuple[tuple[str, str, str], object, str]]:
    stations = {s.id: s for s in site.stations}
    points = {p.id: p for p in site.points}
    for station in site.stations:
        for rule in station.rules:
            for value, bound in _of_words(rule):
                yield (station.id, "station", rule.id), value, bound
    for point in site.points:
        for rule in point.rules:
            gate = points.get(f"{point.station}/{rule.gate.point}") if rule.gate is not None else None
            for value, bound in (*_of_words(rule), *_of_times(rule, point, stations[point.station]), *_of_gate(gate)):
                yield (point.station, point.name, rule.id), value, bound
        for one, other in permutations(point.rules, 2):
            for value, bound in _of_neighbours(one, other, point):
                yield (point.station, point.name, one.id), value, bound


def _of_words(rule: Rule) -> _Found:
    if rule.severity is None:
        yield rule.priority, "has no `severity`: whether its priority is right cannot be told"
    else:
        derived = derive_priority(rule.severity, rule.respond_within)
        if derived != rule.priority and not rule.priority_because:
            within = format_duration(rule.respond_within)
            yield (
                rule.priority,
                f"is {derived} by its severity ({rule.severity}) and time to respond ({within}): say why",
            )
        if derived == rule.priority and rule.priority_because:
            yield rule.priority_because, "gives a reason for a priority that needs none"
    if rule.respond_within < LEAST_RESPONSE:
        words = f"{rule.consequence} {rule.response} {rule.priority_because}"
        if not any(who in words for who in ("PLC", "itself", "controller")):
            least = format_duration(LEAST_RESPONSE)
            within = format_duration(rule.respond_within)
            yield within, f"is less than {least}: the PLC must act and the alarm tell of it; say so in its words"
    if 0 < rule.realarm < rule.respond_within:
        yield format_duration(rule.realarm), "sounds again before the time to respond is over"
    if rule.latching and rule.priority == "journal":
        yield rule.priority, "latches, but asks nobody to reset it"
    if rule.limits and _never_its_own(rule):
        yield rule.limit, "never applies: the limits by season and mode cover the whole year"


def _never_its_own(rule: Rule) -> bool:
    plain = [one for one in rule.limits if one.point is None]
    return {month for one in plain for month in one.months} == set(range(1, 13))


def _of_times(rule: Rule, point: Point, station: Station) -> _Found:
    if point.stale_after is not None and rule.kind not in ("silent", "fault") and rule.on_delay >= point.stale_after:
        after = format_duration(point.stale_after)
        yield format_duration(rule.on_delay), f"on_delay: a value that is sent once is unknown after {after}, before it"
    if rule.window <= 0 or point.derived is not None:
        return
    step = station.heartbeat if point.stale_after is None else min(station.heartbeat, point.stale_after // 3)
    if step > LONGEST_STEP:
        return
    window = format_duration(rule.window)
    if rule.kind == "flat" and rule.window < station.heartbeat:
        yield window, f"window: is shorter than the heartbeat of {format_duration(station.heartbeat)}: calm is not flat"
    elif rule.kind not in ("flat", "successive_high") and rule.window < 2 * step:
        yield window, f"window: holds less than two readings, if one comes every {format_duration(step)}"


def _of_gate(gate: Point | None) -> _Found:
    if gate is not None and not gate.states:
        yield gate.name, "gates it, but has no named `states`: whether the codes are right cannot be told"


def _of_neighbours(one: Rule, worse: Rule, point: Point) -> _Found:
    """Two steps of a ladder that do not know of each other: both sound, and the worse may clear beyond the first."""
    if one.kind != worse.kind or one.kind not in ("high", "low", "ewma_high", "ewma_low") or one.gate != worse.gate:
        return
    if worse.id in hiders_of(one, point) or one.id in hiders_of(worse, point) or one.window != worse.window:
        return
    sign = -1 if one.kind in FALLING else 1
    for scene in scenes_of(one, worse):
        (limit, _), (beyond, clear) = limits_of(one, scene), limits_of(worse, scene)
        if sign * (beyond - limit) > 0:
            why = f", which clears at {clear:g}, beyond it" if sign * (clear - limit) < 0 else ""
            yield limit, f"stands beside {worse.id} ({beyond:g}){why}: say `hidden_by`, or both sound"
            return


def _of_demand(site: Site) -> _Found:
    if site.demand is not None:
        mean = sum(site.demand.hourly) / len(site.demand.hourly)
        if abs(mean - 1) > 0.05:
            yield round(mean, 3), "the mean of `hourly` should be 1: `mean` is not the day's mean otherwise"
