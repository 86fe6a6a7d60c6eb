"""The native servers themselves: up, killed one by one with their data kept, held to the rules, and gone when down."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from deploy.native import Ports, Stack
from deploy.native.mosquitto import accepts
from deploy.native.ports import listening
from deploy.native.stack import ROOT

NOT_AUTHORISED = 135


def until(true: Callable[[], object], within: float = 20.0) -> None:
    """Waits for it; fails when it does not come."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"not within {within} s"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    if lacks := Stack.lacks():
        pytest.skip(lacks)
    with Stack(tmp_path_factory.mktemp("native"), Ports.free(), ["liuyang", "jinan"], kafka_heap="512m") as running:
        yield running


class Talker:
    """An MQTT client that remembers what it heard."""

    def __init__(self, stack: Stack, user: str = "") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.answers: dict[int, int] = {}
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.on_message = self._hear
        self.client.on_publish = self._answered
        self.client.on_subscribe = self._answered_all
        if user:
            self.client.tls_set(str(stack.mosquitto.ca_file))
            self.client.username_pw_set(user, stack.mosquitto.password_file(user).read_text())
        self.client.connect("127.0.0.1", stack.ports.mqtts if user else stack.ports.mqtt)
        self.client.loop_start()
        until(self.client.is_connected)

    def __enter__(self) -> Talker:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def _answered(self, _client: Client, _data: object, mid: int, reason: Any, _properties: object) -> None:
        self.answers[mid] = reason.value

    def _answered_all(self, _client: Client, _data: object, mid: int, reasons: list[Any], _properties: object) -> None:
        self.answers[mid] = max(reason.value for reason in reasons)

    def may(self, topic: str, *, retain: bool = False, payload: bytes = b"1") -> bool:
        """Publishes at QoS 1, and whether the broker took it."""
        mid = self.client.publish(topic, payload, qos=1, retain=retain).mid
        until(lambda: mid in self.answers)
        return self.answers[mid] != NOT_AUTHORISED

    def hears(self, topic: str) -> None:
        """Returns when the broker has taken note."""
        _, mid = self.client.subscribe(topic, qos=1)
        until(lambda: mid in self.answers)


def test_up_is_healthy_and_a_second_up_changes_nothing(stack):
    assert stack.healthy()
    pids = {name: server.pid for name, server in stack.servers.items()}
    again = Stack(stack.folder)
    again.up()
    assert {name: server.pid for name, server in again.servers.items()} == pids
    listed = dict(line.split("=", 1) for line in (stack.folder / "env").read_text().splitlines())
    assert listed == stack.environment()


async def test_a_killed_kafka_comes_back_with_every_record_that_it_confirmed(stack):
    servers = f"127.0.0.1:{stack.ports.kafka}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic("flood", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        for number in range(200):
            await producer.send("flood", str(number).encode())
        await producer.flush()
    stack.server("kafka").kill()
    assert not stack.server("kafka").healthy()
    await asyncio.to_thread(stack.server("kafka").start)
    consumer = AIOKafkaConsumer("flood", bootstrap_servers=servers, auto_offset_reset="earliest")
    async with asyncio.timeout(30), consumer:
        kept = [int((await consumer.getone()).value) for _ in range(200)]
    assert kept == list(range(200))


def test_a_killed_influxdb_comes_back_with_every_line_that_it_accepted(stack):
    server, token = stack.influxdb, stack.influxdb.token_file.read_text()
    with InfluxDBClient(server.url, token, org="headworks") as client:
        # 2023, in a bucket without a limit: what is old is not refused.
        lines = [f"readings,site=liuyang turbidity={n} {1681776000 + n}" for n in range(100)]
        client.write_api(write_options=SYNCHRONOUS).write("telemetry_replay", record=lines, write_precision="s")
        server.kill()
        assert not server.healthy()
        server.start()
        counted = client.query_api().query(
            'from(bucket: "telemetry_replay") |> range(start: 2023-04-18T00:00:00Z, stop: 2023-04-19T00:00:00Z)'
            ' |> filter(fn: (r) => r._measurement == "readings") |> count()'
        )
    assert counted[0].records[0].get_value() == 100
    assert server.token_file.read_text() == token


