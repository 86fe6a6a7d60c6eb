"""Our push against a real Alertmanager: it takes problems, groups them by plant, silences them, and sees them end."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from deploy.native import Ports, Server
from deploy.native.builds import BUILDS
from deploy.native.programs import find
from services.alerts.oncall.problems import Member, Problem, Status
from services.core.clock import iso
from services.notify.alertmanager import Alertmanager
from services.notify.channels import ChannelError

pytestmark = pytest.mark.skipif(find("go") is None, reason="go is not installed")

#: Groups go out at once, and what changes in them a second later; nothing is repeated within a test.
CONFIGURATION = """
route: {{receiver: phone, group_by: [site], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: phone, webhook_configs: [{{url: "{phone}", send_resolved: true}}]}}]
"""


class Phone:
    """Takes what Alertmanager sends."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        phone = self

        class Handler(BaseHTTPRequestHandler):
            """One notification."""

            def do_POST(self) -> None:
                phone.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, site: str, status: str) -> list[set[str]]:
        """Of each notification of a site with that status: the problems in it."""
        return [
            {alert["labels"]["problem"] for alert in one["alerts"]}
            for one in self.heard
            if one["groupLabels"] == {"site": site} and one["status"] == status
        ]


class RealAlertmanager(Server):
    """Alone, without its cluster."""

    name = "alertmanager"
    phone = ""
    port = 0

    @property
    def version(self):
        return BUILDS["alertmanager"].version

    @property
    def listens(self):
        return (self.port,)

    def prepare(self):
        BUILDS["alertmanager"].ensure()
        (self.folder / "alertmanager.yml").write_text(CONFIGURATION.format(phone=self.phone))

    def command(self):
        return [
            str(BUILDS["alertmanager"].place / "bin" / "alertmanager"),
            f"--config.file={self.folder / 'alertmanager.yml'}", f"--storage.path={self.data}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
        ]  # fmt: skip

    @property
    def url(self) -> str:
        """Of its pages and its API."""
        return f"http://127.0.0.1:{self.port}"

    def healthy(self):
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def ask(self, path: str) -> Any:
        """GET from its API."""
        return httpx.get(f"{self.url}/api/v2{path}", timeout=5).raise_for_status().json()


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    found = Phone()
    yield found
    found.server.shutdown()


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory, phone: Phone) -> Iterator[RealAlertmanager]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        RealAlertmanager.port = probe.getsockname()[1]
    RealAlertmanager.phone = phone.url
    server = RealAlertmanager(tmp_path_factory.mktemp("alertmanager"), Ports.free())
    server.start()
    yield server
    server.stop()


def problem(site: str, number: int, priority: str = "critical", status: str = Status.PAGING) -> Problem:
    """One that stands at `site`."""
    name = f"{site}/st/level{number}/high@{number}"
    member = Member(f"st/level{number}/high", priority, "B", f"st/level{number} high 9 m (limit 3)")
    return Problem(
        name, site, "st", time.time_ns(), {name: member}, next_step="Close the inlet", worst=priority, status=status
    )


def until(true: Callable[[], object], within: float = 20.0) -> None:
    """Waits for it; fails when it does not come."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"not within {within} s"
        time.sleep(0.05)


class Teller:
    """Our push, in a loop of its own."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(timeout=5)
        self._told = Alertmanager(url, self._client)

    def tell(self, *problems: Problem) -> None:
        """The present problems."""
        self._runner.run(self._told.tell(list(problems), time.time_ns()))

    def close(self) -> None:
        """Nothing more is told."""
        self._runner.run(self._client.aclose())
        self._runner.close()


@pytest.fixture
def ours(manager: RealAlertmanager) -> Iterator[Teller]:
    teller = Teller(manager.url)
    yield teller
    teller.close()


def test_problems_are_taken_grouped_by_plant_and_end_when_they_are_over(
    ours: Teller, manager: RealAlertmanager, phone: Phone
):
    ours.tell(problem("no1", 1), problem("no1", 2), problem("no2", 3), problem("no1", 4, status=Status.QUIET))
    alerts = {one["labels"]["problem"]: one for one in manager.ask("/alerts")}
    assert len(alerts) == 3, "one that pages nobody is not told"
    assert alerts["no1/st/level1/high@1"]["annotations"]["response"] == "Close the inlet"
    assert alerts["no1/st/level1/high@1"]["labels"]["priority"] == "critical"
    groups = {one["labels"]["site"]: len(one["alerts"]) for one in manager.ask("/alerts/groups")}
    assert groups == {"no1": 2, "no2": 1}
    until(lambda: {"no1/st/level1/high@1", "no1/st/level2/high@2"} in phone.told("no1", "firing"))
    ours.tell(problem("no2", 3))
    until(lambda: phone.told("no1", "resolved"))
    assert [one["labels"]["site"] for one in manager.ask("/alerts")] == ["no2"]
    assert not phone.told("no2", "resolved")


def test_told_again_and_again_it_is_one_alert_and_one_notification(
    ours: Teller, manager: RealAlertmanager, phone: Phone
):
    for _ in range(3):
        ours.tell(problem("no5", 1))
    until(lambda: phone.told("no5", "firing"))
    time.sleep(2.5)  # two group intervals: room for what must not come
    assert len(phone.told("no5", "firing")) == 1


def test_a_silence_of_alertmanager_holds_for_what_we_push(ours, manager, phone):
    now = time.time_ns()
    silence = {
        "matchers": [{"name": "site", "value": "no3", "isRegex": False}], "startsAt": iso(now),
        "endsAt": iso(now + 600 * 10**9), "createdBy": "liu", "comment": "pipe works",
    }  # fmt: skip
    httpx.post(f"{manager.url}/api/v2/silences", json=silence, timeout=5).raise_for_status()
    ours.tell(problem("no3", 1), problem("no4", 1))
    until(lambda: phone.told("no4", "firing"))
    states = {one["labels"]["site"]: one["status"]["state"] for one in manager.ask("/alerts")}
    assert (states["no3"], states["no4"]) == ("suppressed", "active")
    assert not phone.told("no3", "firing")


def test_what_it_did_not_hear_while_it_was_away_it_is_told_when_it_is_back(
    ours: Teller, manager: RealAlertmanager, phone: Phone
):
    manager.stop()
    with pytest.raises(ChannelError, match="Alertmanager"):
        ours.tell(problem("no6", 1))
    manager.start()
    ours.tell(problem("no6", 1))
    until(lambda: phone.told("no6", "firing"))
