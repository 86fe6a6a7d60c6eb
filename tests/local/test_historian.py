"""The historian: everything exactly once, whenever it was stopped; what a question gives back."""

from __future__ import annotations

import asyncio
import math
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.sinks.parquet import Historian, History
from services.aggregator.sinks.parquet.historian import HistoryError
from services.aggregator.windows import WindowAggregator
from services.core.clock import MINUTE, SECOND
from services.core.codec import encode_output
from services.core.records import AlarmEvent, Derived, IncidentEvent, Output
from services.runtime.local import SITES, LocalLog, ProcessorShell
from tests.local.minutes import START, config, frame, storm


def alarm(number: int) -> AlarmEvent:
    return AlarmEvent(
        START + number, "no3", "intake", "raw_turbidity", "high", "o", number, "raised", "high",
        value=None if number == 2 else 500.0, limit=400.0, unit="NTU",
    )  # fmt: skip


async def outputs(log: LocalLog) -> None:
    incident = IncidentEvent(START, "no3", "IntakeCrisis", "i", 1, "surge", "c", "n", {"b": [1, 2]})
    each: list[Output] = [Derived(frame(3, 0.8, 1)), alarm(1), incident, alarm(2)]
    rows = [(topic, "no3", data) for topic, data in map(encode_output, each)]
    await log.commit_step("alerts", 0, {}, rows)


async def test_each_kind_of_entry_is_found_again_with_names_and_exact_times(
    tmp_path: Path,
) -> None:
    with LocalLog.open(tmp_path / "site.log") as log, History(tmp_path, log) as history:
        assert len(history.readings("no3", "intake", "raw_turbidity")) == 0
        assert len(history.alarms()) == 0
        await log.append(storm(5))
        await outputs(log)
        async with ProcessorShell(log, [WindowAggregator()]) as shell:
            await shell.drain()
        answers = []
        for _ in ("in the log only", "in the files"):
            table = history.readings("no3", "intake", "raw_turbidity", START + MINUTE, START + 2 * MINUTE)
            times = table["time"].cast("int64").to_pylist()
            assert times == [START + MINUTE + i * 10 * SECOND + 123_456_789 for i in range(6)]
            assert set(table["value"].to_pylist()) == {1.0}
            derived = history.readings("no3", "intake", "raw_flow", table="derived")
            assert derived["value"].to_pylist() == [0.8] * 6
            minutes = history.aggregates("no3", "intake", "raw_turbidity")
            assert minutes["mean"].to_pylist() == [0.0, 1.0, 2.0, 3.0, 4.0][: len(minutes)]
            assert len(minutes) == 5
            assert history.alarms()["value"].to_pylist() == [500.0, None]
            assert history.alarms(site="no1").num_rows == 0
            assert history.incidents()["evidence"].to_pylist() == ['{"b":[1,2]}']
            answers.append(history.sql("SELECT * FROM readings ORDER BY log_offset, time"))
            async with Historian(log, tmp_path) as historian:
                await historian.drain()
                assert historian.cursor == log.head()
        assert answers[0].equals(answers[1])
        raw = history.sql("SELECT log_offset, site, data FROM records ORDER BY log_offset").to_pylist()
        assert [(r["log_offset"], r["site"], r["data"]) for r in raw] == [
            (e.offset, e.key, e.data) for e in log.read(SITES, 0, 10**6)
        ]
        with pytest.raises(ValueError, match="no table 'x'"):
            history.readings("a", "b", "c", table="x")
    with History(tmp_path) as alone:
        assert alone.sql("SELECT count(*) AS n FROM readings")["n"].to_pylist() == [30]


