"""Mosquitto: a plain listener for the loopback, and one with TLS, passwords and the rules of who may say what."""

from __future__ import annotations

import os
import re
import secrets
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from deploy.native.certificates import make_certificates
from deploy.native.files import private, secret
from deploy.native.passwords import password_file
from deploy.native.ports import HOST, Ports
from deploy.native.programs import NativeError, need, run
from deploy.native.server import Server

SETTINGS = Path(__file__).resolve().parents[1] / "mosquitto"

#: The users that are no gateways.
ROLES = ("bridge", "player")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")  # as an edge node may be called


def accepts(link: socket.socket, user: str = "", password: str = "") -> bool:
    """Whether the broker at the other end takes an MQTT 3.1.1 client of that name; OSError when it does not answer."""

    def text(said: str) -> bytes:
        return len(said.encode()).to_bytes(2, "big") + said.encode()

    flags = b"\xc2" if user else b"\x02"  # a clean session, with or without name and password
    body = text("MQTT") + b"\x04" + flags + b"\x00\x3c" + text("") + (text(user) + text(password) if user else b"")
    assert len(body) < 128  # what one byte of length can say
    link.sendall(bytes([0x10, len(body)]) + body)
    answer = b""
    while len(answer) < 4 and (more := link.recv(4 - len(answer))):
        answer += more
    if answer != b"\x20\x02\x00\x00":
        return False
    link.sendall(b"\xe0\x00")  # goodbye
    return True


class Mosquitto(Server):
    """Data: `mosquitto.db`, saved every few seconds and at its end.

    plain: whether there is the listener without passwords.  gateways: the edge nodes that get a user of their own
    name; passwords are in `secrets/mqtt-<user>`.
    """

    name = "mosquitto"
    start_within = 30.0

    def __init__(
        self, folder: Path, ports: Ports, gateways: Sequence[str] = (), say: Callable[[str], None] = lambda _: None
    ) -> None:
        if wrong := [name for name in gateways if name in ROLES or not _NAME.fullmatch(name)]:
            raise NativeError(f"{wrong[0]!r} cannot be a gateway's user name")
        super().__init__(folder, ports, say)
        self.users = (*ROLES, *gateways)
        self.plain = True

    @cached_property
    def version(self) -> str:
        """As the installed program says; the system's packages pin it."""
        said = run(["/bin/sh", "-c", f"'{self._program}' -h || true"], what="asking Mosquitto for its version")
        found = re.search(r"version (\d+(?:\.\d+)+)", said)
        return found[1] if found else "unknown"

    @property
    def listens(self) -> tuple[int, ...]:
        """The plain port first, where there is one."""
        return (self.ports.mqtt, self.ports.mqtts) if self.plain else (self.ports.mqtts,)

    @property
    def ca_file(self) -> Path:
        """What clients of the TLS listener check it with."""
        return self.folder / "tls" / "ca.crt"

    def password_file(self, user: str) -> Path:
        """Mode 600: the user's password in clear, for a service that reads secrets from files."""
        return self.stack / "secrets" / f"mqtt-{user}"

    def settings(self) -> str:
        """mosquitto.conf: the shared settings, then this machine's listeners and folders."""
        tls = self.folder / "tls"
        lines = [
            # Started by root it would change its user, and could not read its own keys.
            *(["user root"] if os.geteuid() == 0 else []),
            f"persistence_location {self.data}/",
            "log_dest stderr",
            f"listener {self.ports.mqtts} {HOST}",
            "allow_anonymous false",
            f"password_file {self.folder / 'passwords'}",
            f"acl_file {self.folder / 'users.acl'}",
            f"cafile {tls / 'ca.crt'}", f"certfile {tls / 'server.crt'}", f"keyfile {tls / 'server.key'}",
        ]  # fmt: skip
        if self.plain:
            lines += [
                f"listener {self.ports.mqtt} {HOST}",
                "allow_anonymous true",
                f"password_file {self.folder / 'passwords'}",
                f"acl_file {self.folder / 'loopback.acl'}",
            ]
        shared = (SETTINGS / "conf.d" / "10-broker.conf").read_text()
        return shared + "\n" + "\n".join(lines) + "\n"

    def prepare(self) -> None:
        """Certificates, passwords and rules."""
        need(["mosquitto"], "running the MQTT broker")
        make_certificates(self.folder / "tls")
        self._hash_passwords()
        users = (SETTINGS / "users.acl").read_text()
        private(self.folder / "users.acl", users)
        private(self.folder / "loopback.acl", (SETTINGS / "loopback.acl").read_text() + users)
        (self.folder / "mosquitto.conf").write_text(self.settings())

    def command(self) -> list[str]:
        """The system's program with our configuration."""
        return [self._program, "-c", str(self.folder / "mosquitto.conf")]

    def healthy(self) -> bool:
        """Whether it accepts a client: on the TLS listener the bridge, and anyone on the plain one."""
        try:
            trusted = ssl.create_default_context(cafile=str(self.ca_file))
            with (
                socket.create_connection((HOST, self.ports.mqtts), timeout=2.0) as link,
                trusted.wrap_socket(link, server_hostname=HOST) as sealed,
            ):
                well = accepts(sealed, "bridge", self.password_file("bridge").read_text())
            if self.plain:
                with socket.create_connection((HOST, self.ports.mqtt), timeout=2.0) as link:
                    well = accepts(link) and well
            return well
        except OSError:  # among them a certificate that is not there yet, and one that is not ours
            return False

    @property
    def _program(self) -> str:
        return need(["mosquitto"], "running the MQTT broker")["mosquitto"]

    def _hash_passwords(self) -> None:
        clear = {user: secret(self.password_file(user), secrets.token_urlsafe(24)) for user in self.users}
        private(self.folder / "passwords", password_file(clear))
