"""The storm, disturbed: whatever is killed or stopped, nothing is lost, nothing comes twice, the journal is the same.

`make test-stack` strikes with four faults in half an hour of the storm, `make test-faults` with all of them in the
whole night, and prints the table.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from deploy.native import Stack
from tests.local.storm import first_hours
from tests.stack.cluster import Cluster
from tests.stack.faults import FAULTS, Fault, Row, markdown, small_disk, strike, write_table
from tests.stack.part import Part, expected
from tests.stack.verdict import check_archive, check_state, count, read_log

#: Half an hour in which the screen clogs, the intake is restricted and the first two phases of the incident come.
SINCE, END = "2023-04-18T20:45:00+08:00", "2023-04-18T21:15:00+08:00"

#: Event seconds a second: half an hour in half a minute, and the whole night in little more than a minute.
SLICE_SPEED, NIGHT_SPEED = 60.0, 900.0

rows: list[Row] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a fault."""
    if "fault" in metafunc.fixturenames:
        option = metafunc.config.option
        chosen = [one for one in FAULTS if (option.all_faults or one.in_ci) and option.faults in one.name]
        metafunc.parametrize("fault", chosen, ids=lambda one: re.sub(r"\W+", "-", one.name))


def whole_night(config: pytest.Config) -> bool:
    """Whether all of it is played."""
    return bool(config.option.all_faults and not config.option.short)


@pytest.fixture(scope="module")
def part(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Part:
    """What is played."""
    if whole_night(request.config):
        return Part()
    return Part(first_hours(tmp_path_factory.mktemp("event"), END), SINCE)


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Printed at the end, whatever has failed."""
    yield
    if not rows:
        return
    option = request.config.option
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + markdown(rows, option.fault_seed))
    if option.fault_table is not None:
        write_table(option.fault_table, rows, option.fault_seed)


def test_the_part_has_alarms_and_phases(part: Part) -> None:
    journal = expected(part).journal
    assert journal.count('"transition":"raised"') >= 8
    assert '"phase":"restricted"' in journal
    assert expected(part).published > 25_000


@pytest.mark.faults
def test_nothing_is_lost_and_nothing_comes_twice(
    stack: Stack, tmp_path: Path, part: Part, fault: Fault, request: pytest.FixtureRequest
) -> None:
    option = request.config.option
    if fault.archive_mb and os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    speed = option.fault_speed or (NIGHT_SPEED if whole_night(request.config) else SLICE_SPEED)
    wanted = expected(part)
    moments = random.Random(f"{option.fault_seed} {fault.name}")
    disk = small_disk(tmp_path / "archive", fault.archive_mb) if fault.archive_mb else nullcontext()
    with disk, Cluster(stack, tmp_path, part) as cluster:
        fault.prepare(cluster)
        cluster.play(speed)
        struck = strike(cluster, fault, moments, (0.2, 0.6))
        played = cluster.played(within=240)
        cluster.settle()
        log = read_log(cluster)
        stored = count(wanted.readings, cluster.influx.readings(wanted.readings))
        journal = cluster.journal()
        same = "the same" if journal == wanted.journal else "another"
        rows.append(
            Row(
                fault.name, played["published"], stored.stored, stored.missing, stored.wrong, stored.doubled,
                struck.resumed, struck.load, log.again, same, cluster.starts(),
            )
        )  # fmt: skip
        assert played["published"] == wanted.published
        assert log.ended, "the end of the event is not in every partition"
        assert count(wanted.readings, log.readings).faultless, "Kafka's log of sites"
        assert stored.faultless, f"InfluxDB: {stored}"
        assert journal == wanted.journal
        check_archive(cluster)
        check_state(cluster, wanted)
        # What the state's rows say is what a worker goes on from: after a start anew it says nothing else.
        for label in ("alerts", "aggregate"):
            cluster.services[label].kill()
        cluster.wait_ready()
        cluster.settle()
        assert cluster.journal() == wanted.journal
        check_state(cluster, wanted)
        assert struck.resumed <= fault.within * struck.load, f"{fault.pulse} went on late: {struck}"
