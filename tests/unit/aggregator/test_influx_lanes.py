"""Several partitions are stored at once, one partition in order, and what waits is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.aggregator.sinks.influx import Lanes, Piece
from services.core.ports import Entry


def entries(topic: str, first: int, last: int, size: int = 10) -> list[Entry]:
    return [Entry(offset, topic, "no3", b"x" * size) for offset in range(first, last + 1)]


class Store:
    """Stores when it is let, and remembers."""

    def __init__(self) -> None:
        self.let = asyncio.Semaphore(0)
        self.begun: list[list[tuple[str, int]]] = []
        self.stored: list[tuple[tuple[str, int], int]] = []
        self.error: Exception | None = None

    async def __call__(self, pieces: Sequence[Piece]) -> None:
        self.begun.append([piece.part for piece in pieces])
        if self.error is not None:
            raise self.error
        await self.let.acquire()
        self.stored += [(piece.part, entry.offset) for piece in pieces for entry in piece.entries]

    def go_on(self, times: int = 10_000) -> None:
        for _ in range(times):
            self.let.release()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_only_what_is_stored_is_done_and_lanes_do_not_wait_for_each_other():
    store = Store()
    async with Lanes(2, store, together=100, room=1000) as lanes:
        await lanes.put(("sites", 0), entries("sites", 5, 7))
        await lanes.put(("sites", 1), entries("sites", 0, 1))
        await settled()
        assert store.begun == [[("sites", 0)], [("sites", 1)]]
        assert lanes.done == {}
        assert lanes.messages == 5
        store.go_on()
        await lanes.drained()
        assert lanes.done == {("sites", 0): 7, ("sites", 1): 1}
        assert lanes.messages == 0


async def test_what_waits_for_a_lane_is_stored_together_in_order_up_to_a_bound():
    store = Store()
    async with Lanes(1, store, together=50, room=1000) as lanes:
        await lanes.put(("sites", 0), entries("sites", 0, 0))
        await settled()
        await lanes.put(("derived", 0), entries("derived", 0, 1))
        await lanes.put(("sites", 0), entries("sites", 1, 9))
        store.go_on()
        await lanes.drained()
    assert store.begun[:2] == [[("sites", 0)], [("derived", 0)]]
    assert [offset for part, offset in store.stored if part == ("sites", 0)] == list(range(10))
    assert len(store.begun) == 4
    assert lanes.done == {("sites", 0): 9, ("derived", 0): 1}


async def test_a_full_lane_makes_the_reader_wait_and_holds_up_no_other():
    store = Store()
    async with Lanes(2, store, together=50, room=100) as lanes:
        reading = asyncio.create_task(lanes.put(("sites", 0), entries("sites", 0, 99)))
        await settled()
        assert not reading.done()
        assert lanes.messages == 10
        await lanes.put(("sites", 1), entries("sites", 0, 0))
        store.go_on()
        await reading
        await lanes.drained()
        assert lanes.done == {("sites", 0): 99, ("sites", 1): 0}


async def test_an_entry_larger_than_the_room_goes_alone():
    store = Store()
    store.go_on()
    async with Lanes(1, store, together=50, room=100) as lanes:
        await lanes.put(("sites", 0), entries("sites", 0, 2, size=500))
        await lanes.drained()
    assert [len(parts) for parts in store.begun] == [1, 1, 1]


async def test_what_was_taken_before_a_partition_went_away_does_not_set_it_back():
    store = Store()
    async with Lanes(1, store, together=20, room=1000) as lanes:
        await lanes.put(("sites", 0), entries("sites", 0, 9))
        await lanes.put(("sites", 1), entries("sites", 0, 9))
        store.go_on(3)
        await settled()
        assert lanes.done == {("sites", 0): 5}
        lanes.forget([("sites", 0)])
        assert lanes.done == {}
        store.go_on()
        await lanes.drained()
        assert lanes.done == {("sites", 1): 9}
        await lanes.put(("sites", 0), entries("sites", 150, 151))
        await lanes.drained()
        assert lanes.done == {("sites", 0): 151, ("sites", 1): 9}


async def test_what_ends_a_lane_is_raised_to_who_reads_and_nothing_is_called_done():
    store = Store()
    store.error = RuntimeError("a fault of the code")
    async with Lanes(1, store, together=50, room=100) as lanes:
        with pytest.raises(RuntimeError, match="a fault of the code"):
            await lanes.put(("sites", 0), entries("sites", 0, 50))
        with pytest.raises(RuntimeError, match="a fault of the code"):
            await lanes.broken()
        with pytest.raises(RuntimeError, match="a fault of the code"):
            await lanes.drained()
        assert lanes.done == {}
