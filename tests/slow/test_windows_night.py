"""The whole night of the storm in disorder: every window as plain SQL has it."""

from __future__ import annotations

from pathlib import Path

from services.job.options import DEFAULT_EVENT
from tests.unit.aggregator.test_windows_sql import compare, night_of


async def test_every_window_of_the_whole_night_is_as_plain_sql_has_it(tmp_path: Path) -> None:
    rows = await compare(night_of(DEFAULT_EVENT), tmp_path)
    assert rows > 90_000
    print(f"{rows} windows of points as plain SQL has them")
