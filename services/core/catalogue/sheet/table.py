"""The master alarm database as CSV for spreadsheets: UTF-8 with a mark, cells that can start no formula.

Hostile until validated: what is read may come from any program and by mail. Comma, semicolon and tab divide cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from services.core.catalogue.sheet.columns import COLUMNS, is_number
from services.core.catalogue.sheet.database import Row
from services.core.errors import ConfigError, Fault
from services.core.yaml_source import shown

MAX_BYTES = 50_000_000
MAX_ROWS = 200_000
MAX_CELL = 2_000

KEYS = tuple(c.name for c in COLUMNS if c.use == "key")
_NAMES = {c.name: c for c in COLUMNS}

#: What begins a formula in a spreadsheet (the wide forms in Chinese and Japanese ones), and what we put before it.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARK = "'"

#: (line, cells by column)
Line = tuple[int, dict[str, str]]


def guarded(text: str) -> str:
    """The text so that no spreadsheet runs it: an apostrophe before what would begin a formula. Numbers stay."""
    return _MARK + text if text.startswith((*_STARTS, _MARK)) and not is_number(text) else text


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell.removeprefix(_MARK)


def write_table(rows: Iterable[Row]) -> str:
    """The rows as CSV, with the mark by which spreadsheets know UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([c.name for c in COLUMNS])
    for row in rows:
        writer.writerow([guarded(c.write(row[c.name])) for c in COLUMNS])
    return "\ufeff" + out.getvalue()


def read_table(path: Path) -> list[Line]:
    """The rows of a CSV file, unguarded. ConfigError with every fault: file, line, column, value, bound."""
    text = _text(path)
    faults: list[Fault] = []
    reader, header, started = _open(path, text)
    lines: list[Line] = []
    try:
        while True:
            line = started + reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                break
            if not any(cell.strip() for cell in cells):
                continue
            if len(lines) == MAX_ROWS:
                raise ConfigError([Fault(str(path), line, "file", "", f"must have at most {MAX_ROWS} rows")])
            if len(cells) > len(header) and any(cells[len(header) :]):
                bound = f"the row has {len(cells)} cells, the header {len(header)}"
                faults.append(Fault(str(path), line, "row", shown(cells[len(header)]), bound))
                continue
            cells += [""] * (len(header) - len(cells))
            lines.append((line, {name: unguarded(cell) for name, cell in zip(header, cells, strict=False)}))
            for name, cell in zip(header, cells, strict=False):
                if len(cell) > MAX_CELL:
                    bound = f"has {len(cell)} characters: at most {MAX_CELL}"
                    faults.append(Fault(str(path), line, name, shown(cell), bound))
    except csv.Error as error:
        raise ConfigError([Fault(str(path), started + reader.line_num, "row", str(error), "must be CSV")]) from None
    if faults:
        raise ConfigError(faults)
    return lines


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError([Fault(str(path), 0, "file", error.strerror or "", "must be readable")]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([Fault(str(path), 1, "file", f"{len(raw)} bytes", f"at most {MAX_BYTES} bytes")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        bound = "must be UTF-8: in the spreadsheet, save as `CSV UTF-8`"
        raise ConfigError([Fault(str(path), line, "file", "not UTF-8", bound)]) from None


def _open(path: Path, text: str) -> tuple[csv._reader, list[str], int]:  # type: ignore[name-defined]
    """The reader after the header, the columns, and how many lines went before it."""
    first, _, rest = text.partition("\n")
    said = re.fullmatch(r"sep=(.)\r?", first)
    started = 0
    if said is not None:  # by this line spreadsheets tell each other what divides cells
        text, started = rest, 1
        first = text.partition("\n")[0]
    by = said[1] if said is not None else max(",;\t", key=first.count)
    if by not in ",;\t":
        raise ConfigError([Fault(str(path), 1, "file", shown(by), "cells must be divided by comma, semicolon or tab")])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=by, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
    except csv.Error as error:
        raise ConfigError([Fault(str(path), started + 1, "row", str(error), "must be CSV")]) from None
    while header and not header[-1]:
        header.pop()
    faults = [
        Fault(str(path), started + 1, shown(name)[1:-1], "", f"is no column here: {', '.join(_NAMES)}")
        for name in header
        if name not in _NAMES
    ]
    faults += [
        Fault(str(path), started + 1, name, "", "must stand only once")
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    faults += [Fault(str(path), started + 1, name, "", "is missing") for name in KEYS if name not in header]
    if faults:
        raise ConfigError(faults[:100])
    return reader, header, started
