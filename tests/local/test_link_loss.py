"""A site's link is lost and comes back, over a real broker and as fast as it goes: its silence is in the log first."""

from datetime import timedelta

from services.core.clock import MINUTE
from services.core.frame import Frame
from services.core.records import Tick
from services.job.field import Pace, play
from services.job.places import catalogue_for, find_event
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.broker.broker import Broker
from services.telemetry.link import Server
from services.telemetry.simulator.scene import scene_of
from tests.unit.telemetry.field import FakeLog, StillClock

LOST, BACK = 4, 10


async def test_what_was_kept_comes_after_the_clock_that_missed_it_and_nothing_is_lost():
    event = find_event("dongtai-station-power-loss-flooding")
    start = event.start + timedelta(minutes=86)  # 21:56
    (loss,) = event.link_loss
    event = event.model_copy(
        update={
            "start": start,
            "end": start + timedelta(minutes=14),
            "link_loss": [loss.model_copy(update={"at": "22:00", "until": "22:06"})],
        }
    )
    scene = scene_of(event)
    catalogue = catalogue_for(scene)
    log = FakeLog()
    async with Broker(0, "amqtt") as broker:
        server = Server(port=broker.port)
        clock = StillClock(event.end_ns)
        async with Bridge({"dongtai": (catalogue.site("dongtai"), "v1")}, log, server, clock=clock, player=True):
            played = await play(scene, catalogue, server, Pace(), run="run")
    assert sum(map(len, log.frames)) == played.published
    assert [frame.number for frame in log.frames] == list(range(1, 15))
    assert [frame.through for frame in log.frames] == [scene.start + n * MINUTE for n in range(1, 15)]
    first = next(n for n, one in enumerate(log.records) if isinstance(one, Frame) and one.number == LOST)
    ticks = [one.time for one in log.records[:first] if isinstance(one, Tick)]
    assert max(ticks) == scene.start + (BACK - 1) * MINUTE
    assert log.ticks[-1] == scene.end
