"""How the alarms of a simulated event did against its timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from services.core.clock import DAY, MINUTE, iso
from services.core.rates import worst_and_floods
from services.core.records import AlarmEvent, IncidentEvent, Output
from services.replay.row import Row
from services.replay.scorecard import announced
from services.replay.timeline import Alarm, Expectation, Phase, Warned


@dataclass(frozen=True, slots=True)
class Judged:
    """One expected alarm or phase. at: when it was wanted.  came: when it came, within the tolerance; None: it did not.

    nearest: of a miss, when it came nevertheless, too early or too late.
    """

    name: str
    at: int
    came: int | None
    nearest: int | None = None

    @property
    def hit(self) -> bool:
        """Whether it came in time."""
        return self.came is not None


@dataclass(frozen=True, slots=True)
class Warning:
    """A consequence and the minutes of warning of it; None: nobody was told. enough: as much as was wanted."""

    consequence: str
    at: int
    told: int | None
    minutes: float | None
    enough: bool


@dataclass(frozen=True, slots=True)
class TimelineScore:
    """The result. false_alarms: annunciated and neither expected nor tolerable, as (ns, site/station/point/rule).

    violations: what must_not names and came.  worst_within: most in the time that the file's at_most names.
    """

    event: str
    days: float
    alarms: tuple[Judged, ...]
    phases: tuple[Judged, ...]
    false_alarms: tuple[tuple[int, str], ...]
    tolerated: int
    violations: tuple[tuple[int, str], ...]
    warnings: tuple[Warning, ...]
    annunciated: int
    worst_10_minutes: int
    floods: int
    too_many: bool

    def row(self) -> Row:
        """What every event's scorecard has in common."""
        minutes = [one.minutes for one in self.warnings if one.minutes is not None]
        return Row(
            self.event,
            sum(one.hit for one in self.alarms),
            sum(not one.hit for one in self.alarms),
            len(self.false_alarms),
            self.days,
            tuple(minutes),
            self.worst_10_minutes,
            self.floods,
            sum(one.hit for one in self.phases),
            len(self.phases),
            len(self.violations) + sum(not one.enough for one in self.warnings) + self.too_many,
        )

    def to_json(self) -> dict[str, object]:
        """Plain data, times as ISO 8601."""

        def judged(ones: Iterable[Judged]) -> list[dict[str, object]]:
            return [
                {
                    "name": one.name, "verdict": "hit" if one.hit else "miss", "at": iso(one.at),
                    "came": None if one.came is None else iso(one.came),
                    "nearest": None if one.nearest is None else iso(one.nearest),
                }
                for one in ones
            ]  # fmt: skip

        return {
            **self.row().to_json(),
            "annunciated": self.annunciated,
            "tolerated_alarms": self.tolerated,
            "expected": judged(self.alarms),
            "phases": judged(self.phases),
            "false": [{"time": iso(time), "alarm": name} for time, name in self.false_alarms],
            "must_not": [{"time": iso(time), "alarm": name} for time, name in self.violations],
            "too_many": self.too_many,
            "warnings": [
                {**asdict(one), "at": iso(one.at), "told": None if one.told is None else iso(one.told)}
                for one in self.warnings
            ],
        }


