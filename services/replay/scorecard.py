"""The scorecard: which wanted surges were announced, when, and what was raised for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from services.core.clock import DAY, MINUTE, iso
from services.core.rates import worst_and_floods
from services.core.records import AlarmEvent, Output
from services.replay.expected import Expected, Period, Surge
from services.replay.row import Row

#: Transitions that tell people; an alarm that is suppressed or hidden is not annunciated.
TELLING = frozenset(("raised", "realarmed", "unshelved", "unsuppressed", "returned"))


def announced(event: AlarmEvent) -> bool:
    """Whether people were told: not of what came after its time (the historical lane)."""
    return event.annunciated and not event.lane and event.transition in TELLING


@dataclass(frozen=True, slots=True)
class SurgeScore:
    """How one surge was announced.

    alarm, rule: the first alarm in it (ns; None: there was none).  minutes_before_peak: positive
    when it came before the turbidity peak.  minutes_after_onset: after the time when nobody could
    doubt it; negative is early. by_rule: the first alarm of each rule, minutes before the peak.
    repeats: further alarms. A miss has no alarm before peak + grace; an alarm that came later is
    shown, and makes it no hit.
    """

    id: str
    peak: int
    value: float
    verdict: Literal["hit", "miss"]
    alarm: int | None
    rule: str
    minutes_before_peak: float | None
    minutes_after_onset: float | None
    by_rule: dict[str, float]
    repeats: int


@dataclass(frozen=True, slots=True)
class Stray:
    """An alarm outside every surge.

    `period` names what the file says of that time, "" when it says nothing.
    """

    time: int
    station: str
    point: str
    rule: str
    period: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The result. days: length of the record.  other_alarms: by rules that announce no surge, by name.

    worst_10_minutes, floods: of all alarms, of whatever rule (services.core.rates).
    """

    event: str
    days: float
    surges: tuple[SurgeScore, ...]
    false_alarms: tuple[Stray, ...]
    tolerated: tuple[Stray, ...]
    alarms: int
    other_alarms: dict[str, int]
    worst_10_minutes: int = 0
    floods: int = 0

    @property
    def hits(self) -> int:
        """Surges announced in time."""
        return sum(s.verdict == "hit" for s in self.surges)

    @property
    def misses(self) -> int:
        """Surges not announced, or too late."""
        return len(self.surges) - self.hits

    @property
    def alarms_per_day(self) -> float:
        """All annunciated alarms, of whatever rule, a day."""
        return (self.alarms + sum(self.other_alarms.values())) / self.days

    @property
    def median_minutes_before_peak(self) -> float | None:
        """Of the hits; None without one."""
        leads = [s.minutes_before_peak for s in self.surges if s.verdict == "hit" and s.minutes_before_peak is not None]
        return median(leads) if leads else None

    def row(self) -> Row:
        """What every event's scorecard has in common."""
        leads = [s.minutes_before_peak for s in self.surges if s.verdict == "hit" and s.minutes_before_peak is not None]
        return Row(
            self.event, self.hits, self.misses, len(self.false_alarms), self.days, tuple(leads),
            self.worst_10_minutes, self.floods,
        )  # fmt: skip

    def to_json(self) -> dict[str, object]:
        """Plain data, times as ISO 8601."""
        return {
            **self.row().to_json(),
            "tolerated_alarms": len(self.tolerated),
            "alarms": self.alarms,
            "other_alarms": self.other_alarms,
            "days": round(self.days, 2),
            "alarms_per_day": round(self.alarms_per_day, 3),
            "median_minutes_before_peak": self.median_minutes_before_peak,
            "surges": [
                {
                    "id": s.id,
                    "verdict": s.verdict,
                    "peak": iso(s.peak),
                    "value": s.value,
                    "alarm": None if s.alarm is None else iso(s.alarm),
                    "rule": s.rule,
                    "minutes_before_peak": s.minutes_before_peak,
                    "minutes_after_onset": s.minutes_after_onset,
                    "by_rule": s.by_rule,
                    "repeats": s.repeats,
                }
                for s in self.surges
            ],
            "false": [_stray_json(s) for s in self.false_alarms],
            "tolerated": [_stray_json(s) for s in self.tolerated],
        }


def _stray_json(stray: Stray) -> dict[str, object]:
    return {
        "time": iso(stray.time),
        "station": stray.station,
        "point": stray.point,
        "rule": stray.rule,
        "period": stray.period,
    }


def score(outputs: Iterable[Output], expected: Expected, start: int, end: int) -> Scorecard:
    """Compares the alarms of a run over the record from `start` to `end` (ns, ValueError unless
    start < end).

    An alarm belongs to the surge between whose first sign and end it comes. Before the first sign
    or after the end it is false, unless the file calls that time tolerable.
    """
    if end <= start:
        raise ValueError(f"the record must have a length: {iso(start)} to {iso(end)}")
    raised = [o for o in outputs if isinstance(o, AlarmEvent) and o.site == expected.site and announced(o)]
    raised.sort(key=lambda a: (a.time, a.station, a.point, a.rule))
    of_surge: dict[str, list[AlarmEvent]] = {surge.id: [] for surge in expected.surges}
    false, tolerated, other = list[Stray](), list[Stray](), dict[str, int]()
    counted = 0
    for alarm in raised:
        if alarm.rule not in expected.rules:
            other[alarm.rule] = other.get(alarm.rule, 0) + 1
            continue
        counted += 1
        surge = _surge_at(expected.surges, alarm.time)
        if surge is not None:
            of_surge[surge.id].append(alarm)
        elif period := _period_at(expected.tolerable, alarm.time):
            tolerated.append(_stray(alarm, period))
        else:
            false.append(_stray(alarm, _period_at(expected.quiet, alarm.time)))
    worst, floods = worst_and_floods((alarm.time for alarm in raised), end)
    return Scorecard(
        expected.event,
        (end - start) / DAY,
        tuple(_judge(s, of_surge[s.id], expected.grace) for s in expected.surges),
        tuple(false),
        tuple(tolerated),
        counted,
        dict(sorted(other.items())),
        worst,
        len(floods),
    )


def _surge_at(surges: Sequence[Surge], time: int) -> Surge | None:
    """Where one surge ends as the next begins, the alarm is the next one's."""
    found = [s for s in surges if s.onset[0] <= time <= s.until]
    return found[-1] if found else None


def _period_at(periods: Sequence[Period], time: int) -> Period | None:
    return next((p for p in periods if p.start <= time <= p.until), None)


def _stray(alarm: AlarmEvent, period: Period | None) -> Stray:
    return Stray(alarm.time, alarm.station, alarm.point, alarm.rule, period.id if period else "")


def _judge(surge: Surge, alarms: list[AlarmEvent], grace: int) -> SurgeScore:
    by_rule: dict[str, float] = {}
    for alarm in alarms:
        by_rule.setdefault(alarm.rule, (surge.peak.time - alarm.time) / MINUTE)
    first = alarms[0] if alarms else None
    return SurgeScore(
        surge.id,
        surge.peak.time,
        surge.peak.value,
        "hit" if first is not None and first.time <= surge.peak.time + grace else "miss",
        None if first is None else first.time,
        "" if first is None else first.rule,
        None if first is None else (surge.peak.time - first.time) / MINUTE,
        None if first is None else (first.time - surge.onset[1]) / MINUTE,
        by_rule,
        max(len(alarms) - 1, 0),
    )
