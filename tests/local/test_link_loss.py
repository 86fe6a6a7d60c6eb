"""A site's link is lost and comes back, as fast as it goes: its silence is in the log before what ends it."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.core.clock import MINUTE
from services.core.frame import Frame
from services.core.records import Tick
from services.job import field
from services.job.field import Pace, play
from services.job.places import catalogue_for, find_event
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.broker.broker import Broker
from services.telemetry.link import Server
from services.telemetry.simulator.scene import Scene, scene_of
from tests.unit.telemetry.field import FakeLog, StillClock

LOST, BACK, END = 4, 10, 14


@pytest.fixture
def scene() -> Scene:
    """The drill from 21:56 on for 14 minutes, its link lost from 22:00 to 22:06."""
    event = find_event("dongtai-station-power-loss-flooding")
    start = event.start + timedelta(minutes=86)
    (loss,) = event.link_loss
    loss = loss.model_copy(update={"at": "22:00", "until": "22:06"})
    return scene_of(
        event.model_copy(update={"start": start, "end": start + timedelta(minutes=END), "link_loss": [loss]})
    )


async def test_over_a_real_broker_nothing_is_lost_and_all_is_in_order(scene):
    catalogue = catalogue_for(scene)
    log = FakeLog()
    async with Broker(0, "amqtt") as broker:
        server = Server(port=broker.port)
        clock = StillClock(scene.end)
        async with Bridge({"dongtai": (catalogue.site("dongtai"), "v1")}, log, server, clock=clock, player=True):
            played = await play(scene, catalogue, server, Pace(), run="run")
    assert sum(map(len, log.frames)) == played.published
    assert [frame.number for frame in log.frames] == list(range(1, END + 1))
    assert [frame.through for frame in log.frames] == [scene.start + n * MINUTE for n in range(1, END + 1)]
    first = next(n for n, one in enumerate(log.records) if isinstance(one, Frame) and one.number == LOST)
    ticks = [one.time for one in log.records[:first] if isinstance(one, Tick)]
    assert max(ticks) == scene.start + (BACK - 1) * MINUTE
    assert log.ticks[-1] == scene.end


class Here(AbstractAsyncContextManager[Any]):
    """Stands for the gateway and for the player's clock: what is done with them is noted in one list."""

    def __init__(self, done: list[tuple[str, int]]) -> None:
        self.done, self.counters = done, SimpleNamespace(last=0, committed=0)

    async def __aexit__(self, *_: object) -> None:
        pass

    async def publish(self, station, times, points, values, quality, through):
        self.counters.last = self.counters.committed = self.counters.last + 1
        self.done.append(("frame", through))

    async def drain(self):
        pass

    def say(self, time, marks, *, end=False):
        self.done.append(("said", time))

    async def until_heard(self, time, within):
        self.done.append(("heard", time))
        # The first time nobody answers: the bridge is away.
        return self.done.count(("heard", time)) > 1


async def test_what_was_kept_waits_until_a_bridge_has_heard_the_clock_that_missed_it(scene, monkeypatch):
    done: list[tuple[str, int]] = []
    here = Here(done)
    monkeypatch.setattr(field, "Gateway", lambda *_: here)
    monkeypatch.setattr(field, "PlayerClock", lambda *_: here)
    await play(scene, catalogue_for(scene), Server(), Pace(), run="run")
    at = [scene.start + n * MINUTE for n in range(END + 1)]
    said, kept = done.index(("said", at[BACK - 1])), done.index(("frame", at[LOST]))
    assert done[said + 1 : kept] == [("heard", at[BACK - 1])] * 2
    assert done[kept : kept + BACK - LOST + 1] == [("frame", time) for time in at[LOST : BACK + 1]]
