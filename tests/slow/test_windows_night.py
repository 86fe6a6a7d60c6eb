"""The whole night of the storm in disorder: every window as plain SQL has it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.aggregator.test_windows_sql import compare, night_until


async def test_every_window_of_the_whole_night_is_as_plain_sql_has_it(tmp_path: Path) -> None:
    rows = await compare(night_until(tmp_path, "2023-04-19T10:30:00+08:00"), tmp_path)
    assert rows > 100_000
    print(f"{rows} windows of points as plain SQL has them")
