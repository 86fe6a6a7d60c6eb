"""The contract of the two runtimes: one recorded log, and each from end to end, give one canonical journal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.native import Stack
from services.core.catalogue import Site
from services.core.clock import iso
from services.core.codec import decode_record
from services.core.frame import Frame
from services.core.ports import Position
from services.core.records import Config, Record, Tick
from services.core.settings import Settings
from services.job.field import epoch_of
from services.job.options import LOG_FILE
from services.job.places import PROJECT
from services.job.replay import replay
from services.replay.opening import open_replay
from services.replay.player import records
from services.replay.prepare import Prepared
from services.runtime.cluster.log import KafkaLog
from services.runtime.local import SITES, LogView
from services.telemetry.gateway.gateway import Gateway
from services.telemetry.gateway.player import PlayerClock
from services.telemetry.link import Server
from tests.local.storm import direct_journal, finish, first_hours, journal, start, storm
from tests.stack.cluster import Cluster
from tests.stack.part import Part
from tests.stack.verdict import check_archive, check_state, count, read_log

SLIGO = PROJECT / "sites" / "sligo.yaml"
MAY_2019 = PROJECT.parent / "shared" / "data" / "usgs-01650800-2019-05.rdb"

PROCESSORS = ("alerts", "aggregate")


def settings_of(cluster: Cluster) -> Settings:
    """What the services of a cluster are set to."""
    env = cluster.environment
    return Settings(
        kafka=env["HEADWORKS_KAFKA"],
        kafka_prefix=env["HEADWORKS_KAFKA_PREFIX"],
        partitions=int(env["HEADWORKS_PARTITIONS"]),
    )


def feed(cluster: Cluster, log: Iterable[Record], sites: Sequence[str], batch: int = 500) -> None:
    """Appends records to Kafka's log of sites in their order."""

    async def work() -> None:
        settings = settings_of(cluster)
        waiting = list(log)
        async with KafkaLog(settings, sites) as target:
            for at in range(0, len(waiting), batch):
                await target.append(waiting[at : at + batch])

    asyncio.run(work())


def recorded(data: Path) -> list[Record]:
    """The log of sites of a run on one machine."""
    found: list[Record] = []
    with LogView.open(data / LOG_FILE) as view:
        after = 0
        while entries := view.read(SITES, after, 1000):
            found += [decode_record(entry.data) for entry in entries]
            after = entries[-1].offset
    return found


@pytest.fixture(scope="module")
def sligo() -> Prepared:
    """The real record of May 2019."""
    if not MAY_2019.exists():
        pytest.skip(f"{MAY_2019.name} is not in ../shared/data (real records are not part of the repository)")
    return open_replay(MAY_2019, SLIGO)


@pytest.fixture(scope="module")
def sligo_journal(sligo: Prepared, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the local runtime says of it."""
    data = tmp_path_factory.mktemp("sligo")
    asyncio.run(replay(sligo, data, PROJECT / "events", None, []))
    said = journal(data)
    assert said.count('"transition":"raised"') > 10
    return said


def test_the_recorded_log_of_a_storm(stack: Stack, tmp_path: Path) -> None:
    event = first_hours(tmp_path, "2023-04-18T21:20:00+08:00")
    data = tmp_path / "data"
    finish(start(storm(data, "--event", event), tmp_path), tmp_path)
    log = recorded(data)
    sites = sorted({record.site for record in log if isinstance(record, Config)})
    with Cluster(stack, tmp_path / "cluster", services=PROCESSORS) as cluster:
        feed(cluster, log, sites)
        cluster.settle()
        said = cluster.journal()
    assert '"phase":"restricted"' in said
    assert said == journal(data)


@pytest.mark.records
def test_the_recorded_log_of_a_river(stack: Stack, tmp_path: Path, sligo: Prepared, sligo_journal: str) -> None:
    with Cluster(stack, tmp_path, services=PROCESSORS) as cluster:
        feed(cluster, records(sligo.frames, sligo.site), [sligo.site.id])
        cluster.settle()
        assert cluster.journal() == sligo_journal


def test_the_storm_from_the_field_to_the_journal(stack: Stack, tmp_path: Path) -> None:
    part = Part()
    with Cluster(stack, tmp_path, part) as cluster:
        wanted = cluster.expected
        cluster.headworks("simulate", part.event, "--port", str(stack.ports.mqtt), "--speed", "max", within=240)
        cluster.settle()
        log = read_log(cluster)
        assert log.ended
        assert log.again == 0, "nothing was disturbed, so nothing should be said twice"
        assert count(wanted.readings, log.readings).faultless
        stored = count(wanted.readings, cluster.influx.readings(wanted.readings))
        assert stored.faultless, stored
        assert stored.stored == wanted.published
        said = cluster.journal()
        check_archive(cluster)
        check_state(cluster, wanted)
    assert said == direct_journal()


@pytest.mark.records
def test_the_river_from_a_gateway_to_the_journal(
    stack: Stack, tmp_path: Path, sligo: Prepared, sligo_journal: str
) -> None:
    with Cluster(stack, tmp_path, services=("bridge", "alerts")) as cluster:
        first = int(sligo.frames[0].times[0])
        cluster.headworks("apply", str(SLIGO), "--cluster", "--at", iso(first))
        cluster.settle()
        asyncio.run(publish(sligo, Server("127.0.0.1", stack.ports.mqtt)))
        cluster.settle()
        assert cluster.journal() == sligo_journal


async def publish(record: Prepared, server: Server) -> None:
    """A record through a gateway, its clock told by a player, as a replay at an edge node would be."""
    site: Site = record.site
    run = f"replay of {site.id} {os.getpid()}"
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(Gateway(site, epoch_of(run), server))
        clock = await stack.enter_async_context(PlayerClock(site.group, run, server))
        now = 0
        for one in records(record.frames, site):
            if isinstance(one, Frame):
                await gateway.publish(one.station, one.times, one.points, one.values, one.quality, one.through)
            elif isinstance(one, Tick):
                now = one.time
                clock.say(now, {site.id: Position(gateway.epoch, gateway.counters.last)}, end=one.end)
                await gateway.until_committed(gateway.counters.last - 8)
        await gateway.drain()
        assert await clock.until_heard(now, 60.0), "no bridge has said that it heard the end of the record"
