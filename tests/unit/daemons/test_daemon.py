"""What every service does: it says how it is, why it is not ready, and ends in order when asked."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import aiohttp
import pytest

from services.core.errors import HeadworksError
from services.core.settings import Settings
from services.daemons.daemon import Daemon, run_daemon
from services.daemons.health import Health
from services.daemons.pages import PortTaken


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def page(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_a_service_says_why_it_is_not_ready_then_works_and_ends_on_sigterm():
    port, ended, seen = free_port(), [], []

    async def work(daemon: Daemon) -> None:
        seen.append(await page(port, "/readyz"))
        daemon.health.well("kafka")
        daemon.metrics.received.labels("readings").inc(3)
        seen.append(await page(port, "/readyz"))
        seen.append(await page(port, "/healthz"))
        seen.append(await page(port, "/metrics"))
        os.kill(os.getpid(), signal.SIGTERM)
        await daemon.stopping.wait()
        ended.append("in order")

    await run_daemon("test", Settings(http_port=port), work, "kafka")
    (not_ready, why), (ready, _), (live, _), (_, metrics) = seen
    assert (not_ready, ready, live) == (503, 200, 200)
    assert '"kafka": "starting"' in why
    assert 'headworks_received_total{kind="readings"} 3.0' in metrics
    assert ended == ["in order"]


async def test_what_ends_the_work_is_raised():
    async def work(daemon: Daemon) -> None:
        raise HeadworksError("the log is damaged")

    with pytest.raises(HeadworksError, match="the log is damaged"):
        await run_daemon("test", Settings(http_port=free_port()), work)


async def test_a_port_in_use_is_said_with_the_setting_that_moves_it():
    async def work(daemon: Daemon) -> None:
        await asyncio.sleep(0)

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken, match="HEADWORKS_HTTP_PORT"):
            await run_daemon("test", Settings(http_port=other.getsockname()[1]), work)


def test_a_part_that_does_not_go_round_in_time_hangs_until_it_does():
    now = [100.0]
    health = Health(monotonic=lambda: now[0])
    health.beat("fold", within=5)
    now[0] = 104.0
    assert health.hanging == {}
    now[0] = 106.0
    assert "fold" in health.hanging
    health.beat("fold", within=5)
    assert health.hanging == {}
    health.rest("fold")
    now[0] = 200.0
    assert health.hanging == {}
