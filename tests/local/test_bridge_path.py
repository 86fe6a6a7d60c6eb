"""The whole way over a real broker: gateway, MQTT, bridge, log. Once each, in order, whatever is killed."""

import asyncio
import json
import os
from contextlib import asynccontextmanager

import numpy as np
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from services.core.clock import SECOND
from services.core.errors import LogError
from services.core.ports import Position
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.broker.broker import Broker, find_mosquitto
from services.telemetry.gateway.births import device_births
from services.telemetry.gateway.gateway import Gateway
from services.telemetry.gateway.outbox import MemoryOutbox
from services.telemetry.gateway.player import PlayerClock
from services.telemetry.link import LinkError, Server
from services.telemetry.receiver import Receiver
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.topics import Kind, committed_topic, topic
from tests.unit.telemetry.field import EPOCH, START, FakeLog, StillClock, columns, small_site

MOSQUITTO = pytest.param(
    "mosquitto",
    marks=pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
)
both = pytest.mark.parametrize("kind", ["amqtt", MOSQUITTO])
SITE = small_site()
LIMIT = 20.0


def a_bridge(log, broker, **options):
    given = {"clock": StillClock(), "player": True, **options}
    return Bridge({"no3": (SITE, "v1")}, log, Server(port=broker.port), **given)


def a_gateway(broker, **options):
    return Gateway(SITE, EPOCH, Server(port=broker.port), resend_after=0.5, settle=0.1, **options)


async def feed(gateway, first, last):
    for number in range(first, last + 1):
        station = ("intake", "filters")[number % 2]
        assert await gateway.publish(station, *columns(number, station)) == number


def assert_complete(log, last):
    """Every frame once, in order, with the readings that were given."""
    assert [f.number for f in log.frames] == list(range(1, last + 1))
    for frame in log.frames:
        station = ("intake", "filters")[frame.number % 2]
        times, points, values, _, through = columns(frame.number, station)
        assert (frame.station, frame.epoch, frame.through) == (station, EPOCH, through)
        assert frame.times.tolist() == times.tolist()
        assert frame.points.tolist() == points.tolist()
        assert frame.values.tolist() == values.tolist()


