"""KafkaLog over a Kafka in memory that fails as it is told: nothing lost, nothing overtaken, positions told true."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.errors import LogError
from services.core.frame import Frame, make_frame
from services.core.ports import Position, Reject
from services.core.records import Record, Tick
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.rejects import decode_reject
from services.runtime.cluster.topics import POSITIONS, REJECTED
from tests.unit.runtime.kafka import LANDS, LOST, SILENT, FakeKafka

SITES = ("no1", "no2", "no3", "upstream", "sligo", "jinan")


def frame(site: str, number: int, epoch: int = 7, readings: int = 2) -> Frame:
    """A frame that no other equals."""
    times = np.arange(readings, dtype=np.int64) + number
    return make_frame(
        site, "intake", times, np.zeros(readings, np.int32), np.full(readings, float(number)),
        epoch=epoch, number=number,
    )  # fmt: skip


def taken(kafka: FakeKafka) -> dict[str, list[int]]:
    """By site the numbers that a fold takes: those beyond the last."""
    found: dict[str, list[int]] = defaultdict(list)
    for partition in range(kafka.settings.partitions):
        for record in kafka.sites(partition):
            if isinstance(record, Frame) and record.number > (found[record.site] or [0])[-1]:
                found[record.site].append(record.number)
    return found


def numbers(kafka: FakeKafka) -> dict[str, list[int]]:
    """By site every number in the log, in its order."""
    found: dict[str, list[int]] = defaultdict(list)
    for partition in range(kafka.settings.partitions):
        for record in kafka.sites(partition):
            if isinstance(record, Frame):
                assert partition == partition_of(record.site, kafka.settings.partitions)
                found[record.site].append(record.number)
    return found


def rounds(count: int, first: int = 1) -> list[Record]:
    """Frames of every site, site by site in turn."""
    return [frame(site, number) for number in range(first, first + count) for site in SITES]


async def test_what_is_appended_is_told(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(SITES, monkeypatch) as log:
        assert (log.positions(), log.last_tick()) == ({}, 0)
        await log.append([*rounds(3), Tick(50)])
        assert log.positions() == {site: Position(7, 3) for site in SITES}
        assert log.last_tick() == 50
        await log.append([frame("no1", 1, epoch=8)])
        assert log.positions()["no1"] == Position(8, 1)
        assert log.counters.records == 3 * len(SITES) + len({partition_of(site, 4) for site in SITES}) + 1
    assert numbers(kafka)["no2"] == [1, 2, 3]


async def test_a_tick_is_in_the_partitions_of_its_sites_alone(monkeypatch) -> None:
    kafka = FakeKafka(partitions=64)
    async with kafka.open(["no1", "no2"], monkeypatch) as log:
        await log.append([Tick(50), Tick(60)])
    mine = {partition_of(site, 64) for site in ("no1", "no2")}
    assert [kafka.sites(p) for p in range(64)] == [[Tick(50), Tick(60)] if p in mine else [] for p in range(64)]


@pytest.mark.parametrize("fault", [LANDS, LOST])
@pytest.mark.parametrize("which", [0, 1, 3])
async def test_a_batch_that_fails_is_completed_once(monkeypatch, fault: str, which: int) -> None:
    kafka = FakeKafka()
    async with kafka.open(SITES, monkeypatch) as log:
        await log.append(rounds(1))
        kafka.faults = [""] * which + [fault]
        await log.append([*rounds(4, first=2), Tick(50), *rounds(4, first=6), Tick(60)])
        assert log.counters.recoveries == 1
        assert log.positions() == {site: Position(7, 9) for site in SITES}
        assert log.last_tick() == 60
    assert numbers(kafka) == {site: list(range(1, 10)) for site in SITES}
    for partition in {partition_of(site, 4) for site in SITES}:
        ticks = [r for r in kafka.sites(partition) if isinstance(r, Tick)]
        assert ticks == [Tick(50), Tick(60)]


async def test_frames_without_numbers_are_recognised_by_their_bytes(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch) as log:
        kafka.faults = [LANDS]
        await log.append([frame("no1", 0, epoch=0), Tick(5, end=True)])
    assert len(kafka.sites(partition_of("no1", 4))) == 2


async def test_a_tick_stays_behind_the_frames_before_it_whatever_fails(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(SITES, monkeypatch) as log:
        kafka.faults = [LOST, LANDS, LOST, LANDS, LOST]
        await log.append([*rounds(5), Tick(50), *rounds(5, first=6)])
    for partition in {partition_of(site, 4) for site in SITES}:
        records = kafka.sites(partition)
        tick = records.index(Tick(50))
        assert {r.number for r in records[:tick] if isinstance(r, Frame)} == {1, 2, 3, 4, 5}
        assert {r.number for r in records[tick + 1 :] if isinstance(r, Frame)} == {6, 7, 8, 9, 10}


async def test_after_patience_has_ended_the_same_again_completes_it(monkeypatch) -> None:
    kafka = FakeKafka()
    batch = [*rounds(6), Tick(50)]
    async with kafka.open(SITES, monkeypatch, patience=0.05) as log:
        kafka.faults = ["", "", LANDS]
        kafka.gone = True  # no new producer can be made
        with pytest.raises(LogError, match="cannot be reached"):
            await log.append(batch)
        assert log.last_tick() == 0
        kafka.gone = False
        await log.append(batch)
        assert log.last_tick() == 50
    assert numbers(kafka) == {site: [1, 2, 3, 4, 5, 6] for site in SITES}


async def test_no_answer_ends_with_patience_and_is_looked_up(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch, patience=0.05) as log:
        kafka.faults = [SILENT]
        with pytest.raises(LogError, match="it took nothing for"):
            await log.append([frame("no1", 1)])
        assert log.positions() == {}
        await log.append([frame("no1", 1), frame("no1", 2)])
    assert numbers(kafka) == {"no1": [1, 2]}


async def test_an_append_that_is_cut_short_leaves_the_log_in_doubt(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch) as log:
        kafka.faults = [SILENT]
        cut = asyncio.create_task(log.append([frame("no1", 1)]))
        await asyncio.sleep(0.01)
        cut.cancel()
        await asyncio.gather(cut, return_exceptions=True)
        await log.append([frame("no1", 1), frame("no1", 2)])
        assert log.counters.recoveries == 1
    assert numbers(kafka) == {"no1": [1, 2]}


async def test_a_successor_knows_what_came_after_the_checkpoint(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(SITES, monkeypatch) as log:
        await log.append([*rounds(2), Tick(50)])
    checkpoints = len(kafka.parts[(kafka.settings.topic(POSITIONS), 0)])
    assert checkpoints == len({partition_of(site, 4) for site in SITES})
    killed = kafka.open(SITES, monkeypatch)
    await killed.__aenter__()
    await killed.append([*rounds(2, first=3), Tick(60)])  # and no checkpoint of it
    assert killed._checkpoints is not None
    killed._checkpoints.cancel()
    async with kafka.open(SITES, monkeypatch) as log:
        assert log.positions() == {site: Position(7, 4) for site in SITES}
        assert log.last_tick() == 60
        await log.append([*rounds(5), Tick(60), Tick(70)])
    assert numbers(kafka) == {site: [1, 2, 3, 4, 5] for site in SITES}


async def test_an_older_checkpoint_that_comes_later_is_not_taken(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch) as log:
        await log.append([frame("no1", 1)])
    positions = kafka.parts[(kafka.settings.topic(POSITIONS), 0)]
    old = positions[-1]
    async with kafka.open(["no1"], monkeypatch) as log:
        await log.append([frame("no1", 2)])
    positions.append(old)
    kafka.parts[(kafka.settings.topic("sites"), partition_of("no1", 4))][0] = ("no1", b"damaged", None)
    async with kafka.open(["no1"], monkeypatch) as log:
        assert log.positions() == {"no1": Position(7, 2)}


async def test_what_a_paused_bridge_writes_after_its_successor_takes_nothing_back(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch) as paused:
        await paused.append([frame("no1", 1), Tick(10)])
        async with kafka.open(["no1"], monkeypatch) as successor:
            await successor.append([frame("no1", 2), frame("no1", 3), Tick(20)])
        await paused.append([frame("no1", 2)])
        assert paused.positions() == {"no1": Position(7, 2)}
    async with kafka.open(["no1"], monkeypatch) as log:
        assert log.positions() == {"no1": Position(7, 3)}
        assert log.last_tick() == 20
    assert taken(kafka) == {"no1": [1, 2, 3]}


async def test_what_a_dead_bridge_lands_late_is_harmless(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch) as log:
        await log.append([frame("no1", 1)])
        part = kafka.parts[(kafka.settings.topic("sites"), partition_of("no1", 4))]
        late = FakeKafka(prefix="other")
        async with late.open(["no1"], monkeypatch) as other:
            await other.append([frame("no1", 2), frame("no1", 3)])
        part.extend(late.parts[(late.settings.topic("sites"), partition_of("no1", 4))])
        await log.append([frame("no1", 2)])
        assert log.positions() == {"no1": Position(7, 2)}
    assert taken(kafka) == {"no1": [1, 2, 3]}
    kafka.open(["no1"], monkeypatch)
    async with kafka.open(["no1"], monkeypatch) as log:
        assert log.positions()["no1"].number in (2, 3)  # never beyond what is there


async def test_a_topic_made_anew_is_refused(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch) as log:
        await log.append([frame("no1", 1), frame("no1", 2)])
    async with kafka.open(["no1"], monkeypatch) as log:
        await log.append([frame("no1", 3)])
        kafka.parts[(kafka.settings.topic("sites"), partition_of("no1", 4))].clear()
        with pytest.raises(LogError, match="made anew or has lost its end"):
            await log.append([frame("no1", 4)])
        kafka.log = "log-2"
        with pytest.raises(LogError, match="log-1 is now log-2"):
            await log.append([frame("no1", 4)])
    with pytest.raises(LogError, match="tells of the log of sites log-1, and this is log-2"):
        await kafka.open(["no1"], monkeypatch).__aenter__()


async def test_a_stranger_is_not_taken_and_then_carried(monkeypatch) -> None:
    kafka = FakeKafka()
    async with kafka.open(["no1"], monkeypatch) as log:
        with pytest.raises(ValueError, match="no2"):
            await log.append([frame("no1", 1), frame("no2", 1)])
        assert numbers(kafka) == {}
        await log.carry(["no2"])
        await log.append([frame("no1", 1), frame("no2", 1), Tick(9)])
        assert set(log.positions()) == {"no1", "no2"}


async def test_rejects_say_why_and_survive_a_lost_connection(monkeypatch) -> None:
    kafka = FakeKafka()
    refused = Reject("spBv1.0/g/NDATA/no1", "not a payload", "byte 3\nof 5 ü", b"\x00\xff", 123)
    async with kafka.open(["no1"], monkeypatch) as log:
        kafka.faults = [LOST]
        await log.reject([refused, refused])
        assert log.counters.rejects == 2
    kept = kafka.parts[(kafka.settings.topic(REJECTED), 0)]
    assert {decode_reject(value, headers) for _, value, headers in kept} == {refused}
    assert {key for key, _, _ in kept} == {refused.source}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.sampled_from((*SITES, "tick")), max_size=12), min_size=1, max_size=6),
    faults=st.lists(st.sampled_from(("", "", LANDS, LOST)), max_size=14),
)
def test_whatever_fails_the_log_is_whole_and_in_order(
    monkeypatch, batches: Sequence[Sequence[str]], faults: Sequence[str]
) -> None:
    kafka, sent, clock = FakeKafka(), dict.fromkeys(SITES, 0), 0

    async def play() -> None:
        nonlocal clock
        async with kafka.open(SITES, monkeypatch) as log:
            kafka.faults = list(faults)
            for batch in batches:
                records: list[Record] = []
                for what in batch:
                    if what == "tick":
                        clock += 1
                        records.append(Tick(clock))
                    else:
                        sent[what] += 1
                        records.append(frame(what, sent[what]))
                await log.append(records)
            assert {s: p.number for s, p in log.positions().items()} == {s: n for s, n in sent.items() if n}
            assert log.last_tick() == clock
            kafka.faults = []

    asyncio.run(play())
    assert numbers(kafka) == {site: list(range(1, n + 1)) for site, n in sent.items() if n}
    for partition in {partition_of(site, 4) for site in SITES}:
        ticks = [r.time for r in kafka.sites(partition) if isinstance(r, Tick)]
        assert ticks == list(range(1, clock + 1))
