"""The stack: the three servers in one folder, brought up and down together or one by one."""

from __future__ import annotations

import fcntl
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.native import influxdb
from deploy.native.builds import BUILDS
from deploy.native.files import private
from deploy.native.influxdb import Influxdb
from deploy.native.kafka import Kafka
from deploy.native.mosquitto import Mosquitto
from deploy.native.ports import HOST, Ports
from deploy.native.programs import NativeError, need
from deploy.native.server import Server
from services.core.catalogue import load_catalogue

ROOT = Path(__file__).resolve().parents[2]


def sites() -> tuple[str, ...]:
    """The sites of the repository's catalogues: each one's gateway gets an MQTT user of its name."""
    files = sorted((ROOT / "sites").glob("*.yaml"))
    return tuple(sorted({site.id for file in files for site in load_catalogue(file).sites}))


class Stack:
    """Kafka, InfluxDB and Mosquitto on the loopback, with everything that they keep in `folder`.

    ports: None takes those of the folder's last start, else the usual ones.  gateways: MQTT users besides `bridge`
    and `player`.  say: told, in a sentence, what takes long.  plain: whether MQTT may also be spoken without TLS and
    passwords.  kafka_heap: the most that it takes, in Java's notation.  As a context manager it is up inside and
    down after, and goes down even when this process is killed.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports | None = None,
        gateways: Sequence[str] | None = None,
        say: Callable[[str], None] = lambda _: None,
        *,
        plain: bool = True,
        kafka_heap: str = "768m",
    ) -> None:
        self.folder = folder.resolve()
        self.ports = ports or Ports.load(self.folder / "ports.json") or Ports()
        self.influxdb = Influxdb(self.folder, self.ports, say)
        self.kafka = Kafka(self.folder, self.ports, say)
        self.mosquitto = Mosquitto(self.folder, self.ports, sites() if gateways is None else gateways, say=say)
        self.mosquitto.plain = plain
        self.kafka.heap = kafka_heap
        self.servers: Mapping[str, Server] = {s.name: s for s in (self.mosquitto, self.kafka, self.influxdb)}
        self._keeper: subprocess.Popen[bytes] | None = None

    def server(self, name: str) -> Server:
        """kafka, influxdb or mosquitto; KeyError for another."""
        return self.servers[name]

    @staticmethod
    def lacks() -> str:
        """What this machine must have installed before a stack can be up, in a sentence; empty when nothing."""
        try:
            for name in ("kafka", "influxdb"):
                if not BUILDS[name].built:
                    BUILDS[name].check()
            need(["java", "mosquitto", "openssl"], "running the stack")
        except NativeError as error:
            return str(error)
        return ""

    def up(self) -> None:
        """Starts what does not run and returns when all are healthy; NativeError when one cannot."""
        with self._alone():
            self.ports.save(self.folder / "ports.json")
            for server in self.servers.values():
                server.start()
            lines = [f"{name}={shlex.quote(value)}\n" for name, value in self.environment().items()]
            private(self.folder / "env", "".join(lines))

    def down(self) -> None:
        """Stops what runs, the log last; data stays."""
        if not self.folder.exists():
            return
        with self._alone():
            for name in ("mosquitto", "influxdb", "kafka"):
                self.servers[name].stop()
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.communicate()  # its input ends, it finds nothing left to stop, and goes

    def healthy(self) -> bool:
        """Whether every server answers."""
        return all(server.pid and server.healthy() for server in self.servers.values())

    def environment(self) -> dict[str, str]:
        """What the services read to find these servers.

        Without the plain MQTT listener each service adds its own name and secret: HEADWORKS_MQTT_USERNAME, and
        HEADWORKS_MQTT_PASSWORD_FILE from `secrets`.
        """
        certificate = {} if self.mosquitto.plain else {"HEADWORKS_MQTT_CA": str(self.mosquitto.ca_file)}
        return {
            "HEADWORKS_KAFKA": f"{HOST}:{self.ports.kafka}",
            "HEADWORKS_MQTT_HOST": HOST,
            "HEADWORKS_MQTT_PORT": str(self.mosquitto.listens[0]),
            **certificate,
            **influxdb.environment(self.influxdb),
        }

    def keep(self) -> None:
        """From here on the stack goes down when this process ends, however it ends."""
        if self._keeper is None:
            command = [sys.executable, "-m", "deploy.native.keeper", str(self.folder)]
            self._keeper = subprocess.Popen(
                command, stdin=subprocess.PIPE, cwd=ROOT, start_new_session=True
            )  # fmt: skip

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keep()
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.down()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two that bring up or down the same folder wait for one another."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
