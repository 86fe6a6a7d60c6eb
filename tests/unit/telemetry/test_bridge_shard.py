"""Several bridges share a field, and one with a slow log holds the broker up; over a broker of the tests' own."""

import asyncio
import json

import pytest

from services.core.clock import SECOND
from services.core.errors import LogError
from services.core.packed import Packed
from services.core.ports import Position
from services.telemetry import packets
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.bridge.intake import Intake
from services.telemetry.gateway.births import device_births
from services.telemetry.gateway.player import PlayerClock
from services.telemetry.gateway.ticked import Ticked
from services.telemetry.link import Server
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.topics import Kind, committed_topic, topic
from tests.unit.telemetry.broker import filters, scripted
from tests.unit.telemetry.field import EPOCH, START, FakeLog, StillClock, columns, small_site

LIMIT = 10.0
SITE = small_site()


def bridge(log, server, **options):
    return Bridge({"no3": (SITE, "v1")}, log, server, **{"clock": StillClock(), "player": True, **options})


async def until(condition):
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 (a peer behind a socket is waited for)
            await asyncio.sleep(0.005)


def births():
    node = encode.encode_node_birth(START, bdseq=1, epoch=EPOCH, number=0, first=1, last=0)
    given = [(topic(Kind.NBIRTH, "liuyang", "no3"), node)]
    given += [(topic(Kind.DBIRTH, "liuyang", "no3", station), birth) for station, birth in device_births(SITE, START)]
    return b"".join(
        packets.publish(to, encode.with_seq(payload, seq), mid=seq + 1) for seq, (to, payload) in enumerate(given)
    )


def data(number, seq, n=6):
    times, points, values, quality, through = columns(number, n=n)
    payload = encode.encode_data(
        points.astype("int64") + encode.FIRST_ALIAS, times, values, quality,
        through=through, epoch=EPOCH, number=number,
    )  # fmt: skip
    to = topic(Kind.DDATA, "liuyang", "no3", "intake")
    return packets.publish(to, encode.with_seq(payload, seq % 256), mid=number + 10)


def clock(time, marks):
    said = {"run": "r", "time": time, "marks": {edge: [EPOCH, n] for edge, n in marks.items()}, "end": False}
    return packets.publish("headworks/clock/liuyang", json.dumps(said).encode(), mid=9_999)


def said(broker, to):
    """What the client published on a topic."""
    head = len(to).to_bytes(2) + to.encode()
    return [json.loads(body[len(head) + 2 :]) for body in broker.of_kind(3) if body.startswith(head)]


async def test_one_of_several_takes_its_own_edge_nodes_and_the_clock():
    async with scripted() as (broker, server):
        log = FakeLog()
        async with bridge(log, server, shard=(0, 2), elsewhere=["no1"], client_id="mine"):
            await until(lambda: broker.of_kind(8))
            assert filters(broker.of_kind(8)[0]) == ["spBv1.0/liuyang/+/no3/#", "headworks/clock/liuyang"]
            broker.say(births() + data(1, 3) + clock(START + SECOND, {"no3": 1, "no1": 77}))
            await until(lambda: log.ticks)
            assert log.ticks == [START + SECOND]
            assert log.rejects == []
            # Marks of a stranger to the whole catalogue are refused; a message that the other bridge takes is not.
            broker.say(clock(START + 2 * SECOND, {"no9": 1}))
            broker.say(packets.publish("spBv1.0/liuyang/NBIRTH/no1", b"", mid=8))
            await until(lambda: len(broker.acknowledged) >= 7)
            assert log.reasons == ["unknown edge node"]
            await until(lambda: {"time": START + SECOND} in said(broker, "headworks/ticked/liuyang/0-of-2"))
            assert said(broker, "headworks/ticked/liuyang")[-1] == {"bridges": 2}
            assert said(broker, committed_topic("liuyang", "no3"))[-1] == {"epoch": EPOCH, "number": 1}


async def test_one_without_sites_still_says_that_it_heard_the_clock():
    async with scripted() as (broker, server):
        log = FakeLog()
        shared = Bridge(
            {}, log, server, clock=StillClock(), player=True, shard=(1, 2), elsewhere=["no3"], groups=["liuyang"]
        )
        async with shared:
            await until(lambda: broker.of_kind(8))
            broker.say(clock(START, {"no3": 5}))
            await until(lambda: {"time": START} in said(broker, "headworks/ticked/liuyang/1-of-2"))
            assert said(broker, "headworks/ticked/liuyang") == []


async def test_a_site_that_is_applied_later_is_carried_from_then_on():
    async with scripted() as (broker, server):
        log = FakeLog()
        shared = Bridge({}, log, server, clock=StillClock(), player=True, shard=(1, 2), groups=["liuyang"])
        async with shared:
            await until(lambda: broker.of_kind(8))
            await shared.take_catalogue(SITE, "v1", Position(EPOCH, 1))
            assert filters(broker.of_kind(8)[1]) == ["spBv1.0/liuyang/+/no3/#"]
            assert shared.version("no3") == "v1"
            broker.say(births() + data(1, 3) + data(2, 4))
            await until(lambda: log.frames)
            assert [(f.number, f.catalogue) for f in log.frames] == [(2, "v1")]
            await shared.take_catalogue(SITE, "v2")
            broker.say(births() + data(3, 3))
            await until(lambda: len(log.frames) == 2)
            assert (log.frames[-1].number, log.frames[-1].catalogue) == (3, "v2")


