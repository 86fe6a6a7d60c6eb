"""An hour that comes when its windows have left memory: given anew out of the archive, whole, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deploy.native import Stack
from services.core.clock import HOUR, SECOND, iso, parse_time
from services.core.codec import AGGREGATES, decode_output
from services.core.frame import Frame
from services.core.records import FROM_ARCHIVE, Aggregates, Record, Tick
from services.runtime.cluster.catalogues import store_catalogues
from services.runtime.cluster.log import KafkaLog
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.topics import SITES
from tests.stack.cluster import PARTITIONS, Cluster, until
from tests.stack.test_contract import settings_of
from tests.unit.aggregator.windows import FLOW, config, frame

START = parse_time("2024-03-10T00:00:00Z") // SECOND


def flow(minute: int) -> Frame:
    """60 m3/h, of which a minute is 1 m3."""
    return frame((START + 60 * minute, FLOW, 60.0))


def flows(first: int, last: int) -> list[Record]:
    """From minute to minute the flow, each with the clock."""
    return [r for m in range(first, last) for r in (flow(m), tick(m + 1))]


def tick(minute: int) -> Tick:
    return Tick((START + 60 * minute) * SECOND)


class Gateway:
    """Numbers its frames."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._number = cluster, 0

    def feed(self, records: Sequence[Record]) -> None:
        """Into the log of sites."""
        said: list[Record] = []
        for record in records:
            self._number += isinstance(record, Frame)
            said.append(replace(record, epoch=1, number=self._number) if isinstance(record, Frame) else record)

        async def work() -> None:
            async with KafkaLog(settings_of(self._cluster), ["no3"]) as log:
                await log.append(said)

        asyncio.run(work())


def hours(cluster: Cluster) -> dict[str, tuple[float, bool]]:
    """By hour of the day the volume that stands (m3), and whether it came from the archive."""
    found: dict[str, tuple[float, bool]] = {}
    for message in cluster.kafka.messages(AGGREGATES):
        window = decode_output(AGGREGATES, message.value)
        assert isinstance(window, Aggregates)
        if window.width == HOUR and FLOW in window.points:
            volume = float(window.volume[window.points.tolist().index(FLOW)])
            found[iso(window.start)[11:13]] = (round(volume, 6), window.revision == FROM_ARCHIVE)
    return found


def test_an_hour_that_came_late_is_given_anew_whole_or_not_at_all(stack: Stack, tmp_path: Path) -> None:
    partition = partition_of("no3", PARTITIONS)
    with Cluster(stack, tmp_path, services=()) as cluster:
        asyncio.run(store_catalogues(settings_of(cluster), [config(zone="UTC")]))
        cluster.add("aggregate")
        cluster.add("archive")
        cluster.add("recompute", arguments=("--cluster",))
        gateway, records = Gateway(cluster), cluster.archive / f"partition-{partition:04d}" / "records"
        gateway.feed(flows(0, 60))
        cluster.wait_ready()
        until(lambda: any(records.glob("*.parquet")), 20, cluster.why)
        first = cluster.kafka.ends(SITES)[(SITES, partition)]
        gateway.feed([*flows(120, 180), *map(flow, range(60, 120)), *flows(180, 185), tick(3000)])
        until(lambda: hours(cluster).get("01") == (60.0, True), 60, lambda: f"{hours(cluster)} {cluster.why()}", 1.0)
        settled = {"00": (60.0, False), "01": (60.0, True), "02": (60.0, True), "03": (5.5, False)}
        assert hours(cluster) == settled
        until(lambda: cluster.kafka.committed("recompute") != {}, 20, cluster.why)

        # Archive and Kafka both lose the first hour, and then a reading of it comes.
        archive, recompute = cluster.services["archive"], cluster.services["recompute"]
        archive.hold()
        archive.kill()
        for path in records.glob("*.parquet"):
            if int(path.stem.split("-")[1]) < first:
                path.unlink()
        cluster.kafka.trim(SITES, partition, first)
        archive.free()
        gateway.feed([frame((START + 30, FLOW, 6000.0)), tick(3001), tick(3120)])
        until(lambda: recompute.total("headworks_recompute_refused_total") > 0, 60, cluster.why)
        assert "stay as they are" in recompute.tail(8000)
        assert hours(cluster)["00"] == settled["00"]
