import asyncio

import numpy as np

from services.telemetry import packets
from services.telemetry.bridge.intake import Arrived, Intake
from services.telemetry.receiver import Chunk


class FakeReceiver:
    def __init__(self):
        self.state = "reading"

    def pause(self):
        self.state = "paused"

    def resume(self):
        self.state = "reading"

    def read(self, n, messages=1, size=1):
        rows = np.zeros((messages, packets.COLUMNS), np.int64)
        rows[:, packets.MID] = n
        return Arrived(Chunk(self, b"x" * size, rows), n, 0.0)  # type: ignore[arg-type]


async def taken(intake, messages=100, size=10**9):
    return [item.received for item in await intake.take(messages, size, 5.0)]


async def test_messages_come_out_in_order_until_a_batch_is_full():
    intake, link = Intake(), FakeReceiver()
    for n in range(7):
        intake.put(link.read(n, 10, 10))
    assert (len(intake), intake.size, intake.oldest()) == (70, 70, 0)
    assert await taken(intake, messages=15) == [0, 1]
    assert await taken(intake, size=20) == [2, 3]
    assert await taken(intake, size=1) == [4]
    assert await taken(intake) == [5, 6]
    assert (len(intake), intake.size, intake.oldest()) == (0, 0, None)
    assert await intake.take(1, 1, 0.01) == []


async def test_a_full_queue_stops_the_reading_until_half_of_it_is_taken():
    for intake in (Intake(messages=40), Intake(size=40)):
        link = FakeReceiver()
        for n in range(3):
            intake.put(link.read(n, 10, 10))
        assert link.state == "reading"
        intake.put(link.read(3, 10, 10))
        assert link.state == "paused"
        assert await taken(intake, messages=1) == [0]
        assert link.state == "paused"
        assert await taken(intake, messages=1) == [1]
        assert link.state == "reading"


async def test_who_waits_gets_what_comes():
    intake, link = Intake(), FakeReceiver()
    waiting = asyncio.create_task(intake.take(10, 10, 5.0))
    await asyncio.sleep(0)
    intake.put(link.read(1))
    assert [item.received for item in await waiting] == [1]


async def test_a_closed_queue_takes_nothing_and_lets_the_waiter_go():
    intake, link = Intake(messages=1), FakeReceiver()
    intake.put(link.read(1))
    intake.close()
    intake.put(link.read(2))
    assert (len(intake), intake.oldest()) == (0, None)
    assert await intake.take(1, 1, 0.0) == []
