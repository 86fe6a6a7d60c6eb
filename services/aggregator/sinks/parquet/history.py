"""History: questions to the Parquet files, and to the end of the log that is not in them yet."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from services.aggregator.sinks.parquet.files import finished
from services.aggregator.sinks.parquet.historian import NAME
from services.aggregator.sinks.parquet.names import Names
from services.aggregator.sinks.parquet.tables import SCHEMAS, STATISTICS, WINDOWS, Batch, table_of
from services.core.clock import MINUTE, iso
from services.core.ports import LogReader


class History:
    """Tables in DuckDB, by the names of `SCHEMAS`: readings, derived, aggregates_1m, zones, alarms and so on.

    Of a window, or of the figures of a zone, that were given out more than once the last stands.
    With a `log` they reach to its present end. Times come back as timestamp[ns, UTC]; a table that
    has no file yet is empty. May be asked from several threads; they take turns.
    """

    def __init__(self, data_dir: Path, log: LogReader | None = None) -> None:
        self._root, self._log = data_dir / "history", log
        self._names = Names()
        self._tail = Batch(0, self._names)
        self._files: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._db = duckdb.connect(":memory:")
        self._db.execute("SET TimeZone='UTC'")

    def close(self) -> None:
        """Lets go of the database."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def readings(
        self,
        site: str,
        station: str,
        point: str,
        start: int | None = None,
        end: int | None = None,
        *,
        table: str = "readings",
    ) -> pa.Table:
        """time, value, quality of one point, start <= time < end (ns), in order of time.

        `table`: `readings` or `derived`. Of two for one time, the one that came first is first.
        """
        return self._select(
            table, "time, value, quality", {"site": site, "station": station, "point": point},
            start, end, "time, log_offset",
        )  # fmt: skip

    def aggregates(
        self,
        site: str,
        station: str,
        point: str,
        start: int | None = None,
        end: int | None = None,
        *,
        width: int = MINUTE,
    ) -> pa.Table:
        """time (start of the window), the figures, end, revision of one point's windows of `width` ns, in order.

        ValueError when there are no windows of that width.
        """
        return self._select(
            table_of(width), f'time, {", ".join(STATISTICS)}, "end", revision',
            {"site": site, "station": station, "point": point}, start, end, "time",
        )  # fmt: skip

    def alarms(self, start: int | None = None, end: int | None = None, *, site: str | None = None) -> pa.Table:
        """Transitions of alarms, start <= time < end (ns), in order of the journal."""
        order = "time, site, station, point, rule, number"
        return self._select("alarms", "*", {"site": site}, start, end, order)

    def incidents(self, start: int | None = None, end: int | None = None, *, site: str | None = None) -> pa.Table:
        """Transitions of incidents; `evidence` is JSON text."""
        return self._select("incidents", "*", {"site": site}, start, end, "time, site, kind, number")

    def sql(self, text: str, parameters: list[Any] | None = None) -> pa.Table:
        """What DuckDB answers; its own errors (duckdb.Error) pass through."""
        with self._lock:
            self._refresh(text)
            return self._db.sql(text, params=parameters or []).to_arrow_table()

    def _select(
        self,
        table: str,
        columns: str,
        equal: dict[str, str | None],
        start: int | None,
        end: int | None,
        order: str,
    ) -> pa.Table:
        if table not in SCHEMAS:
            raise ValueError(f"no table {table!r}: there are {', '.join(SCHEMAS)}")
        given = {name: value for name, value in equal.items() if value is not None}
        where = [f"{name} = ?" for name in given]
        values: list[str] = list(given.values())
        for sign, limit in ((">=", start), ("<", end)):
            if limit is not None:
                where.append(f"time {sign} CAST(? AS TIMESTAMPTZ_NS)")
                values.append(iso(limit))
        clause = " WHERE " + " AND ".join(where) if where else ""
        return self.sql(f"SELECT {columns} FROM {table}{clause} ORDER BY {order}", list(values))

    def _refresh(self, text: str) -> None:
        """Brings the views that `text` may speak of up to what files and log hold now."""
        cursor = None if self._log is None else self._log.load_cursor(NAME)
        if self._log is not None and cursor is not None:
            self._follow(self._log, cursor)
        for name in SCHEMAS:
            if name not in text.lower():
                continue
            # Only up to the cursor that was read first: beyond it the tail has the rows.
            files = [_quoted(p) for p in finished(self._root / name, cursor)]
            tail = self._tail.table(name)
            for i, column in enumerate(tail.schema):
                if pa.types.is_dictionary(column.type):
                    # DuckDB would make an enumeration of it, which no file's text fits.
                    tail = tail.set_column(i, column.name, tail.column(i).cast(pa.string()))
            self._db.register(f"{name}_tail", tail)
            union = "UNION ALL BY NAME SELECT * FROM " if files else ""
            rows = f"SELECT * FROM {name}_tail {union}"
            if files:
                # An older version's files may lack a column.
                rows += f"read_parquet([{', '.join(files)}], union_by_name = true)"
            if name in WINDOWS or name == "zones":
                one = "zone, kind, time" if name == "zones" else "site, station, point, time"
                rows = (
                    f"SELECT * FROM ({rows}) QUALIFY row_number() OVER (PARTITION BY {one} "
                    "ORDER BY coalesce(revision, 0) DESC, log_offset DESC) = 1"
                )
            self._db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {rows}")

    def _follow(self, log: LogReader, cursor: int) -> None:
        if self._tail.start != cursor:
            self._tail = Batch(cursor, self._names)
            self._names.learn(log.configs().values())
        head = log.head()  # a log that grows while this runs is followed the next time
        while self._tail.end < head and (entries := log.read(None, self._tail.end, 5000)):
            self._tail.add(entries)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
