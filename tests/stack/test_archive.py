"""The archive on a real Kafka: killed, without a disk, without a log; what it holds is the log, and folds like it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deploy.native import Stack
from services.aggregator.sinks.parquet.archive import Limits
from services.aggregator.sinks.parquet.archive_files import ArchiveError, folder_of, holding
from services.aggregator.sinks.parquet.archive_reading import ArchivedLog
from services.core.catalogue import to_json, version_of
from services.core.codec import encode_records
from services.core.errors import LogError
from services.core.frame import make_frame
from services.core.journal import canonical_journal
from services.core.ports import Entry
from services.core.records import Config, Record, Tick
from services.core.settings import Settings
from services.daemons.archive import NEEDED, work
from services.daemons.daemon import Daemon
from services.daemons.health import Health
from services.daemons.metrics import Metrics
from services.job.archived import folded
from services.job.places import PROJECT
from services.runtime.cluster.catalogues import store_catalogues
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.reading import Follower
from services.runtime.cluster.topics import apply_topics
from tests.local.storm import first_hours
from tests.stack.part import Part, expected

PARTITIONS = 4
SMALL = Limits(readings=2000, size=30_000, seconds=0.5, total=60_000)


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    for server in stack.servers.values():
        server.start()
    return Settings(
        kafka=stack.environment()["HEADWORKS_KAFKA"],
        kafka_prefix=f"archive-{uuid.uuid4().hex[:8]}",
        partitions=PARTITIONS,
        archive_dir=tmp_path / "archive",
    )


@asynccontextmanager
async def archiving(settings: Settings, limits: Limits = SMALL) -> AsyncIterator[Daemon]:
    """The service inside this process; it has ended in order after it."""
    daemon = Daemon("archive", settings, Health(*NEEDED), Metrics(), asyncio.Event())
    task = asyncio.create_task(work(daemon, limits))
    try:
        yield daemon
    finally:
        daemon.stopping.set()
        await asyncio.wait_for(task, 30)


async def until(true: Callable[[], bool], within: float = 30.0) -> None:
    """Waits for it; fails when it does not come."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def put(settings: Settings, messages: Sequence[tuple[int, str, bytes]]) -> None:
    """(partition, key, value) into the log of sites, in order."""
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True) as producer:
        sent = [
            await producer.send(settings.topic("sites"), value, key=key.encode(), partition=partition)
            for partition, key, value in messages
        ]
        await asyncio.gather(*sent)


async def whole(settings: Settings) -> dict[int, list[Entry]]:
    """What Kafka has of the log of sites."""
    found: dict[int, list[Entry]] = {partition: [] for partition in range(PARTITIONS)}
    async with Follower.whole(settings, ["sites"], until_end=True) as follower:
        async for batch in follower:
            found[batch.partition] += batch.entries
    return found


def kept(settings: Settings) -> dict[int, list[Entry]]:
    """What the archive has of it."""
    archived = ArchivedLog(settings.archive_dir)
    return {partition: list(archived.entries(partition)) for partition in range(PARTITIONS)}


async def caught_up(settings: Settings) -> None:
    """Returns when the files reach the log's present end."""
    ends = {partition: entries[-1].offset for partition, entries in (await whole(settings)).items() if entries}

    def reached() -> bool:
        spans = {partition: holding(folder_of(settings.archive_dir, partition)).files for partition in ends}
        return {partition: files[-1].last for partition, files in spans.items() if files} == ends

    await until(reached, 60)


def gauge(daemon: Daemon, name: str, **labels: str) -> float:
    return daemon.metrics.registry.get_sample_value(name, labels) or 0.0


def unfinished(folder: Path) -> list[Path]:
    return list(folder.rglob("*.unfinished"))