async def test_a_slow_log_holds_the_broker_up_and_memory_does_not_grow(monkeypatch):
    monkeypatch.setattr("services.telemetry.bridge.bridge.Intake", lambda: Intake(500, 1_000_000))
    log, gate, count = FakeLog(), asyncio.Event(), 3_000
    append = log.append

    async def slow(records):
        await gate.wait()
        await append(records)

    log.append = slow  # type: ignore[method-assign]
    flood = b"".join(data(n, n + 2, 300) for n in range(1, count + 1))
    async with scripted() as (broker, server), bridge(log, server, player=False) as held:
        await until(lambda: broker.of_kind(8))
        broker.say(births() + flood)
        left = broker.writer.transport.get_write_buffer_size
        await until(lambda: held.counters.in_flight > 0 and held._intake.size >= 1_000_000)
        seen = [len(flood)]
        while seen[-1] != left():  # until no more goes out
            seen.append(left())
            await asyncio.sleep(0.1)
        # One batch in hand, a full queue, and at most one read beyond it.
        assert held._intake.size <= 1_000_000 + 2**18
        assert held.counters.in_flight <= 500 + 2**18 // 6_000
        assert left() > 0
        assert len(broker.acknowledged) <= 3 + 2**18 // 6_000
        assert (held.counters.frames, held.log_waits > 0) == (0, True)
        gate.set()
        await until(lambda: len(broker.acknowledged) == count + 3)
        assert held.log_waits == 0
    assert [f.number for f in log.frames] == list(range(1, count + 1))


class PackingLog(FakeLog):
    """A log that takes frames as they are packed, and forgets nothing of how."""

    def __init__(self):
        super().__init__()
        self.packed: list[Packed] = []

    async def append_packed(self, records):
        self._check()
        self.packed += [one for one in records if isinstance(one, Packed)]
        await self.append([one for one in records if not isinstance(one, Packed)])


async def test_a_log_that_can_gets_frames_as_they_are_packed():
    log = PackingLog()
    async with scripted() as (broker, server), bridge(log, server) as open_:
        await until(lambda: broker.of_kind(8))
        broker.say(births() + data(1, 3))
        await until(lambda: log.frames)
        broker.say(b"".join(data(n, n + 2) for n in range(2, 50)))
        await until(lambda: open_.counters.frames == 49)
        assert log.packed[-1].last == 49
        assert [f.number for f in log.frames] == [1]
        assert open_.latest == {"no3": int(columns(49)[0][-1])}


class Gone(LogError):
    """An error that passes."""


async def test_an_error_that_passes_is_waited_out_and_one_that_does_not_ends_it():
    log, errors = FakeLog(), [Gone("nobody there"), Gone("still"), LogError("another log")]
    append = log.append

    async def failing(records):
        if errors and isinstance(errors[0], Gone):
            raise errors.pop(0)
        if any(getattr(r, "number", 0) == 2 for r in records):
            raise errors[0]
        await append(records)

    log.append = failing  # type: ignore[method-assign]
    async with scripted() as (broker, server):
        passing = bridge(log, server, retry_for=float("inf"), passing=lambda error: isinstance(error, Gone))
        async with passing as open_:
            await until(lambda: broker.of_kind(8))
            broker.say(births() + data(1, 3))
            await until(lambda: open_.log_problem)
            await until(lambda: log.frames)
            assert open_.log_problem == ""
            broker.say(data(2, 4))
            with pytest.raises(LogError, match="another log"):
                await asyncio.wait_for(open_.wait(), LIMIT)
            assert 12 not in broker.acknowledged


def a_ticked(*words):
    ticked = Ticked("liuyang")
    for to, payload in words:
        ticked.take(f"headworks/ticked/liuyang{to}", json.dumps(payload).encode())
    return ticked


def test_the_run_is_as_far_as_the_slowest_of_as_many_bridges_as_there_are():
    assert a_ticked(("", {"time": 7})).time == 7
    two = [("/0-of-2", {"time": 9}), ("/1-of-2", {"time": 8})]
    assert a_ticked(*two).time == 0
    assert a_ticked(*two, ("", {"bridges": 2})).time == 8
    assert a_ticked(("", {"bridges": 2}), ("/0-of-2", {"time": 9})).time == 0
    # What three bridges said once does not count when there are two, nor when there is one.
    three = [(f"/{i}-of-3", {"time": 50}) for i in range(3)]
    assert a_ticked(*three, ("", {"bridges": 2}), *two).time == 8
    assert a_ticked(*three, ("", {"time": 5})).time == 5


def test_what_is_no_word_of_a_bridge_changes_nothing():
    ticked = a_ticked(("", {"time": 7}))
    for to, payload in (
        ("headworks/ticked/liuyang/2-of-2", b'{"time":9}'),
        ("headworks/ticked/liuyang/x", b'{"time":9}'),
        ("headworks/ticked/jinan", b'{"time":9}'),
        ("headworks/ticked/liuyang", b'{"bridges":"2"}'),
        ("headworks/ticked/liuyang", b"[]"),
    ):
        assert not ticked.take(to, payload)
    assert ticked.time == 7


async def test_the_player_leaves_when_the_last_of_several_bridges_has_heard_it():
    player = PlayerClock("liuyang", "run", Server())
    waiting = asyncio.create_task(player.until_heard(START, LIMIT))
    for to, payload in (
        ("", {"bridges": 2}), ("/0-of-2", {"time": START}), ("/1-of-2", {"time": START - 1}),
    ):  # fmt: skip
        player._take(f"headworks/ticked/liuyang{to}", json.dumps(payload).encode())
        await asyncio.sleep(0)
    assert not waiting.done()
    player._take("headworks/ticked/liuyang/1-of-2", json.dumps({"time": START}).encode())
    assert await waiting
