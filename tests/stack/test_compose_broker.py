"""The broker of deploy/compose, run by the Mosquitto of this machine: its one listener, its passwords, its rules."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
from pathlib import Path

import pytest

from deploy.compose.__main__ import prepare
from deploy.native import Ports, Server
from deploy.native.mosquitto import accepts
from deploy.native.programs import find

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

pytestmark = pytest.mark.skipif(
    find("mosquitto") is None or shutil.which("openssl") is None, reason="mosquitto or openssl is not installed"
)


class ComposeBroker(Server):
    """compose's mosquitto.conf with the container's paths and address put where they are here."""

    name = "mosquitto"
    version = "as installed"

    @property
    def listens(self):
        return (self.ports.mqtts,)

    def prepare(self):
        secrets = self.stack / "secrets"
        prepare(secrets, ("bridge", "liuyang"), ("mosquitto",))
        here = {
            "/run/secrets/mqtt-passwords": f"{secrets}/mqtt-passwords",
            "/run/secrets/mqtt-ca": f"{secrets}/tls/ca.crt",
            "/run/secrets/mqtt-certificate": f"{secrets}/tls/server.crt",
            "/run/secrets/mqtt-key": f"{secrets}/tls/server.key",
            "/etc/headworks/conf.d": f"{DEPLOY}/mosquitto/conf.d",
            "/etc/headworks/users.acl": f"{DEPLOY}/mosquitto/users.acl",
            "/mosquitto/data": str(self.data),
            "listener 8883": f"listener {self.ports.mqtts} 127.0.0.1",
        }
        text = (DEPLOY / "compose" / "mosquitto.conf").read_text()
        for there, path in here.items():
            assert there in text
            text = text.replace(there, path)
        user = "user root\n" if os.geteuid() == 0 else ""
        (self.folder / "mosquitto.conf").write_text(text + user)

    def command(self):
        return [str(find("mosquitto")), "-c", str(self.folder / "mosquitto.conf")]

    def healthy(self):
        return self.takes("bridge", (self.stack / "secrets" / "mqtt-bridge").read_text())

    def takes(self, user: str, password: str, name: str = "mosquitto") -> bool:
        """Whether it lets a client in that reaches it by `name`, as the services in containers do."""
        trusted = ssl.create_default_context(cafile=str(self.stack / "secrets" / "tls" / "ca.crt"))
        try:
            with (
                socket.create_connection(("127.0.0.1", self.ports.mqtts), timeout=5) as link,
                trusted.wrap_socket(link, server_hostname=name) as sealed,
            ):
                return accepts(sealed, user, password)
        except ConnectionError:
            return False


def test_only_who_has_a_password_comes_in_and_only_by_tls(tmp_path):
    broker = ComposeBroker(tmp_path, Ports.free())
    try:
        broker.start()
        gateway = (tmp_path / "secrets" / "mqtt-liuyang").read_text()
        assert broker.takes("liuyang", gateway)
        assert not broker.takes("bridge", gateway)
        assert not broker.takes("", "")
        with pytest.raises(ssl.SSLCertVerificationError):
            broker.takes("liuyang", gateway, name="elsewhere")
        with socket.create_connection(("127.0.0.1", broker.ports.mqtts), timeout=5) as plain:
            try:
                let_in = accepts(plain, "liuyang", gateway)
            except ConnectionError:
                let_in = False
        assert not let_in
    finally:
        broker.stop()