def score_timeline(outputs: Iterable[Output], expected: Expectation, start: int, end: int) -> TimelineScore:
    """Compares what a run from `start` to `end` (ns, ValueError unless start < end) said with the timeline.

    An expected alarm is hit by the nearest annunciated one of its name and priority within the tolerance; each hits
    once. Whatever else is annunciated is false, unless it is tolerable; an expected alarm that came outside its
    tolerance is a miss and a false alarm.
    """
    if end <= start:
        raise ValueError(f"the run must have a length: {iso(start)} to {iso(end)}")
    told = list(outputs)
    sounded = sorted((o for o in told if isinstance(o, AlarmEvent) and announced(o)), key=_order)
    steps = sorted((o for o in told if isinstance(o, IncidentEvent)), key=lambda o: (o.time, o.incident, o.number))
    left = list(sounded)
    judged: dict[int, Judged] = {}
    # First those that are nearest to their time, so that of two of one name each finds its own.
    pairs = sorted(
        (abs(event.time - wanted.at), i, n)
        for i, wanted in enumerate(expected.alarms)
        for n, event in enumerate(sounded)
        if _is(wanted, event) and abs(event.time - wanted.at) <= _tolerance(wanted, expected)
    )
    taken: set[int] = set()
    for _, i, n in pairs:
        if i not in judged and n not in taken:
            taken.add(n)
            judged[i] = Judged(_name(expected.alarms[i]), expected.alarms[i].at, sounded[n].time)
    left = [event for n, event in enumerate(sounded) if n not in taken]
    for i, wanted in enumerate(expected.alarms):
        if i not in judged:
            near = [event.time for event in left if _is(wanted, event)]
            judged[i] = Judged(_name(wanted), wanted.at, None, _nearest(near, wanted.at))
    false = [event for event in left if not any(one.fits(event) for one in expected.tolerable)]
    times = [event.time for event in sounded]
    worst, floods = worst_and_floods(times, end)
    return TimelineScore(
        expected.event,
        (end - start) / DAY,
        tuple(judged[i] for i in range(len(expected.alarms))),
        tuple(_phase(wanted, steps, expected) for wanted in expected.phases),
        tuple((event.time, _name(event)) for event in false),
        len(left) - len(false),
        tuple((e.time, _name(e)) for e in sounded if any(one.fits(e) for one in expected.must_not)),
        tuple(_warning(one, sounded, steps) for one in expected.warning),
        len(sounded),
        worst,
        len(floods),
        _too_many(times, expected),
    )


def _order(event: AlarmEvent) -> tuple[int, str, str, str, str, int]:
    return event.time, event.site, event.station, event.point, event.rule, event.number


def _name(one: AlarmEvent | Alarm) -> str:
    return f"{one.site}/{one.station}/{one.point}/{one.rule}"


def _is(wanted: Alarm, event: AlarmEvent) -> bool:
    return _name(wanted) == _name(event) and wanted.priority == event.priority


def _tolerance(wanted: Alarm | Phase, expected: Expectation) -> int:
    return expected.tolerance if wanted.tolerance is None else wanted.tolerance


def _nearest(times: list[int], at: int) -> int | None:
    return min(times, key=lambda time: abs(time - at), default=None)


def _phase(wanted: Phase, steps: list[IncidentEvent], expected: Expectation) -> Judged:
    times = [
        step.time
        for step in steps
        if step.phase == wanted.phase
        and wanted.kind in ("", step.kind)
        and wanted.site in (None, step.site)
    ]  # fmt: skip
    near = _nearest(times, wanted.at)
    name = "/".join(filter(None, (wanted.site, wanted.kind, wanted.phase)))
    if near is not None and abs(near - wanted.at) <= _tolerance(wanted, expected):
        return Judged(name, wanted.at, near)
    return Judged(name, wanted.at, None, near)


def _warning(wanted: Warned, sounded: list[AlarmEvent], steps: list[IncidentEvent]) -> Warning:
    first = wanted.first
    if first.of_incident:
        told = next((step.time for step in steps if first.fits_incident(step)), None)
    else:
        told = next((event.time for event in sounded if first.fits(event)), None)
    if told is None:
        return Warning(wanted.consequence, wanted.at, None, None, False)
    before = wanted.at - told
    return Warning(wanted.consequence, wanted.at, told, round(before / MINUTE, 2), before >= max(wanted.least, 1))


def _too_many(times: list[int], expected: Expectation) -> bool:
    if expected.at_most is None:
        return False
    most, within = expected.at_most.alarms, expected.at_most.within
    return any(
        sum(time <= other < time + within for other in times[i : i + most + 1]) > most for i, time in enumerate(times)
    )
