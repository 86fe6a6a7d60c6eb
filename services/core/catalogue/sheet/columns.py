"""The columns of the master alarm database, how each is written in a cell and read back from one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from services.core.catalogue.model import Priority, Severity
from services.core.clock import SECOND, format_duration, parse_duration

#: key: which alarm it is.  edit: taken back on import.  fixed: the type's, compared and refused when it differs.
#: made: computed from the others, not read.
Use = Literal["key", "edit", "fixed", "made"]

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?")
_MAX_NUMBER = 1e15


@dataclass(frozen=True, slots=True)
class Column:
    """write: the value as a cell's text.  read: the value of a text; ValueError says what would be right."""

    name: str
    use: Use
    write: Callable[[Any], str]
    read: Callable[[str], Any]


def number_text(value: float | None) -> str:
    """`200`, `0.35`: the shortest that reads back as the same number; empty for none."""
    return "" if value is None else str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def is_number(text: str) -> bool:
    """Whether a spreadsheet may read it as a number: it begins no formula then, whatever its sign."""
    return _NUMBER.fullmatch(text) is not None


def duration_text(value: int) -> str:
    """`5m`, `250ms`: exact to the nanosecond."""
    return format_duration(value) if value % SECOND == 0 else f"{value / 1e6:.12g}ms"


def _number(text: str) -> float:
    if "," in text:
        raise ValueError("must be a number with a decimal point: a comma may stand for decimals or for thousands")
    if not is_number(text):
        raise ValueError("must be a number such as 200, 0.35 or -10")
    value = float(text)
    if not math.isfinite(value) or abs(value) > _MAX_NUMBER:
        raise ValueError(f"must be between {-_MAX_NUMBER:g} and {_MAX_NUMBER:g}")
    return value


def _integer(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError("must be a whole number")
    return int(text)


def _codes(text: str) -> tuple[int, ...]:
    return tuple(_integer(part) for part in text.split())


def _duration(text: str) -> int:
    return parse_duration(text)


def _flag(text: str) -> bool:
    known = {"yes": True, "no": False, "true": True, "false": False}
    if text.lower() not in known:
        raise ValueError("must be yes or no")
    return known[text.lower()]


def _flag_text(value: bool) -> str:
    return "yes" if value else "no"


def _choice(of: Any) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in get_args(of):
            raise ValueError(f"must be one of {', '.join(get_args(of))}")
        return text

    return read


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _list(value: list[Any]) -> str:
    return "; ".join(map(str, value))


def _gate(value: dict[str, Any] | None) -> str:
    if value is None:
        return ""
    return f"{value['point']} in {' '.join(map(str, value['states']))}, settled for {value['settle']}"


def _limits(value: list[dict[str, Any]]) -> str:
    return "; ".join(" ".join(f"{k}={_plain(v)}" for k, v in one.items()) for one in value)


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else number_text(value) if _real(value) else str(value)


def _real(value: object) -> bool:
    return isinstance(value, int | float)


def _column(name: str, use: Use, write: Callable[[Any], str] = _text, read: Callable[[str], Any] = str) -> Column:
    return Column(name, use, write, read)


COLUMNS: tuple[Column, ...] = (
    *(_column(name, "key") for name in ("site", "station", "point", "rule")),
    *(_column(name, "fixed") for name in ("type", "unit", "kind")),
    _column("limit", "edit", number_text, _number),
    _column("deadband", "edit", number_text, _number),
    _column("clear_ratio", "edit", number_text, _number),
    _column("clear", "made", number_text),
    *(_column(name, "edit", duration_text, _duration) for name in ("on_delay", "off_delay", "window")),
    *(_column(name, "edit", number_text, _number) for name in ("floor", "reference", "slack")),
    _column("count", "edit", _text, _integer),
    _column("states", "edit", lambda v: " ".join(map(str, v)), _codes),
    _column("certain_after", "edit", duration_text, _duration),
    _column("limits", "fixed", _limits),
    _column("gate", "fixed", _gate),
    _column("priority", "edit", read=_choice(Priority)),
    _column("severity", "edit", read=_choice(Severity)),
    _column("priority_derived", "made"),
    _column("priority_agrees", "made", lambda v: "" if v is None else _flag_text(v)),
    *(_column(name, "edit") for name in ("priority_because", "consequence", "response")),
    _column("respond_within", "edit", duration_text, _duration),
    _column("hidden_by", "fixed"),
    _column("latching", "edit", _flag_text, _flag),
    *(_column(name, "edit", duration_text, _duration) for name in ("realarm", "longest_shelf", "chatter_shelf")),
    *(_column(name, "made", _list) for name in ("suppressed_by", "suppresses")),
    *(_column(name, "edit") for name in ("source", "off")),
    _column("defined", "made"),
    _column("overridden", "made", _list),
)
