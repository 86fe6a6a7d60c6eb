"""A cluster's topics as paging's source: from where it was, nothing passed over in silence, in the order of time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from services.core.codec import ALARM, INCIDENT, encode_output
from services.core.errors import LogError
from services.core.ports import Entry
from services.core.records import AlarmEvent, Config, IncidentEvent
from services.core.settings import Settings
from services.daemons.health import Health
from services.notify import kafka as module
from services.notify.kafka import ClusterSource
from services.runtime.cluster.places import Extent
from services.runtime.cluster.reading import Part

#: By part what Kafka has.
THERE = {(ALARM, 0): Extent(0, 10), (ALARM, 1): Extent(4, 8), (INCIDENT, 0): Extent(0, 0), (INCIDENT, 1): Extent(0, 3)}


def source(monkeypatch: pytest.MonkeyPatch, there: Mapping[Part, Extent] = THERE, log: str = "x") -> ClusterSource:
    async def extents(*_: object) -> Mapping[Part, Extent]:
        return there

    async def ids(*_: object) -> dict[str, str]:
        return {ALARM: f"a-{log}", INCIDENT: f"i-{log}"}

    async def catalogues(*_: object) -> dict[str, Config]:
        return {}

    monkeypatch.setattr(module, "extents", extents)
    monkeypatch.setattr(module, "topic_ids", ids)
    monkeypatch.setattr(module, "load_catalogues", catalogues)
    monkeypatch.setattr(module, "HOLD", 0.0)
    return ClusterSource(Settings(partitions=2), Health("kafka"))


def begin(one: ClusterSource, positions: Mapping[str, int] | None, whole: bool = False) -> dict[str, int]:
    return dict(asyncio.run(one.begin(positions, whole)))


def test_a_new_source_begins_at_the_end_or_has_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {"alarms/0@a-x": 9, "alarms/1@a-x": 7, "incidents/0@i-x": -1, "incidents/1@i-x": 2}
    assert begin(source(monkeypatch), None) == ends
    firsts = {"alarms/0@a-x": -1, "alarms/1@a-x": 3, "incidents/0@i-x": -1, "incidents/1@i-x": -1}
    assert begin(source(monkeypatch), None, whole=True) == firsts
    assert begin(source(monkeypatch), firsts | {"alarms/1@a-x": 5}) == firsts | {"alarms/1@a-x": 5}


def test_what_was_gone_before_it_could_be_read_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    one = source(monkeypatch)
    held = {"alarms/0@a-x": 9, "alarms/1@a-x": 1, "incidents/0@i-x": -1, "incidents/1@i-x": 2}
    assert begin(one, held) == held | {"alarms/1@a-x": 3}
    assert one.lost == 2


@pytest.mark.parametrize("log", ["x", "y"])
def test_another_topic_is_not_taken_for_the_old_one(monkeypatch: pytest.MonkeyPatch, log: str) -> None:
    held = {"alarms/0@a-x": 10, "alarms/1@a-x": 7, "incidents/0@i-x": -1, "incidents/1@i-x": 2}
    with pytest.raises(LogError, match="lost its end" if log == "x" else "made anew"):
        begin(source(monkeypatch, log=log), held)


def test_several_partitions_come_in_the_order_of_time_and_what_cannot_be_read_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = source(monkeypatch)
    begin(one, None, whole=True)

    def alarm(time: int) -> AlarmEvent:
        return AlarmEvent(time, "no3", "intake", "level", "high", f"no3@{time}", 1, "raised", "high")

    storm = IncidentEvent(2, "no3", "storm", "no3/storm@2", 1, "rain", "", "")
    one.hear((INCIDENT, 1), [Entry(0, INCIDENT, "", encode_output(storm)[1])])
    one.hear((ALARM, 0), [Entry(n, ALARM, "", encode_output(alarm(time))[1]) for n, time in enumerate((1, 3))])
    one.hear((ALARM, 1), [Entry(4, ALARM, "", b"\xff\xff")])
    taken = one.taken()
    assert [happening.event and happening.event.time for happening in taken] == [None, 1, 2, 3]
    assert (taken[0].part, taken[0].offset) == ("alarms/1@a-x", 4)
    assert one.taken() == []
