"""What an incident model is, what it sees, and what each of its events says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.incidents.evidence import TimeLeft, confidence
from services.core.catalogue import Point, Site
from services.core.catalogue.incident_use import IncidentUse
from services.core.catalogue.known_incidents import INCIDENTS, playing
from services.core.clock import MINUTE, to_datetime
from services.core.quality import FIRST_BAD, FIRST_UNCERTAIN, Quality
from services.core.records import IncidentEvent

#: So long must a sensor be unseen, or seen again, before the incident says so: a flicker is no news.
BLIND = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment of a site: values and quality by `station/point`, and the alarms as of this time."""

    time: int
    values: dict[str, float]
    quality: dict[str, int]
    active: frozenset[str]  # `station/point/rule` of what is active
    raised: frozenset[str]  # of those, what was raised since the instant before

    def value(self, point: str) -> float | None:
        """The point's value; None when it is not known."""
        if self.quality.get(point, FIRST_BAD) >= FIRST_BAD:
            return None
        return self.values[point]

    def why(self, point: str) -> str:
        """In words, why the value is not known."""
        return Quality(self.quality.get(point, Quality.NEVER_SEEN)).label


@dataclass
class Memory:
    """What an incident remembers; all of it JSON data, so that it can be stored.

    since: when a condition began (ns).  trail: a reading a minute, newest last.  seen: when each watched role was last
    known (ns).  blind: roles that are said to be unseen.  numbers: what the model keeps besides.
    """

    incident: str = ""
    phase: str = ""
    number: int = 0
    since: dict[str, int] = field(default_factory=dict)
    trail: list[float | None] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    blind: list[str] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weight:
    """A piece of evidence: its share of the confidence, its name, and how its reading is written.

    vital: without it the phase rests on conclusions, whatever else is seen: the whole counts for less.
    """

    share: float
    label: str
    form: str = "{:g}"
    vital: bool = False


