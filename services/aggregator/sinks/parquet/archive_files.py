"""The files of an archive: of which log, which offsets of each partition they hold, and what was never to be had.

    ARCHIVE/log.json                                    the log that it is of
    ARCHIVE/partition-0003/records/FIRST-LAST.parquet   every record of these offsets; this file is the cursor
    ARCHIVE/partition-0003/readings/FIRST-LAST.parquet  the frames' readings, by name
    ARCHIVE/partition-0003/unread/FIRST-LAST.parquet    messages that are no records, as they came
    ARCHIVE/partition-0003/records/FIRST-LAST.lost      offsets that the log no longer had when it was asked

Of one span `records` gets its name last: what lies in another folder without it is the rest of an interrupted writing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from services.aggregator.sinks.parquet.files import SUFFIX, UNFINISHED, sync_folder, write_all
from services.aggregator.sinks.parquet.files import span as span_of
from services.aggregator.sinks.parquet.spans import Span, first_overlap, merged, without
from services.core.errors import HeadworksError

#: By folder; `records` is written last.
READINGS, UNREAD, RECORDS = "readings", "unread", "records"
TABLES = (READINGS, UNREAD, RECORDS)

LOG_FILE = "log.json"
_LOST = ".lost"


class ArchiveError(HeadworksError):
    """The archive is of another log, cannot be read, or does not fit the log that it is of."""


@dataclass(frozen=True, slots=True)
class Source:
    """The log that an archive is of: the topic's name, its id (a topic made anew has another), its partitions."""

    topic: str
    log: str
    partitions: int

    def __str__(self) -> str:
        return f"topic {self.topic} with id {self.log} and {self.partitions} partitions"


@dataclass(frozen=True, slots=True)
class Holding:
    """What one partition's folder has: merged spans of files, and of what was lost before it could be had."""

    files: list[Span]
    lost: list[Span]

    @property
    def settled(self) -> list[Span]:
        """What need not be asked of the log."""
        return merged([*self.files, *self.lost])


def read_source(root: Path) -> Source | None:
    """The log that the archive is of; None when there is no archive yet. ArchiveError when that cannot be read."""
    try:
        found = json.loads((root / LOG_FILE).read_text(encoding="utf-8"))
        return Source(str(found["topic"]), str(found["log"]), int(found["partitions"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveError(
            f"{root / LOG_FILE} cannot be read ({error}): it says which log the archive is of"
        ) from error


def claim(root: Path, source: Source) -> None:
    """Makes the archive `source`'s, or sees that it is. ArchiveError when it is another's; OSError."""
    of = read_source(root)
    if of is None:
        if next(root.glob("partition-*/*/*"), None) is not None:
            raise ArchiveError(
                f"{root} has files of an archive but no {LOG_FILE}: it cannot be said which log they hold"
            )
        root.mkdir(parents=True, exist_ok=True)
        _put(root / LOG_FILE, json.dumps(asdict(source)) + "\n")
    elif of != source:
        raise ArchiveError(
            f"the archive under {root} is of {of}, and this is {source}: the topic was made anew or its partitions "
            "were changed. Keep that archive as it is and set HEADWORKS_ARCHIVE_DIR to an empty folder"
        )


def folder_of(root: Path, partition: int) -> Path:
    """Where a partition's files are."""
    return root / f"partition-{partition:04d}"


def holding(folder: Path) -> Holding:
    """What the folder has. What was marked as lost and found since counts as found."""
    files = merged(_spans(folder))
    marks = (_parsed(path.name.removesuffix(_LOST)) for path in (folder / RECORDS).glob(f"*{_LOST}"))
    return Holding(files, without((mark for mark in marks if mark), files))


def write(folder: Path, span: Span, tables: Iterable[tuple[str, pa.Table]]) -> None:
    """Keeps one span, with `records` last of the tables. OSError: it is not kept, and takes no space."""
    new = not folder.exists()
    try:
        write_all(folder, span.first, span.last, tables)
        if new:
            sync_folder(folder.parent)
    except (OSError, pa.ArrowException):
        with suppress(OSError):
            sweep(folder)
        raise


def write_lost(folder: Path, span: Span) -> None:
    """Notes that the log no longer had these offsets. OSError."""
    (folder / RECORDS).mkdir(parents=True, exist_ok=True)
    sync_folder(folder)
    sync_folder(folder.parent)
    path = folder / RECORDS / f"{span.first:016d}-{span.last:016d}{_LOST}"
    _put(path, "The log no longer had these offsets when the archive asked for them.\n")


def sweep(folder: Path) -> int:
    """Removes what an interrupted writing left; how many files. OSError."""
    kept = set(_spans(folder))
    doomed = list(folder.glob(f"*/*{UNFINISHED}"))
    doomed += [path for name in (READINGS, UNREAD) for path in _files(folder / name) if _span(path) not in kept]
    for path in doomed:
        path.unlink(missing_ok=True)
    return len(doomed)


def mend(folder: Path) -> list[str]:
    """Sweeps, and removes what two files hold twice; sentences about the latter. OSError, ArchiveError."""
    sweep(folder)
    said = []
    while (found := first_overlap(_spans(folder))) is not None:
        span, begin = found
        rest = Span(begin, span.last)
        if rest.size > 0:
            write(folder, rest, _cut(folder, span, begin))
        for name in reversed(TABLES):
            _path(folder, name, span).unlink(missing_ok=True)
            if (folder / name).exists():
                sync_folder(folder / name)
        said.append(f"{folder}: offsets {span.first}-{begin - 1} were in two files, and are now in one")
    return said


def _cut(folder: Path, span: Span, begin: int) -> Iterable[tuple[str, pa.Table]]:
    for name in TABLES:
        path = _path(folder, name, span)
        if not path.exists():
            continue
        try:
            yield name, pq.read_table(path, filters=[("log_offset", ">=", begin)])
        except pa.ArrowException as error:
            raise ArchiveError(f"{path} cannot be read ({error}): remove it, and the log is asked again") from error


def _path(folder: Path, name: str, span: Span) -> Path:
    return folder / name / f"{span.first:016d}-{span.last:016d}{SUFFIX}"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"*{SUFFIX}") if span_of(path) is not None]


def _span(path: Path) -> Span | None:
    covers = span_of(path)
    return None if covers is None else Span(*covers)


def _parsed(stem: str) -> Span | None:
    return _span(Path(stem + SUFFIX))


def _spans(folder: Path) -> list[Span]:
    found = (_span(path) for path in _files(folder / RECORDS))
    return [span for span in found if span is not None]


def _put(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + UNFINISHED)
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)
