"""The storm with paging, while the paging service is killed ten times: nobody is paged twice, nobody is forgotten.

A webhook takes the pages; whoever is paged acknowledges over the HTTP API what stands at that moment. The night is
played at 300 times its speed, so the service's look five times a second is one every minute of the night.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from services.access.accounts import Accounts
from services.access.roles import Role
from services.job.places import PROJECT
from services.store.database import Database
from tests.local.command import environment
from tests.local.storm import headworks

RULES = {
    "time_zone": "Asia/Shanghai",
    "people": [{"id": "engineer", "name": "Engineer", "reach": [{"channel": "voice", "urgency": "wake"}]}],
    "policies": [
        {"id": "critical", "match": {"priorities": ["critical"]}, "because": "supply is at stake",
         "steps": [{"to": ["engineer"], "repeat": "4h", "times": 2}]},
        {"id": "rest", "because": "the dispatcher sees it"},
    ],
}  # fmt: skip

KILLS = 10


class Phone:
    """Takes pages over HTTP, and acknowledges what stands, as the one who was paged."""

    def __init__(self, api: str) -> None:
        self.pages: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self.token = ""
        self._api = api
        phone = self

        class Handler(BaseHTTPRequestHandler):
            """One page."""

            def do_POST(self) -> None:
                phone.pages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()
                threading.Thread(target=phone.answer, daemon=True).start()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/voice"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self) -> None:
        """Acknowledges; what goes wrong fails the test."""
        try:
            self.acknowledge()
        except httpx.HTTPError as error:
            self.failures.append(repr(error))

    def acknowledge(self) -> None:
        """Everything that waits for it; of what is acknowledged meanwhile the journal says so."""
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self._api, headers=headers, timeout=30) as client:
            waiting = [alarm["occurrence"] for alarm in client.get("/alarms?state=BDE").json()]
            if waiting:
                body = {"action": "acknowledge", "occurrences": waiting, "why": "on my way"}
                client.post("/commands", json=body).raise_for_status()


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """A command, left to itself."""
    return subprocess.Popen(
        headworks(*map(str, arguments)), cwd=PROJECT, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def wait_for(what: str, condition: Any, within: float = 60.0) -> None:
    """Until it is so."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {within:g} s"
        time.sleep(0.1)


@pytest.fixture
def night(tmp_path: Path) -> Any:
    """The storm with its console, under way; ended afterwards."""
    port = free_port()
    running = start("run", "--data", tmp_path / "data", "--speed", "300", "--console-port", str(port))
    try:
        yield running, tmp_path / "data", f"http://127.0.0.1:{port}/api/v1"
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def test_ten_kills_page_nobody_twice_and_forget_nobody(night: Any, tmp_path: Path) -> None:
    running, data, api = night
    phone = Phone(api)
    rules = tmp_path / "oncall.yaml"
    channels = {"voice": {"kind": "webhook", "url": phone.url}}
    rules.write_text(yaml.safe_dump(RULES | {"channels": channels}), encoding="utf-8")
    wait_for("the site log", (data / "site-log.sqlite").exists)
    database = Database.in_folder(data)
    accounts = Accounts(database, time.time_ns, time.monotonic)
    accounts.add("engineer", Role.OPERATOR)
    phone.token = accounts.new_token("engineer", "phone", 1)
    headers = {"Authorization": f"Bearer {phone.token}"}

    def told() -> dict[str, Any]:
        try:
            return dict(httpx.get(f"{api}/status", headers=headers, timeout=5).json())
        except httpx.HTTPError:
            return {}

    def ended() -> bool:
        return str(told().get("now") or "") >= "2023-04-19T02:25"

    service = start("notify", rules, "--data", data, "--player", "--whole")
    killed = 0
    try:
        wait_for("the first page", lambda: phone.pages, within=120)
        while not ended():
            assert running.poll() is None
            if killed < KILLS:
                service.kill()
                service.wait(10)
                killed += 1
                service = start("notify", rules, "--data", data, "--player", "--whole")
            time.sleep(3.0)
        time.sleep(3.0)
    finally:
        service.kill()
        service.wait(10)
        phone.server.shutdown()
        database.close()
    assert phone.failures == []
    assert killed == KILLS
    names = [page["page"] for page in phone.pages]
    rounds = sorted({name.rpartition("#")[2].split(".")[0] for name in names})
    # One problem: the first critical alarm pages, and each worsening after it was acknowledged pages once more.
    assert len({name.rpartition("#")[0] for name in names}) == 1, names
    assert rounds == [str(n) for n in range(1, len(rounds) + 1)], names
    assert 3 <= len(rounds) <= 5, names
    # A page whose end was not known when the service was killed may come again, under its own name.
    assert len(names) - len(set(names)) <= 2, names
    assert {page["title"].partition(" ")[0] for page in phone.pages} == {"CRITICAL"}
