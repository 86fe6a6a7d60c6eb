"""A cluster of its own on the shared servers: topics, bucket, catalogue, services, and the field that feeds it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.native import Stack
from services.job.places import PROJECT
from services.runtime.cluster.partitioning import partition_of
from tests.stack.looking import InfluxProbe, KafkaProbe
from tests.stack.part import Expected, Part, expected
from tests.stack.processes import Service

SERVICES = ("bridge", "alerts", "aggregate", "sink", "archive")

#: What each group reads, by the group's short name.
READS = {
    "alerts": ("sites",),
    "aggregator": ("sites",),
    "sink": ("sites", "derived", "aggregates", "alarms", "incidents"),
}

#: The group of a service, where it has one.
GROUPS = {"alerts": "alerts", "aggregate": "aggregator", "sink": "sink"}

PARTITIONS = 8

_numbers = itertools.count(1)


def free_port() -> int:
    """One that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(reached: Callable[[], bool], within: float, what: Callable[[], str] | str, every: float = 0.2) -> float:
    """Returns the seconds until `reached()`; AssertionError, with `what`, when that takes longer than `within`."""
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > within:
            raise AssertionError(f"not within {within:g} s: {what if isinstance(what, str) else what()}")
        time.sleep(every)
    return time.monotonic() - began