async def test_unknown_points_and_unreadable_entries_are_kept(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / "site.log") as log:
        await log.append([config(), frame(0, 7.0, point=2**31 - 1), frame(1, math.inf, point=2)])
        rows = [("alarms", "no3", b"\xff\xff"), (SITES, "no3", b"\xfe")]
        await log.commit_step("x", 0, {}, rows)
        async with Historian(log, tmp_path) as historian:
            await historian.drain()
    with History(tmp_path) as history:
        found = history.sql("SELECT DISTINCT station, point FROM readings ORDER BY ALL")
        assert list(map(tuple, (r.values() for r in found.to_pylist()))) == [
            ("clearwell", "level"), ("intake", "#2147483647"),
        ]  # fmt: skip
        unread = history.sql("SELECT topic, data FROM unread ORDER BY log_offset").to_pylist()
        assert [(r["topic"], r["data"]) for r in unread] == [
            ("alarms", b"\xff\xff"), (SITES, b"\xfe"),
        ]  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_whenever_it_dies_every_row_is_there_once(seed: int, flush: int) -> None:
    """Dies between any two awaits, and between the renaming of files and the cursor's commit."""

    async def scenario(folder: Path) -> None:
        chance = random.Random(seed)
        # One thread: a write that was begun when it died ends before the next one starts, as it does with its process.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        with LocalLog.open(folder / "site.log") as log:
            await log.append(storm(40))
            for _ in range(4):
                historian = Historian(log, folder, readings=flush)
                await historian.start()
                for _ in range(chance.randrange(30)):
                    await asyncio.sleep(0)
                if chance.random() < 0.5:
                    # All written, and dead before the cursor says so.
                    async with historian._busy:
                        if historian._batch.end == historian._batch.start:
                            await historian._take()
                        historian._write(historian._batch)
                        assert historian._task is not None
                        historian._task.cancel()
                else:
                    assert historian._task is not None
                    historian._task.cancel()
                await asyncio.wait({historian._task})
                await asyncio.to_thread(int)
            async with Historian(log, folder, readings=flush) as historian:
                await historian.drain()
        with History(folder) as history:
            rows = history.sql("SELECT log_offset, value FROM readings ORDER BY time")
            assert rows["value"].to_pylist() == [float(m) for m in range(40) for _ in range(6)]
            offsets = history.sql("SELECT log_offset FROM records ORDER BY 1")["log_offset"].to_pylist()
            assert offsets == list(range(1, 82))

    with TemporaryDirectory() as name:
        asyncio.run(scenario(Path(name)))


async def test_unfinished_files_and_files_beyond_the_cursor_go_at_the_start(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / "site.log") as log:
        await log.append(storm(5))
        async with Historian(log, tmp_path) as historian:
            await historian.drain()
        head = log.head()
        (whole,) = (tmp_path / "history/readings").glob("*.parquet")
        await log.append([frame(5)])
        beyond = whole.with_name(f"{head + 1:016d}-{head + 1:016d}.parquet")
        beyond.write_bytes(whole.read_bytes())
        (tmp_path / "history/alarms").mkdir(exist_ok=True)
        torn = tmp_path / "history/alarms/1-2.parquet.unfinished"
        torn.write_bytes(b"PAR1 torn")
        async with Historian(log, tmp_path) as historian:
            assert not torn.exists()
            assert not beyond.exists()
            assert whole.exists()
            await historian.drain()
            assert historian.set_aside is None
        assert pq.read_table(beyond)["value"].to_pylist() == [1.0] * 6


async def test_another_logs_history_is_set_aside_not_removed(tmp_path: Path) -> None:
    for name in ("first.log", "second.log"):
        with LocalLog.open(tmp_path / name) as log:
            await log.append(storm(5 if name == "first.log" else 2))
            async with Historian(log, tmp_path) as historian:
                await historian.drain()
    assert historian.set_aside == tmp_path / "history-before-1"
    assert len(pq.read_table(historian.set_aside / "readings")) == 30
    with History(tmp_path) as history:
        assert history.sql("SELECT count(*) AS n FROM readings")["n"].to_pylist() == [12]


async def test_while_it_cannot_write_it_stalls_and_loses_nothing(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / "site.log") as log:
        await log.append(storm(5))
        async with Historian(log, tmp_path) as historian:
            (tmp_path / "history").mkdir(exist_ok=True)
            obstacle = tmp_path / "history" / "records"
            obstacle.write_text("a file where a folder should be")
            with pytest.raises(HistoryError, match=r"history .* cannot be written .*free disk"):
                await historian.drain()
            assert historian.fault
            assert historian.cursor == log.load_cursor("historian") == 0
            await log.append([frame(5)])
            with History(tmp_path, log) as history:
                assert len(history.readings("no3", "intake", "raw_turbidity")) == 36
            obstacle.unlink()
            await historian.drain()
            assert not historian.fault
        with History(tmp_path, log) as history:
            assert len(history.readings("no3", "intake", "raw_turbidity")) == 36


async def _written(historian: Historian) -> None:
    while historian.readings == 0:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def test_rows_go_to_file_by_count_and_at_the_stop(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / "site.log") as log:
        async with Historian(log, tmp_path, readings=6000) as historian:
            await log.append([config()])
            for minute in range(10):
                await log.append([frame(minute, n=1000)])
            await asyncio.wait_for(_written(historian), 10)
        assert historian.cursor == log.head()
        files = list((tmp_path / "history/readings").glob("*.parquet"))
        assert 2 <= len(files) <= 3
        assert sum(len(pq.read_table(f)) for f in files) == 10_000