async def until(condition):
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 (other processes are waited for)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def raw_client(broker):
    """Somebody else's MQTT client, and the (topic, payload) that it received."""
    heard: list[tuple[str, bytes]] = []
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _d, m: heard.append((m.topic, bytes(m.payload)))
    await asyncio.to_thread(client.connect, "127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield client, heard
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


@both
async def test_frames_arrive_once_in_order_and_ticks_do_not_overtake_them(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_bridge(log, broker) as bridge:
        server = Server(port=broker.port)
        async with PlayerClock("liuyang", "run", server) as player, a_gateway(broker) as gateway:
            await until(lambda: gateway.counters.births)
            for k in range(4):
                # The clock is told before the frames are even made, so the tick must be held for them.
                player.say(START + (k + 1) * SECOND, {"no3": Position(EPOCH, 50 * (k + 1))}, end=k == 3)
                await feed(gateway, 50 * k + 1, 50 * (k + 1))
                await gateway.drain()
            await until(lambda: len(log.ticks) == 4)
        await until(lambda: bridge.counters.deaths == 1)
        assert gateway.counters.committed == 200
        assert gateway.counters.resent == 0
    assert_complete(log, 200)
    seen = 0
    for record in log.records:
        if isinstance(record, type(log.frames[0])):
            seen = record.number
        else:
            assert seen >= 50 * (record.time - START) // SECOND
            assert record.end == (record.time == START + 4 * SECOND)
    assert bridge.counters.rejects == {}
    assert (bridge.counters.frames, bridge.counters.readings) == (200, 1200)


@both
async def test_a_broker_killed_in_the_middle_loses_and_doubles_nothing(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_bridge(log, broker) as bridge:
        async with a_gateway(broker, window=40) as gateway:
            feeding = asyncio.create_task(feed(gateway, 1, 400))
            for at in (80, 240):
                await until(lambda at=at: gateway.counters.committed >= at)
                os.kill(broker.pid, 9)
                await until(lambda at=at: broker.restarts > at // 160)
            await feeding
            await asyncio.wait_for(gateway.drain(), LIMIT)
            assert gateway.counters.connections == 3
        assert bridge.counters.connections == 3
    assert_complete(log, 400)
    assert bridge.counters.lost == 0
    assert bridge.counters.rejects == {}


@both
async def test_a_bridge_closed_and_opened_again_goes_on_where_the_log_ends(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_gateway(broker, window=30) as gateway:
        feeding = asyncio.create_task(feed(gateway, 1, 400))
        for at in (60, 200):
            async with a_bridge(log, broker):
                await until(lambda at=at: gateway.counters.committed >= at)
        async with a_bridge(log, broker) as bridge:
            await feeding
            await asyncio.wait_for(gateway.drain(), LIMIT)
            assert bridge.counters.lost == 0
            assert bridge.counters.rejects == {}
    assert_complete(log, 400)


@both
async def test_the_committed_number_of_another_gateway_is_not_taken_for_ones_own(kind):
    # amqtt hands a new client every retained message that anybody subscribes to.
    log, other = FakeLog(), small_site("no1")
    async with Broker(0, kind) as broker:
        server = Server(port=broker.port)
        catalogues = {"no3": (SITE, "v1"), "no1": (other, "v1")}
        async with Bridge(catalogues, log, server, clock=StillClock(), player=True):
            async with a_gateway(broker) as first:
                await feed(first, 1, 30)
                await first.drain()
            async with Gateway(other, EPOCH, server) as second:
                await until(lambda: second.counters.births)
                await feed(second, 1, 20)
                await second.drain()
                assert second.counters.skipped == 0
    assert [f.number for f in log.frames if f.site == "no1"] == list(range(1, 21))


@both
async def test_a_gateway_made_anew_sends_only_what_the_log_has_not(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_bridge(log, broker):
        async with a_gateway(broker) as first:
            await feed(first, 1, 120)
            await first.drain()
        async with a_gateway(broker) as second:
            await until(lambda: second.counters.births)
            await feed(second, 1, 150)
            await second.drain()
            assert second.counters.skipped == 120
            assert second.counters.sent == 30
        third = a_gateway(broker)
        third.start_after(log.positions()["no3"])
        await feed(third, 1, 150)
        await third.drain()
        assert third.counters.skipped == 150
    assert_complete(log, 150)


@both
async def test_a_full_outbox_holds_the_caller_and_nothing_runs_over(kind):
    log = FakeLog()
    outbox = MemoryOutbox(frames=10)
    async with Broker(0, kind) as broker, a_gateway(broker, outbox=outbox, window=5) as gateway:
        feeding = asyncio.create_task(feed(gateway, 1, 60))
        await until(lambda: gateway.counters.sent == 5)
        await asyncio.sleep(0.1)
        assert gateway.counters.last == 10
        assert gateway.counters.sent == 5
        async with a_bridge(log, broker):
            await feeding
            await gateway.drain()
            assert not len(outbox)
    assert_complete(log, 60)


@both
async def test_doubled_and_reordered_messages_of_a_raw_client_end_in_order(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_bridge(log, broker) as bridge, raw_client(broker) as (client, heard):
        await until(lambda: bridge.counters.connections)
        client.subscribe(committed_topic("liuyang", "no3"), 1)
        client.subscribe(topic(Kind.NCMD, "liuyang", "no3"), 1)

        def say(kind_, payload, device=""):
            to = topic(kind_, "liuyang", "no3", device)
            client.publish(to, encode.with_seq(payload, 0), 1)

        node = {"bdseq": 1, "epoch": EPOCH, "number": 0, "first": 1, "last": 9}
        say(Kind.NBIRTH, encode.encode_node_birth(START, **node))
        for station, payload in device_births(SITE, START):
            say(Kind.DBIRTH, payload, station)
        for number in (1, 2, 2, 4, 3, 1, 5, 4, 5):
            station = ("intake", "filters")[number % 2]
            times, points, values, quality, through = columns(number, station)
            alias = points.astype(np.int64) + encode.FIRST_ALIAS
            payload = encode.encode_data(alias, times, values, quality, through=through, epoch=EPOCH, number=number)
            say(Kind.DDATA, payload, station)
        await until(lambda: bridge.counters.messages >= 12)
        await until(lambda: any(json.loads(p)["number"] == 5 for t, p in heard
                                if t.startswith("headworks")))  # fmt: skip
        assert any(t.endswith("NCMD/no3") for t, _ in heard)
    assert [f.number for f in log.frames] == [1, 2, 3, 4, 5]
    assert bridge.counters.duplicates == 2
    assert bridge.counters.gaps == 2


@both
async def test_what_cannot_be_taken_is_kept_and_the_rest_goes_on(kind):
    log = FakeLog()
    async with (
        Broker(0, kind) as broker,
        a_bridge(log, broker) as bridge,
        a_gateway(broker) as gateway,
        raw_client(broker) as (client, _),
    ):
        await until(lambda: gateway.counters.births and bridge.counters.births)
        client.publish("spBv1.0/liuyang/DDATA/no3/intake", b"\xff\xff", 1)
        client.publish("spBv1.0/liuyang/DDATA/no9/intake", b"", 1)
        client.publish("spBv1.0/liuyang/DDATA/no3/boiler", b"", 1)
        client.publish("spBv1.0/liuyang/WHAT/no3", b"", 1)
        client.publish("headworks/clock/liuyang", b"{", 1)
        client.publish("spBv1.0/liuyang/DDATA/no3/intake", b"\x00" * 10_000_000, 1)
        await feed(gateway, 1, 20)
        await asyncio.wait_for(gateway.drain(), LIMIT)
        await until(lambda: len(log.rejects) >= 6)
    assert_complete(log, 20)
    assert sorted(log.reasons) == [
        "malformed clock",
        "malformed payload",
        "payload too large",
        "unknown device",
        "unknown edge node",
        "unknown topic",
    ]
    assert bridge.counters.rejects.total() == 6


@both
async def test_a_log_that_is_broken_for_a_while_loses_nothing(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_bridge(log, broker) as bridge, a_gateway(broker) as gateway:
        await feed(gateway, 1, 20)
        await gateway.drain()
        log.broken = 3
        await feed(gateway, 21, 40)
        await asyncio.wait_for(gateway.drain(), LIMIT)
    assert bridge.counters.log_errors == 3
    assert_complete(log, 40)


async def test_a_log_that_stays_broken_ends_the_bridge_with_its_error_and_acknowledges_nothing():
    log = FakeLog()
    async with Broker(0, "amqtt") as broker, a_gateway(broker) as gateway:
        async with a_bridge(log, broker, retry_for=0.3) as bridge:
            await feed(gateway, 1, 20)
            await gateway.drain()
            log.broken = 10**9
            await feed(gateway, 21, 40)
            with pytest.raises(LogError, match="disk full"):
                await asyncio.wait_for(bridge.wait(), LIMIT)
        assert gateway.counters.committed == 20
        log.broken = 0
        async with a_bridge(log, broker):
            await asyncio.wait_for(gateway.drain(), LIMIT)
    assert_complete(log, 40)


async def test_a_live_system_ticks_by_itself_and_acts_on_deaths():
    log, clock = FakeLog(), StillClock()
    async with (
        Broker(0, "amqtt") as broker,
        a_bridge(log, broker, clock=clock, player=False, tick_every=0.05) as bridge,
    ):
        async with a_gateway(broker) as gateway:
            await feed(gateway, 1, 4)
            await gateway.drain()
            await until(lambda: log.ticks)
            clock.at += SECOND
            await until(lambda: len(log.ticks) > 1)
        await until(lambda: bridge.counters.deaths)
        await until(lambda: len(log.frames) == 6)
    deaths = [frame for frame in log.frames if frame.death]
    assert [d.station for d in deaths] == ["filters", "intake"]
    assert deaths[0].through == clock.at


async def test_a_gateway_that_is_cut_off_is_declared_dead_by_its_will():
    log = FakeLog()
    async with (
        Broker(0, "amqtt") as broker,
        a_bridge(log, broker, player=False) as bridge,
        a_gateway(broker) as gateway,
    ):
        await until(lambda: bridge.counters.births)
        # The socket fails under it: no goodbye is said.
        gateway._link._client.socket().close()
        await until(lambda: any(frame.death for frame in log.frames))
        await until(lambda: gateway.counters.connections == 2)
        await until(lambda: bridge.counters.births == 2)


@both
async def test_a_request_to_send_again_is_obeyed(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_gateway(broker, window=50) as gateway:
        await feed(gateway, 1, 10)
        await until(lambda: gateway.counters.sent == 10)
        births = gateway.counters.births
        async with raw_client(broker) as (client, _):
            command = encode.encode_command(START, [(encode.REBIRTH, True), (encode.RESEND, 4)])
            client.publish(topic(Kind.NCMD, "liuyang", "no3"), command, 1)
            client.publish(topic(Kind.NCMD, "liuyang", "no3"), b"\xff", 1)
            await until(lambda: gateway.counters.births == births + 1)
            await until(lambda: gateway.counters.resent >= 7)
        async with a_bridge(log, broker):
            await asyncio.wait_for(gateway.drain(), LIMIT)
    assert_complete(log, 10)


def test_a_gateway_refuses_what_its_site_has_not():
    async def attempt(*frame):
        await Gateway(SITE, 1, Server()).publish(*frame)

    times, points, values, quality, through = columns(1)
    with pytest.raises(ValueError, match="no station"):
        asyncio.run(attempt("boiler", times, points, values, quality, through))
    with pytest.raises(ValueError, match="point indices"):
        asyncio.run(attempt("intake", times, points + 99, values, quality, through))


async def test_who_waits_for_a_closed_gateway_is_told():
    async with a_gateway(Broker(0, "amqtt"), outbox=MemoryOutbox(frames=1)) as gateway:
        await feed(gateway, 1, 1)
        waiting = [asyncio.create_task(feed(gateway, 2, 2)), asyncio.create_task(gateway.drain())]
        await asyncio.sleep(0)
    for task in waiting:
        with pytest.raises(LinkError, match="closed"):
            await task


async def test_a_message_is_acknowledged_when_the_log_has_it_and_not_before(monkeypatch):
    acknowledged, births = [], 3
    monkeypatch.setattr(Receiver, "acknowledge", lambda _self, chunk: acknowledged.extend(chunk.rows.tolist()))
    gate, log = asyncio.Event(), FakeLog()
    append = log.append

    async def slow(records):
        await gate.wait()
        await append(records)

    log.append = slow  # type: ignore[method-assign]
    async with Broker(0, "amqtt") as broker, a_bridge(log, broker) as bridge, a_gateway(broker) as gateway:
        await until(lambda: bridge.counters.births)
        await feed(gateway, 1, 5)
        await until(lambda: bridge.counters.in_flight)
        await asyncio.sleep(0.05)
        assert len(acknowledged) <= 2 * births  # the gateway is asked for its birth once more
        assert gateway.counters.committed == 0
        before = len(acknowledged)
        gate.set()
        await asyncio.wait_for(gateway.drain(), LIMIT)
        await until(lambda: len(acknowledged) >= before + 5)
    assert_complete(log, 5)
