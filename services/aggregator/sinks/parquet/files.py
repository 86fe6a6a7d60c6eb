"""Parquet files named by log position: written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SUFFIX = ".parquet"
#: Follows the name of a file that is being written.
UNFINISHED = ".unfinished"


def span(path: Path) -> tuple[int, int] | None:
    """The log positions (first, last) that a finished file covers; None for anything else."""
    first, _, last = path.name.removesuffix(SUFFIX).partition("-")
    if path.suffix == SUFFIX and first.isdigit() and last.isdigit():
        return int(first), int(last)
    return None


def finished(folder: Path, until: int | None = None) -> Iterator[Path]:
    """The finished files of a folder in order of position, up to position `until` if given."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        covers = span(path)
        if covers is not None and (until is None or covers[1] <= until):
            yield path


def write_all(root: Path, first: int, last: int, tables: Iterable[tuple[str, pa.Table]]) -> list[Path]:
    """Writes each table into its folder. OSError when one cannot be written: then none counts.

    All are on disk under their final name when this returns; until the caller's cursor is at
    `last`, `remove_beyond` takes them away again.
    """
    written = []
    for name, table in tables:
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{first:016d}-{last:016d}{SUFFIX}"
        unfinished = path.with_name(path.name + UNFINISHED)
        with unfinished.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        written.append((unfinished, path))
    for unfinished, path in written:
        unfinished.replace(path)
        sync_folder(path.parent)
    sync_folder(root)
    return [path for _, path in written]


def remove_beyond(root: Path, cursor: int) -> list[Path]:
    """Removes what an interrupted writing left: unfinished files, and those beyond `cursor`."""
    doomed = list(root.glob(f"*/*{UNFINISHED}"))
    for path in root.glob(f"*/*{SUFFIX}"):
        covers = span(path)
        if covers is not None and covers[1] > cursor:
            doomed.append(path)
    for path in doomed:
        path.unlink(missing_ok=True)
    return doomed


def belongs_to_another(root: Path, cursor: int, head: int) -> bool:
    """Whether files beyond `cursor` come from another log than the one that ends at `head`.

    An interrupted writing leaves one span beyond the cursor, and none beyond the log's end. More than
    that is there when the log was moved away or an older copy put back: not to be removed.
    """
    spans = {span(path) for path in root.glob(f"*/*{SUFFIX}")}
    beyond = {covers for covers in spans if covers is not None and covers[1] > cursor}
    return len(beyond) > 1 or any(last > head for _, last in beyond)


def set_aside(root: Path) -> Path:
    """Renames the folder to `NAME-before-1` or the next free number, and returns that."""
    number = 1
    while (aside := root.with_name(f"{root.name}-before-{number}")).exists():
        number += 1
    return root.rename(aside)


def sync_folder(folder: Path) -> None:
    """What was created, renamed or removed in the folder is so on disk when this returns."""
    if os.name != "posix":
        return  # elsewhere a directory cannot be opened, and its entries are written through
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
