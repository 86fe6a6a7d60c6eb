"""The site log: what it holds after appends, refusals, a full disk, a kill, and retention."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from services.core.codec import decode_record
from services.core.errors import LogError
from services.core.frame import Frame, make_frame
from services.core.ports import LogReader, Position, Reject, SiteLog
from services.core.records import Config, Tick
from services.runtime.local import SITES, LocalLog, LogView, OutOfSequence, keep_trimmed
from services.runtime.local.transaction import COUNTED_SOURCES, KEPT_REJECTS, OTHERS

MINUTE = 60_000_000_000


def frame(number: int, site: str = "no3", epoch: int = 7, readings: int = 3) -> Frame:
    times = np.arange(readings, dtype=np.int64) + number * MINUTE
    return make_frame(
        site, "intake", times, np.zeros(readings, np.int32), np.full(readings, 1.5),
        through=number * MINUTE, epoch=epoch, number=number,
    )  # fmt: skip


def numbers(log: LogView, site: str = "no3") -> list[int]:
    records = [decode_record(e.data) for e in log.read(SITES, 0, 10**6, 1 << 30) if e.key == site]
    return [r.number for r in records if isinstance(r, Frame)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "site.log"


async def test_what_was_appended_is_read_back_in_order_and_after_a_restart(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([frame(1), Tick(MINUTE), frame(2)])
        await log.append([frame(1, "upstream"), Tick(2 * MINUTE)])
    with LocalLog.open(path) as log:
        entries = log.read(SITES, 0)
        assert [e.key for e in entries] == ["no3", "", "no3", "upstream", ""]
        assert [e.offset for e in entries] == [1, 2, 3, 4, 5]
        assert numbers(log) == [1, 2]
        assert log.head() == log.head(SITES) == 5
        assert log.last_tick() == 2 * MINUTE
        assert log.positions() == {"no3": Position(7, 2), "upstream": Position(7, 1)}


async def test_a_number_that_the_log_has_is_refused_with_both_named(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([frame(1), frame(2)])
        for wrong in (frame(2), frame(1)):
            with pytest.raises(OutOfSequence, match=rf"frame {wrong.number} of epoch 7 .*number=2"):
                await log.append([Tick(1), wrong])
        assert log.head() == 2, "nothing of a refused append may be taken"
        await log.append([frame(4)])
        assert log.positions()["no3"] == Position(7, 4), "number 3 was refused by the bridge, and is passed over"
        await log.append([frame(1, epoch=2**64 - 1), frame(2, epoch=2**64 - 1)])
        assert log.positions()["no3"] == Position(2**64 - 1, 2)
    with LocalLog.open(path) as log:
        assert log.positions()["no3"] == Position(2**64 - 1, 2)


async def test_a_refusal_in_a_group_concerns_nobody_else(path: Path) -> None:
    with LocalLog.open(path) as log:
        asked = [[frame(1)], [frame(1)], [frame(1, "no1")], [frame(2)]]
        results = await asyncio.gather(*map(log.append, asked), return_exceptions=True)
        assert [type(r) for r in results] == [type(None), OutOfSequence, type(None), type(None)]
        assert numbers(log) == [1, 2]
        assert numbers(log, "no1") == [1]


async def test_concurrent_appends_keep_their_order_under_back_pressure(path: Path) -> None:
    with LocalLog.open(path) as log:
        big = [frame(n, readings=40_000) for n in range(1, 81)]  # 64 MB: twice what may be queued
        await asyncio.gather(*(log.append([f]) for f in big))
        assert numbers(log) == list(range(1, 81))


async def test_reading_is_bounded_by_count_and_bytes_and_merges_topics(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([frame(1), frame(2)])
        await log.commit_step("alerts", 2, {"no3": b"s"}, [("alarms", "no3", b"a" * 100)] * 2)
        await log.append([frame(3)])
        assert [e.offset for e in log.read(SITES, 1)] == [2, 5]
        assert [e.topic for e in log.read((SITES, "alarms"), 1)] == [
            SITES, "alarms", "alarms", SITES,
        ]  # fmt: skip
        assert [e.offset for e in log.read(None, 2, limit=2)] == [3, 4]
        assert [e.offset for e in log.read("alarms", 0, max_bytes=1)] == [3]
        assert log.read("incidents", 0) == []


async def test_a_step_is_one_transaction_and_its_cursor_never_goes_back(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([frame(1), frame(2)])
        bad = Reject("alerts", "processor error", "why", b"x", 0)
        await log.commit_step("alerts", 2, {"no3": b"two"}, [("alarms", "no3", b"a")], [bad])
        with pytest.raises(OutOfSequence, match="behind the committed 2"):
            await log.commit_step("alerts", 1, {"no3": b"one"}, [("alarms", "no3", b"b")])
        assert log.load_cursor("alerts") == 2
        assert log.load_states("alerts") == {"no3": b"two"}
        assert [e.data for e in log.read("alarms", 0)] == [b"a"]
        assert log.reject_counts() == {("alerts", "processor error"): 1}


async def test_rejects_are_kept_cut_and_counted(path: Path) -> None:
    with LocalLog.open(path) as log:
        huge = Reject("mqtt", "payload too large", "10 MB", b"z" * 10_000_000, 5)
        await log.reject([huge, Reject("mqtt", "not protobuf", "d", b"x", 6)])
        await log.reject([huge])
        assert log.reject_counts() == {
            ("mqtt", "payload too large"): 2, ("mqtt", "not protobuf"): 1,
        }  # fmt: skip
        kept = log.rejects()
        assert [len(r.payload) for r in kept] == [262_144, 1, 262_144]
        assert kept[1] == Reject("mqtt", "not protobuf", "d", b"x", 6)


async def test_rubbish_from_ever_new_topics_does_not_fill_the_disk(path: Path) -> None:
    log = LocalLog.open(path)
    for batch in range(3):
        await log.reject([Reject(f"x/{batch}/{i}", "unknown topic", "", b"%d" % i, 1) for i in range(KEPT_REJECTS)])
    assert [r.payload for r in log.rejects(10**6)] == [b"%d" % i for i in range(KEPT_REJECTS)]
    assert log.rejects(1)[0].source == "x/2/0"
    counts = log.reject_counts()
    assert sum(counts.values()) == 3 * KEPT_REJECTS
    assert len(counts) <= COUNTED_SOURCES + 1
    assert counts[OTHERS, "unknown topic"] == 3 * KEPT_REJECTS - COUNTED_SOURCES
    log.close()


async def test_tailing_wakes_for_its_topic_only(path: Path) -> None:
    with LocalLog.open(path) as log:
        waiting = asyncio.create_task(log.wait_beyond(0, topics=SITES))
        await log.commit_step("p", 0, {}, [("alarms", "no3", b"a")])
        assert not waiting.done()
        assert await log.wait_beyond(0, topics="alarms")
        await log.append([frame(1)])
        assert await waiting
        assert not await log.wait_beyond(log.head(), within=0.01)


async def test_another_process_may_look_but_not_own(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([frame(1)])
        await log.set_meta("run", "r1")
        with pytest.raises(LogError, match=rf"in use by process {os.getpid()}"):
            LocalLog.open(path)
        with LogView.open(path) as view:
            assert numbers(view) == [1]
            assert view.head() == 1
            assert view.meta("run") == "r1"
            following = asyncio.create_task(view.wait_beyond(1))
            await log.append([frame(2)])
            assert await following
    LocalLog.open(path).close()


async def test_a_full_disk_takes_nothing_and_ends_when_there_is_space(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([frame(1)])
        await log.limit(600_000)

        async def fill() -> None:
            for n in range(2, 100):
                await log.append([frame(n, readings=1000)])

        with pytest.raises(LogError, match=r"no space left for the site log .*site\.log"):
            await fill()
        number = log.positions()["no3"].number + 1
        assert 2 < number < 100
        with pytest.raises(LogError):
            await asyncio.gather(log.append([frame(number, readings=5000)]))
        assert numbers(log) == list(range(1, number))
        await log.limit(1 << 30)
        await log.append([frame(number), frame(number + 1)])
        assert numbers(log) == list(range(1, number + 2))


def test_what_cannot_be_opened_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LogError, match=r"file.data.site.log.*make its directory writable"):
        LocalLog.open(tmp_path / "file" / "data" / "site.log")
    with pytest.raises(LogError, match="there is no site log"):
        LocalLog.open(tmp_path / "absent.log", create=False)
    with pytest.raises(LogError, match="there is no site log"):
        LogView.open(tmp_path / "absent.log")
    noise = tmp_path / "noise.log"
    noise.write_bytes(bytes(range(256)) * 64)
    with pytest.raises(LogError, match=r"noise\.log is not a site log"):
        LocalLog.open(noise)
    foreign = tmp_path / "foreign.log"
    other = sqlite3.connect(foreign)
    other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(LogError, match="not a site log"):
        LocalLog.open(foreign)
    assert noise.read_bytes() == bytes(range(256)) * 64, "other people's files stay as they were"


async def test_another_schema_version_and_damage_are_refused(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([frame(n, readings=500) for n in range(1, 100)])
    whole = path.read_bytes()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(LogError, match="schema version 99, this program reads 1"):
        LocalLog.open(path)
    middle = len(whole) // 2
    path.write_bytes(whole[:4096] + b"\xa5" * 4096 + whole[8192:middle])
    with pytest.raises(LogError, match="damaged"):
        LocalLog.open(path)


async def test_retention_keeps_what_a_follower_needs_and_the_latest_config(path: Path) -> None:
    with LocalLog.open(path) as log:
        await log.append([Config("no3", "v1", "{}", 0), Config("no3", "v2", "{}", 0)])
        for n in range(1, 101):
            await log.append([frame(n, readings=200), Tick(n * MINUTE)])
        await log.commit_cursor("historian", 0)
        assert await log.trim(before=90 * MINUTE) == 0, "the historian has seen nothing"
        await log.commit_cursor("historian", 102)
        assert await log.trim(before=90 * MINUTE, limit=40) == 40
        while await log.trim(before=90 * MINUTE):
            pass
        entries = log.read(None, 0)
        assert [e.offset for e in entries[:2]] == [2, 103]
        assert log.configs()["no3"].version == "v2"
        await log.commit_cursor("historian", log.head())
        while await log.trim(before=90 * MINUTE):
            pass
        assert numbers(log)[0] == 90
        while await log.trim(max_bytes=40_000):
            pass
        assert log.configs()["no3"].version == "v2"
        assert path.stat().st_size < 600_000
        head = log.head()
    with LocalLog.open(path) as log:
        await log.append([frame(101)])
        assert log.head() > head - 1
        assert log.last_offset(SITES, 2**62) == head + 1, "an offset is never used twice"


async def test_retention_works_by_itself_behind_the_clock(path: Path) -> None:
    with LocalLog.open(path) as log:
        for n in range(1, 101):
            await log.append([frame(n), Tick(n * MINUTE)])
        await log.commit_cursor("historian", log.head())
        trimming = asyncio.create_task(keep_trimmed(log, age=30 * MINUTE, every=0.01))
        while numbers(log)[0] < 70:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        trimming.cancel()
        assert numbers(log)[0] == 70


def test_it_is_the_log_that_the_ports_describe(path: Path) -> None:
    with LocalLog.open(path) as log:
        written: SiteLog = log
        followed: LogReader = log
        assert (written.last_tick(), followed.head()) == (0, 0)


_CHILD = """
import asyncio, sys
from pathlib import Path
from services.runtime.local import LocalLog
from tests_frames import frame

