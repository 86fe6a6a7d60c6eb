"""What every service does: it says how it is, why it is not ready, and ends in order when asked."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket

import aiohttp
import pytest
from typer.testing import CliRunner

from services.cli.app import app
from services.cli.seldom import Seldom
from services.core.errors import HeadworksError
from services.core.settings import Settings
from services.daemons.daemon import Daemon, run_daemon
from services.daemons.health import Health
from services.daemons.metrics import Metrics
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
    assert "headworks_ready 1.0" in metrics
    assert ended == ["in order"]


async def test_what_ends_the_work_is_raised():
    async def work(daemon: Daemon) -> None:
        raise HeadworksError("the log is damaged")

    with pytest.raises(HeadworksError, match="the log is damaged"):
        await run_daemon("test", Settings(http_port=free_port()), work)


async def test_work_that_ends_before_it_is_asked_to_is_an_error_and_so_is_work_cut_off_from_within():
    async def ends(daemon: Daemon) -> None:
        return

    async def cut(daemon: Daemon) -> None:
        raise asyncio.CancelledError

    for work, words in ((ends, "without having been asked"), (cut, "cut off from within")):
        with pytest.raises(HeadworksError, match=words):
            await run_daemon("test", Settings(http_port=free_port()), work)


async def test_of_several_errors_at_once_the_one_for_people_is_raised():
    async def work(daemon: Daemon) -> None:
        async def damaged() -> None:
            raise HeadworksError("the log is damaged")

        async with asyncio.TaskGroup() as group:
            group.create_task(damaged())

    with pytest.raises(HeadworksError, match="the log is damaged"):
        await run_daemon("test", Settings(http_port=free_port()), work)


async def test_a_second_signal_does_not_cut_the_end_off_and_no_handler_stays():
    ended = []

    async def work(daemon: Daemon) -> None:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            os.kill(os.getpid(), number)
            await daemon.stopping.wait()
            await asyncio.sleep(0.01)
        ended.append("in order")

    before = signal.getsignal(signal.SIGTERM)
    await run_daemon("test", Settings(http_port=free_port()), work)
    assert ended == ["in order"]
    assert signal.getsignal(signal.SIGTERM) in (before, signal.SIG_DFL)


async def test_what_does_not_end_in_time_is_cut_off_and_what_cannot_be_is_left(monkeypatch):
    monkeypatch.setattr("services.daemons.daemon.GRACE", 0.05)
    monkeypatch.setattr("services.daemons.daemon._CUT", 0.05)
    deaf = asyncio.Event()

    async def work(daemon: Daemon) -> None:
        daemon.stopping.set()
        while not deaf.is_set():
            try:
                await deaf.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(HeadworksError, match="did not end within"):
        await run_daemon("test", Settings(http_port=free_port()), work)
    deaf.set()


async def test_what_is_waited_for_is_cut_short_when_the_end_is_asked_for():
    daemon = Daemon("test", Settings(), Health(), Metrics(), asyncio.Event())

    async def answer() -> int:
        return 7

    async def fails() -> int:
        raise HeadworksError("no")

    assert await daemon.unless_stopping(answer()) == 7
    with pytest.raises(HeadworksError, match="no"):
        await daemon.unless_stopping(fails())
    asyncio.get_running_loop().call_later(0.01, daemon.stopping.set)
    async with asyncio.timeout(5):
        assert await daemon.unless_stopping(asyncio.sleep(60, 7)) is None
        await daemon.pause(60)


async def test_a_port_in_use_is_said_with_the_setting_that_moves_it():
    async def work(daemon: Daemon) -> None:
        await asyncio.sleep(0)

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken, match="HEADWORKS_HTTP_PORT"):
            await run_daemon("test", Settings(http_port=other.getsockname()[1]), work)


def test_what_a_package_says_all_the_time_is_heard_now_and_then():
    now, heard = [100.0], []
    seldom = Seldom(monotonic=lambda: now[0])
    for second in range(25):
        now[0] = 100.0 + second
        for text, value in (("no node %s", second), ("another", None)):
            record = logging.LogRecord(
                "aiokafka", logging.ERROR, "", 1, text, (value,) if value is not None else (), None
            )
            if seldom.filter(record):
                heard.append(record.getMessage())
    assert heard == [
        "no node 0", "another", "no node 10 (and 9 more like it)", "another (and 9 more like it)",
        "no node 20 (and 9 more like it)", "another (and 9 more like it)",
    ]  # fmt: skip


def test_the_settings_are_listed_without_the_secrets(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HEADWORKS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HEADWORKS_INFLUX_TOKEN", "s3cret")
    monkeypatch.setenv("HEADWORKS_PLAYER", "1")
    listed = CliRunner().invoke(app, ["settings"]).stdout.splitlines()
    assert {line.partition("=")[0] for line in listed} == {
        f"HEADWORKS_{name.upper()}" for name in Settings.model_fields
    }
    assert {"HEADWORKS_PLAYER=true", "HEADWORKS_INFLUX_TOKEN=(set)", "HEADWORKS_MQTT_PASSWORD=(not set)"} <= set(listed)
    assert "s3cret" not in "".join(listed)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [(["bridge", "--port", "1884"], "--port goes with a site file"), (["alerts", "--json"], "--json goes with --data")],
)
def test_options_of_the_local_form_are_not_passed_over_by_a_clusters_service(words, refusal):
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, HeadworksError)
    assert refusal in str(error)


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


async def test_a_warning_is_shown_and_keeps_no_service_from_being_ready():
    port, seen = free_port(), []

    async def work(daemon: Daemon) -> None:
        daemon.health.warn("influxdb", "3 lines were set apart")
        daemon.health.warn("influxdb", "4 lines were set apart")
        seen.append(await page(port, "/readyz"))
        daemon.stopping.set()

    await run_daemon("test", Settings(http_port=port), work)
    ((status, body),) = seen
    assert status == 200
    assert '"warnings": {"influxdb": "4 lines were set apart"}' in body
