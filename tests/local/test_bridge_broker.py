"""The broker as a child: a free port, started again when it dies, and never outliving its parent."""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from services.telemetry.broker.broker import Broker, BrokerError, find_mosquitto, free_port

ROOT = Path(__file__).resolve().parents[2]
both = pytest.mark.parametrize(
    "kind",
    [
        "amqtt",
        pytest.param(
            "mosquitto",
            marks=pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
        ),
    ],
)


async def answers(port):
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@both
async def test_it_answers_and_ends_cleanly(kind):
    async with Broker(0, kind) as broker:
        assert broker.kind == kind
        assert await answers(broker.port)
        pid = broker.pid
        before = time.monotonic()
    assert time.monotonic() - before < 2.0
    assert not psutil.pid_exists(pid)
    assert not await answers(broker.port)


async def test_a_port_in_use_gets_another_one():
    async with Broker(0, "amqtt") as first, Broker(first.port, "amqtt") as second:
        assert second.moved
        assert second.port != first.port
        assert await answers(second.port)


@both
async def test_two_that_want_one_port_at_once_get_one_each(kind):
    port = free_port(0)
    async with AsyncExitStack() as stack:
        brokers = [Broker(port, kind) for _ in range(3)]
        await asyncio.gather(*(stack.enter_async_context(one) for one in brokers))
        assert len({one.port for one in brokers}) == 3
        assert [one.moved for one in brokers].count(False) == 1
        assert all([await answers(one.port) for one in brokers])


@both
async def test_it_is_started_again_on_the_same_port_when_it_dies(kind):
    async with Broker(0, kind) as broker:
        port, pid = broker.port, broker.pid
        os.kill(pid, 9)
        async with asyncio.timeout(10):
            while not (broker.restarts and broker.pid != pid and await answers(port)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert (broker.port, broker.restarts) == (port, 1)


PARENT = """
import asyncio, sys
from services.telemetry.broker.broker import Broker
async def main():
    async with Broker(0, sys.argv[1]) as broker:
        print(broker.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@both
def test_it_ends_with_its_parent_even_when_that_is_killed(kind):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PARENT, kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        said = next(line for line in parent.stdout if line.strip().isdecimal())  # past log lines
        broker = psutil.Process(int(said))
        parent.kill()
    psutil.wait_procs([broker], timeout=5)
    assert not broker.is_running() or broker.status() == psutil.STATUS_ZOMBIE


def test_without_mosquitto_auto_means_amqtt_and_asking_for_it_is_an_error(monkeypatch):
    monkeypatch.setattr("services.telemetry.broker.broker.find_mosquitto", lambda: None)
    assert Broker(0).kind == "amqtt"
    with pytest.raises(BrokerError, match="not on PATH"):
        Broker(0, "mosquitto")


async def test_one_that_cannot_be_started_again_tells_whoever_waits(monkeypatch):
    monkeypatch.setattr("services.telemetry.broker.broker._GIVE_UP", 2)
    async with Broker(0, "amqtt") as broker:
        monkeypatch.setattr(broker, "_command", lambda: [sys.executable, "-c", "raise SystemExit(1)"])
        psutil.Process(broker.pid).kill()
        with pytest.raises(BrokerError, match="cannot be started again"):
            await asyncio.wait_for(broker.wait(), 10)
