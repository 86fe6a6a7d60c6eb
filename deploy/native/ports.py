"""The ports of one stack, all on the loopback."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from deploy.native.programs import NativeError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each server listens; the defaults are the ones that everybody expects.

    kafka_controller: Kafka's own, no client needs it.  mqtt: plain.  mqtts: TLS with passwords.
    """

    kafka: int = 9092
    kafka_controller: int = 9093
    influxdb: int = 8086
    mqtt: int = 1883
    mqtts: int = 8883

    @classmethod
    def free(cls) -> Self:
        """Ports that nothing listens on now."""
        with ExitStack() as held:
            probes = [held.enter_context(closing(socket.socket())) for _ in fields(cls)]
            for probe in probes:  # all are held until the last is known, so that none comes twice
                probe.bind((HOST, 0))
            return cls(*(int(probe.getsockname()[1]) for probe in probes))

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """What `save` wrote, None when it wrote nothing. NativeError when the file is not ours."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise NativeError(f"{path} does not say which ports a stack has: {error}") from error

    def save(self, path: Path) -> None:
        """For the next start: the same servers on the same ports."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
