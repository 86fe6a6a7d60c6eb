"""The history's tables: what their columns are, and how log entries become them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.aggregator.sinks.parquet.names import Names
from services.core.clock import DAY, HOUR, MINUTE, format_duration
from services.core.codec import (
    AGGREGATES,
    ALARM,
    DERIVED,
    INCIDENT,
    RECOMPUTE,
    STEPS,
    ZONES,
    canonical_json,
    decode_output,
    decode_record,
)
from services.core.errors import Rejected
from services.core.frame import Frame
from services.core.ports import Entry
from services.core.records import (
    OPTIONAL_STATISTICS,
    ZONE_FIGURES,
    Aggregates,
    AlarmEvent,
    Config,
    Derived,
    IncidentEvent,
    Recompute,
    SiteStep,
    ZoneFigures,
)

TIME = pa.timestamp("ns", tz="UTC")
NAME = pa.dictionary(pa.int32(), pa.string())
_WHERE = [("log_offset", pa.int64()), ("site", NAME), ("station", NAME), ("point", NAME)]
_READING = pa.schema([*_WHERE, ("time", TIME), ("value", pa.float64()), ("quality", pa.uint8())])
_RAW = [("log_offset", pa.int64()), ("site", pa.string()), ("data", pa.binary())]

#: Arrow types of event fields, by how the dataclass writes their type; everything else is text.
_TYPES = {"int": pa.int64(), "float | None": pa.float64(), "bool": pa.bool_()}


def _event_schema(kind: type[AlarmEvent | IncidentEvent]) -> pa.Schema:
    columns = [(f.name, _TYPES.get(str(f.type), pa.string())) for f in fields(kind)]
    columns[0] = ("time", TIME)
    return pa.schema([("log_offset", pa.int64()), *columns])


#: Statistics of a window's row, as `Aggregates` names them.
STATISTICS = ("mean", "min", "max", "count", "good_ratio", *OPTIONAL_STATISTICS)
_WINDOW = pa.schema(
    [*_WHERE, ("time", TIME)]
    + [(name, pa.int64() if name == "count" else pa.float64()) for name in STATISTICS]
    + [("end", TIME), ("revision", pa.int32())]
)


def table_of(width: int) -> str:
    """`aggregates_1m` and so on: the table of the windows of `width` ns."""
    return f"aggregates_{format_duration(width)}"


#: The tables of windows.
WINDOWS = tuple(table_of(width) for width in (MINUTE, 15 * MINUTE, HOUR, DAY))

#: By table, which is also the folder's name.
SCHEMAS: dict[str, pa.Schema] = {
    "records": pa.schema(_RAW),
    "readings": _READING,
    "derived": _READING,
    **dict.fromkeys(WINDOWS, _WINDOW),
    "recompute": pa.schema(
        [
            ("log_offset", pa.int64()),
            ("site", pa.string()),
            ("width", pa.int64()),
            ("start", TIME),
            ("end", TIME),
            ("readings", pa.int64()),
        ]
    ),
    "zones": pa.schema(
        [("log_offset", pa.int64())]
        + [(name, pa.string()) for name in ("zone", "site", "kind")]
        + [("time", TIME), ("end", TIME), ("revision", pa.int32())]
        + [(name, pa.float64()) for name in ZONE_FIGURES]
        + [(name, pa.string()) for name in ("verdict", "silent", "caveats")]
    ),
    "alarms": _event_schema(AlarmEvent),
    "incidents": _event_schema(IncidentEvent),
    "unread": pa.schema([*_RAW, ("topic", pa.string()), ("reason", pa.string())]),
}

_DECODED = {ALARM, INCIDENT, DERIVED, AGGREGATES, RECOMPUTE, STEPS, ZONES}

Column = NDArray[Any]


class Columns:
    """Columns of a schema that begins with the row's place in the log, then site, station and point."""

    def __init__(self, schema: pa.Schema, names: Names) -> None:
        self._schema, self._names = schema, names
        self._counts: list[int] = []
        self._places: list[tuple[int, ...]] = []
        self._parts: list[tuple[Column, ...]] = []
        self.rows = 0

    def add(self, place: tuple[int, ...], site: str, station: str, points: NDArray[np.int32], *rest: Column) -> None:
        """A row a point, all from one place in the log: the schema's first columns. `rest`: after the point's name."""
        n = len(points)
        if not n:
            return
        self._counts.append(n)
        self._places.append((*place, self._names.code(site)))
        self._parts.append((*self._names.of(site, station, points), *rest))
        self.rows += n

    def table(self) -> pa.Table:
        """The rows so far."""
        if not self._parts:
            return self._schema.empty_table()
        # What is the same for a whole frame is spread only here: until then it is held once.
        columns = [np.repeat(np.array(one), self._counts) for one in zip(*self._places, strict=True)]
        columns += [np.concatenate(parts) for parts in zip(*self._parts, strict=True)]
        arrays = []
        for field, column in zip(self._schema, columns, strict=True):
            if field.type == NAME:
                arrays.append(self._names.column(column))
            elif field.type == TIME:
                arrays.append(pa.array(column, pa.int64()).view(TIME))
            else:
                # A figure that there is not is no number either.
                arrays.append(pa.array(column, field.type, from_pandas=field.name in OPTIONAL_STATISTICS))
        return pa.Table.from_arrays(arrays, schema=self._schema)


