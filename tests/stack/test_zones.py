"""Zones over a real Kafka: meters of sites in different partitions, workers that are cut off; the figures of a fold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from deploy.native import Stack
from services.aggregator.processor import Aggregator
from services.aggregator.zones import ZoneFolds
from services.core.clock import HOUR, MINUTE
from services.core.codec import STEPS, ZONES, decode_output, encode_records
from services.core.processor import Processor
from services.core.records import Config, Record, SiteStep, Tick, ZoneFigures
from services.core.settings import Settings
from services.runtime.cluster.client import new_producer
from services.runtime.cluster.partitioning import partition_of
from services.runtime.cluster.topics import SITES
from services.runtime.cluster.worker import run_worker
from tests.stack.worker import NAMES, Eye, Log, new_log, until
from tests.unit.aggregator.test_zones import NIGHT, ZONE, config, last_of, minutes

FLOWS = dict(zip(NAMES[:3], (20.0, 10.0, 6.0), strict=True))
EAST = ZONE.model_copy(
    update={
        "inflow": tuple(f"{name}/meter/flow" for name in NAMES[:2]),
        "outflow": (f"{NAMES[2]}/meter/flow",),
    }
)


class _Worker:
    def __init__(self, settings: Settings, name: str, make: Callable[[], Processor], source: str) -> None:
        self.eye, self.stopping = Eye(), asyncio.Event()
        state = f"{name}-state"
        self.run = asyncio.create_task(
            run_worker(settings, name, state, make, self.eye, self.stopping, source=source), name=name
        )

    async def end(self) -> None:
        self.stopping.set()
        await asyncio.wait_for(self.run, 20.0)

    async def cut(self) -> None:
        self.run.cancel()
        await asyncio.gather(self.run, return_exceptions=True)


def _records(name: str, flow: float) -> list[Record]:
    site: Config = config(name, zones=(EAST,))
    return [site, *minutes(name, NIGHT - HOUR, NIGHT + 2 * HOUR, flow, without=range(100, 110))]


async def _feed(log: Log, part: slice) -> None:
    producer = new_producer(log.settings)
    await producer.start()
    try:
        for name, flow in FLOWS.items():
            partition = partition_of(name, log.settings.partitions)
            for record in _records(name, flow)[part]:
                key = b"" if isinstance(record, Tick) else name.encode()
                await producer.send(log.settings.topic(SITES), encode_records([record]), key, partition)
        await producer.flush()
    finally:
        await producer.stop()


async def _figures(log: Log) -> list[ZoneFigures]:
    said = [decode_output(ZONES, value) for _, _, value in await log.read(ZONES)]
    return [one for one in said if isinstance(one, ZoneFigures)]


def _plainly() -> dict[tuple[str, int], ZoneFigures]:
    steps = [
        one for name, flow in FLOWS.items() for one in Aggregator().step(name, _records(name, flow))
        if isinstance(one, SiteStep)
    ]  # fmt: skip
    return last_of(one for one in ZoneFolds().step("zone/east", steps) if isinstance(one, ZoneFigures))


async def test_a_zone_of_three_sites_in_three_partitions_through_workers_that_are_cut_off(stack: Stack, tmp_path: Path):
    wanted = _plainly()
    assert ("night", NIGHT) in wanted
    async with new_log(stack, tmp_path) as log:
        for part in (slice(0, 200), slice(200, None)):
            workers = [
                _Worker(log.settings, "aggregator", Aggregator, SITES),
                _Worker(log.settings, "zones", ZoneFolds, STEPS),
            ]
            await _feed(log, part)
            before = workers[1].eye.messages
            await until(lambda w=workers[1], n=before: w.eye.messages > n or w.run.done(), 40.0)
            if part.stop is None:
                async with asyncio.timeout(40.0):
                    while set(last_of(await _figures(log))) != set(wanted):  # noqa: ASYNC110
                        await asyncio.sleep(0.3)
                await asyncio.gather(*(worker.end() for worker in workers))
            else:
                await asyncio.gather(*(worker.cut() for worker in workers))
        assert last_of(await _figures(log)) == wanted
        assert {MINUTE * 15} == {one.end - one.start for one in wanted.values() if one.kind == "flow"}
