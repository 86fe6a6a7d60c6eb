"""scale: a backlog of the log of sites through 1, 2 and 4 alerts workers; CPU seconds per million readings.

Peer: the same fold in one process over a plain aiokafka consumer, without Faust, state or outputs: what of the cost is
the alarms themselves and Kafka's client. Wall figures say little on a machine with fewer cores than processes; CPU
seconds do.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.cluster import Process, prepare, servers, services, settings_of, summed, until
from bench.fleet import frame, site_id
from deploy.native import Stack
from services.alerts.processor import AlertProcessor
from services.core.clock import SECOND
from services.core.codec import encode_records
from services.core.ports import Entry
from services.core.settings import Settings
from services.runtime.cluster.partition import PartitionFold
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.rows import LogPart
from services.runtime.cluster.topics import check_topics

SITES, POINTS, PARTITIONS = 64, 50, 16
START = 1_700_000_000 * SECOND

#: Frames of one site in a message: as a bridge under load coalesces them, and as it does not.
COALESCED, ALONE = 20, 1


def run(seconds_budget: float = 60.0) -> dict[str, Any]:
    """ "ours": million readings per CPU second of one worker, coalesced; "peer": of the plain fold on the same log.

    The backlog is sized so that a worker takes some ten seconds. BenchError when a worker ends, or hangs.
    """
    with servers("kafka") as stack:
        broker = Process(psutil.Process(stack.server("kafka").pid))
        workers: dict[str, Any] = {}
        plain, readings = 0.0, 0
        for count in (1, 2, 4):
            settings = settings_of(stack, f"scale{count}", partitions=PARTITIONS)
            readings = _fill(settings, frames=800, together=COALESCED)
            if count == 1:
                plain = _plain(settings, readings)
            workers[str(count)] = _workers(stack, settings, count, readings, broker)
        settings = settings_of(stack, "alone", partitions=PARTITIONS)
        few = _fill(settings, frames=200, together=ALONE)
        alone = _workers(stack, settings, 1, few, broker)
    ours = round(1.0 / workers["1"]["cpu_seconds_per_million"], 2)
    return {
        "bench": "scale",
        "unit": "million readings per CPU second of a worker",
        "ours": ours,
        "peer": round(plain, 2),
        "peer_is": "the same fold over a plain aiokafka consumer, nothing kept and nothing sent",
        "ratio": round(ours / plain, 2),
        "readings": readings,
        "readings_a_frame": POINTS,
        "frames_a_message": COALESCED,
        "workers": workers,
        "one_frame_a_message": alone,
        "cores": psutil.cpu_count(),
    }


def _fill(settings: Settings, frames: int, together: int) -> int:
    """Topics, catalogue, and `frames` frames a site, `together` of them in a message; gives the readings."""
    prepare(settings, SITES, POINTS, START)

    async def work() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", max_batch_size=1 << 20, linger_ms=5)
        await producer.start()
        try:
            waiting = []
            for first in range(0, frames, together):
                for number in range(SITES):
                    records = [
                        frame(number, POINTS, START + (k + 1) * SECOND, k + 1) for k in range(first, first + together)
                    ]
                    site = site_id(number)
                    waiting.append(
                        await producer.send(
                            settings.topic("sites"), encode_records(records), site.encode(),
                            partition_of(site, settings.partitions),
                        )
                    )  # fmt: skip
                if len(waiting) > 2_000:
                    await asyncio.gather(*waiting)
                    waiting.clear()
            await asyncio.gather(*waiting)
        finally:
            await producer.stop()

    asyncio.run(work())
    return SITES * frames * POINTS


def _workers(stack: Stack, settings: Settings, count: int, readings: int, broker: Process) -> dict[str, Any]:
    own = [{"HEADWORKS_WORKER": f"w{n}", "HEADWORKS_WORK_DIR": str(stack.folder / f"work-{n}")} for n in range(count)]
    wanted = [("alerts", one) for one in own]
    broker.mark()
    with services(settings, *wanted) as found:
        idle = [0.0] * count

        def taken() -> float:
            return sum(one.figure('headworks_received_total{kind="readings"') for one in found)

        until(lambda: taken() > 0, 60, "a worker that folds", every=0.01)
        began, first = time.monotonic(), taken()
        for n, one in enumerate(found):
            idle[n] = one.cpu
        until(lambda: taken() >= readings, 180, f"{readings} readings folded", every=0.02)
        wall, cpu = time.monotonic() - began, summed(found) - sum(idle)
        memory = max(one.memory for one in found)
        million = (readings - first) / 1e6
    return {
        "cpu_seconds_per_million": round(cpu / million, 3),
        "broker_cpu_seconds_per_million": round(broker.cpu / (readings / 1e6), 3),
        "readings_per_second_in_all": round((readings - first) / wall),
        "memory_mb_a_worker": round(memory / 2**20),
    }


def _plain(settings: Settings, readings: int) -> float:
    """Million readings a CPU second of this process: consume, decode, fold."""

    async def once() -> float:
        log = await check_topics(settings)
        consumer = AIOKafkaConsumer(
            settings.topic("sites"), bootstrap_servers=settings.kafka, auto_offset_reset="earliest",
            max_partition_fetch_bytes=1 << 20,
        )  # fmt: skip
        folds = {
            p: PartitionFold(AlertProcessor, LogPart(log.log, p, log.partitions), {}) for p in range(log.partitions)
        }
        await consumer.start()
        taken, start = 0, time.process_time()
        try:
            while taken < readings:
                for part, messages in (await consumer.getmany(timeout_ms=500, max_records=500)).items():
                    entries = [Entry(m.offset, "sites", "", m.value) for m in messages]
                    taken += folds[part.partition].run(entries).readings
        finally:
            spent = time.process_time() - start
            await consumer.stop()
        return taken / 1e6 / spent

    return statistics.median(asyncio.run(once()) for _ in range(3))
