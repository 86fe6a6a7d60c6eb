"""Carrier and Vigil: what is sent, written and committed, in which order, and when nothing may be any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest

from services.core.errors import LogError
from services.core.ports import Reject
from services.core.records import Record, Tick
from services.runtime.cluster.client import MAX_MESSAGE
from services.runtime.cluster.faust_worker.carrier import Batch, Carrier, Message
from services.runtime.cluster.faust_worker.rejects import dead_letter
from services.runtime.cluster.faust_worker.vigil import Lapsed, Vigil
from services.runtime.cluster.partition import OffsetJump, PartitionFold
from services.runtime.cluster.rows import LogPart, decode_row, newest
from services.runtime.fold import Step
from tests.unit.runtime.sums import Sums, entries, frame


class Kafka:
    """Keeps what it is sent in order; fails at a topic when told to."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []
        self.failing = ""
        self.hanging = False
        self.asked = 0
        self.answers: Callable[[], None] = lambda: None

    async def send(self, messages: Sequence[Message]) -> None:
        if self.hanging:
            await asyncio.Event().wait()
        for one in messages:
            if one.topic == self.failing:
                raise LogError("not taken")
            self.said.append((one.topic, one))

    async def commit(self, offsets: Mapping[int, int]) -> None:
        self.said.append(("commit", dict(offsets)))

    async def confirm(self) -> None:
        self.asked += 1
        self.answers()

    @property
    def order(self) -> list[str]:
        return [topic for topic, _ in self.said]

    def rows(self, partition: int) -> dict[str, bytes]:
        """What the changelog has of a partition."""
        found = [one for topic, one in self.said if topic == "alerts-state"]
        return newest((m.key.decode(), m.value) for m in found if isinstance(m, Message) and m.partition == partition)


class Nobody:
    """A Watch that remembers nothing but how many messages are in hand."""

    def __init__(self) -> None:
        self.hand = 0

    def folded(self, partition: int, step: Step, messages: int, seconds: float) -> None: ...

    def acknowledged(self, outputs: int, rejects: Sequence[Reject], since_logged: float, seconds: float) -> None: ...

    def flushed(self, rows: int, seconds: float) -> None: ...

    def in_hand(self, messages: int) -> None:
        self.hand = messages


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Rig:
    """A carrier over a Kafka that is a list, with a clock that the test moves."""

    def __init__(self, executor: Executor, rows: Mapping[int, Mapping[str, bytes]] | None = None) -> None:
        self.kafka, self.now, self.watch = Kafka(), 100.0, Nobody()
        self.vigil = Vigil(6.0, lambda: self.now)
        self.vigil.heard(self.now)
        self.carrier = Carrier("alerts-state", self.kafka, self.vigil, self.watch, dead_letter, executor)
        self.state = rows or {}

    async def take(self, *partitions: int) -> None:
        await self.carrier.take(
            {p: PartitionFold(Sums, LogPart("id-1", p, 8), self.state.get(p, {}), first=5) for p in partitions}
        )

    async def carry(self, start: int = 5, **batches: Sequence[Sequence[Record]]) -> None:
        """One round: by partition (as p0, p1 …) messages from offset `start` on."""
        given = {int(name[1:]): Batch(entries(log, start)) for name, log in batches.items()}
        await self.carrier.carry(lambda: given)


LOG: list[list[Record]] = [[frame("a", 1, 1.0)], [frame("a", 2, 2.0)], [Tick(9)]]


async def test_outputs_go_before_sites_rows_and_these_before_the_partitions_row_and_the_commit(executor):
    rig = Rig(executor)
    await rig.take(0, 3)
    await rig.carry(p0=LOG, p3=LOG)
    assert rig.kafka.order == ["alarms", "alarms"]
    await rig.carrier.flush()
    assert rig.kafka.order[2:] == ["alerts-state"] * 4 + ["commit"]
    keys = [one.key for _, one in rig.kafka.said[2:6] if isinstance(one, Message)]
    assert keys == [b"a", b"a", b"", b""]
    assert rig.kafka.said[-1] == ("commit", {0: 8, 3: 8})
    assert rig.watch.hand == 0


async def test_each_output_and_row_goes_to_the_partition_that_it_came_from(executor):
    rig = Rig(executor)
    await rig.take(0, 3)
    await rig.carry(p0=LOG, p3=[[frame("b", 1, 1.0)], [Tick(9)]])
    await rig.carrier.flush()
    sent = [one for _, one in rig.kafka.said if isinstance(one, Message)]
    assert {(one.topic, one.key, one.partition) for one in sent} == {
        ("alarms", b"a", 0), ("alarms", b"b", 3),
        ("alerts-state", b"a", 0), ("alerts-state", b"b", 3),
        ("alerts-state", b"", 0), ("alerts-state", b"", 3),
    }  # fmt: skip


