"""MQTT by the socketful: packets found wherever a read cuts them, and a connection that says why it ended."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telemetry import packets
from services.telemetry.link import LinkError, Server
from services.telemetry.receiver import Chunk, Receiver
from tests.unit.telemetry.broker import filters, scripted

LIMIT = 5.0


def split(data, most=10**6, room=100):
    rows = np.zeros((room, packets.COLUMNS), np.int64)
    found, done, state = packets.split(np.frombuffer(data, np.uint8), most, rows)
    return rows[:found], done, state


def messages_of(data, rows):
    return [
        (data[topic:topic_end].decode(), data[body:end], mid)
        for _, topic, topic_end, body, end, mid in rows.tolist()
    ]  # fmt: skip


PACKETS = st.lists(
    st.tuples(st.text("ab/Ω", min_size=1, max_size=200), st.binary(max_size=300), st.integers(0, 65_535)), max_size=12
)


@given(PACKETS, st.data())
@settings(max_examples=60, deadline=None)
def test_packets_are_found_wherever_the_bytes_are_cut(messages, data):
    stream = b"".join(packets.publish(topic, payload, mid=mid) for topic, payload, mid in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    rest, found = b"", []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        rest += stream[start:end]
        rows, done, state = split(rest)
        assert state == packets.FINE
        found += messages_of(rest, rows)
        rest = rest[done:]
    assert found == messages
    assert rest == b""


def test_a_full_table_leaves_the_rest_for_the_next_look():
    stream = packets.publish("t", b"1", mid=1) * 5
    rows, done, state = split(stream, room=2)
    assert (len(rows), done, state) == (2, 2 * len(stream) // 5, packets.FINE)


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x32\x01\x00",  # no room for the length of the topic
        b"\x32\x05\x00\x09abc",  # a topic beyond the packet
        b"\x32\x05\x00\x03abc",  # no room for the number
        b"\x32\x07\x00\x03abc\x00\x00",  # QoS 1 with the number 0
        b"\x34\x07\x00\x03abc\x00\x01",  # QoS 2
        b"\x30\x81\x80\x80\x01",  # more than is taken
    ],
)
def test_what_is_no_mqtt_is_broken_and_what_came_before_is_not(data):
    before = packets.publish("t", b"1", mid=9)
    rows, done, state = split(before + data, most=1000)
    assert (len(rows), done, state) == (1, len(before), packets.BROKEN)


async def test_a_subscriber_introduces_itself_and_takes_and_acknowledges_by_the_read():
    async with scripted() as (broker, server), asyncio.timeout(LIMIT):
        came: asyncio.Queue[Chunk] = asyncio.Queue()
        link = Receiver(Server(port=server.port, username="bridge", password="secret"), "me", came.put_nowait)
        await link.open()
        await link.subscribe(["a/#", "b/+"])
        assert broker.of_kind(1) == [packets.connect("me", keep_alive=60, clean=False, username="bridge",
                                                     password="secret")[2:]]  # fmt: skip
        assert filters(broker.of_kind(8)[0]) == ["a/#", "b/+"]
        broker.say(b"".join(packets.publish("a/b", bytes([n]), mid=n) for n in (7, 8)) + packets.publish("a", b""))
        chunk = await came.get()
        assert [mid for *_, mid in messages_of(chunk.data, chunk.rows)] == [7, 8, 0]
        link.acknowledge(chunk)
        other = Receiver(server, "other", came.put_nowait)
        other.acknowledge(chunk)
        link.publish("said", b"x", retain=True)
        while not broker.of_kind(3):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert broker.acknowledged == [7, 8]
        assert broker.heard[-1] == (0x33, b"\x00\x04said\x00\x02x")
        await link.close()
        while not broker.of_kind(14):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("code", "words"), [(2, "client id"), (4, "user or password"), (5, "let this user in")])
async def test_a_refusal_says_why(code, words):
    async with scripted(code=code) as (_, server), asyncio.timeout(LIMIT):
        with pytest.raises(LinkError, match=words):
            await Receiver(server, "me", lambda _: None).open()


async def test_a_refused_subscription_is_an_error():
    async with scripted(granted=128) as (_, server), asyncio.timeout(LIMIT):
        link = Receiver(server, "me", lambda _: None)
        await link.open()
        with pytest.raises(LinkError, match="refused a subscription"):
            await link.subscribe(["a"])
        await link.close()


async def test_nobody_there_and_a_certificate_that_is_not_there_are_link_errors(tmp_path):
    with pytest.raises(LinkError, match="cannot be reached"):
        await Receiver(Server(port=1), "me", lambda _: None).open()
    with pytest.raises(LinkError, match="cannot be reached"):
        await Receiver(Server(port=1, ca=str(tmp_path / "ca")), "me", lambda _: None).open()


def fail(_chunk):
    raise ValueError("a fault of ours")


@pytest.mark.parametrize(
    ("taker", "data", "words"),
    [
        (lambda _: None, b"\x36\x00", "no MQTT"),
        (fail, packets.publish("t", b""), "a fault of ours"),
    ],
)
async def test_a_connection_that_cannot_go_on_is_lost_not_deaf(taker, data, words):
    async with scripted() as (broker, server), asyncio.timeout(LIMIT):
        link = Receiver(server, "me", taker)
        await link.open()
        broker.say(data)
        await link.lost.wait()
        assert words in link.reason


async def test_a_silent_broker_is_given_up_and_one_that_is_held_up_is_not():
    async with scripted() as (_, server), asyncio.timeout(LIMIT):
        link = Receiver(server, "me", lambda _: None, keep_alive=0.1)
        await link.open()
        link.pause()
        await asyncio.sleep(0.4)
        assert not link.lost.is_set()
        link.resume()
        await link.lost.wait()
        assert "silent" in link.reason
