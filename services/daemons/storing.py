"""What the sink does with messages of the log: names, lines, InfluxDB; and what it says of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from services.aggregator.sinks.influx import Lines, Names, Piece, Place, Server, Watch, Writer, nameless, translate
from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.translate import Placed, Translated
from services.core.clock import SECOND
from services.core.ports import Reject
from services.daemons.daemon import Daemon
from services.runtime.cluster.catalogues import load_catalogues
from services.runtime.cluster.client import Unreachable

_log = structlog.get_logger("headworks.sink")

#: So many unnamed points are remembered as looked up in vain.
_VAIN = 10_000

#: Seconds between two tries to ask for the catalogues.
_PAUSE = 1.0


class Storing(Watch):
    """Stores pieces of the log, and is told by the writer how that goes."""

    def __init__(self, daemon: Daemon, server: Server, reject: Callable[[Sequence[Reject]], Awaitable[None]]) -> None:
        self._daemon, self._metrics, self._health = daemon, daemon.metrics, daemon.health
        self._send = reject
        self._buckets = (Buckets.split if daemon.settings.influx_split else Buckets.one)(server.bucket)
        self._writers = {name: Writer(server.into(name), reject, self) for name in self._buckets.names}
        self._names = Names()
        self._vain: set[str] = set()
        self._refused = 0
        self._troubled = False

    async def learn(self) -> None:
        """Takes the point names of every site's latest catalogue; LogError as `load_catalogues`."""
        for config in (await load_catalogues(self._daemon.settings)).values():
            try:
                self._names.learn([config])
            except ValueError as error:
                _log.error("a catalogue cannot be read", site=config.site, error=str(error))

    async def probe(self) -> None:
        """Writes nothing, until InfluxDB takes it: so that it is known before the first reading comes."""
        for writer in self._writers.values():
            await writer.ask()

    async def store(self, pieces: Sequence[Piece]) -> None:
        """Returns when all that the pieces say is in InfluxDB, or a dead letter."""
        begun = time.monotonic()
        entries = [
            (Place(entry.topic, piece.part[1], entry.offset), entry) for piece in pieces for entry in piece.entries
        ]
        said = translate(entries, self._names)
        if said.unnamed and not self._vain.issuperset(said.unnamed.values()):
            said = await self._after_learning(entries)
        encoded = time.monotonic()
        self._metrics.latency.labels("encode").observe(encoded - begun)
        rejects = said.rejects + nameless(entries, said.unnamed)
        if rejects:
            await self._send(rejects)
            for reject in rejects:
                self._metrics.rejected.labels(reject.reason).inc()
            self._warn(len(rejects), "messages", rejects[-1].detail)
        if said.lines.data:
            for bucket, lines in self._buckets.sorted(said.lines):
                await self._writers[bucket].store(lines)
            self._metrics.latency.labels("write").observe(time.monotonic() - encoded)
        received = self._metrics.received
        received.labels("messages").inc(len(entries))
        received.labels("readings").inc(said.readings)
        received.labels("lines").inc(len(said.lines))
        for site, moment in said.latest.items():
            self._metrics.event_time.labels(site).set(moment / SECOND)

    async def _after_learning(self, entries: Sequence[Placed]) -> Translated:
        """A processor's output may come before the sites' log has shown its catalogue here: the newest is asked for."""
        await self._surely_learn()
        again = translate(entries, self._names)
        if len(self._vain) > _VAIN:
            self._vain.clear()
        self._vain.update(again.unnamed.values())
        return again

    async def _surely_learn(self) -> None:
        while True:
            try:
                return await self.learn()
            except Unreachable as error:
                _log.warning("the catalogues wait for Kafka", error=str(error))
                self._health.ill("kafka", str(error))
            await asyncio.sleep(_PAUSE)

    def waiting(self, problem: str) -> None:
        """InfluxDB does not take what is sent."""
        self._metrics.errors.labels("influxdb").inc()
        self._health.ill("influxdb", problem)
        if not self._troubled:
            _log.warning(problem)
        self._troubled = True

    def working(self) -> None:
        """It does."""
        self._health.well("influxdb")
        if self._troubled:
            _log.info("InfluxDB takes what is sent again")
        self._troubled = False

    def refused(self, reason: str, lines: Lines, detail: str) -> None:
        """Lines have become dead letters."""
        self._metrics.rejected.labels(reason).inc(len(lines))
        self._warn(len(lines), "lines", f"{lines.first}: {detail}")

    def _warn(self, number: int, what: str, detail: str) -> None:
        self._refused += number
        self._health.warn(
            "influxdb",
            f"{self._refused} lines or messages were set apart as dead letters since the start; the last: {detail}",
        )
        _log.warning("set apart as dead letters", number=number, what=what, detail=detail)
