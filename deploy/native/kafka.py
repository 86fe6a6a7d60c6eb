"""Kafka as one node, broker and controller in one process (KRaft)."""

from __future__ import annotations

import asyncio
import base64
import threading
import uuid
from pathlib import Path

from deploy.native.builds import BUILDS
from deploy.native.ports import HOST, listening
from deploy.native.programs import need, run
from deploy.native.server import Server

SETTINGS = Path(__file__).resolve().parents[1] / "kafka"

_PROBE = 3.0  # seconds for one question


async def brokers(port: int) -> int:
    """How many brokers Kafka says that it has; 0 when it does not say in time."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    client = AIOKafkaClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=int(_PROBE * 1000))
    try:
        await asyncio.wait_for(client.bootstrap(), _PROBE)
        return len(client.cluster.brokers())
    except (KafkaError, OSError, TimeoutError):
        return 0
    finally:
        await client.close()


class Kafka(Server):
    """Data: the log of every topic. A write is on disk when the system flushes it: a killed process loses nothing."""

    name = "kafka"
    start_within = 90.0  # after a SIGKILL it reads its segments again
    stop_within = 30.0
    #: The most that the JVM's heap takes, in Java's notation.
    heap = "768m"

    @property
    def version(self) -> str:
        """Kafka's."""
        return BUILDS["kafka"].version

    @property
    def listens(self) -> tuple[int, ...]:
        """Clients' port and the controller's."""
        return self.ports.kafka, self.ports.kafka_controller

    def settings(self) -> str:
        """server.properties: the shared settings, then what belongs to this node."""
        clients, controller = f"{HOST}:{self.ports.kafka}", f"{HOST}:{self.ports.kafka_controller}"
        own = [
            f"listeners=PLAINTEXT://{clients},CONTROLLER://{controller}",
            f"advertised.listeners=PLAINTEXT://{clients}",
            f"controller.quorum.voters=1@{controller}",
            f"log.dirs={self.data}",
        ]
        return (SETTINGS / "broker.properties").read_text() + "\n" + "\n".join(own) + "\n"

    def prepare(self) -> None:
        """Formats the data folder at the first start: gives the cluster its identity."""
        BUILDS["kafka"].ensure(self.say)
        self._properties.write_text(self.settings())
        if not (self.data / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            tool = self._java("256m", "kafka.tools.StorageTool")
            run(
                [*tool, "format", "--cluster-id", f"c{cluster[1:]}", "--config", str(self._properties)],
                what="formatting Kafka's data folder",
            )

    def command(self) -> list[str]:
        """The JVM; it ends rather than going on without memory."""
        return [*self._java(self.heap, "kafka.Kafka"), str(self._properties)]

    def healthy(self) -> bool:
        """Whether it answers a metadata request with a broker that may be used."""
        if not listening(self.ports.kafka):
            return False
        # In a thread of its own, because the caller may be inside an event loop.
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.append(asyncio.run(brokers(self.ports.kafka))), daemon=True)
        asking.start()
        asking.join(_PROBE + 2.0)
        return bool(found and found[0])

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _java(self, memory: str, main: str) -> list[str]:
        java = need(["java"], "running Kafka")["java"]
        return [
            java, f"-Xmx{memory}", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={SETTINGS / 'log4j2.xml'}",
            "-cp", str(BUILDS["kafka"].place / "libs" / "*"), main,
        ]  # fmt: skip
