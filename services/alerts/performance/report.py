"""What a position's report says: every figure beside its target, floods with what came first, and which alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from services.alerts.performance import figures
from services.alerts.performance.alarm import HIDDEN, NEVER, WAYS, Alarm
from services.alerts.performance.durations import Durations
from services.alerts.performance.figures import Figure
from services.alerts.performance.floods import FloodEvent
from services.alerts.performance.position import Position
from services.alerts.performance.words import SPLIT, TOP
from services.core.clock import DAY, HOUR, MINUTE, iso
from services.core.rates import WINDOW

_PRIORITIES = (*SPLIT, "journal")


@dataclass(frozen=True, slots=True)
class Often:
    """An alarm and how often; share: of all that sounded."""

    alarm: str
    count: int
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class PositionReport:
    """One position from `start` to `end` (ns UTC). floods: the last 500, one that still lasts at the end comes last.

    top: the most frequent.  chattering: spells of three or more in a minute.  stale: names of those that stand.
    """

    position: str
    start: int
    end: int
    total: int
    figures: tuple[Figure, ...]
    floods: tuple[FloodEvent, ...]
    lasting: bool
    top: tuple[Often, ...]
    chattering: tuple[Often, ...]
    fleeting: tuple[Often, ...]
    stale: tuple[str, ...]

    def figure(self, name: str) -> Figure:
        """The figure of that name; KeyError for no such."""
        for one in self.figures:
            if one.name == name:
                return one
        raise KeyError(name)

    def to_json(self) -> dict[str, object]:
        """Plain data, times as ISO 8601."""
        return {
            "position": self.position,
            "from": iso(self.start),
            "until": iso(self.end),
            "days": round((self.end - self.start) / DAY, 3),
            "alarms": self.total,
            "figures": {one.name: one.to_json() for one in self.figures},
            "floods": [one.to_json() for one in self.floods],
            "top": [asdict(one) for one in self.top],
            "chattering": [{"alarm": one.alarm, "spells": one.count} for one in self.chattering],
            "fleeting": [{"alarm": one.alarm, "count": one.count} for one in self.fleeting],
            "stale": list(self.stale),
        }


def report_of(
    name: str,
    held: Position,
    worst: tuple[int, int],
    ended: list[FloodEvent],
    lasting: FloodEvent | None,
    start: int,
    end: int,
) -> PositionReport:
    """The report of what a position holds.

    ended, lasting: floods that end by `end` but that nothing after them has told yet, and the one that does not.
    """
    span = end - start
    floods = [*held.floods, *ended]
    in_flood = held.flood_ns + sum(one.time - one.began for one in ended)
    count = held.flood_count + len(ended)
    if lasting is not None:
        floods.append(lasting)
        in_flood += end - lasting.began
        count += 1
    top = _often(held, lambda alarm: alarm.sounded)[:TOP]
    chatter = _often(held, lambda alarm: alarm.chatters)
    fleeting = _often(held, lambda alarm: alarm.fleeting)
    stands = sorted(name for name, alarm in held.alarms.items() if alarm.stale_at(end))
    ever = sum(alarm.stale + alarm.stale_at(end) > 0 for alarm in held.alarms.values())
    return PositionReport(
        name, start, end, held.total,
        (
            *_load(held, worst, span, start, end),
            figures.plain("floods", "floods", count, "times"),
            figures.low_share("flood_time", "time in flood", in_flood / span, span),
            figures.top_share(sum(one.count for one in top) / held.total if held.total else None, span),
            figures.none_wanted("chattering", "chattering alarms (3 in 1 minute)", len(chatter)),
            figures.none_wanted("fleeting", "fleeting alarms (cleared within 1 minute)", len(fleeting),
                                "no standard says how short; a minute is ours"),
            figures.stale("stale", "stale alarms (active > 24 h) at the end", len(stands)),
            figures.stale("stale_ever", "alarms that were stale at any time", ever),
            *(
                figures.split(p, held.by_priority.get(p, 0) / held.total if held.total else None, span)
                for p in SPLIT
            ),
            *_attention(held, end),
            *_away(held, start, end),
        ),
        tuple(floods[-500:]), lasting is not None, tuple(top), tuple(chatter), tuple(fleeting), tuple(stands),
    )  # fmt: skip


def _often(held: Position, count: Callable[[Alarm], int]) -> list[Often]:
    found = [Often(name, count(alarm), count(alarm) / max(held.total, 1)) for name, alarm in held.alarms.items()]
    return sorted((one for one in found if one.count), key=lambda one: (-one.count, one.alarm))


def _load(held: Position, worst: tuple[int, int], span: int, start: int, end: int) -> list[Figure]:
    per_ten = held.total / (span / WINDOW)
    fixed, fixed_at = held.periods.worst
    hour, hour_at = held.hours.worst
    day, day_at = held.days.worst
    periods, hours = held.periods.periods(start, end), held.hours.periods(start, end)
    return [
        figures.rate("per_10_minutes", "average in 10 minutes", per_ten, 1, "alarms"),
        figures.rate("per_hour", "average an hour", per_ten, 6, "alarms"),
        figures.rate("per_day", "average a day", per_ten, 144, "alarms"),
        figures.worst_period(fixed, f"from {iso(fixed_at)}" if fixed else ""),
        figures.worst_sliding(worst[0], f"up to {iso(worst[1])}" if worst[0] else ""),
        figures.plain("above_1", "10 minutes with more than 1", 100 * held.periods.above(1) / periods, "%"),
        figures.plain("above_2", "10 minutes with more than 2", 100 * held.periods.above(2) / periods, "%"),
        figures.low_share("above_10", "10 minutes with more than 10", held.periods.above(10) / periods, span),
        figures.low_share("hours_above_30", "hours with more than 30", held.hours.above(30) / hours, span),
        figures.plain("worst_hour", "worst hour", hour, "alarms", f"from {iso(hour_at)}" if hour else ""),
        figures.plain("worst_day", "worst day (UTC)", day, "alarms", f"from {iso(day_at)}" if day else ""),
    ]


def _attention(held: Position, end: int) -> list[Figure]:
    """How long alarms waited for somebody. No standard has a number; an alarm's own `respond_within` is its measure."""
    everything = Durations()
    for one in held.acknowledged.values():
        everything.merge(one)
    waiting = [end - alarm.waits_since for alarm in held.alarms.values() if alarm.waits_since != NEVER]
    found = [
        figures.plain("acknowledged", "acknowledged", everything.count, "alarms"),
        figures.plain("unacknowledged_median", "unacknowledged, median", _minutes(everything, 0.5), "min"),
        figures.plain("unacknowledged_p90", "unacknowledged, 90 of 100", _minutes(everything, 0.9), "min"),
        figures.plain("unacknowledged_longest", "unacknowledged, longest of those",
                      everything.longest / MINUTE if everything.count else None, "min"),
        figures.plain("unanswered", "gone without being acknowledged", held.unanswered, "alarms",
                      "shelved, suppressed, hidden by a worse one, or raised again"),
        figures.plain("open", "unacknowledged at the end", len(waiting), "alarms"),
        figures.plain("open_longest", "the longest of those", max(waiting) / MINUTE if waiting else None, "min"),
    ]  # fmt: skip
    for priority in _PRIORITIES:
        if (times := held.acknowledged.get(priority)) is not None:
            found.append(
                figures.plain(
                    f"acknowledge_{priority}", f"time to acknowledge, {priority}, median", _minutes(times, 0.5), "min"
                )
            )
    return found


def _minutes(times: Durations, share: float) -> float | None:
    found = times.quantile(share)
    return None if found is None else found / MINUTE


def _away(held: Position, start: int, end: int) -> list[Figure]:
    found = []
    for way in WAYS:
        name = way.replace(" ", "_")
        label = "hidden by the worse alarm of the point" if way == HIDDEN else way
        times = sum(alarm.away_times.get(way, 0) for alarm in held.alarms.values())
        hours = sum(alarm.gone(way, end, start) for alarm in held.alarms.values()) / HOUR
        now = sum(alarm.away_as == way for alarm in held.alarms.values())
        found += [
            figures.plain(name, label, times, "times", f"{now} at the end"),
            figures.plain(f"{name}_hours", f"{way}, all alarms together", hours, "h"),
        ]
    aside = sum(alarm.aside for alarm in held.alarms.values())
    return [*found, figures.plain("put_aside", "put aside by themselves for chattering", aside, "times")]
