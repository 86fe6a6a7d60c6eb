"""What USGS records write beside numbers: words in place of a value, qualifiers, zones.

Sources: the remark and qualification codes that the files explain in their own headers, and the
list of the National Water Information System ("Instantaneous value qualification codes").
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from services.core.errors import Rejected
from services.core.quality import Quality
from services.replay.importers.model import cut

#: "No data" in every format of the system, besides the empty cell and a series' own noDataValue.
NO_DATA = -999999.0

#: In place of a value, or as a qualifier: the instrument or the site gave nothing that can be used.
WORDS = {
    "ice": "affected by ice",
    "eqp": "equipment malfunction",
    "bkw": "affected by backwater",
    "***": "temporarily unavailable",
    "dis": "data collection discontinued",
    "ssn": "monitored seasonally",
    "mnt": "maintenance in progress",
    "rat": "rating being developed",
    "fld": "flood damage",
    "dry": "dry",
    "tst": "test",
    "pr": "partial record",
    "zfl": "zero flow",
    "--": "not determined",
    "---": "not determined",
    "unk": "unknown",
}
#: With a number beside them these say that it is an estimate; the other words say that it is
#: worthless.
_ESTIMATED = {"ice", "bkw", "rat"}

#: Qualifiers that leave the number as it is: approved, provisional, revised.
_PLAIN = {"", "a", "p", "r"}

_REMARKED = re.compile(r"^([<>e~])\s*([-+]?[\d.].*)$", re.IGNORECASE)

#: Zone abbreviations of tz_cd, hours from UTC. A zone is written in every row, so that no rule
#: about the days of change is needed: EST is EST, whatever the season.
ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0,
    "AST": -4, "ADT": -3,
    "EST": -5, "EDT": -4,
    "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8,
    "HST": -10, "HDT": -9,
    "SST": -11,
    "GST": 10, "CHST": 10,
}  # fmt: skip


def split_qualifiers(text: str) -> list[str]:
    """`A:e`, `P Ice`, `P,>`: the single qualifiers."""
    return re.split(r"[:,;\s]+", text.strip()) if text else []


def judge(cell: str, qualifiers: Iterable[str], no_data: float = NO_DATA) -> tuple[float, Quality] | None:
    """Value and quality of a cell, or None when there is no reading.

    An empty cell or the no-data number is no reading; with a word (in the cell or as qualifier) it
    is a bad reading, NaN, because the record says that the instrument was there and could not be
    used. `e` (estimated), `~` (interpolated), `<` (true value is less) and any qualifier that we do
    not know make the number uncertain; `>` (true value is more) makes it saturated, which is a
    measurement.
    Raises Rejected when the cell is neither number, word nor empty.
    """
    cell = cell.strip()
    marks = {q.strip().lower() for q in qualifiers} - _PLAIN
    if cell.lower() in WORDS:
        return math.nan, Quality.BAD
    remarked = _REMARKED.match(cell)
    if remarked:
        marks.add(remarked[1].lower())
        cell = remarked[2]
    value = _number(cell) if cell else no_data
    words = marks & WORDS.keys()
    if value in (no_data, NO_DATA):
        return (math.nan, Quality.BAD) if words else None
    if words - _ESTIMATED:
        return value, Quality.BAD
    if marks - {">"}:
        return value, Quality.UNCERTAIN
    return value, Quality.SATURATED if marks else Quality.GOOD


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in cell:
        raise Rejected("not a number", f"{cut(cell)} must be a finite number, a known word or empty")
    return value
