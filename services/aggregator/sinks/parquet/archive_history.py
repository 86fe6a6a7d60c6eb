"""Questions to the readings of one partition of an archive, each reading once, and since when it holds all of them."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from services.aggregator.sinks.parquet.archive_files import READINGS, RECORDS, ArchiveError, folder_of, holding
from services.aggregator.sinks.parquet.archive_tables import SCHEMAS
from services.aggregator.sinks.parquet.files import finished
from services.aggregator.sinks.parquet.spans import holes
from services.core.clock import HOUR
from services.core.codec import decode_record
from services.core.errors import Rejected
from services.core.records import Tick

#: A message of the log is at most so many records: where one stands among all of them is one number.
_RECORDS = 1_000_000

#: A reading may come this much (ns) before the clock has reached its time.
_AHEAD = HOUR

_ONCE = f"""
CREATE TEMP VIEW readings AS
SELECT log_offset * {_RECORDS} + log_index AS log_offset, site, station, point, time, value, quality
FROM all_readings ANTI JOIN doubled USING (log_offset, log_index)
"""
#: A bridge that was killed may have said its last frames twice: who folds takes the first of them.
_DOUBLED = """
CREATE TEMP TABLE doubled AS
SELECT log_offset, log_index FROM all_records WHERE kind = 'frame' AND number > 0
QUALIFY row_number() OVER (PARTITION BY site, epoch, number ORDER BY log_offset, log_index) > 1
"""


def archived_through(root: Path, partition: int) -> int:
    """The offset up to which, itself not, an archive has taken a partition of the log, or knows it to be lost."""
    settled = holding(folder_of(root, partition)).settled
    return settled[-1].last + 1 if settled else 0


class PartHistory:
    """What the files of a partition held when this was made; `sql` knows the table `readings`, as a History does.

    whole_from: from this event time (ns)
    on it has every reading that the log had; 0: all there ever was.  None: it cannot be said, since offsets are
    missing and no clock tick has come after them.
    """

    def __init__(self, root: Path, partition: int) -> None:
        """ArchiveError when a file cannot be read. An archive without the partition's folder has nothing."""
        folder = folder_of(root, partition)
        held = holding(folder)
        records = list(finished(folder / RECORDS))
        # What lies elsewhere without its records is the rest of an interrupted writing.
        readings = [path for path in (folder / READINGS / one.name for one in records) if path.exists()]
        self._db = duckdb.connect(":memory:")
        try:
            self._db.execute("SET TimeZone='UTC'")
            self._show("all_records", RECORDS, records)
            self._show("all_readings", READINGS, readings)
            self._db.execute(_DOUBLED)
            self._db.execute(_ONCE)
            missing = holes(held.files)
            self.whole_from = self._whole_after(missing[-1].last) if missing else 0
        except (duckdb.Error, Rejected) as error:
            self._db.close()
            raise ArchiveError(f"{folder} cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._db.close()

    def sql(self, text: str, parameters: list[Any] | None = None) -> pa.Table:
        """What DuckDB answers; duckdb.Error."""
        return self._db.sql(text, params=parameters or []).to_arrow_table()

    def _show(self, view: str, name: str, files: list[Path]) -> None:
        if files:
            quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
            self._db.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM read_parquet([{quoted}], union_by_name = true)")
            return
        empty = SCHEMAS[name].empty_table()
        for at, column in enumerate(empty.schema):
            if pa.types.is_dictionary(column.type):
                empty = empty.set_column(at, column.name, empty.column(at).cast(pa.string()))
        self._db.register(view, empty)

    def _whole_after(self, offset: int) -> int | None:
        """What lay in the missing offsets was measured before the clock's first tick behind them."""
        found = self._db.execute(
            "SELECT data FROM all_records WHERE kind = 'tick' AND log_offset > ? "
            "ORDER BY log_offset, log_index LIMIT 1",
            [offset],
        ).fetchone()
        if found is None:
            return None
        tick = decode_record(found[0])
        return tick.time + _AHEAD if isinstance(tick, Tick) else None
