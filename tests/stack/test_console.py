"""The console over Kafka: an alarm from the field is on it, an acknowledgement goes back; Kafka and console may die."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.native import Stack
from services.access.accounts import Accounts
from services.access.roles import Role
from services.store.database import Database
from tests.local.storm import first_hours
from tests.stack.cluster import Cluster, free_port, until
from tests.stack.part import Part
from tests.stack.processes import Service

SINCE, END = "2023-04-18T20:45:00+08:00", "2023-04-18T20:55:00+08:00"


class Operator:
    """Somebody with a token at a console's API."""

    def __init__(self, port: int, token: str) -> None:
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=20
        )

    def get(self, path: str) -> Any:
        """What it answers; None while it does not."""
        try:
            answer = self._client.get(path)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def act(self, action: str, occurrence: str) -> httpx.Response:
        """A command on one alarm."""
        body = {"action": action, "occurrences": [occurrence], "why": "on my way"}
        return self._client.post("/commands", json=body)

    def raised(self) -> dict[str, str]:
        """By occurrence when it was raised, of all alarms that stand."""
        return {one["occurrence"]: one["raised"] for one in self.get("/alarms?state=BCDEFGHI") or []}


Night = tuple[Cluster, Operator]


@pytest.fixture(scope="module")
def night(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Ten minutes of the storm, played; a console beside it, and an operator with a token."""
    folder, port = tmp_path_factory.mktemp("console"), free_port()
    people = f"sqlite:///{folder / 'people.sqlite'}"
    token = operators_token(people)
    part = Part(first_hours(folder, END), SINCE)
    with Cluster(stack, folder, part, ("bridge", "alerts"), people=people, console_port=str(port)) as cluster:
        cluster.add("console")
        cluster.wait_ready()
        cluster.play(speed=0)
        cluster.played(within=60)
        cluster.settle()
        yield cluster, Operator(port, token)


def operators_token(people: str) -> str:
    """Of a user who may acknowledge."""
    database = Database.open(people)
    try:
        accounts = Accounts(database, time.time_ns, time.monotonic)
        accounts.add("operator", Role.OPERATOR)
        return accounts.new_token("operator", "test", 1)
    finally:
        database.close()


def another(night: Night, label: str, **settings: str) -> tuple[Service, Operator]:
    """A second console of the same cluster."""
    cluster, operator = night
    port = free_port()
    service = cluster.add("console", label, console_port=str(port), **settings)
    second = Operator(port, "")
    second._client.headers = operator._client.headers
    return service, second


def test_an_alarm_of_the_field_is_on_the_page_and_its_acknowledgement_is_in_the_journal(
    night: Night,
) -> None:
    cluster, operator = night
    until(lambda: bool(operator.raised()), 30, cluster.why)
    waiting = [one["occurrence"] for one in operator.get("/alarms?state=B")]
    assert waiting, "nothing waits to be acknowledged"
    done = operator.act("acknowledge", waiting[0])
    assert done.status_code == 200, done.text
    assert done.json()["results"][0]["outcome"] == "done", done.text
    until(lambda: waiting[0] in {a["occurrence"] for a in operator.get("/alarms?state=C")}, 10, cluster.why)
    lines = cluster.journal().splitlines()
    assert all(any(name in line for line in lines) for name in operator.raised())
    said = [line for line in lines if waiting[0] in line and "acknowledged" in line]
    assert len(said) == 1
    assert "operator" in said[0]
    status = operator.get("/status")
    assert status["problem"] == ""
    assert status["stopped"] == []


def test_what_stands_since_long_ago_is_shown_by_a_console_that_begins_late(
    night: Night,
) -> None:
    cluster, operator = night
    before = operator.raised()
    service, second = another(night, "late", alarm_hours="0.0002", trend_hours="0.0002")
    try:
        until(lambda: second.raised() == before, 30, lambda: f"{second.raised()} {before} {cluster.why()}")
        assert second.get("/status")["problem"] == ""
    finally:
        assert service.stop() == 0, service.tail()
        del cluster.services["late"]


def test_a_kafka_that_is_away_is_said_nothing_is_taken_and_it_goes_on_by_itself(
    night: Night,
) -> None:
    cluster, operator = night
    kafka = cluster.stack.server("kafka")
    before, shown = cluster.services["console"].lives[:], operator.raised()
    kafka.stop()
    until(lambda: "cannot be reached" in operator.get("/status")["problem"], 40, cluster.why)
    refused = operator.act("acknowledge", next(iter(shown)))
    assert refused.status_code == 503, refused.text
    assert operator.raised() == shown
    kafka.start()
    until(lambda: operator.get("/status")["problem"] == "", 40, cluster.why)
    until(lambda: operator.act("reset", next(iter(shown))).status_code == 200, 40, cluster.why)
    assert cluster.services["console"].lives == before
