"""What the pages of incidents and of the handover need of the journal beyond the live lists, folded beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.alerts.lifecycle.standing import Standings
from services.alerts.performance import Floods
from services.alerts.performance.words import sounds
from services.core.clock import HOUR
from services.core.records import AlarmEvent, IncidentEvent

#: Sounding alarms that are kept, for the load of a shift: a city's worst day has some thousands.
KEPT_SOUNDED = 20_000

#: Of one incident: its alarms' transitions, and its own.
KEPT_ALARMS, KEPT_NEWS = 500, 200

#: Incidents whose course is kept; of more the oldest are let go, closed ones first.
KEPT_COURSES = 50

#: Transitions of a site that an incident looks back on when it opens, and how far (ns).
_BEFORE, LOOK_BACK = 300, 2 * HOUR


@dataclass(slots=True)
class Course:
    """An incident from its beginning. begun: by phase the event that entered it first.

    claims: alarms (`station/point/rule`) that it explains; none stated: all of its site.
    """

    begun: dict[str, IncidentEvent] = field(default_factory=dict)
    news: deque[IncidentEvent] = field(default_factory=lambda: deque(maxlen=KEPT_NEWS))
    alarms: deque[AlarmEvent] = field(default_factory=lambda: deque(maxlen=KEPT_ALARMS))
    claims: frozenset[str] = frozenset()

    @property
    def last(self) -> IncidentEvent:
        """The newest event."""
        return self.news[-1]

    def concerns(self, event: AlarmEvent) -> bool:
        """Whether the alarm is one of the incident's."""
        return not self.claims or f"{event.station}/{event.point}/{event.rule}" in self.claims


@dataclass(frozen=True, slots=True)
class Load:
    """Alarms that sounded in some hours, by priority. worst: most in any ten minutes, the last of them at worst_at."""

    counts: dict[str, int]
    total: int
    worst: int
    worst_at: int
    complete: bool


class Shift:
    """Events in the order of the log; what comes twice changes nothing."""

    def __init__(self) -> None:
        self.standings = Standings()
        self.courses: dict[str, Course] = {}
        self._sounded: deque[AlarmEvent] = deque(maxlen=KEPT_SOUNDED)
        self._recent: dict[str, deque[AlarmEvent]] = {}
        self._open: dict[str, dict[str, Course]] = {}
        self._numbers: dict[str, int] = {}
        self._loads: dict[tuple[int, int, int], Load] = {}

    def apply(self, event: AlarmEvent | IncidentEvent) -> None:
        """Folds one."""
        if isinstance(event, IncidentEvent):
            self._incident(event)
            return
        name = event.occurrence
        if event.number <= self._numbers.get(name, -1):
            return
        self._numbers.pop(name, None)
        self._numbers[name] = event.number
        while len(self._numbers) > KEPT_SOUNDED:
            del self._numbers[next(iter(self._numbers))]
        self.standings.apply(event)
        if sounds(event):
            self._sounded.append(event)
        self._recent.setdefault(event.site, deque(maxlen=_BEFORE)).append(event)
        for course in self._open.get(event.site, {}).values():
            if course.concerns(event):
                course.alarms.append(event)

    def _incident(self, event: IncidentEvent) -> None:
        course = self.courses.get(event.incident)
        if course is not None and event.number <= course.last.number:
            return
        claims = event.evidence.get("claims")
        named = frozenset(map(str, claims)) if isinstance(claims, list | tuple) else frozenset[str]()
        if course is None:
            course = self.courses[event.incident] = Course(claims=named)
            before = self._recent.get(event.site, ())
            course.alarms.extend(e for e in before if e.time > event.time - LOOK_BACK and course.concerns(e))
        course.claims = named or course.claims
        course.begun.setdefault(event.phase, event)
        course.news.append(event)
        here = self._open.setdefault(event.site, {})
        if event.phase == "closed":
            here.pop(event.incident, None)
        else:
            here[event.incident] = course
        while len(self.courses) > KEPT_COURSES:
            closed = (name for name, one in self.courses.items() if one.last.phase == "closed")
            gone = self.courses.pop(next(closed, next(iter(self.courses))))
            self._open.get(gone.last.site, {}).pop(gone.last.incident, None)

    def load(self, start: int, end: int) -> Load:
        """Of the alarms that sounded from `start` to before `end` (ns)."""
        newest = self._sounded[-1].time if self._sounded else 0
        key = (start, end, newest + len(self._sounded))
        if key not in self._loads:
            while len(self._loads) > 20:
                del self._loads[next(iter(self._loads))]
            self._loads[key] = self._count(start, end)
        return self._loads[key]

    def _count(self, start: int, end: int) -> Load:
        found = sorted((e for e in self._sounded if start <= e.time < end), key=lambda e: e.time)
        counts: dict[str, int] = {}
        for event in found:
            counts[event.priority] = counts.get(event.priority, 0) + 1
        floods = Floods(dict.fromkeys((event.site for event in found), "all"))
        floods.take(found)
        worst, at = floods.worst("all")
        complete = len(self._sounded) < KEPT_SOUNDED or self._sounded[0].time <= start
        return Load(counts, len(found), worst, at, complete)

    def oftenest(self, start: int, end: int, most: int = 5) -> Sequence[tuple[AlarmEvent, int]]:
        """The alarms that sounded most often, with how many times; each named by its newest event."""
        newest: dict[tuple[str, str, str, str], tuple[AlarmEvent, int]] = {}
        for event in self._sounded:
            if start <= event.time < end:
                name = (event.site, event.station, event.point, event.rule)
                newest[name] = (event, newest.get(name, (event, 0))[1] + 1)
        return sorted(newest.values(), key=lambda one: (-one[1], one[0].time))[:most]