def test_a_killed_mosquitto_comes_back_with_what_it_had_saved(stack):
    saved = stack.mosquitto.data / "mosquitto.db"
    with Talker(stack) as talker:
        assert talker.may("headworks/committed/hunan/liuyang", retain=True, payload=b"42")
    until(lambda: saved.exists() and b"hunan/liuyang" in saved.read_bytes())
    stack.mosquitto.kill()
    assert not stack.mosquitto.healthy()
    stack.mosquitto.start()
    with Talker(stack) as talker:
        talker.hears("headworks/committed/#")
        until(lambda: talker.heard == [("headworks/committed/hunan/liuyang", b"42")])


@pytest.mark.parametrize("name", ["mosquitto", "kafka", "influxdb"])
def test_a_paused_server_answers_nobody_until_it_is_resumed(stack, name):
    server = stack.server(name)
    before = server.pid
    server.pause()
    assert not server.healthy()
    server.resume()
    until(server.healthy)
    assert server.pid == before


def test_each_user_is_held_to_its_part(stack):
    with Talker(stack, "bridge") as bridge, Talker(stack, "liuyang") as gateway, Talker(stack, "player") as player:
        bridge.hears("spBv1.0/hunan/#")
        gateway.hears("headworks/committed/hunan/+")
        assert gateway.may("spBv1.0/hunan/NBIRTH/liuyang")
        assert gateway.may("spBv1.0/hunan/DDATA/liuyang/intake")
        for refused in (
            "spBv1.0/hunan/NBIRTH/jinan", "spBv1.0/hunan/DDATA/jinan/intake", "spBv1.0/hunan/NCMD/liuyang",
            "headworks/committed/hunan/liuyang", "headworks/ticked/hunan", "headworks/clock/hunan",
        ):  # fmt: skip
            assert not gateway.may(refused), refused
        assert player.may("headworks/clock/hunan")
        assert not player.may("headworks/committed/hunan/liuyang")
        assert not player.may("spBv1.0/hunan/NBIRTH/liuyang")
        assert bridge.may("headworks/ticked/hunan")
        assert bridge.may("headworks/committed/hunan/jinan", payload=b"7")
        assert bridge.may("headworks/committed/hunan/liuyang", payload=b"43")
        assert not bridge.may("headworks/clock/hunan")
        assert not bridge.may("spBv1.0/hunan/DDATA/liuyang/intake")
        until(lambda: len(bridge.heard) == 2)
        until(lambda: ("headworks/committed/hunan/liuyang", b"43") in gateway.heard)
    assert [topic for topic, _ in bridge.heard] == [
        "spBv1.0/hunan/NBIRTH/liuyang",
        "spBv1.0/hunan/DDATA/liuyang/intake",
    ]
    assert not [topic for topic, _ in gateway.heard if topic.endswith("jinan")]


def test_without_a_password_nobody_comes_in_by_the_sealed_listener(stack):
    trusted = ssl.create_default_context(cafile=str(stack.mosquitto.ca_file))
    for user, password in (("", ""), ("bridge", "guessed")):
        with (
            socket.create_connection(("127.0.0.1", stack.ports.mqtts), timeout=5) as link,
            trusted.wrap_socket(link, server_hostname="localhost") as sealed,
        ):
            assert not accepts(sealed, user, password)


def test_a_stack_whose_owner_is_killed_goes_down(tmp_path: Path):
    if lacks := Stack.lacks():
        pytest.skip(lacks)
    own = (
        "import sys, pathlib; from deploy.native import Ports, Stack\n"
        f"stack = Stack(pathlib.Path({str(tmp_path)!r}), Ports.free(), [])\n"
        "stack.keep(); stack.mosquitto.start(); stack.influxdb.start(); print(flush=True); input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", own], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as owner:  # fmt: skip
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"\n"
        left = [int((tmp_path / name / "pid").read_text().split()[0]) for name in ("mosquitto", "influxdb")]
        assert all(map(psutil.pid_exists, left))
        owner.send_signal(signal.SIGKILL)
    until(lambda: not any(map(psutil.pid_exists, left)))


def test_down_leaves_no_process_and_no_port_and_up_brings_the_data_back(stack):
    pids = [server.pid for server in stack.servers.values()]
    token = stack.influxdb.token_file.read_text()
    stack.down()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]  # not even a zombie
    assert not [port for server in stack.servers.values() for port in server.listens if listening(port)]
    stack.up()
    assert stack.healthy()
    assert stack.influxdb.token_file.read_text() == token
    with Talker(stack) as talker:
        talker.hears("headworks/committed/hunan/liuyang")
        until(lambda: len(talker.heard) == 1)