async def test_nothing_new_flushes_nothing(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carrier.flush()
    await rig.carry(p0=LOG)
    await rig.carrier.flush()
    said = len(rig.kafka.said)
    await rig.carrier.flush()
    assert len(rig.kafka.said) == said


async def test_a_jump_ends_it_before_anything_is_sent_and_a_restart_is_fine(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carry(p0=LOG)
    await rig.carrier.flush()
    said = list(rig.kafka.said)
    with pytest.raises(OffsetJump, match="offset 9 came where 8 was due"):
        await rig.carry(9, p0=[[frame("a", 4, 4.0)], [Tick(10)]])
    for after in (rig.carrier.flush, rig.carrier.let_go):
        with pytest.raises(LogError, match="started anew"):
            await after()
    assert rig.kafka.said == said
    again = Rig(executor, {0: rig.kafka.rows(0)})
    await again.take(0)
    assert again.carrier.due == {0: 8}
    await again.carry(8, p0=[[frame("a", 3, 3.0)], [frame("a", 4, 4.0)], [Tick(10)]])
    assert again.kafka.order == ["alarms"]


async def test_outputs_that_are_not_taken_leave_no_row_and_no_commit(executor):
    rig = Rig(executor)
    await rig.take(0)
    rig.kafka.failing = "alarms"
    with pytest.raises(LogError, match="not taken"):
        await rig.carry(p0=LOG)
    rig.kafka.failing = ""
    with pytest.raises(LogError, match="started anew"):
        await rig.carrier.let_go()
    assert rig.kafka.said == []


async def test_a_round_that_is_cut_off_is_followed_by_nothing(executor):
    rig = Rig(executor)
    await rig.take(0)
    rig.kafka.hanging = True
    round_ = asyncio.create_task(rig.carry(p0=LOG))
    await asyncio.sleep(0.05)
    round_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await round_
    rig.kafka.hanging = False
    with pytest.raises(LogError, match="started anew"):
        await rig.carrier.flush()
    assert rig.kafka.said == []


async def test_rows_of_sites_that_are_not_taken_leave_the_partitions_row_as_it_was(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carry(p0=LOG)
    rig.kafka.failing = "alerts-state"
    with pytest.raises(LogError, match="not taken"):
        await rig.carrier.flush()
    assert rig.kafka.order == ["alarms"]


async def test_letting_go_flushes_commits_and_then_passes_over_what_still_comes(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carry(p0=LOG)
    await rig.carrier.let_go()
    assert rig.kafka.said[-1] == ("commit", {0: 8})
    said = len(rig.kafka.said)
    await rig.carry(8, p0=[[Tick(10)]])
    await rig.carrier.flush()
    assert len(rig.kafka.said) == said
    assert rig.carrier.due == {}


async def test_a_dead_letter_is_awaited_like_an_output(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carry(p0=[[frame("a", 1, 13.0)]])
    assert rig.kafka.order == ["rejected"]
    letter = rig.kafka.said[0][1]
    assert isinstance(letter, Message)
    assert dict(letter.headers)["reason"] == b"processor error"
    rig.kafka.failing = "rejected"
    with pytest.raises(LogError):
        await rig.carry(6, p0=[[frame("a", 2, 13.0)]])


def test_a_payload_as_large_as_a_message_still_makes_a_letter():
    letter = dead_letter(Reject("alerts", "not records", "", bytes(MAX_MESSAGE), 0))
    assert len(letter.value) + 100_000 < MAX_MESSAGE
    assert dict(letter.headers)["length"] == str(MAX_MESSAGE).encode()


async def test_who_slept_through_its_session_sends_writes_and_commits_nothing(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carry(p0=LOG)
    rig.now += 6.5
    with pytest.raises(Lapsed, match=r"no heartbeat was confirmed for 6\.5 s"):
        await rig.carrier.flush()
    assert rig.kafka.order == ["alarms"]


async def test_who_hears_from_the_group_after_a_pause_that_it_is_still_a_member_goes_on(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carry(p0=LOG)
    assert rig.kafka.asked == 0
    rig.now += 20.0
    rig.kafka.answers = lambda: rig.vigil.heard(rig.now)
    await rig.carrier.flush()
    assert rig.kafka.asked == 1
    assert rig.kafka.order[-1] == "commit"


async def test_a_heartbeat_in_time_keeps_it_going(executor):
    rig = Rig(executor)
    await rig.take(0)
    rig.now += 5.0
    rig.vigil.heard(rig.now - 0.1)
    rig.now += 5.0
    await rig.carry(p0=LOG)
    assert rig.kafka.order == ["alarms"]


def test_of_a_heartbeat_the_sending_counts():
    vigil = Vigil(6.0, lambda: 20.0)
    vigil.heard(13.0)  # confirmed just now, but sent before a pause of seven seconds
    with pytest.raises(Lapsed):
        vigil.check()


def test_before_the_first_heartbeat_nothing_may_be_sent():
    with pytest.raises(Lapsed):
        Vigil(6.0, lambda: 0.0).check()


async def test_what_a_sleeper_still_writes_does_not_stand(executor):
    rig = Rig(executor)
    await rig.take(0)
    await rig.carry(p0=LOG[:1])
    await rig.carrier.flush()
    old = [one for topic, one in rig.kafka.said if topic == "alerts-state" and isinstance(one, Message)]
    await rig.carry(6, p0=LOG[1:])
    await rig.carrier.flush()
    rig.kafka.said += [("alerts-state", one) for one in old]
    assert decode_row(rig.kafka.rows(0)["a"]).offset == 7
    assert decode_row(rig.kafka.rows(0)[""]).offset == 7
