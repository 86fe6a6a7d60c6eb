"""A backlog of hours: the windows of its time are had whole by one command, which may be given again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.aggregator.sinks.parquet import History
from services.aggregator.windows import WindowAggregator
from services.cli.app import app
from services.core.clock import DAY, HOUR, MINUTE, SECOND, parse_time
from services.core.records import FROM_ARCHIVE, Record, Tick
from services.job.options import LOG_FILE
from services.runtime.local import LocalLog, ProcessorShell
from tests.unit.aggregator.windows import FLOW, LEVEL, config, frame

START = parse_time("2024-03-10T00:00:00Z") // SECOND


def flows(first: int, last: int) -> list[Record]:
    """From minute to minute a flow of 60 m3/h, in order, each with the clock."""
    return [r for m in range(first, last) for r in (frame((START + 60 * m, FLOW, 60.0)), tick(m + 1))]


def tick(minute: int) -> Tick:
    return Tick((START + 60 * minute) * SECOND)


async def fold(data: Path, records: list[Record]) -> None:
    with LocalLog.open(data / LOG_FILE) as log:
        await log.append(records)
        async with ProcessorShell(log, [WindowAggregator()]) as shell:
            await shell.drain()


def volumes(data: Path, width: int) -> list[tuple[float, int]]:
    with LocalLog.open(data / LOG_FILE) as log, History(data, log) as history:
        table = history.aggregates("no3", "intake", "flow", width=width)
    return list(zip(table["volume"].to_pylist(), table["revision"].to_pylist(), strict=True))


async def backlog(data: Path) -> None:
    """An hour is not heard, and comes when the next is over."""
    missed = [frame((START + 60 * m, FLOW, 60.0), (START + 60 * m, LEVEL, 2.0)) for m in range(60, 120)]
    await fold(data, [config(zone="UTC"), *flows(0, 60), *flows(120, 180), *missed, *flows(180, 185), tick(3000)])


def test_a_backlog_is_made_good(tmp_path: Path) -> None:
    asyncio.run(backlog(tmp_path))
    assert len(volumes(tmp_path, HOUR)) == 4
    assert [v for v, _ in volumes(tmp_path, HOUR)][1] == pytest.approx(0.5), "what the last value held, and no more"
    said = []
    for _ in range(2):
        answer = CliRunner().invoke(app, ["recompute", "--data", str(tmp_path), "--json"])
        assert answer.exit_code == 0, answer.output
        said.append(json.loads(answer.stdout))
    assert said[0]["spans"] == 4
    assert said[1] == {"spans": 0, "windows": 0, "rows": 0, "late": 0}, "what was done is not done again"
    hours = volumes(tmp_path, HOUR)
    assert [v for v, _ in hours][:3] == pytest.approx([60.0, 60.0, 60.0])
    # The level that came last held on into the next hour.
    assert [revision for _, revision in hours] == [0, FROM_ARCHIVE, FROM_ARCHIVE, 0]
    assert len(volumes(tmp_path, MINUTE)) == 186  # the last of them by what still held
    ((day, revision),) = volumes(tmp_path, DAY)
    assert (round(day, 6), revision) == (round(185 + 0.5, 6), FROM_ARCHIVE)
