"""One server's process: started, paused, killed, stopped, and found again by another object."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.native import NativeError, Ports, Server
from deploy.native.ports import listening

SERVE = """
import signal, socket, sys
print("hello", flush=True)
if sys.argv[2] == "fail": sys.exit("no water")
if sys.argv[2] == "deaf": signal.signal(signal.SIGTERM, signal.SIG_IGN)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True: server.accept()
"""


class Pump(Server):
    name = "pump"
    version = "1"
    stop_within = 0.5
    start_within = 10.0
    mood = "well"

    @property
    def listens(self):
        return (self.ports.kafka,)

    def prepare(self):
        pass

    def command(self):
        return [sys.executable, "-S", "-c", SERVE, str(self.ports.kafka), self.mood]

    def healthy(self):
        return listening(self.ports.kafka)


@pytest.fixture
def pump(tmp_path):
    server = Pump(tmp_path / "stack", Ports.free())
    yield server
    server.kill()


def test_it_is_started_once_found_by_another_object_and_stopped(pump):
    assert (pump.pid, pump.memory) == (0, 0)
    pump.start()
    first = pump.pid
    pump.start()
    other = Pump(pump.stack, pump.ports)
    assert first == pump.pid == other.pid
    assert pump.memory > 0
    other.stop()
    assert pump.pid == 0
    assert not listening(pump.ports.kafka)
    assert pump.log.read_text() == "hello\n"


def test_after_a_sigkill_it_starts_again_over_what_was_left(pump):
    pump.start()
    first = pump.pid
    pump.kill()
    assert pump.pid == 0
    pump.start()
    assert pump.pid not in (0, first)
    assert pump.log.read_text() == "hello\nhello\n"


def test_a_paused_one_can_be_resumed_and_stopped(pump):
    pump.start()
    pump.pause()
    assert psutil.Process(pump.pid).status() == psutil.STATUS_STOPPED
    pump.resume()
    assert psutil.Process(pump.pid).status() != psutil.STATUS_STOPPED
    pump.pause()
    pump.stop()
    assert pump.pid == 0


def test_one_that_does_not_end_is_killed(pump):
    said: list[str] = []
    pump.say, pump.mood = said.append, "deaf"
    pump.start()
    pump.stop()
    assert pump.pid == 0
    assert said == ["pump did not end in 0 s and is killed"]


def test_one_that_ends_at_once_is_quoted(pump):
    pump.mood = "fail"
    with pytest.raises(NativeError, match="pump ended when it was started:\nhello\nno water"):
        pump.start()


def test_a_taken_port_is_named(pump):
    other = Pump(pump.stack.with_name("other"), pump.ports)
    pump.start()
    with pytest.raises(NativeError, match=f"listens on 127.0.0.1:{pump.ports.kafka} already"):
        other.start()
    assert other.pid == 0


def test_a_number_that_came_back_as_another_programs_is_left_alone(pump):
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        pump.folder.mkdir(parents=True)
        born = psutil.Process(stranger.pid).create_time() - 100
        (pump.folder / "pid").write_text(f"{stranger.pid} {born:.2f}\n")
        assert pump.pid == 0
        pump.stop()
        assert stranger.poll() is None
        os.kill(stranger.pid, signal.SIGKILL)


def test_pausing_what_does_not_run_is_refused(pump):
    with pytest.raises(NativeError, match="pump does not run"):
        pump.pause()


def test_ports_are_different_and_kept(tmp_path: Path):
    path = tmp_path / "ports.json"
    assert Ports.load(path) is None
    ports = Ports.free()
    numbers = [ports.kafka, ports.kafka_controller, ports.influxdb, ports.mqtt, ports.mqtts]
    assert len(set(numbers)) == 5
    ports.save(path)
    assert Ports.load(path) == ports
    path.write_text('{"beer": 1}')
    with pytest.raises(NativeError, match=r"ports\.json does not say which ports"):
        Ports.load(path)
