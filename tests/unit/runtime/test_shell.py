"""The processor shell: any split, any stop gives the same outputs; a bad record harms only itself."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.codec import decode_output
from services.core.errors import LogError
from services.core.frame import Frame, make_frame
from services.core.records import AlarmEvent, Config, Output, Record, Tick
from services.runtime.fold import Fold
from services.runtime.local import LocalLog, ProcessorShell

POISON = 666.0


class Summing:
    """Says at each tick the sum of the site's values so far; breaks its state when it meets POISON."""

    name = "summing"

    def __init__(self) -> None:
        self.sums: dict[str, tuple[float, int]] = {}

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        outputs: list[Output] = []
        for record in records:
            total, count = self.sums.get(site, (0.0, 0))
            match record:
                case Frame():
                    self.sums[site] = (total + float(record.values.sum()), count)
                    if POISON in record.values:
                        raise ArithmeticError(f"poison at {record.through}")
                case Tick():
                    self.sums[site] = (total, count + 1)
                    outputs.append(
                        AlarmEvent(
                            record.time,
                            site,
                            "s",
                            "p",
                            "sum",
                            f"{site}/sum",
                            count + 1,
                            "raised",
                            "journal",
                            value=total,
                        )
                    )
        return outputs

    def dump(self, site: str) -> bytes:
        return struct.pack("<dq", *self.sums.get(site, (0.0, 0)))

    def load(self, site: str, state: bytes) -> None:
        if len(state) != 16:
            raise ValueError("not a sum")
        total, count = struct.unpack("<dq", state)
        self.sums[site] = (total, count)


def one_frame(site: str, value: float, time: int) -> Frame:
    return make_frame(site, "s", np.array([time]), np.zeros(1, np.int32), np.array([value]))


def expected(records: Sequence[Record]) -> dict[str, list[tuple[int, float]]]:
    """By site (time, sum) at each tick after the site was first heard of; poison is left out."""
    sums: dict[str, float] = {}
    said: dict[str, list[tuple[int, float]]] = {}
    for record in records:
        if isinstance(record, Tick):
            for site, total in sums.items():
                said.setdefault(site, []).append((record.time, total))
        elif isinstance(record, Frame):
            sums.setdefault(record.site, 0.0)
            if record.values[0] != POISON:
                sums[record.site] += record.values[0]
    return said


def said(log: LocalLog) -> dict[str, list[tuple[int, float | None]]]:
    found: dict[str, list[tuple[int, float | None]]] = {}
    for entry in log.read("alarms", 0, 10**6):
        event = decode_output(entry.topic, entry.data)
        assert isinstance(event, AlarmEvent)
        found.setdefault(event.site, []).append((event.time, event.value))
    return found


@st.composite
def _records(draw: st.DrawFn) -> list[Record]:
    kinds = draw(st.lists(st.sampled_from(["no1", "no3", "tick", "poison"]), max_size=40))
    records: list[Record] = []
    for time, kind in enumerate(kinds, 1):
        if kind == "tick":
            records.append(Tick(time))
        else:
            site = "no3" if kind == "poison" else kind
            records.append(one_frame(site, POISON if kind == "poison" else float(time), time))
    return records


@settings(max_examples=25, deadline=None)
@given(_records(), st.integers(1, 9), st.lists(st.integers(0, 40), max_size=2))
def test_any_split_and_any_stop_give_the_same_outputs_and_dead_letters(
    records: list[Record], batch: int, stops: list[int]
) -> None:
    async def scenario(path: Path) -> None:
        done = 0
        for stop in [*sorted(stops), len(records)]:
            with LocalLog.open(path) as log:
                async with ProcessorShell(log, [Summing()], largest_batch=batch) as shell:
                    await log.append(records[done:stop])
                    done = max(done, stop)
                    if stop == len(records):
                        await shell.drain()
                # Otherwise it stops wherever it had got to: between any two batches.
        with LocalLog.open(path) as log:
            assert said(log) == expected(records)
            poison = sum(isinstance(r, Frame) and r.values[0] == POISON for r in records)
            assert sum(log.reject_counts().values()) == poison

    with TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder) / "site.log"))


