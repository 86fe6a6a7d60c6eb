"""The archive's tables: every record of a partition's messages, its readings by name, and what is no record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from services.aggregator.sinks.parquet.archive_files import READINGS, RECORDS, TABLES, UNREAD, Source
from services.aggregator.sinks.parquet.names import Codes, Names
from services.aggregator.sinks.parquet.spans import Span
from services.aggregator.sinks.parquet.tables import NAME, TIME, Columns, rows_table
from services.core.codec import decode_records, encode_record
from services.core.errors import Rejected
from services.core.frame import Frame, Points
from services.core.ports import Entry
from services.core.records import Command, Config, Record, Tick

_PLACE = [("log_partition", pa.int32()), ("log_offset", pa.int64())]

#: Where a record stands in its message is its `log_index`, from 0.
SCHEMAS: dict[str, pa.Schema] = {
    READINGS: pa.schema([
        *_PLACE, ("log_index", pa.int32()), ("site", NAME), ("station", NAME), ("point", NAME),
        ("time", TIME), ("value", pa.float64()), ("quality", pa.uint8()),
    ]),
    UNREAD: pa.schema([*_PLACE, ("key", pa.string()), ("data", pa.binary()), ("reason", pa.string())]),
    RECORDS: pa.schema([
        *_PLACE, ("log_index", pa.int32()), ("site", pa.string()), ("kind", pa.string()),
        ("epoch", pa.uint64()), ("number", pa.uint64()), ("data", pa.binary()),
    ]),
}  # fmt: skip

_KINDS: dict[type[Record], str] = {Frame: "frame", Tick: "tick", Command: "command", Config: "config"}


class SiteNames(Names):
    """The names of a partition's sites: from the log's own Config records, else from the catalogues."""

    def __init__(self, configs: Mapping[str, Config]) -> None:
        """`configs`: by site, the latest; looked into when a site comes of which the log has not yet said any."""
        super().__init__()
        self._configs, self._asked = configs, set[str]()

    def learn(self, configs: Iterable[Config]) -> None:
        """As Names does; a catalogue that cannot be read names nothing, and its record is kept all the same."""
        for config in configs:
            self._asked.add(config.site)
            try:
                super().learn([config])
            except ValueError:
                continue

    def of(self, site: str, station: str, points: Points) -> tuple[Codes, Codes]:
        """As Names has it."""
        if site not in self._asked:
            self._asked.add(site)
            if site in self._configs:
                self.learn([self._configs[site]])
        return super().of(site, station, points)


class PartBatch:
    """Messages of one partition that follow each other, being made into tables.

    last_times: by site the event time (ns) of its last reading. unread: by reason, messages that are no records.
    """

    def __init__(self, partition: int, first: int, names: SiteNames) -> None:
        self.span = Span(first, first - 1)
        self.size = self.records = 0
        self.last_times: dict[str, int] = {}
        self.unread: Counter[str] = Counter()
        self._partition, self._names = partition, names
        self._readings = Columns(SCHEMAS[READINGS], names)
        self._rows: dict[str, list[tuple[Any, ...]]] = {RECORDS: [], UNREAD: []}

    @property
    def readings(self) -> int:
        """Rows of readings."""
        return self._readings.rows

    def add(self, entry: Entry) -> None:
        """Takes the message that follows."""
        place = (self._partition, entry.offset)
        try:
            records = decode_records(entry.data)
        except Rejected as refusal:
            self._rows[UNREAD].append((*place, entry.key, entry.data, str(refusal)))
            self.unread[refusal.reason] += 1
            records = []
        for index, record in enumerate(records):
            site = "" if isinstance(record, Tick) else record.site
            numbers = (record.epoch, record.number) if isinstance(record, Frame) else (0, 0)
            data = encode_record(record)
            self._rows[RECORDS].append((*place, index, site, _KINDS[type(record)], *numbers, data))
            if isinstance(record, Config):
                self._names.learn([record])
            elif isinstance(record, Frame):
                self._frame((*place, index), record)
        self.records += len(records)
        self.size += len(entry.data)
        self.span = Span(self.span.first, entry.offset)

    def _frame(self, place: tuple[int, ...], f: Frame) -> None:
        if len(f):
            self._readings.add(place, f.site, f.station, f.points, f.times, f.values, f.quality)
            self.last_times[f.site] = max(self.last_times.get(f.site, 0), int(np.max(f.times)))

    def tables(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """(name, table) in the order of writing; `records` even when it has no rows, since it is the cursor."""
        said = {"topic": source.topic, "log": source.log, "partitions": str(source.partitions)}
        for name in TABLES:
            table = self._readings.table() if name == READINGS else rows_table(SCHEMAS[name], self._rows[name])
            if len(table) or name == RECORDS:
                yield name, table.replace_schema_metadata({f"headworks.{key}": value for key, value in said.items()})
