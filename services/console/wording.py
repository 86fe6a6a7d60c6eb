"""Numbers, times and durations as people in a control room read them."""

from __future__ import annotations

import math
from datetime import timedelta
from zoneinfo import ZoneInfo

from services.console.view.snapshots import PointView
from services.console.words import language
from services.core.clock import HOUR, MINUTE, SECOND, to_datetime
from services.core.phrases import Phrases, shipped

UNKNOWN = "—"
ARROWS = {-1: "↘", 0: "→", 1: "↗"}


_phrases: list[Phrases] = []


def use(phrases: Phrases) -> None:
    """The phrases of this process' pages, a utility's own with them; without any the shipped ones."""
    _phrases[:] = [phrases]


def said(text: str) -> str:
    """A text of the catalogue or of an incident, in the language that is spoken; as it is, where none is known."""
    return (_phrases[0] if _phrases else shipped()).said(text, language())


def number(value: float | None, *, saturated: bool = False) -> str:
    """`4,000`, `18.4`, `0.62`; a saturated one says "at least"; — for None and NaN."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    digits = 0 if value == 0 else _digits(size)
    written = f"{value:,.{digits}f}".replace("-", "−")
    return f"≥ {written}" if saturated else written


def _digits(size: float) -> int:
    return 0 if size >= 100 else 1 if size >= 10 else 2


def step(value: float) -> float:
    """The size of the last digit that `number` writes of a value other than zero."""
    return 10.0 ** -_digits(abs(value))


def count(value: int) -> str:
    """How many, in whole numbers: `1`, `7,720`."""
    return f"{value:,d}"


def limit(value: float | None) -> str:
    """A limit as it was set: `0.6`, `1,000`, without padding."""
    return UNKNOWN if value is None else f"{value:,.6g}".replace("-", "−")


def unit(name: str) -> str:
    """A unit as it is printed."""
    return name.replace("m3/h", "m³/h")


def reading(view: PointView) -> str:
    """The reading without its unit; uncertain ones carry a question mark."""
    if view.state:
        return said(view.state)
    return number(view.value, saturated=view.saturated) + ("?" if view.uncertain else "")


def local(ns: int, zone: ZoneInfo, pattern: str = "%H:%M") -> str:
    """The time in the utility's zone."""
    return to_datetime(ns).astimezone(zone).strftime(pattern)


def offset(ns: int, zone: ZoneInfo) -> timedelta:
    """The zone's offset from UTC at that time."""
    return to_datetime(ns).astimezone(zone).utcoffset() or timedelta()


def zone_label(ns: int, zone: ZoneInfo) -> str:
    """`UTC+8`, `UTC+5:30`, `UTC`."""
    minutes = round(offset(ns, zone).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def age(ns: int) -> str:
    """`40 s`, `12 min`, `2 h 05`, `3 d`: as exact as somebody needs who decides by it."""
    if ns < MINUTE:
        return f"{max(ns, 0) // SECOND} s"
    if ns < HOUR:
        return f"{ns // MINUTE} min"
    if ns < 48 * HOUR:
        return f"{ns // HOUR} h {ns % HOUR // MINUTE:02d}"
    return f"{ns // (24 * HOUR)} d"


def hours(value: float) -> str:
    """Hours as `7 h 48`, under an hour as `48 min`."""
    return age(round(value * 3600) * SECOND) if value * 3600 >= 60 else "< 1 min"