class Batch:
    """Log entries from `start` (exclusive) to `end`, being made into tables."""

    def __init__(self, start: int, names: Names) -> None:
        self.start = self.end = start
        self.size = 0  # bytes of the entries
        self._names = names
        self._columns = {name: Columns(SCHEMAS[name], names) for name in ("readings", "derived", *WINDOWS)}
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in SCHEMAS if name not in self._columns}

    @property
    def readings(self) -> int:
        """Rows of readings, measured and derived."""
        return self._columns["readings"].rows + self._columns["derived"].rows

    def add(self, entries: Sequence[Entry]) -> None:
        """Takes entries that follow on `end`."""
        for entry in entries:
            try:
                self._add(entry)
            except Rejected as refusal:
                self._rows["unread"].append((*_raw(entry), entry.topic, str(refusal)))
            self.end = entry.offset
            self.size += len(entry.data)

    def _add(self, entry: Entry) -> None:
        if entry.topic not in _DECODED:
            self._rows["records"].append(_raw(entry))
            record = decode_record(entry.data)
            if isinstance(record, Frame):
                self._frame("readings", entry.offset, record)
            elif isinstance(record, Config):
                self._names.learn([record])
            return
        match decode_output(entry.topic, entry.data):
            case Derived(frame):
                self._frame("derived", entry.offset, frame)
            case Aggregates() as a:
                n, name = len(a.points), table_of(a.width)
                if name not in self._columns:
                    raise Rejected("window width", f"{a.width} ns is none of those that are kept")
                columns = (getattr(a, statistic) for statistic in STATISTICS)
                ends = (np.full(n, a.end), np.full(n, a.revision, np.int32))
                times = np.full(n, a.start)
                self._columns[name].add((entry.offset,), a.site, "", a.points, times, *columns, *ends)
            case Recompute() as r:
                self._rows["recompute"].append((entry.offset, r.site, r.width, r.start, r.end, r.readings))
            case ZoneFigures() as z:
                numbers = (z.figures.get(name) for name in ZONE_FIGURES)
                told = (z.verdict, ",".join(z.silent), ", ".join(z.caveats))
                named = (z.zone, z.site, z.kind, z.start, z.end, z.revision)
                self._rows["zones"].append((entry.offset, *named, *numbers, *told))
            case SiteStep():
                pass  # the windows say it too
            case AlarmEvent() as alarm:
                row = (getattr(alarm, f.name) for f in fields(alarm))
                self._rows["alarms"].append((entry.offset, *row))
            case IncidentEvent() as incident:
                texts = [getattr(incident, f.name) for f in fields(incident)]
                texts[-1] = canonical_json(incident.evidence)
                self._rows["incidents"].append((entry.offset, *texts))

    def _frame(self, table: str, offset: int, f: Frame) -> None:
        self._columns[table].add((offset,), f.site, f.station, f.points, f.times, f.values, f.quality)

    def table(self, name: str) -> pa.Table:
        """The rows of one table, in log order."""
        if name in self._columns:
            return self._columns[name].table()
        return rows_table(SCHEMAS[name], self._rows[name])

    def tables(self) -> Iterable[tuple[str, pa.Table]]:
        """(name, table) of those that have rows."""
        for name in SCHEMAS:
            table = self.table(name)
            if len(table):
                yield name, table


def _raw(entry: Entry) -> tuple[int, str, bytes]:
    return entry.offset, entry.key, entry.data


def rows_table(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    """A table of whole rows; times as integers."""
    if not rows:
        return schema.empty_table()
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(column, pa.int64()).view(TIME) if field.type == TIME
        else pa.array(column, field.type)
        for field, column in zip(schema, columns, strict=True)
    ]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=schema)
