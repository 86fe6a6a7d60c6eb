"""The end of an event: its last tick comes into the log although the broker dies as it is said."""

import asyncio
import os

import pytest

from services.core.ports import Position
from services.telemetry.broker.broker import Broker
from services.telemetry.gateway.player import PlayerClock
from services.telemetry.link import Link, Server
from tests.local.test_bridge_path import LIMIT, a_bridge, a_gateway, both, feed
from tests.unit.telemetry.field import EPOCH, START, FakeLog


@both
async def test_the_last_tick_outlives_the_broker(kind):
    log = FakeLog()
    async with Broker(0, kind) as broker, a_bridge(log, broker) as bridge:
        server = Server(port=broker.port)
        async with PlayerClock("liuyang", "run", server) as player, a_gateway(broker) as gateway:
            await feed(gateway, 1, 10)
            await gateway.drain()
            assert not await player.until_heard(START, 0.05)
            os.kill(broker.pid, 9)
            player.say(START, {"no3": Position(EPOCH, 10)}, end=True)
            assert await player.until_heard(START, LIMIT)
    assert log.ticks == [START]
    assert log.records[-1].end
    assert bridge.counters.rejects == {}


async def test_a_player_started_again_after_the_end_hears_it_at_once():
    log = FakeLog()
    async with Broker(0, "amqtt") as broker, a_bridge(log, broker):
        for _ in range(2):
            async with PlayerClock("liuyang", "run", Server(port=broker.port)) as player:
                player.say(START, {}, end=True)
                assert await player.until_heard(START, LIMIT)
    assert log.ticks == [START]


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"time":"9"}', b'{"time":1e30}', b'{"time":true}', b"[" * 10**5]
)
async def test_what_is_no_time_is_no_answer(payload):
    player = PlayerClock("liuyang", "run", Server())
    player._take("headworks/ticked/liuyang", payload)
    assert not await asyncio.wait_for(player.until_heard(1, 0.01), 1)


async def test_a_link_whose_taker_raises_is_lost_not_deaf():
    def fail(_message):
        raise ValueError("a fault of ours")

    async with Broker(0, "amqtt") as broker, asyncio.timeout(LIMIT):
        link = Link(Server(port=broker.port), "one", fail)
        await link.open()
        await link.subscribe(["topic"])
        link.publish("topic", b"1")
        await link.lost.wait()
        await link.close()
