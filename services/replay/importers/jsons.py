"""Reading JSON that nobody vouches for: bounded, and every access says what it found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.core.clock import parse_time
from services.core.errors import Rejected
from services.replay.importers.model import checked_time, cut

#: JSON must be held in memory, at about ten times its size.
MAX_BYTES = 64_000_000


def load(path: Path) -> Any:
    """The file's data; Rejected when it is too large or not JSON."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Rejected("file too large", f"{size} bytes of JSON, at most {MAX_BYTES}; use RDB")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Rejected("not JSON", f"{what}; truncated in transfer?") from None


def field(data: Any, *path: str | int) -> Any:
    """What stands at `path`, None where there is nothing."""
    for step in path:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and len(data) > step else None
        else:
            data = data.get(step) if isinstance(data, dict) else None
    return data


def items(data: Any, *path: str | int) -> list[Any]:
    """The list at `path`, empty where there is none."""
    found = field(data, *path)
    return found if isinstance(found, list) else []


def text(data: Any, *path: str | int) -> str:
    """The text or number at `path` as text, "" where there is none."""
    found = field(data, *path)
    return str(found) if isinstance(found, str | int | float) else ""


def time_of(data: Any, name: str) -> int:
    """The time (ns) in field `name`; Rejected when it is none or has no offset."""
    written = text(data, name)
    try:
        return checked_time(parse_time(written))
    except (ValueError, OverflowError):
        raise Rejected("not a time", f"{name} {cut(written)} must be ISO 8601 with an offset") from None