class Cluster:
    """Inside it the services run, supervised; after it they have ended and what they kept is gone."""

    def __init__(
        self,
        stack: Stack,
        folder: Path,
        part: Part | None = None,
        services: Sequence[str] = SERVICES,
        partitions: int = PARTITIONS,
        **settings: str,
    ) -> None:
        """`part`: its catalogue is applied at the start.  `settings`: HEADWORKS_* variables, without the prefix."""
        self.stack, self.folder, self.part = stack, folder, part
        number = next(_numbers)
        self.name = f"t{os.getpid()}-{number}"
        self.archive = folder / "archive"
        variables = {
            **stack.environment(),
            "HEADWORKS_KAFKA_PREFIX": self.name,
            "HEADWORKS_PARTITIONS": str(partitions),
            "HEADWORKS_INFLUX_BUCKET": self.name,
            "HEADWORKS_ARCHIVE_DIR": str(self.archive),
            "HEADWORKS_PLAYER": "true",
            **{f"HEADWORKS_{name.upper()}": value for name, value in settings.items()},
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADWORKS_")}
        self.environment = {**inherited, "PYTHONPATH": str(PROJECT), "COLUMNS": "200", **variables}
        self.kafka = KafkaProbe(variables["HEADWORKS_KAFKA"], self.name)
        self.influx = InfluxProbe(variables, stack.influxdb.token_file.read_text(), self.name)
        self.services: dict[str, Service] = {}
        self._wanted = tuple(services)
        self._field: subprocess.Popen[bytes] | None = None
        self._closing = ExitStack()

    # -- life

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._clean_broker()
            self.influx.create()
            self._closing.callback(self._remove)
            self.headworks("topics", "apply")
            if self.part is not None:
                self.apply(self.part)
            for name in self._wanted:
                self.add(name)
            self.wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every process of this cluster and removes its topics and its bucket."""
        if self._field is not None and self._field.poll() is None:
            self._field.kill()
            self._field.wait()
        for service in self.services.values():
            service.end()
        self._closing.close()

    def _clean_broker(self) -> None:
        # What an earlier run left retained, or queued for its bridge, is of another log.
        broker = self.stack.mosquitto
        broker.stop()
        shutil.rmtree(broker.data, ignore_errors=True)
        broker.start()

    def _remove(self) -> None:
        for server in self.stack.servers.values():
            if server.pid:
                server.resume()
            server.start()
        self.kafka.delete(*self.kafka.topics())
        self.influx.remove()

    def add(self, name: str, label: str = "", arguments: Sequence[str] = (), **settings: str) -> Service:
        """Starts a service; a second of its kind needs a label, and settings that tell it from the first."""
        label = label or name
        environment = {
            **self.environment,
            "HEADWORKS_WORK_DIR": str(self.folder / f"work-{label}"),
            **{f"HEADWORKS_{key.upper()}": value for key, value in settings.items()},
        }
        service = Service(name, label, environment, self.folder, free_port(), arguments)
        self.services[label] = service
        service.start()
        return service

    def wait_ready(self, within: float = 180.0) -> float:
        """Returns the seconds until every service says that it is ready; the first of all compile their kernels."""

        def why() -> str:
            ill = {name: one for name, one in self.services.items() if not one.ready}
            return "; ".join(f"{name}: {one.problems()} {one.tail()}" for name, one in ill.items())

        return until(lambda: all(service.ready for service in self.services.values()), within, why)

    def wait_shared(self, within: float = 60.0) -> None:
        """Returns when the alerts' workers have all partitions between them, and none of them twice."""

        def shared() -> bool:
            workers = [one for one in self.services.values() if one.name == "alerts"]
            held = [worker.partitions for worker in workers]
            return all(held) and sum(map(len, held)) == PARTITIONS == len(set().union(*held))

        until(shared, within, self.why)

    # -- commands

    def headworks(self, *arguments: str, code: int = 0, within: float = 60.0) -> subprocess.CompletedProcess[str]:
        """A command from its start to its end, with the services' settings."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            cwd=PROJECT, env={**self.environment, "HEADWORKS_HTTP_PORT": str(free_port())}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=within, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"headworks {' '.join(arguments)}: {done.returncode}\n{done.stderr[-3000:]}"
        return done

    def apply(self, part: Part) -> None:
        """The catalogue of a part of an event, from its beginning on."""
        only = ",".join(part.city().sites)
        self.headworks("apply", part.site_file, "--cluster", "--only", only, "--at", part.begin)

    def journal(self) -> str:
        """What `headworks journal --cluster` prints."""
        return self.headworks("journal", "--cluster").stdout

    # -- the field

    @property
    def expected(self) -> Expected:
        """What the part must come to."""
        assert self.part is not None
        return expected(self.part)

    def play(self, speed: float = 0.0) -> None:
        """Starts the field of the part at `speed` event seconds a second (0: as fast as it is taken)."""
        assert self.part is not None
        command = [
            sys.executable, "-m", "tests.stack.field", self.part.event, "--since", self.part.since,
            "--port", str(self.stack.ports.mqtt), "--run", self.name, "--speed", str(speed),
            "--progress", str(self.folder / "progress"),
        ]  # fmt: skip
        with (self.folder / "field.json").open("wb") as out, (self.folder / "field.log").open("wb") as log:
            self._field = subprocess.Popen(
                command, cwd=PROJECT, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )

    def progress(self) -> float:
        """The share of the part that the field has played, 0 to 1."""
        try:
            now = int((self.folder / "progress").read_text())
        except (FileNotFoundError, ValueError):
            return 0.0
        return (now - self.expected.start) / (self.expected.end - self.expected.start)

    @property
    def field_ended(self) -> bool:
        """Whether it has played all, and the log has it."""
        return self._field is not None and self._field.poll() is not None

    def played(self, within: float) -> dict[str, int]:
        """What the field says that it published, when the log has it all."""
        assert self._field is not None
        try:
            code = self._field.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the field is at {self.progress():.0%} after {within:g} s: {self.why()}") from None
        assert code == 0, (self.folder / "field.log").read_text()[-3000:]
        found: dict[str, int] = json.loads((self.folder / "field.json").read_text())
        return found

    # -- how far everything is

    def behind(self) -> dict[str, int]:
        """Messages that each group has not done with, and the archive; empty when there are none."""
        groups = [GROUPS[service.name] for service in self.services.values() if service.name in GROUPS]
        found = {}
        for group in dict.fromkeys(groups):
            committed = self.kafka.committed(group)
            ends = self.kafka.ends(*READS[group])
            if left := sum(end - committed.get(place, 0) for place, end in ends.items()):
                found[group] = left
        return found

    def settle(self, within: float = 90.0) -> float:
        """Returns the seconds until everything in the log is folded, stored and committed."""
        last: dict[str, int] = {}

        def settled() -> bool:
            nonlocal last
            last = self.behind()
            return not last

        return until(settled, within, lambda: f"{last} behind; {self.why()}", every=0.5)

    def why(self) -> str:
        """What the services say of themselves, for a test that failed."""
        return "\n".join(
            f"{label}: {len(one.lives)} starts, {one.problems()}, last words: {one.tail(600)}"
            for label, one in self.services.items()
        )

    def pulse(self, of: str) -> int:
        """A number that grows while a part of the way is alive: messages of its outputs, or committed by it.

        Of alerts those of the plant in danger: another worker may well go on with the others.
        """
        if of == "bridge":
            return sum(self.kafka.ends("sites", within=5.0).values())
        if of == "alerts":
            ends, plant = self.kafka.ends("derived", "alarms", within=5.0), partition_of("no3", PARTITIONS)
            return sum(end for (_, partition), end in ends.items() if partition == plant)
        if of == "aggregate":
            return sum(self.kafka.ends("aggregates", within=5.0).values())
        if of == "sink":
            return sum(self.kafka.committed("sink", within=5.0).values())
        return sum(1 for _ in self.archive.rglob("records/*.parquet"))

    def starts(self) -> str:
        """The services that were started more than once, and how often."""
        again = {label: len(one.lives) for label, one in self.services.items() if len(one.lives) > 1}
        return ", ".join(f"{label} {number}" for label, number in again.items()) or "one each"
