"""Real servers for the tests of this folder: one stack for all of them, in a temporary folder on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native import Ports, Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make test-faults` says."""
    group = parser.getgroup("faults")
    group.addoption("--all-faults", action="store_true", help="every fault, under the whole night; else four")
    group.addoption("--short", action="store_true", help="half an hour of the storm, also for every fault")
    group.addoption("--faults", default="", help="only those whose names have this word")
    group.addoption("--fault-seed", type=int, default=20230418, help="of the moments at which faults strike")
    group.addoption("--fault-speed", type=float, default=0.0, help="event seconds a second, instead of the usual")
    group.addoption("--fault-table", type=Path, help="path without suffix: the table as .md and .json")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Kafka, InfluxDB and Mosquitto; up inside, down after, also when the tests are killed."""
    if lacks := Stack.lacks():
        pytest.skip(lacks)
    with Stack(tmp_path_factory.mktemp("stack"), Ports.free()) as up:
        yield up
