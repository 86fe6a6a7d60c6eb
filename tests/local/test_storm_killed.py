"""The storm, disturbed: the run or its broker killed with -9, and in the end the same journal, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.core.clock import parse_time
from tests.local.storm import (
    children,
    direct_journal,
    finish,
    journal,
    kill,
    start,
    storm,
    wait_for_event_time,
)

HALFWAY = parse_time("2023-04-18T21:15:00+08:00")
LATER = parse_time("2023-04-19T04:00:00+08:00")


@pytest.fixture(scope="module")
def undisturbed() -> str:
    """The journal of the night as it should be."""
    return direct_journal()


def test_killed_halfway_and_started_again(tmp_path: Path, undisturbed: str) -> None:
    data = tmp_path / "data"
    first = start(storm(data, "--broker", "amqtt"), tmp_path)
    wait_for_event_time(data, HALFWAY, first)
    kill(first.pid)
    first.wait()
    assert undisturbed.startswith(journal(data)[:200]), "what was announced before stands"
    summary = finish(start(storm(data, "--broker", "amqtt"), tmp_path), tmp_path)
    assert summary["lost"] == 0
    assert summary["received"] == summary["published"]
    assert journal(data) == undisturbed


def test_broker_killed_twice(tmp_path: Path, undisturbed: str) -> None:
    data = tmp_path / "data"
    run = start(storm(data, "--broker", "amqtt"), tmp_path)
    for moment in (HALFWAY, LATER):
        wait_for_event_time(data, moment, run)
        (broker,) = children(run, "amqtt_child")
        kill(broker)
    summary = finish(run, tmp_path)
    assert summary["lost"] == 0
    assert summary["received"] == summary["published"]
    assert journal(data) == undisturbed
    assert b"broker ended" in (tmp_path / "err.txt").read_bytes()


def test_simulator_killed_ends_the_run_with_an_error_and_the_next_goes_on(tmp_path: Path, undisturbed: str) -> None:
    data = tmp_path / "data"
    run = start(storm(data), tmp_path)
    wait_for_event_time(data, HALFWAY, run)
    (simulator,) = children(run, "simulate")
    kill(simulator)
    assert run.wait(30) == 1
    assert b"the simulator ended" in (tmp_path / "err.txt").read_bytes()
    summary = finish(start(storm(data), tmp_path), tmp_path)
    assert summary["lost"] == 0
    assert journal(data) == undisturbed
    shutil.rmtree(data)