class IncidentModel(ABC):
    """Base: a fold over instants, in order.

    kind: as events name it.  name: as the catalogue does, for sites, roles and playbooks.  weights: the evidence, by
    role, in the order in which it is shown.  ranks: how bad each phase is, 0 closed to 3 critical.  lasting: which of
    `memory.numbers` outlive an incident, and enduring: which of `memory.since` outlive a phase, by how they begin.
    """

    kind = ""
    name = ""
    weights: dict[str, Weight] = {}
    ranks: dict[str, int] = {}
    lasting: tuple[str, ...] = ()
    enduring: tuple[str, ...] = ("look ",)

    def __init__(self, site: Site, use: IncidentUse | None = None) -> None:
        self.site = site
        self.use = use or IncidentUse(model=self.name)
        known = INCIDENTS[self.name]
        self.places = playing(site, self.use)
        self.parameters = {name: one.default for name, one in known.parameters.items()} | self.use.parameters
        #: By role, its alarms: `station/point/rule`.
        self.rules = {
            role: tuple(f"{place}/{rule}" for place in self.places[role] for rule in one.rules)
            for role, one in known.roles.items()
        }
        #: The one point of each role that has one.
        self.at = {role: found[0] for role, found in self.places.items() if found and not known.roles[role].several}
        self.watched = [role for role in self.weights if role in self.at]
        self.memory = Memory()

    # --- what a model writes -------------------------------------------------------------------------------

    @abstractmethod
    def step(self, now: Instant) -> IncidentEvent | None:
        """The transition at this instant, if there is one."""

    def time_left(self, now: Instant) -> list[TimeLeft]:
        """How long until what; the first is what the console counts down."""
        return []

    def reasons(self, now: Instant) -> list[str]:
        """What is concluded from something else, in words."""
        return []

    def more(self, now: Instant) -> dict[str, Any]:
        """Evidence of the model's own."""
        return {}

    def partly(self, now: Instant) -> list[tuple[float, float, str]]:
        """Evidence of many points: (share of the confidence, how much of it is seen 0..1, what is missing)."""
        return []

    def claims(self) -> set[str]:
        """Alarms (`station/point/rule`) that the incident explains: one problem with it."""
        return {rule for rules in self.rules.values() for rule in rules}

    # --- what a model uses ---------------------------------------------------------------------------------

    def needs(self) -> set[str]:
        """Measured points, as `station/point`, that the model looks at."""
        index, points = self.site.point_index, self.site.points
        return {p for found in self.places.values() for p in found if points[index[p]].derived is None}

    def value(self, now: Instant, role: str) -> float | None:
        """The value of a role's one point; None when it is not known, or the site has none."""
        point = self.at.get(role)
        return None if point is None else now.value(point)

    def standing(self, now: Instant, role: str, *rules: str) -> str:
        """The first of the role's alarms, or of those of its alarms that are named, that is active; else empty."""
        return self._first(now.active, role, rules)

    def raised(self, now: Instant, role: str, *rules: str) -> str:
        """The same of those that were raised since the instant before."""
        return self._first(now.raised, role, rules)

    def _first(self, among: frozenset[str], role: str, rules: tuple[str, ...]) -> str:
        if not among:
            return ""
        return next((r for r in self.rules[role] if r in among and (not rules or r.rpartition("/")[2] in rules)), "")

    def held(self, name: str, condition: bool, now: int, duration: int) -> bool:
        """Whether `condition` has been true at every instant of this phase for `duration` (ns)."""
        if not condition:
            self.memory.since.pop(name, None)
            return False
        return now - self.memory.since.setdefault(name, now) >= duration

    def look(self, now: Instant) -> str:
        """Notes what is seen; what to say when a watched sensor was lost or came back (both lasting), else empty."""
        memory = self.memory
        changed: dict[str, int] = {}  # for how long each has been other than was said
        for role in self.watched:
            known = now.quality.get(self.at[role], FIRST_BAD) < FIRST_BAD
            if known:
                memory.seen[role] = now.time
            self.held(f"look {role}", known == (role in memory.blind), now.time, BLIND)
            if known == (role in memory.blind):
                changed[role] = now.time - memory.since[f"look {role}"]
        # What goes together is told together: points of one station are given up one after the other.
        longest, newest = max(changed.values(), default=0), min(changed.values(), default=0)
        if longest < BLIND or (newest < BLIND and longest < 2 * BLIND):
            return ""
        told = [role for role, age in changed.items() if age >= BLIND]
        lost = [role for role in told if role not in memory.blind]
        back = [role for role in told if role in memory.blind]
        for role in told:
            memory.since.pop(f"look {role}", None)
        memory.blind = [r for r in self.watched if (r in memory.blind or r in lost) and r not in back]
        said = [f"blind: {self._unseen(now, lost)}"] if lost else []
        if back:
            said.append(f"seen again: {', '.join(self.weights[role].label for role in back)}")
        return "; ".join(said)

    def clock(self, time: int) -> str:
        """Local clock time, with the day: `04-18 21:40`."""
        return to_datetime(time).astimezone(self._zone).strftime("%m-%d %H:%M")

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.time_zone)

    def _unseen(self, now: Instant, roles: list[str]) -> str:
        """What is not seen, since when and why; what went together is named together."""
        together: dict[str, list[str]] = {}
        for role in roles:
            seen = self.memory.seen.get(role)
            since = "never seen" if seen is None else f"unknown since {self.clock(seen)} ({now.why(self.at[role])})"
            together.setdefault(since, []).append(self.weights[role].label)
        return "; ".join(f"{', '.join(labels)} {since}" for since, labels in together.items())

    @cached_property
    def _points(self) -> dict[str, Point]:
        return {p.id: p for p in self.site.points if not p.removed}

    # --- events --------------------------------------------------------------------------------------------

    def move(self, phase: str, cause: str, now: Instant) -> IncidentEvent:
        """Enters `phase`: the event, with the playbook's next step."""
        memory = self.memory
        if not memory.incident:
            memory.incident = f"{self.site.id}/{self.kind}@{now.time}"
        memory.phase = phase
        memory.since = {name: at for name, at in memory.since.items() if name.startswith(self.enduring)}
        event = self.tell(cause, now)
        if phase == "closed":
            kept = {name: memory.numbers[name] for name in memory.numbers if name.startswith(self.lasting)}
            self.memory = Memory(trail=memory.trail, seen=memory.seen, blind=memory.blind, numbers=kept)
        return event

    def tell(self, cause: str, now: Instant) -> IncidentEvent:
        """News within the phase: what was lost, what was found."""
        memory = self.memory
        memory.number += 1
        step = self.site.playbooks.get(self.name, {}).get(memory.phase, "")
        return IncidentEvent(
            now.time, self.site.id, self.kind, memory.incident, memory.number, memory.phase, cause, step,
            self.evidence(now),
        )  # fmt: skip

    def evidence(self, now: Instant) -> dict[str, Any]:
        """Plain JSON data: what every incident says, and what this one adds."""
        left = self.time_left(now)
        claims = self.claims()
        said: dict[str, Any] = {
            "rank": self.ranks.get(self.memory.phase, 0),
            "readings": self.readings(now),
            "points": {self.weights[role].label: self.at[role] for role in self.watched},
            "confidence": self.confidence(now),
            "time_left": [one.plain() for one in left],
            "alarms": sorted(now.active & claims),
            "claims": sorted(claims),
        }
        if left:
            said["forecast"] = left[0].plain()
        return said | self.more(now)

    def readings(self, now: Instant) -> dict[str, str]:
        """What is measured, by label, as people write it."""
        out = {}
        for role in self.watched:
            one, value = self.weights[role], self.value(now, role)
            least = "≥ " if now.quality.get(self.at[role]) == Quality.SATURATED else ""
            states = self._points[self.at[role]].states
            if value is None:
                out[one.label] = "unknown"
            else:
                out[one.label] = states.get(int(value)) or least + one.form.format(value)
        return out

    def confidence(self, now: Instant) -> dict[str, Any]:
        """The share of the evidence that is seen; each vital piece that is not counts against the whole besides.

        What a site has no sensor for is no evidence, and is not missed; uncertain readings count half.
        """
        total = seen = 0.0
        factor, missing, because = 1.0, [], []
        for role in self.watched:
            one, code = self.weights[role], now.quality.get(self.at[role], int(Quality.NEVER_SEEN))
            total += one.share
            if code >= FIRST_BAD:
                missing.append(self._unseen(now, [role]))
                factor *= 0.7 if one.vital else 1.0
                continue
            seen += one.share * (0.5 if code >= FIRST_UNCERTAIN else 1.0)
            if found := self.standing(now, role):
                because.append(f"{one.label}: {found.rpartition('/')[2]}")
        for weight, fraction, said in self.partly(now):
            total, seen = total + weight, seen + weight * fraction
            missing += [said] if said else []
        share = factor * seen / total if total else 0.0
        return confidence(share, [*because, *self.reasons(now)], missing)
