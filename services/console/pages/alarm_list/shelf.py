"""Until when an alarm may be put aside: a quarter of an hour, an hour, the end of the shift, or as somebody says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.console.view.snapshots import AlarmView
from services.core.clock import HOUR, MINUTE, SECOND, to_datetime, to_ns

#: When shifts change where nobody has said otherwise: hours of the day, local time.
SHIFTS = (8, 20)

#: The choices, in their order; `custom` is a number of minutes.
ENDS = ("15m", "1h", "shift", "custom")

#: What the keeper takes where the catalogue says nothing.
_LONGEST = 8 * HOUR


def shift_end(now: int, zone: ZoneInfo, shifts: Iterable[int] = SHIFTS) -> int:
    """When the present shift ends (ns); at the very hour it is the next one's end."""
    local = to_datetime(now).astimezone(zone)
    days = (local.date() + timedelta(days=extra) for extra in (0, 1))
    ends = [datetime(day.year, day.month, day.day, hour, tzinfo=zone) for day in days for hour in sorted(shifts)]
    return min(to_ns(end) for end in ends if to_ns(end) > now)


def longest(alarms: Iterable[AlarmView]) -> int:
    """The longest shelf (ns) that all of them allow; 0: at least one allows none."""
    return min((one.rule.longest_shelf if one.rule is not None else _LONGEST for one in alarms), default=0)


def until(choice: str, minutes: float | None, now: int, zone: ZoneInfo, bound: int) -> int | None:
    """The end (ns) of that choice; None when it is not between a minute and `bound` ns from now.

    The end of the shift is the bound when that comes first: who chose it has read so.
    """
    match choice:
        case "15m":
            end = now + 15 * MINUTE
        case "1h":
            end = now + HOUR
        case "shift":
            return min(shift_end(now, zone), now + bound)
        case _:
            if minutes is None or not 1 <= minutes <= bound / MINUTE:
                return None
            end = now + round(minutes * 60) * SECOND
    return end if end <= now + bound else None
