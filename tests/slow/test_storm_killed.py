"""The storm, disturbed: the run or its broker killed with -9, and in the end the same journal, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.core.clock import parse_time
from tests.local.storm import (
    children,
    direct_journal,
    finish,
    first_hours,
    journal,
    kill,
    start,
    storm,
    wait_for_event_time,
)

END = "2023-04-18T21:20:00+08:00"
HALFWAY = parse_time("2023-04-18T20:15:00+08:00")
LATER = parse_time("2023-04-18T20:50:00+08:00")


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The storm until the intake is restricted: ten alarms and two phases in the first four hours."""
    return first_hours(tmp_path_factory.mktemp("event"), END)


@pytest.fixture(scope="module")
def undisturbed(event: str) -> str:
    """The journal as it should be."""
    journal = direct_journal(event)
    assert '"phase":"restricted"' in journal
    return journal


def test_killed_halfway_and_started_again(tmp_path: Path, event: str, undisturbed: str) -> None:
    data = tmp_path / "data"
    first = start(storm(data, "--event", event, "--broker", "amqtt"), tmp_path)
    wait_for_event_time(data, HALFWAY, first)
    kill(first.pid)
    first.wait()
    assert undisturbed.startswith(journal(data)[:200]), "what was announced before stands"
    summary = finish(start(storm(data, "--event", event, "--broker", "amqtt"), tmp_path), tmp_path)
    assert summary["lost"] == 0
    assert summary["received"] == summary["published"]
    assert journal(data) == undisturbed


def test_broker_killed_twice(tmp_path: Path, event: str, undisturbed: str) -> None:
    data = tmp_path / "data"
    run = start(storm(data, "--event", event, "--broker", "amqtt"), tmp_path)
    for moment in (HALFWAY, LATER):
        wait_for_event_time(data, moment, run)
        (broker,) = children(run, "amqtt_child")
        kill(broker)
    summary = finish(run, tmp_path)
    assert summary["lost"] == 0
    assert summary["received"] == summary["published"]
    assert journal(data) == undisturbed
    assert b"broker ended" in (tmp_path / "err.txt").read_bytes()


def test_simulator_killed_ends_the_run_with_an_error_and_the_next_goes_on(
    tmp_path: Path, event: str, undisturbed: str
) -> None:
    data = tmp_path / "data"
    run = start(storm(data, "--event", event), tmp_path)
    wait_for_event_time(data, HALFWAY, run)
    (simulator,) = children(run, "simulate")
    kill(simulator)
    assert run.wait(30) == 1
    assert b"the simulator ended" in (tmp_path / "err.txt").read_bytes()
    summary = finish(start(storm(data, "--event", event), tmp_path), tmp_path)
    assert summary["lost"] == 0
    assert journal(data) == undisturbed
