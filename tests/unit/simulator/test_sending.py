"""What leaves a site: every station each frame; while the link is down nothing, afterwards what was kept, in order."""

from itertools import pairwise

from services.telemetry.simulator.described import NS
from services.telemetry.simulator.scene import read_event, scene_of
from services.telemetry.simulator.sending import Parcel, Sending
from tests.unit.simulator.test_city import digest, play, shortened
from tests.unit.simulator.test_scene import DRILL


def test_a_lost_link_keeps_its_frames_and_sends_them_in_order_when_it_is_back():
    event = read_event(DRILL)
    scene = scene_of(shortened(event, 2.5))
    sending = Sending(scene)
    sent = {}
    while scene.now < scene.end:
        parcels = list(sending.advance())
        sent[f"{event.clock((scene.now - scene.start) / NS):%H:%M}"] = parcels
    assert [len(sent[clock]) for clock in ("21:59", "22:00", "22:30", "22:31", "22:32")] == [1, 0, 0, 32, 1]
    late = sent["22:31"]
    assert [one.through for one in late] == [late[0].through + n * 60 * NS for n in range(32)]
    assert all(int(one.samples.times.max()) <= one.through for one in late)
    assert all(int(b.samples.times.min()) > a.through for a, b in pairwise(late))


def test_nothing_is_lost_on_the_way():
    event = shortened(read_event(DRILL), 2.5)
    scene = scene_of(event)
    sending = Sending(scene)
    parcels: list[Parcel] = []
    while scene.now < scene.end:
        parcels += sending.advance()
    assert sum(len(one.samples) for one in parcels) == sum(len(c[0]) for c in play(scene_of(event), 60).values())


def test_only_the_site_that_lost_its_link_is_silent(storm):
    loss = {"site": "no1", "at": "17:10", "until": "17:20", "note": "a digger"}
    event = type(storm).model_validate({**shortened(storm, 0.5).model_dump(), "link_loss": [loss]})
    scene = scene_of(event)
    sending = Sending(scene)
    heard = []
    while scene.now < scene.end:
        heard.append({one.site for one in sending.advance()})
    assert [n for n, sites in enumerate(heard, 1) if "no1" not in sites] == list(range(10, 20))
    assert all("no3" in sites for sites in heard)
    assert digest(play(scene_of(event), 60)) == digest(play(scene_of(shortened(storm, 0.5)), 60))
