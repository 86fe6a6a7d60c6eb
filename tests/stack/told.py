"""A slice of an event as InfluxDB gets it: simulator, processors, codec and the sink's own encoder, without a log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from services.aggregator.derived import DerivedWindows
from services.aggregator.processor import Aggregator
from services.aggregator.sinks.influx import Lines, Names, Place, Server, Watch, Writer, translate
from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.zones import ZoneFolds
from services.alerts.processor import AlertProcessor
from services.core.codec import encode_output, encode_records
from services.core.ports import Entry, Reject
from services.core.records import Config, Output, Recompute, Record, SiteStep, Tick
from services.job.headless import headless
from services.job.places import catalogue_for, find_event
from services.runtime.beside import Beside
from services.telemetry.simulator.scene import scene_of


class _Enough(Exception):
    """The slice is over."""


class _Teller:
    """A Processor that holds both and keeps what they and the gateways say, as lines."""

    name = "teller"

    def __init__(self, until: int) -> None:
        self.until = until
        self.lines: list[Lines] = []
        self.names = Names()
        self._alerts, self._windows, self._zones = Beside(AlertProcessor(), DerivedWindows()), Aggregator(), ZoneFolds()
        self._held: list[tuple[Place, Entry]] = []

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        self.names.learn([record for record in records if isinstance(record, Config)])
        self._say("sites", site, encode_records(records))
        for processor in (self._alerts, self._windows):
            for output in processor.step(site, records):
                if isinstance(output, SiteStep):
                    for figures in self._zones.step(output.key, [output]):
                        self._say(*_named(output.key, figures))
                elif not isinstance(output, Recompute):
                    self._say(*_named(site, output))
        if len(self._held) > 2000:
            self.flush()
        if any(isinstance(record, Tick) and record.time >= self.until for record in records):
            raise _Enough
        return []

    def _say(self, topic: str, site: str, data: bytes) -> None:
        place = Place(topic, 0, len(self._held))
        self._held.append((place, Entry(place.offset, topic, site, data)))

    def flush(self) -> None:
        held, self._held = self._held, []
        said = translate(held, self.names)
        assert not said.rejects
        assert not said.unnamed
        self.lines.append(said.lines)

    def dump(self, site: str) -> bytes:
        return self._alerts.dump(site)

    def load(self, site: str, state: bytes) -> None:
        raise NotImplementedError


def _named(key: str, output: Output) -> tuple[str, str, bytes]:
    topic, data = encode_output(output)
    return topic, key, data


def tell(event: str, until: int) -> list[Lines]:
    """What the sink would write of the event from its start to `until` (ns)."""
    scene = scene_of(find_event(event))
    teller = _Teller(until)
    with contextlib.suppress(_Enough):
        list(headless(scene, catalogue_for(scene), lambda: teller))
    teller.flush()
    return teller.lines


def write(lines: Sequence[Lines], buckets: Buckets, url: str, org: str, token: str) -> None:
    """Stores them as the sink does; nothing may be refused."""

    async def reject(letters: Sequence[Reject]) -> None:
        raise AssertionError(letters[0])

    async def run() -> None:
        async with Server(url, org, buckets.readings, token) as server:
            writers = {name: Writer(server.into(name), reject, Watch()) for name in buckets.names}
            for some in lines:
                for bucket, part in buckets.sorted(some):
                    await writers[bucket].store(part)

    asyncio.run(run())
