import asyncio
import threading

from services.telemetry.bridge.intake import Arrived, Intake


class FakeLink:
    def __init__(self):
        self.lost = asyncio.Event()

    def item(self, n, size=1):
        return Arrived(self, n, 1, "t", b"x" * size, n)  # type: ignore[arg-type]


async def taken(intake, messages=100, size=10**9):
    return [item.mid for item in await intake.take(messages, size, 5.0)]


async def test_messages_come_out_in_order_within_the_bounds_of_a_batch():
    intake, link = Intake(), FakeLink()
    for n in range(7):
        intake.put(link.item(n, 10))
    assert intake.oldest() == 0
    assert await taken(intake, messages=2) == [0, 1]
    assert await taken(intake, size=25) == [2, 3]
    assert await taken(intake, size=1) == [4]
    assert await taken(intake) == [5, 6]
    assert intake.oldest() is None
    assert await intake.take(1, 1, 0.01) == []


async def test_a_full_queue_holds_the_network_thread_until_there_is_room():
    for intake, most in ((Intake(messages=3), 3), (Intake(size=20), 2)):
        link = FakeLink()

        def fill(intake=intake, link=link):
            for n in range(9):
                intake.put(link.item(n, 10))

        thread = threading.Thread(target=fill)
        thread.start()
        got: list[int] = []
        while len(got) < 9:
            assert len(intake) <= most
            got += await taken(intake, messages=1)
        thread.join()
        assert got == list(range(9))


async def test_a_closed_queue_lets_the_network_thread_go():
    intake, link = Intake(messages=1), FakeLink()
    intake.put(link.item(1))
    held = threading.Thread(target=intake.put, args=(link.item(2),))
    held.start()
    intake.close()
    await asyncio.to_thread(held.join, 5)
    assert not held.is_alive()
    assert len(intake) == 0
