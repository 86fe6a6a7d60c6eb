"""Paging over Kafka: each problem once across SIGKILL, history pages nobody, and what retention took is said."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.native import Stack
from services.alerts.oncall.decisions import Kind
from services.core.codec import ALARM, encode_output, encode_record
from services.core.records import AlarmEvent
from services.duty.log import Store
from services.runtime.cluster.partitioning import partition_of
from services.store.database import Database
from tests.stack.cluster import PARTITIONS, Cluster, until
from tests.stack.test_sink import publish
from tests.unit.aggregator.influx import config

RULES = {
    "time_zone": "Asia/Shanghai",
    "people": [{"id": "engineer", "name": "Engineer", "reach": [{"channel": "voice", "urgency": "wake"}]}],
    "policies": [
        {"id": "critical", "match": {"priorities": ["critical"]}, "because": "supply is at stake",
         "steps": [{"to": ["engineer"], "repeat": "4h", "times": 2}]},
        {"id": "rest", "because": "the dispatcher sees it"},
    ],
}  # fmt: skip


class Phone:
    """Takes pages over HTTP."""

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []
        phone = self

        class Handler(BaseHTTPRequestHandler):
            """One page."""

            def do_POST(self) -> None:
                phone.pages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/voice"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def sites(self) -> list[str]:
        """Of each page the site that its problem is of."""
        return [page["page"].split("/")[0] for page in self.pages]


@pytest.fixture
def phone() -> Iterator[Phone]:
    made = Phone()
    yield made
    made.server.shutdown()


def raised(site: str) -> tuple[str, str, bytes]:
    """A critical alarm of `site`, now."""
    now = time.time_ns()
    event = AlarmEvent(
        now, site, "intake", "turbidity", "high-high", f"{site}/intake/turbidity/high-high@{now}", 1, "raised",
        "critical", value=900.0, limit=800.0, unit="NTU", state="B",
    )  # fmt: skip
    return ALARM, site, encode_output(event)[1]


def test_each_problem_is_paged_once_over_kills_and_what_was_lost_is_said(
    stack: Stack, tmp_path: Path, phone: Phone
) -> None:
    rules = tmp_path / "oncall.yaml"
    rules.write_text(
        yaml.safe_dump(RULES | {"channels": {"voice": {"kind": "webhook", "url": phone.url}}}), encoding="utf-8"
    )
    people = f"sqlite:///{tmp_path / 'people.sqlite'}"
    with Cluster(stack, tmp_path, services=(), player="false", people=people) as cluster:
        publish(cluster, [("catalogues", site, encode_record(config(name=site))) for site in ("a1", "no1", "no3")])

        def say(site: str) -> None:
            publish(cluster, [raised(site)])

        say("a1")  # before paging began: history
        notify = cluster.add("notify", arguments=(str(rules), "--cluster"))
        cluster.wait_ready()
        say("no1")
        until(lambda: phone.sites == ["no1"], 15, cluster.why)
        until(lambda: sent(people, phone.pages[0]["page"].partition("#")[0]), 10, cluster.why)
        notify.hold()
        notify.kill()
        say("no3")  # while it is dead
        notify.free()
        until(lambda: phone.sites == ["no1", "no3"], 30, cluster.why)
        notify.hold()
        notify.kill()
        say("no1")
        say("no2")
        trimmed = cut(cluster, "no2")
        assert trimmed > 0
        say("no2")
        notify.free()
        until(lambda: "no2" in phone.sites, 30, cluster.why)
        until(lambda: notify.total("headworks_paging_lost_total") == 1, 10, cluster.why)
        assert "gone before paging could read them" in notify.tail(6000)
        names = [page["page"] for page in phone.pages]
        assert len(names) == len(set(names)), names
        assert sorted(phone.sites) in (["no1", "no2", "no3"], ["no1", "no1", "no2", "no3"]), names


def sent(people: str, problem: str) -> bool:
    """Whether the notification log says that a page of the problem was taken."""
    database = Database.open(people)
    try:
        return any(one.kind is Kind.SENT for one in Store(database).decisions(problem))
    finally:
        database.close()


def cut(cluster: Cluster, site: str) -> int:
    """Takes away all that the partition of a site's alarms has, as retention would; how many messages it had."""
    partition = partition_of(site, PARTITIONS)
    end = cluster.kafka.ends(ALARM)[(ALARM, partition)]

    cluster.kafka.trim(ALARM, partition, end)
    return end
