"""USGS RDB: tab-separated instantaneous values with `#` comments, a row of names and a row of
widths.

Columns are `TS_PARAMETER` and `TS_PARAMETER_cd`; the order and the time-series numbers differ from
file to file, so they are matched by parameter code. Times are local, with the zone's abbreviation
in `tz_cd` of every row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import BinaryIO

from services.core.clock import to_ns
from services.core.errors import Rejected
from services.replay.importers.model import Recording, Rejects, SeriesBuilder, checked_time, cut
from services.replay.importers.words import ZONES, judge, split_qualifiers

FORMAT = "USGS RDB"
MAX_LINE = 65_536
MAX_COLUMNS = 1_000
_MAX_COMMENTS = 10_000

_COLUMN = re.compile(r"^(?:(\w+?)_)?(\d{5})$")
_DAILY = re.compile(r"^\w+?_\d{5}_\d{5}$")
_WIDTH = re.compile(r"^\d+[a-z]$")
_SERIES = re.compile(r"^#\s+(\d+)\s+(\d{5})\s+(\S.*)$")
_STATION = re.compile(r"^#\s+USGS\s+(\d{8,15})\s+(\S.*)$")
_ZONES = {name: timezone(timedelta(hours=hours)) for name, hours in ZONES.items()}


@dataclass(frozen=True, slots=True)
class _Header:
    columns: int
    station: int | None
    time: int
    zone: int
    parameters: tuple[tuple[str, str, int, int | None], ...]  # series, code, value, qualifier


def read_rdb(stream: BinaryIO) -> Recording:
    """The record in `stream`, read line by line.

    Raises Rejected when it is no RDB of instantaneous values; single rows that cannot be taken are
    counted.
    """
    rejects, builders = Rejects(), dict[tuple[str, str, str], SeriesBuilder]()
    names, described = dict[str, str](), dict[tuple[str, str], str]()
    newest = dict[str, int]()
    header: _Header | None = None
    for number, line in _lines(stream, rejects):
        if line.startswith("#"):
            _comment(line, names, described)
            continue
        cells = line.split("\t")
        if header is None or (
            "tz_cd" in cells and "datetime" in cells
        ):  # a file of several stations repeats the header
            header = _header(cells, number)
            continue
        if all(_WIDTH.match(cell) for cell in cells):
            continue
        where = f"line {number}"
        try:
            station, time = _row(cells, header)
            last = newest.get(station)
            if last is not None and time <= last:
                reason = "duplicate" if time == last else "out of order"
                raise Rejected(reason, f"{cells[header.time]} {cells[header.zone]}")
        except Rejected as bad:
            rejects.add(where, bad.reason, bad.detail)
            continue
        newest[station] = time
        for series, code, value, qualifier in header.parameters:
            key = (station, code, series)
            if key not in builders:
                builders[key] = SeriesBuilder(*key, description=described.get((series, code), ""))
            marks = split_qualifiers(cells[qualifier]) if qualifier is not None else []
            try:
                reading = judge(cells[value], marks)
            except Rejected as bad:
                rejects.add(f"{where}, {code}", bad.reason, bad.detail)
                continue
            if reading is not None:
                builders[key].add(time, *reading)
    if header is None:
        raise Rejected("no data", "the file has comments at most, no row of column names")
    return Recording(FORMAT, names, tuple(b.build(rejects) for b in builders.values()), rejects)


def _lines(stream: BinaryIO, rejects: Rejects) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank; a line without end costs no memory, and is counted."""
    number = 0
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            rejects.add(f"line {number}", "line too long", f"at most {MAX_LINE} bytes")
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(MAX_LINE)
            continue
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line.strip():
            yield number, line.removeprefix("\ufeff")


def _comment(line: str, names: dict[str, str], described: dict[tuple[str, str], str]) -> None:
    if len(names) + len(described) > _MAX_COMMENTS:
        return
    if match := _STATION.match(line):
        names.setdefault(match[1], match[2].strip())
    elif match := _SERIES.match(line):
        described.setdefault((match[1], match[2]), match[3].strip())


def _header(cells: list[str], line: int) -> _Header:
    if any(_DAILY.match(cell) for cell in cells):
        raise Rejected("daily values", f"line {line}: only instantaneous values have a time of day")
    if not {"datetime", "tz_cd"} <= set(cells) or len(cells) > MAX_COLUMNS:
        raise Rejected(
            "not a river record",
            f"line {line} must name the columns datetime, tz_cd and at most {MAX_COLUMNS} in all; "
            f"it begins {cut(cells[0])}",
        )
    parameters = []
    for i, cell in enumerate(cells):
        if match := _COLUMN.match(cell):
            qualifier = cells.index(f"{cell}_cd") if f"{cell}_cd" in cells else None
            parameters.append((match[1] or "", match[2], i, qualifier))
    if not parameters:
        raise Rejected("no parameter", f"line {line}: no column is called TS_PARAMETER")
    station = cells.index("site_no") if "site_no" in cells else None
    return _Header(len(cells), station, cells.index("datetime"), cells.index("tz_cd"), tuple(parameters))


def _row(cells: list[str], header: _Header) -> tuple[str, int]:
    """Station and time of a row."""
    if len(cells) != header.columns:
        raise Rejected("column count", f"{len(cells)} columns, must be {header.columns}")
    zone = _ZONES.get(cells[header.zone].strip().upper())
    if zone is None:
        raise Rejected("unknown zone", f"{cut(cells[header.zone])} must be one of {sorted(ZONES)}")
    try:
        local = datetime.fromisoformat(cells[header.time].strip())
        if local.tzinfo is not None:
            raise ValueError("two zones")
        time = to_ns(local.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise Rejected("not a time", f"{cut(cells[header.time])} must be like 2019-05-01 00:05") from None
    station = cells[header.station].strip() if header.station is not None else ""
    if not re.fullmatch(r"[0-9A-Za-z\-]{0,32}", station):
        raise Rejected("not a station", f"{cut(station)} must be a station number")
    return station, checked_time(time)
