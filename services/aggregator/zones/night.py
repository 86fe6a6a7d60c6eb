"""Minimum night flow: the lowest hour between 02:00 and 04:00, when customers use least and leaks show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from services.aggregator.zones.terms import QUARTER
from services.core.clock import to_datetime, to_ns

#: The hours of the night (local) that are looked at: BRIEF.md, "Numbers of the field".
_FROM, _TO = time(2), time(4)
#: Quarters that make the hour over which a night flow is meant, and how much of it must be known (s).
_HOUR, _LEAST_KNOWN = 4, 3420.0


@dataclass(frozen=True, slots=True)
class Quarter:
    """start ns.  volume: m3 into the zone, over the time that is known.  gap: the longest of a member, s.

    silent: members of which nothing is known; then the gap is the whole quarter.
    """

    start: int
    volume: float
    gap: float
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NightFlow:
    """start ns: of the lowest hour; flow: m3/h, its mean over the time that is known; gap: s of it that are not."""

    start: int
    flow: float
    gap: float


def night_of(moment: int, zone: str) -> tuple[int, int]:
    """02:00 and 04:00 (ns) of the local date that `moment` (ns) is of.

    On the night when the clocks go forward at two they are an hour apart.
    """
    where = ZoneInfo(zone)
    date = to_datetime(moment).astimezone(where).date()
    first, last = (to_ns(datetime.combine(date, at, where)) for at in (_FROM, _TO))
    return first, last


def night_flow(quarters: Sequence[Quarter], first: int, last: int) -> NightFlow | None:
    """The lowest mean of four quarters in a row within first..last (ns), of which 95 % is known; None without any.

    An hour and not the lowest quarter: a quarter of a small zone is a matter of who was thirsty.
    """
    by_start = {q.start: q for q in quarters if first <= q.start and q.start + QUARTER <= last}
    lowest: NightFlow | None = None
    for start in sorted(by_start):
        hour = [by_start.get(start + n * QUARTER) for n in range(_HOUR)]
        known = [q for q in hour if q is not None]
        gap = sum(q.gap for q in known)
        if len(known) < _HOUR or 3600.0 - gap < _LEAST_KNOWN:
            continue
        flow = sum(q.volume for q in known) / (3600.0 - gap) * 3600.0
        if lowest is None or flow < lowest.flow:
            lowest = NightFlow(start, flow, gap)
    return lowest