def some(number: int, begin: int = 0, size: int = 200) -> list[tuple[int, str, bytes]]:
    return [(at % PARTITIONS, "", encode_records([Tick(at + 1)] * size)) for at in range(begin, begin + number)]


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def storm_messages(part: Part) -> list[tuple[int, str, bytes]]:
    """A part of the storm as a bridge writes it that is killed now and then: what it said last it says again."""
    city, wanted = part.city(), expected(part)
    messages: list[tuple[int, str, bytes]] = []
    recent: dict[str, list[Record]] = {}
    numbers = dict.fromkeys(city.sites, 0)

    def say(site: str, *records: Record) -> None:
        messages.append((partition_of(site, PARTITIONS), site, encode_records(records)))

    while city.now < city.end:
        for (site, station), samples in city.advance(60).items():
            names = city.points(site, station)
            index = wanted.catalogue.site(site).point_index
            points = np.array([index[f"{station}/{names[at]}"] for at in samples.points], np.int32)
            numbers[site] += 1
            frame = make_frame(
                site, station, samples.times, points, samples.values,
                through=city.now, epoch=5, number=numbers[site],
            )  # fmt: skip
            recent.setdefault(site, []).append(frame)
            say(site, frame)
            if numbers[site] % 25 == 0:
                say(site, *recent.pop(site))
        tick = encode_records([Tick(city.now)])
        messages += [(partition, "", tick) for partition in range(PARTITIONS)]
    return messages


_CHILD = """
import asyncio, functools, sys
from services.aggregator.sinks.parquet.archive import Limits
from services.core.settings import load_settings
from services.daemons import archive
from services.daemons.daemon import run_daemon
limits = Limits(readings=2000, size=30_000, seconds=0.5, total=60_000)
asyncio.run(run_daemon("archive", load_settings(), functools.partial(archive.work, limits=limits), *archive.NEEDED))
"""


