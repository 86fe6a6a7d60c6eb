"""Real servers and services for a measurement: started in a folder that goes away, each process's CPU seconds known."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from bench.fleet import fleet
from deploy.native import Ports, Stack
from services.core.catalogue import to_json, version_of
from services.core.errors import HeadworksError
from services.core.records import Config
from services.core.settings import Settings
from services.runtime.cluster.catalogues import store_catalogues
from services.runtime.cluster.topics import apply_topics

ROOT = Path(__file__).parent.parent


class BenchError(HeadworksError):
    """A measurement that cannot be made, and why."""


@contextmanager
def servers(*names: str) -> Iterator[Stack]:
    """A stack in a folder of its own on free ports, of which only `names` are started."""
    with tempfile.TemporaryDirectory(prefix="headworks-bench-") as folder:
        stack = Stack(Path(folder), Ports.free(), gateways=())
        stack.keep()
        try:
            for name in names:
                stack.server(name).start()
            yield stack
        finally:
            stack.down()


def settings_of(stack: Stack, prefix: str, **more: object) -> Settings:
    """Settings of a generation of topics of its own on the stack's Kafka."""
    return Settings(kafka=f"127.0.0.1:{stack.ports.kafka}", kafka_prefix=prefix, **more)  # type: ignore[arg-type]


def prepare(settings: Settings, sites: int, points: int, time_ns: int) -> None:
    """Topics, and a fleet's catalogue in force from `time_ns` on."""

    async def work() -> None:
        await apply_topics(settings)
        texts = {site.id: to_json(site) for site in fleet(sites, points).sites}
        await store_catalogues(settings, [Config(s, version_of(t), t, time_ns) for s, t in texts.items()])

    asyncio.run(work())


class Process:
    """A service or a server that is measured: its CPU seconds since `mark`, and what it says at /metrics."""

    def __init__(self, process: psutil.Process, port: int = 0) -> None:
        self.process, self.port, self._at = process, port, 0.0

    @property
    def cpu(self) -> float:
        """CPU seconds, user and system, since `mark`."""
        times = self.process.cpu_times()
        return float(times.user + times.system) - self._at

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(self.process.memory_info().rss)

    @property
    def ready(self) -> bool:
        """Whether it says that it is."""
        return self._page("readyz") is not None

    def figure(self, name: str) -> float:
        """The sum of a figure of /metrics over its labels, as `name` or as `name{label="value"`; 0 without one.

        BenchError when the process has ended.
        """
        if self.process.status() == psutil.STATUS_ZOMBIE:
            raise BenchError(f"{' '.join(self.process.cmdline()) or 'a service'} has ended; its words are above")
        lines = (self._page("metrics") or "").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def _page(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return None

    def mark(self) -> None:
        """Counts from here."""
        self._at = 0.0
        self._at = self.cpu


@contextmanager
def services(settings: Settings, *wanted: tuple[str, dict[str, str]]) -> Iterator[list[Process]]:
    """`headworks NAME` processes with settings of their own, ended by SIGTERM; BenchError when one ends before."""
    common = {
        "HEADWORKS_KAFKA": settings.kafka,
        "HEADWORKS_KAFKA_PREFIX": settings.kafka_prefix,
        "HEADWORKS_PARTITIONS": str(settings.partitions),
        "HEADWORKS_LOG_LEVEL": "warning",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADWORKS_")}
    with ExitStack() as stack:
        children, found = [], []
        for name, own in wanted:
            port = Ports.free().kafka
            environment = {**inherited, "PYTHONPATH": str(ROOT), **common, "HEADWORKS_HTTP_PORT": str(port), **own}
            command = [sys.executable, "-m", "services.cli", name]
            child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
            stack.callback(end, child)
            children.append(child)
            found.append(Process(psutil.Process(child.pid), port))
        yield found
        for child in children:
            if child.poll() is not None:
                raise BenchError(f"{' '.join(map(str, child.args))} ended with {child.returncode}")  # type: ignore[arg-type]


def end(child: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL when it has not ended 15 s later."""
    child.terminate()
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def until(reached: Callable[[], bool], within: float, what: str, every: float = 0.05) -> float:
    """Seconds until `reached()`; BenchError when that takes longer than `within`."""
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > within:
            raise BenchError(f"not within {within:g} s: {what}")
        time.sleep(every)
    return time.monotonic() - began


def summed(processes: Sequence[Process]) -> float:
    """CPU seconds of all of them since their marks."""
    return sum(process.cpu for process in processes)
