"""What a gateway takes for the committed word, and that nobody waits for ever when it has ended."""

import asyncio
import json

import numpy as np
import pytest

from services.core.ports import Position
from services.telemetry.gateway.gateway import Gateway
from services.telemetry.gateway.outbox import MemoryOutbox
from services.telemetry.link import LinkError, Server
from services.telemetry.sparkplug.topics import committed_topic
from tests.unit.telemetry.field import EPOCH, START, small_site

OWN = committed_topic("liuyang", "no3")
HEARTBEAT = (np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0), np.empty(0, np.uint8), START)


def word(number, epoch=EPOCH):
    return json.dumps({"epoch": epoch, "number": number}).encode()


@pytest.mark.parametrize(
    ("source", "payload"),
    [(OWN, word(n)) for n in (-1, 2.0, 2.9, "2", True, None, [2], float("inf"), float("nan"), 2**63, 10**30)]
    + [(OWN, word(2, e)) for e in (EPOCH - 1, 0, -EPOCH, float(EPOCH), str(EPOCH), 2**64 + EPOCH)]
    + [(OWN, raw) for raw in (b"", b"2", b"[]", b"\xff", b"[" * 100_000, b'{"number":2}', b'{"epoch":1}')]
    + [(committed_topic("liuyang", "no1"), word(2)), (committed_topic("jinan", "no3"), word(2))],
)
async def test_only_its_own_word_drops_frames(source, payload):
    gateway = Gateway(small_site(), EPOCH, Server())
    for _ in range(3):
        await gateway.publish("intake", *HEARTBEAT)
    gateway._take(source, payload)
    assert (gateway.counters.committed, len(gateway._outbox)) == (0, 3)
    gateway._take(OWN, word(2))
    assert (gateway.counters.committed, len(gateway._outbox)) == (2, 1)


async def test_who_waits_for_a_gateway_that_failed_is_told(monkeypatch):
    async def failing(self, _backoff):
        await asyncio.sleep(0.01)
        raise KeyError("a fault of ours")

    monkeypatch.setattr(Gateway, "_connection", failing)
    async with asyncio.timeout(5), Gateway(small_site(), EPOCH, Server(), outbox=MemoryOutbox(1)) as gateway:
        gateway.start_after(Position(EPOCH, 0))
        await gateway.publish("intake", *HEARTBEAT)
        for waiting in (gateway.drain(), gateway.publish("intake", *HEARTBEAT)):
            with pytest.raises(LinkError, match="a fault of ours"):
                await waiting
