"""InfluxDB 2: one organisation, two buckets without a retention limit, one operator token."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Literal

from deploy.native.builds import BUILDS
from deploy.native.files import secret
from deploy.native.ports import HOST, listening
from deploy.native.programs import NativeError
from deploy.native.server import Server

ORG = "headworks"
#: The first is where the services write by default; the second takes replays and simulations.
BUCKETS = ("telemetry", "telemetry_replay")

# Loopback needs no proxy, whatever the environment says of one.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Influxdb(Server):
    """Data: `influxd.bolt` (users, tokens, buckets), `influxd.sqlite`, `engine` (the readings)."""

    name = "influxdb"
    stop_within = 30.0

    @property
    def version(self) -> str:
        """InfluxDB's."""
        return BUILDS["influxdb"].version

    @property
    def listens(self) -> tuple[int, ...]:
        """Its HTTP port."""
        return (self.ports.influxdb,)

    @property
    def token_file(self) -> Path:
        """Mode 600: the operator token, which may do everything."""
        return self.stack / "secrets" / "influx-token"

    @property
    def url(self) -> str:
        """Of its API."""
        return f"http://{HOST}:{self.ports.influxdb}"

    def prepare(self) -> None:
        """The token is written before InfluxDB learns it, so that a crash between the two locks nobody out."""
        BUILDS["influxdb"].ensure(self.say)
        for name in ("influx-token", "influx-password"):
            secret(self.stack / "secrets" / name, secrets.token_urlsafe(48))

    def command(self) -> list[str]:
        """influxd without its pages and without reports to its makers."""
        return [
            str(BUILDS["influxdb"].place / "bin" / "influxd"), "run", "--reporting-disabled", "--ui-disabled",
            "--log-level", "warn", "--http-bind-address", f"{HOST}:{self.ports.influxdb}",
            "--bolt-path", str(self.data / "influxd.bolt"), "--sqlite-path", str(self.data / "influxd.sqlite"),
            "--engine-path", str(self.data / "engine"),
        ]  # fmt: skip

    def answers(self) -> bool:
        """Whether /health says pass."""
        try:
            return listening(self.ports.influxdb) and self._ask("GET", "/health").get("status") == "pass"
        except (OSError, NativeError):
            return False

    def healthy(self) -> bool:
        """Whether it is up, and the token opens the buckets."""
        try:
            return self.answers() and set(BUCKETS) <= self._buckets().keys()
        except (OSError, NativeError):
            return False

    def settle(self) -> None:
        """The first time: organisation, user, token. Every time: buckets that are missing."""
        if self._ask("GET", "/api/v2/setup")["allowed"]:
            password = (self.stack / "secrets" / "influx-password").read_text()
            self._ask("POST", "/api/v2/setup", {
                "username": "headworks", "password": password, "org": ORG, "bucket": BUCKETS[0],
                "token": self.token_file.read_text(), "retentionPeriodSeconds": 0,
            })  # fmt: skip
        there = self._buckets()
        for missing in set(BUCKETS) - there.keys():
            owner = self._ask("GET", f"/api/v2/orgs?org={ORG}")["orgs"][0]["id"]
            self._ask("POST", "/api/v2/buckets", {"orgID": owner, "name": missing, "retentionRules": []})

    def _buckets(self) -> dict[str, str]:
        found = self._ask("GET", f"/api/v2/buckets?limit=100&org={urllib.parse.quote(ORG)}")["buckets"]
        return {bucket["name"]: bucket["id"] for bucket in found}

    def _ask(self, method: Literal["GET", "POST"], path: str, body: dict[str, object] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if path.startswith("/api/v2/") and not path.endswith("/setup"):
            headers["Authorization"] = f"Token {self.token_file.read_text()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with _OPENER.open(request, timeout=5.0) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            words = error.read(500).decode("utf-8", "replace").strip()
            raise NativeError(f"InfluxDB refused {method} {path}: {error.code} {words}") from error


def environment(server: Influxdb) -> dict[str, str]:
    """What the services read to find it."""
    return {
        "HEADWORKS_INFLUX_URL": server.url,
        "HEADWORKS_INFLUX_ORG": ORG,
        "HEADWORKS_INFLUX_BUCKET": BUCKETS[0],
        "HEADWORKS_INFLUX_TOKEN_FILE": str(server.token_file),
    }