def child(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    """The service as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADWORKS_")}
    environment |= {
        "PYTHONPATH": str(PROJECT),
        "HEADWORKS_KAFKA": settings.kafka,
        "HEADWORKS_KAFKA_PREFIX": settings.kafka_prefix,
        "HEADWORKS_PARTITIONS": str(PARTITIONS),
        "HEADWORKS_ARCHIVE_DIR": str(settings.archive_dir),
        "HEADWORKS_HTTP_PORT": str(port),
    }
    return subprocess.Popen([sys.executable, "-c", _CHILD], env=environment, stdin=subprocess.DEVNULL)


def records_files(settings: Settings) -> int:
    return len(list(settings.archive_dir.glob("*/records/*.parquet")))


async def test_killed_again_and_again_it_holds_the_log_and_folds_to_the_logs_journal(
    settings: Settings, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    part = Part(first_hours(tmp_path, "2023-04-18T20:00:00+08:00"))
    await apply_topics(settings)
    begin, texts = part.city().now, {one.id: to_json(one) for one in expected(part).catalogue.sites}
    await store_catalogues(settings, [Config(site, version_of(text), text, begin) for site, text in texts.items()])
    messages = [*storm_messages(part), (0, "no3", b"\xff no record")]
    for third in range(3):
        await put(settings, messages[third * len(messages) // 3 : (third + 1) * len(messages) // 3])
        before = records_files(settings)
        process = child(settings, unused_tcp_port_factory())
        try:
            await until(lambda before=before: records_files(settings) > before)  # type: ignore[misc]
        finally:
            process.kill()
            process.wait()
    async with archiving(settings) as daemon:
        await until(lambda: daemon.health.problems == {})
        await caught_up(settings)
    log = await whole(settings)
    assert kept(settings) == log
    unread = list(settings.archive_dir.glob("*/unread/*.parquet"))
    assert [row["data"] for file in unread for row in pq.read_table(file).to_pylist()] == [b"\xff no record"]
    assert "".join(f"{line}\n" for line in canonical_journal(folded(settings.archive_dir))) == expected(part).journal
    assert expected(part).journal
    wanted = {name for _, _, name in expected(part).readings}
    written = list(settings.archive_dir.glob("*/readings/*.parquet"))
    assert {name for file in written for name in pq.read_table(file, columns=["point"])["point"].to_pylist()} == wanted


async def test_without_kafka_it_waits_says_so_and_goes_on(settings: Settings, stack: Stack) -> None:
    await apply_topics(settings)
    await put(settings, some(20))
    async with archiving(settings) as daemon:
        await until(lambda: daemon.health.problems == {})
        stack.kafka.kill()
        await until(lambda: "cannot be reached" in daemon.health.problems.get("kafka", ""), 40)
        await asyncio.to_thread(stack.kafka.start)
        await until(lambda: daemon.health.problems == {}, 60)
        await put(settings, some(20, begin=20))
        await until(lambda: gauge(daemon, "headworks_received_total", kind="messages") == 40)
    assert kept(settings) == await whole(settings)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_on_a_full_disk_it_stops_taking_says_why_and_goes_on_when_there_is_space(
    settings: Settings, tiny: Path
) -> None:
    settings = settings.model_copy(update={"archive_dir": tiny / "archive"})
    await apply_topics(settings)
    ballast = tiny / "ballast"
    async with archiving(settings) as daemon:
        await until(lambda: daemon.health.problems == {})
        ballast.write_bytes(bytes(190_000))
        sent = 0
        while "archive" not in daemon.health.problems:
            await put(settings, some(40, begin=sent))
            sent += 40
            assert sent < 10_000
            await asyncio.sleep(0.2)
        assert "No space left" in daemon.health.problems["archive"]
        assert gauge(daemon, "headworks_errors_total", part="archive") >= 1
        await put(settings, some(400, begin=sent))
        await asyncio.sleep(2.0)
        assert gauge(daemon, "headworks_in_flight") < 0.5 * sent
        assert not unfinished(tiny)
        ballast.unlink()
        await until(lambda: daemon.health.problems == {}, 60)
        await caught_up(settings)
    assert kept(settings) == await whole(settings)


async def test_a_topic_made_anew_is_refused_at_the_start_and_on_the_way(settings: Settings) -> None:
    await apply_topics(settings)
    await put(settings, some(20))
    async with archiving(settings) as daemon:
        await until(lambda: gauge(daemon, "headworks_received_total", kind="messages") == 20)
    before = kept(settings)
    daemon = Daemon("archive", settings, Health(*NEEDED), Metrics(), asyncio.Event())
    running = asyncio.create_task(work(daemon, SMALL))
    await until(lambda: daemon.health.problems == {})
    async with admin(settings) as client:
        await client.delete_topics([settings.topic("sites")])
        await asyncio.sleep(1.0)
    await apply_topics(settings)
    await put(settings, some(40, begin=100))
    with pytest.raises((ArchiveError, LogError), match=r"another is in its place|made anew|no topic"):
        await asyncio.wait_for(running, 40)
    assert kept(settings) == before
    daemon = Daemon("archive", settings, Health(*NEEDED), Metrics(), asyncio.Event())
    with pytest.raises(ArchiveError, match=r"made anew.*HEADWORKS_ARCHIVE_DIR"):
        await asyncio.wait_for(work(daemon, SMALL), 40)
    assert kept(settings) == before


async def test_what_retention_removed_is_said_and_counted(settings: Settings) -> None:
    await apply_topics(settings)
    await put(settings, some(40))
    async with archiving(settings) as daemon:
        await until(lambda: gauge(daemon, "headworks_received_total", kind="messages") == 40)
    await put(settings, some(40, begin=40))
    async with admin(settings) as client:
        await client.delete_records({TopicPartition(settings.topic("sites"), 2): RecordsToDelete(before_offset=15)})
    for _ in range(2):
        async with archiving(settings) as daemon:
            await until(lambda: gauge(daemon, "headworks_archive_missing_offsets", partition="2") == 5)
            await until(lambda: ArchivedLog(settings.archive_dir).missing(2) != [])
    archived = kept(settings)
    assert [one.offset for one in archived[2]] == [*range(10), *range(15, 20)]
    assert [len(archived[partition]) for partition in (0, 1, 3)] == [20, 20, 20]


async def test_a_second_archive_of_the_same_folder_is_refused(settings: Settings) -> None:
    await apply_topics(settings)
    async with archiving(settings) as daemon:
        await until(lambda: daemon.health.problems == {})
        second = Daemon("archive", settings, Health(*NEEDED), Metrics(), asyncio.Event())
        with pytest.raises(LogError, match="in use by process"):
            await asyncio.wait_for(work(second, SMALL), 30)
