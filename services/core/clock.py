"""Event time as integer nanoseconds UTC: parsing and printing, never reading a clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: Stands for "never": later than any event time that is accepted.
NEVER = 2**63 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def to_ns(moment: datetime) -> int:
    """Nanoseconds of an aware datetime, exact to its microsecond.

    Raises ValueError when the datetime has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {moment.isoformat()}")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def parse_time(text: str) -> int:
    """Nanoseconds of an ISO 8601 time with an offset or Z; ValueError when it has neither."""
    return to_ns(datetime.fromisoformat(text))


def to_datetime(ns: int) -> datetime:
    """The aware UTC datetime of `ns`, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def iso(ns: int) -> str:
    """`2023-04-18T10:45:00Z`, with as many decimals as the nanoseconds need."""
    whole, rest = divmod(ns, SECOND)
    text = (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else text + "Z"


def parse_duration(text: str) -> int:
    """Nanoseconds of `90s`, `5m`, `1h`, `1h30m`, `250ms`, `14d`; ValueError otherwise."""
    compact = text.replace(" ", "")
    total, at = 0.0, 0
    for match in _DURATION.finditer(compact):
        if match.start() != at:
            break
        total += float(match[1]) * _UNITS[match[2]]
        at = match.end()
    if at != len(compact) or not compact:
        raise ValueError(f"not a duration: {text!r} (write 30s, 5m, 1h30m)")
    return round(total)


def format_duration(ns: int) -> str:
    """The shortest of `2d`, `7h48m`, `5m`, `30s` that says it to the second."""
    seconds = ns // SECOND
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