async def test_a_bad_record_is_kept_with_its_traceback_the_same_however_it_is_cut(
    tmp_path: Path,
) -> None:
    records: list[Record] = [one_frame("no3", float(n), n) for n in range(1, 30)]
    records[17] = one_frame("no3", POISON, 18)
    records.append(Tick(30))
    seen = []
    for batch in (1, 4, 100):
        with LocalLog.open(tmp_path / f"{batch}.log") as log:
            await log.append(records)
            async with ProcessorShell(log, [Summing()], largest_batch=batch) as shell:
                await shell.drain()
                assert shell.progress["summing"].dead_letters == 1
                assert shell.lag("summing") == 0
                assert shell.progress["summing"].readings == 29
            assert said(log) == {"no3": [(30, sum(range(1, 30)) - 18)]}
            seen.append(log.rejects())
    (letter,) = seen[0]
    assert (letter.source, letter.reason) == ("summing", "processor error")
    assert "log position 18" in letter.detail
    assert "ArithmeticError: poison at 18" in letter.detail
    assert seen[1] == seen[0] == seen[2]


async def test_bytes_that_are_no_record_are_a_dead_letter(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / "site.log") as log:
        await log.append([one_frame("no3", 1.0, 1)])
        await log.commit_step("elsewhere", 0, {}, [("sites", "no3", b"\xff\xff\xff")])
        await log.append([Tick(2)])
        async with ProcessorShell(log, [Summing()]) as shell:
            await shell.drain()
        assert log.reject_counts() == {("summing", "not a record"): 1}
        assert said(log) == {"no3": [(2, 1.0)]}


async def test_it_follows_the_log_as_it_grows_and_two_processors_do_not_disturb(
    tmp_path: Path,
) -> None:
    class Other(Summing):
        name = "other"

    with LocalLog.open(tmp_path / "site.log") as log:
        async with ProcessorShell(log, [Summing(), Other()]) as shell:
            for n in range(1, 6):
                await log.append([one_frame("no3", 1.0, n), Tick(n)])
                await shell.drain()
                assert shell.progress["other"].last_tick == n
        assert len(log.read("alarms", 0)) == 10
        states = log.load_states("summing")
        assert states == log.load_states("other") == {"no3": struct.pack("<dq", 5.0, 5)}


async def test_a_full_disk_stops_the_processor_and_tells_its_owner(tmp_path: Path) -> None:
    records: list[Record] = [one_frame("no3", 1.0, 1)]
    records += [Tick(n) for n in range(1, 5000)]
    path = tmp_path / "site.log"
    with LocalLog.open(path) as log:
        await log.append(records)
        await log.limit(1)
        shell = ProcessorShell(log, [Summing()])
        await log.limit(1 << 30)
        await shell.start()
        await log.limit(1)
        with pytest.raises(LogError, match="no space left"):
            await shell.drain()
        with pytest.raises(LogError, match="no space left"):
            await shell.wait()
        with pytest.raises(LogError, match="no space left"):
            await shell.stop()
        await log.limit(1 << 30)
        async with ProcessorShell(log, [Summing()]) as again:
            await again.drain()
        assert said(log) == expected(records)


async def test_a_state_of_another_version_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / "site.log") as log:
        await log.commit_step("summing", 0, {"no3": b"old"})
        with pytest.raises(LogError, match=r"state of 'summing' for site 'no3'.*not a sum"):
            await ProcessorShell(log, [Summing()]).start()
    with pytest.raises(ValueError, match="one name"):
        ProcessorShell(log, [Summing(), Summing()])


def test_running_out_of_memory_blames_no_record() -> None:
    class Hungry(Summing):
        def step(self, site: str, records: Sequence[Record]) -> list[Output]:
            raise MemoryError

    from services.core.codec import encode_record
    from services.core.ports import Entry

    entry = Entry(1, "sites", "no3", encode_record(Config("no3", "v", "{}", 0)))
    with pytest.raises(MemoryError):
        Fold(Hungry(), {}).run([entry])