async def main():
    with LocalLog.open(Path(sys.argv[1])) as log:
        number = log.positions()["no3"].number if log.positions() else 0
        async def one(n):
            await log.append([frame(n)])
            sys.stdout.write(f"{n}\\n"); sys.stdout.flush()
        while True:
            await asyncio.gather(*(one(number + i) for i in range(1, 9)))
            number += 8
asyncio.run(main())
"""


def test_kill_9_loses_nothing_that_was_confirmed(path: Path, tmp_path: Path) -> None:
    source = Path(__file__).read_text()
    start = source.index("def frame(")
    body = textwrap.dedent(source[start : source.index("def numbers(")])
    (tmp_path / "tests_frames.py").write_text(
        f"import numpy as np\nfrom services.core.frame import Frame, make_frame\nMINUTE = {MINUTE}\n{body}"
    )
    root = Path(__file__).parents[2]
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{tmp_path}"},
        )
        assert child.stdout is not None
        confirmed = [int(child.stdout.readline()) for _ in range(50)]
        child.send_signal(signal.SIGKILL)
        confirmed += [int(line) for line in child.stdout if line.endswith("\n")]
        child.wait()
        with LocalLog.open(path) as log:
            held = numbers(log)
            assert held == list(range(1, len(held) + 1))
            assert set(confirmed) <= set(held)
            assert log.positions()["no3"] == Position(7, len(held))
