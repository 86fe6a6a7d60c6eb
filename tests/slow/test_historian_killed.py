"""Log, processors and historian killed with -9 on their way: in the end the same windows and the same tables."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from services.aggregator.sinks.parquet import Historian, History
from services.aggregator.windows import WindowAggregator
from services.runtime.local import SITES, LocalLog, ProcessorShell
from tests.local.minutes import storm


async def run_to_end(folder: Path, minutes: int) -> None:
    """Goes on from what is durable; prints a line for each record that the log has taken."""
    records = storm(minutes)
    with LocalLog.open(folder / "site.log") as log:
        have = len(log.read(SITES, 0, 10**6))
        shell = ProcessorShell(log, [WindowAggregator()], largest_batch=7)
        async with shell, Historian(log, folder, readings=30) as historian:
            for record in records[have:]:
                await log.append([record])
                print("taken", flush=True)
            await shell.drain()
            await historian.drain()


_CHILD = """
import asyncio, importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("steps", sys.argv[1])
steps = importlib.util.module_from_spec(spec)
spec.loader.exec_module(steps)
asyncio.run(steps.run_to_end(pathlib.Path(sys.argv[2]), 200))
"""


def test_kill_9_of_log_processors_and_historian_changes_no_result(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    asyncio.run(run_to_end(whole, 200))
    for lines in (60, 1, 110):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, __file__, str(killed)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert child.stdout is not None
        for _ in range(lines):
            assert child.stdout.readline() == b"taken\n"
        child.kill()
        child.wait()
        child.stdout.close()
    asyncio.run(run_to_end(killed, 200))
    answers = []
    for folder in (whole, killed):
        with LocalLog.open(folder / "site.log") as log, History(folder, log) as history:
            outputs = [e.data for e in log.read("aggregates", 0, 10**6)]
            assert len(outputs) == 200 + 13 + 4  # minutes, quarters, hours
            tables = [
                history.sql(f"SELECT * EXCLUDE (log_offset) FROM {name} ORDER BY time")
                for name in ("readings", "aggregates_1m")
            ]
            assert [len(t) for t in tables] == [1200, 200]
            answers.append((outputs, tables, log.load_states("aggregator")))
    assert answers[0] == answers[1]
