"""The way back from the archive: the messages as the log had them, and the records, each once, in log order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from services.aggregator.sinks.parquet.archive_files import (
    RECORDS,
    UNREAD,
    ArchiveError,
    folder_of,
    holding,
    read_source,
)
from services.aggregator.sinks.parquet.files import finished
from services.aggregator.sinks.parquet.spans import Span, holes
from services.core.codec import decode_record, encode_records
from services.core.errors import Rejected
from services.core.frame import Frame
from services.core.ports import Entry
from services.core.records import Record, Tick

#: Rows that are in memory at a time.
_ROWS = 2000


class Once:
    """Passes every record once: numbered frames by (site, epoch, number), ticks when they advance."""

    def __init__(self, epochs: int = 100) -> None:
        """`epochs`: of a site so many are remembered; beyond it the one least lately heard is forgotten."""
        self._epochs, self._last_tick = epochs, 0
        self._numbers: dict[str, dict[int, int]] = {}

    def admit(self, record: Record) -> bool:
        """Whether it has not come before."""
        if isinstance(record, Tick):
            advances = record.time > self._last_tick
            self._last_tick = max(record.time, self._last_tick)
            return advances
        if isinstance(record, Frame) and record.number:
            numbers = self._numbers.setdefault(record.site, {})
            if record.number <= numbers.get(record.epoch, 0):
                return False
            numbers.pop(record.epoch, None)
            numbers[record.epoch] = record.number
            if len(numbers) > self._epochs:
                del numbers[next(iter(numbers))]
        return True


class ArchivedLog:
    """An archive as a log. It may be read while it is written: what is finished is seen."""

    def __init__(self, root: Path) -> None:
        """ArchiveError when there is none under `root`."""
        source = read_source(root)
        if source is None:
            raise ArchiveError(f"{root} is not an archive: it has no log.json")
        self.root, self.source = root, source

    def missing(self, partition: int) -> list[Span]:
        """Offsets before the partition's newest that no file has."""
        return holes(holding(folder_of(self.root, partition)).files)

    def entries(self, partition: int) -> Iterator[Entry]:
        """The messages in log order, byte for byte; ArchiveError for a file that cannot be read or is another log's.

        Over what is `missing` it passes; who must not, sees it by the offsets.
        """
        folder = folder_of(self.root, partition)
        for path in finished(folder / RECORDS):
            unread = folder / UNREAD / path.name
            strange = {row["log_offset"]: row for row in self._rows(unread)} if unread.exists() else {}
            for offset, rows in groupby(self._rows(path), key=_offset):
                for earlier in [other for other in strange if other < offset]:
                    yield _unread(strange.pop(earlier))
                records = [decode_record(row["data"]) for row in rows]
                first = records[0]
                key = "" if isinstance(first, Tick) else first.site
                yield Entry(offset, "sites", key, encode_records(records))
            yield from map(_unread, strange.values())

    def records(self, partition: int) -> Iterator[Record]:
        """The records in log order, each once, as a processor is to have them; ArchiveError as for `entries`.

        A tick is for every site of the partition.
        """
        once = Once()
        for path in finished(folder_of(self.root, partition) / RECORDS):
            for row in self._rows(path):
                record = decode_record(row["data"])
                if once.admit(record):
                    yield record

    def _rows(self, path: Path) -> Iterator[dict[str, Any]]:
        try:
            with pq.ParquetFile(path) as file:
                of = (file.schema_arrow.metadata or {}).get(b"headworks.log", b"").decode()
                if of != self.source.log:
                    raise ArchiveError(f"{path} holds log {of or 'unknown'}, and the archive is of {self.source}")
                for batch in file.iter_batches(_ROWS):
                    yield from batch.to_pylist()
        except (OSError, pa.ArrowException, Rejected) as error:
            raise ArchiveError(f"{path} cannot be read: {error}") from error


def _offset(row: dict[str, Any]) -> int:
    return int(row["log_offset"])


def _unread(row: dict[str, Any]) -> Entry:
    return Entry(row["log_offset"], "sites", row["key"], row["data"])
