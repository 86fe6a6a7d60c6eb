"""From records to messages of the log of sites, and how far a partition is known to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.codec import decode_records, encode_records
from services.core.errors import LogError
from services.core.frame import Frame, make_frame
from services.core.ports import Position
from services.core.records import Config, Record, Tick
from services.core.settings import load_settings
from services.runtime.cluster.heard import Heard, decode_heard, encode_heard
from services.runtime.cluster.lanes import MESSAGE, Lanes, lanes_of
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.topics import topic_specs

PARTITIONS = {"a": 0, "b": 0, "c": 1}


def frame(site: str, number: int, readings: int = 3, epoch: int = 1) -> Frame:
    return make_frame(
        site, "s", np.arange(readings, dtype=np.int64), np.zeros(readings, np.int32), np.ones(readings),
        epoch=epoch, number=number,
    )  # fmt: skip


def plan(records: list[Record], **heard: Heard) -> Lanes:
    return lanes_of(records, PARTITIONS, {0: heard.get("zero", Heard()), 1: heard.get("one", Heard())})


def test_partitions_are_those_of_every_other_client() -> None:
    # Hashes that Kafka's own tests of its murmur2 state.
    stated = {
        "21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
        "a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        "abc": 479470107,
    }  # fmt: skip
    for key, value in stated.items():
        for partitions in (1, 7, 64):
            assert partition_of(key, partitions) == (value & 0x7FFFFFFF) % partitions


def test_frames_of_a_site_share_a_message_past_those_of_others() -> None:
    lanes = plan([frame("a", 1), frame("b", 1), frame("c", 1), frame("a", 2), frame("b", 2)])
    found = [(m.key, [getattr(r, "number", 0) for r in decode_records(m.data)]) for m in lanes[0]]
    assert found == [("a", [1, 2]), ("b", [1, 2])]
    assert [m.key for m in lanes[1]] == ["c"]


def test_a_message_is_cut_at_its_bound_and_a_large_record_travels_alone() -> None:
    records: list[Record] = [frame("a", n, readings=500) for n in range(1, 40)]
    records.insert(20, frame("a", 40, readings=20_000))
    messages = plan(records)[0]
    sizes = [len(m.data) for m in messages]
    assert sum(size > MESSAGE for size in sizes) == 1
    assert [len(m.records) for m in messages if len(m.data) > MESSAGE] == [1]
    assert max(size for size in sizes if size <= MESSAGE) > MESSAGE * 0.7
    assert [r for m in messages for r in m.records] == records
    catalogue = plan([Config("a", "v", "x" * 200_000, 1), frame("a", 1)])[0]
    assert [len(m.records) for m in catalogue] == [1, 1]


def test_what_the_partition_has_is_left_out() -> None:
    heard = Heard()
    heard.scan(9, encode_records([frame("a", 2), Tick(50)]))
    lanes = plan([frame("a", 1), frame("a", 2), frame("a", 3), frame("a", 1, epoch=2), Tick(50), Tick(60)], zero=heard)
    assert [(r.epoch, r.number) for m in lanes[0] for r in m.records if isinstance(r, Frame)] == [(1, 3), (2, 1)]
    assert [m.records for m in lanes[0]][-1] == (Tick(60),)
    assert [m.records for m in lanes[1]] == [(Tick(50), Tick(60))]


@given(st.lists(st.sampled_from(("a", "b", "c", "tick")), max_size=60))
def test_a_site_keeps_its_order_and_a_tick_its_place(said: list[str]) -> None:
    numbers: dict[str, int] = defaultdict(int)
    records: list[Record] = []
    for what in said:
        numbers[what] += 1
        records.append(Tick(numbers[what]) if what == "tick" else frame(what, numbers[what]))
    for partition, sites in ((0, {"a", "b"}), (1, {"c"})):
        found = [r for m in plan(records).get(partition, ()) for r in decode_records(m.data)]
        mine = [r for r in records if isinstance(r, Tick) or (isinstance(r, Frame) and r.site in sites)]

        def stretches(all_of: Sequence[Record]) -> list[dict[str, list[int]]]:
            out: list[dict[str, list[int]]] = [defaultdict(list)]
            for record in all_of:
                if isinstance(record, Tick):
                    out.append(defaultdict(list, tick=[record.time]))
                elif isinstance(record, Frame):
                    out[-1][record.site].append(record.number)
            return out

        assert stretches(found) == stretches(mine)


def test_reading_and_writing_come_to_the_same() -> None:
    records: list[Record] = [frame("a", 1), frame("b", 7), Tick(50), frame("a", 3), frame("a", 1, epoch=9)]
    written, read = Heard(), Heard()
    for record in records:
        written.take(record)
    read.scan(4, encode_records(records))
    read.scan(5, b"\xffnot records")
    assert (written.numbers, written.last_tick) == (read.numbers, read.last_tick)
    assert read.offset == 5
    assert read.positions() == {"a": Position(9, 1), "b": Position(1, 7)}
    assert decode_heard("t", "log", encode_heard("log", 3, read)) == (3, read)


def test_epochs_that_are_remembered_are_few_and_the_last_heard() -> None:
    heard = Heard()
    for epoch in range(1, 30):
        heard.take(frame("a", 5, epoch=epoch))
    heard.take(frame("a", 6, epoch=25))
    assert heard.positions() == {"a": Position(25, 6)}
    assert len(heard.numbers["a"]) == 8
    heard.take(frame("a", 2, epoch=25))
    assert heard.positions() == {"a": Position(25, 6)}


def test_of_two_who_know_a_partition_the_higher_number_is_true() -> None:
    paused = Heard(100, 40, {"a": {1: 51}, "b": {7: 3, 8: 1}, "c": {5: 5}})
    successor = Heard(99, 50, {"a": {1: 60, 2: 4}, "b": {7: 9}, "d": {1: 1}})
    paused.join(successor)
    assert (paused.offset, paused.last_tick) == (100, 50)
    assert paused.numbers == {"a": {1: 60, 2: 4}, "b": {7: 9, 8: 1}, "c": {5: 5}, "d": {1: 1}}
    assert paused.positions() == {"a": Position(1, 60), "b": Position(8, 1), "c": Position(5, 5), "d": Position(1, 1)}


def test_a_checkpoint_of_another_log_or_damaged_is_refused() -> None:
    with pytest.raises(LogError, match="tells of the log of sites one, and this is two"):
        decode_heard("hw.positions", "two", encode_heard("one", 0, Heard(5)))
    with pytest.raises(LogError, match=r"hw\.positions: a checkpoint cannot be read"):
        decode_heard("hw.positions", "two", b"\xff\xff\xff")


def test_how_topics_are_kept() -> None:
    specs = topic_specs(load_settings(partitions=4, retention_days=2.0, replication=3))
    assert {s.name for s in specs.values() if s.compacted} == {
        "catalogues", "positions", "alerts-state", "aggregator-state", "zones-state",
    }  # fmt: skip
    for spec in specs.values():
        if not spec.compacted:  # by arrival: event times of 2023 would be thrown away at once
            assert spec.options["message.timestamp.type"] == "LogAppendTime"
        assert spec.options["min.insync.replicas"] == "2"
        assert int(spec.options["max.message.bytes"]) > 8 << 20
    assert {n: s.partitions for n, s in specs.items() if s.partitions != 4} == {"catalogues": 1, "positions": 1}
    assert specs["sites"].options["retention.ms"] == str(2 * 86_400_000)
    assert specs["alarms"].options["retention.ms"] == str(400 * 86_400_000)
