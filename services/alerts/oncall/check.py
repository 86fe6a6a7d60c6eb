"""Is the paging sound? A roster with a hole or an overlap, a policy that reaches nobody, an alarm that nobody pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from services.alerts.incidents import INCIDENTS
from services.alerts.oncall.policy import OnCall, Policy
from services.alerts.oncall.templates import SHIPPED, faults
from services.core.clock import DAY, iso, to_datetime, to_ns
from services.core.yaml_source import read_checked

#: Rosters are looked through this far ahead: further than anybody plans a holiday.
AHEAD = 60 * DAY

#: Kinds of incidents, as events name them.
KINDS = tuple(sorted(model.kind for model in INCIDENTS.values()))

_Complaint = tuple[tuple[str | int, ...], object, str]


def load_oncall(path: Path, at: int) -> OnCall:
    """The file, validated for the time from `at` (ns) on; ConfigError with file, line, field, value and bound."""
    return read_checked(path, OnCall, lambda rules: complaints(rules, at))


def complaints(rules: OnCall, at: int) -> Iterator[_Complaint]:
    """(where, value, what would be right) of everything that is wrong from `at` (ns) on."""
    zones = list(_zones(rules))
    yield from zones
    if zones:
        return  # no hour of a roster can be told without them
    yield from _names(rules)
    yield from _holes(rules, at)
    for i, policy in enumerate(rules.policies):
        yield from _reaches(rules, policy, i, at)
    yield from _forgotten(rules, at)
    yield from _languages(rules)


def _languages(rules: OnCall) -> Iterator[_Complaint]:
    """A text that fails is found by day."""
    for language, own in rules.texts.items():
        for where, value, bound in faults(language, own):
            yield ("texts", language, *where), value, bound
    for i, person in enumerate(rules.people):
        if person.language not in (*SHIPPED, *rules.texts):
            known = ", ".join((*SHIPPED, *sorted(rules.texts)))
            yield ("people", i, "language"), person.language, f"has no texts: must be one of {known}, or have `texts`"


def _zones(rules: OnCall) -> Iterator[_Complaint]:
    places: list[tuple[tuple[str | int, ...], str]] = [(("time_zone",), rules.time_zone)]
    places += [(("rosters", i, "time_zone"), one.time_zone) for i, one in enumerate(rules.rosters)]
    for where, name in places:
        try:
            ZoneInfo(name)
        except Exception:
            yield where, name, "must be an IANA time zone, e.g. Asia/Shanghai"


def _names(rules: OnCall) -> Iterator[_Complaint]:
    known = [*(one.id for one in rules.people), *(one.id for one in rules.rosters)]
    sections = {
        "people": ([one.id for one in rules.people], known),
        "rosters": ([one.id for one in rules.rosters], known),
        "policies": ([one.id for one in rules.policies], [one.id for one in rules.policies]),
    }
    for section, (ids, taken) in sections.items():
        for i, name in enumerate(ids):
            if taken.count(name) > 1:
                yield (section, i, "id"), name, "must be unique (people and rosters share their names)"
    people = {one.id for one in rules.people}
    for i, person in enumerate(rules.people):
        for j, way in enumerate(person.reach):
            if way.channel not in rules.channels:
                yield ("people", i, "reach", j, "channel"), way.channel, f"must be one of {sorted(rules.channels)}"
    for i, roster in enumerate(rules.rosters):
        for name in sorted(roster.people() - people):
            yield ("rosters", i), name, "must be one of the people"
        for j, one in enumerate(roster.overrides):
            if one.until <= one.start:
                yield ("rosters", i, "overrides", j, "until"), one.until.isoformat(), "must be after its start"
    for i, policy in enumerate(rules.policies):
        for kind in policy.match.incidents:
            if kind not in KINDS:
                yield ("policies", i, "match", "incidents"), kind, f"must be one of {', '.join(KINDS)}"
        for j, step in enumerate(policy.steps):
            for name in step.to:
                if name not in known:
                    yield ("policies", i, "steps", j, "to"), name, "must be a roster or a person"
    for section, names in (("digest_to", rules.digest_to), ("last_resort", rules.last_resort)):
        for name in names:
            if name not in known:
                yield (section,), name, "must be a roster or a person"


def _holes(rules: OnCall, at: int) -> Iterator[_Complaint]:
    for i, roster in enumerate(rules.rosters):
        for shift in roster.shifts(at, at + AHEAD):
            if len(shift.people) == 1:
                continue
            span = f"{_local(shift.start, roster.time_zone)} to {_local(shift.end, roster.time_zone)}"
            who = "a hole: nobody is on call" if not shift.people else f"an overlap: {', '.join(shift.people)}"
            yield ("rosters", i), span, f"{who}; exactly one person must be"
            break  # one is enough to go and look


def _reaches(rules: OnCall, policy: Policy, i: int, at: int) -> Iterator[_Complaint]:
    critical = not policy.match.priorities or "critical" in policy.match.priorities
    if critical and policy.steps and policy.steps[0].urgency != "wake":
        yield (
            ("policies", i, "steps", 0),
            policy.steps[0].urgency,
            "must be wake: a push wakes nobody, this is critical",
        )
    for j, step in enumerate(policy.steps):
        for name in step.to:
            roster = rules.roster(name)
            for person in sorted(roster.people()) if roster is not None else (name,):
                someone = rules.person(person)
                if someone is not None and not someone.ways(step.urgency):
                    where = ("policies", i, "steps", j, "to")
                    yield where, person, f"has no channel for {step.urgency}: the policy would reach nobody"
        if step.times > 1 and not step.repeat:
            yield ("policies", i, "steps", j, "times"), step.times, "must have `repeat`, or be 1"
        if j and step.wait < policy.steps[j - 1].wait:
            yield ("policies", i, "steps", j, "wait"), step.wait, "must not be before the step above it"


def _forgotten(rules: OnCall, at: int) -> Iterator[_Complaint]:
    """Critical alarms of any site, in any incident, must page somebody at every hour of the week."""
    zone = ZoneInfo(rules.time_zone)
    monday = to_datetime(at).astimezone(zone).date()
    matches = [policy.match for policy in rules.policies]
    sites = [*sorted({site for match in matches for site in match.sites}), "any-other"]
    kinds = [("", 0), *((kind, rank) for kind in sorted({k for m in matches for k in m.incidents}) for rank in (0, 3))]
    # Which policy fits changes at these times of day only.
    clock = sorted({time(), *(edge for match in matches for edge in match.between or ())})
    told: set[tuple[str, str]] = set()
    for site, (kind, rank) in product(sites, kinds):
        if (site, kind) in told:
            continue
        for day, hour in product(range(7), clock):
            local = datetime.combine(monday + timedelta(days=day), hour)
            found = rules.policy_of(site, "critical", kind, rank, to_ns(local.replace(tzinfo=zone)))
            if found is None or not found.steps:
                where = ("policies",) if found is None else ("policies", rules.policies.index(found), "steps")
                bound = "a critical alarm then would page nobody: a policy with steps must fit it"
                yield where, f"{site}{f', {kind}' if kind else ''}, {local:%A %H:%M}", bound
                told.add((site, kind))
                break


def _local(at: int, zone: str) -> str:
    moment = to_datetime(at).astimezone(ZoneInfo(zone))
    return moment.strftime("%Y-%m-%d %H:%M") if at < 2**62 else iso(at)
