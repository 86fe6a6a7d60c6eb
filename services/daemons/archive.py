"""`headworks archive`: all of the log of sites as Parquet, exact by offset.

One process takes all partitions: what is archived costs little beside what is folded, and files that two had written
would need somebody to agree. Nothing is committed to Kafka; the files say how far they are.
"""

from __future__ import annotations

import asyncio
import time

import pyarrow as pa
import structlog
from prometheus_client import CollectorRegistry, Gauge

from services.aggregator.sinks.parquet.archive import Archive, Limits, OffsetsMissing, Part
from services.aggregator.sinks.parquet.archive_files import ArchiveError, Source
from services.aggregator.sinks.parquet.archive_tables import PartBatch
from services.core.errors import LogError
from services.core.records import Config
from services.daemons.daemon import Daemon
from services.runtime.cluster.catalogues import load_catalogues
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.reading import Follower
from services.runtime.cluster.topics import SITES, LogIdentity, check_topics
from services.runtime.local.ownership import Ownership

NEEDED = ("archive", "kafka")

#: Seconds between two looks at whether Kafka is there, and its log the same.
_LOOK = 10.0

#: Seconds: the first and the longest pause before what failed is tried again.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0

_log = structlog.get_logger("headworks.archive")


async def work(daemon: Daemon, limits: Limits | None = None) -> None:
    """Archives until it is asked to stop, then writes what it holds.

    ArchiveError, LogError for what waiting does not mend: a topic that is absent or made anew, an archive that another
    process has or that is of another log.
    """
    archiving = _Archiving(daemon, limits or Limits())
    if not await archiving.begin():
        return
    try:
        while not daemon.stopping.is_set():
            await archiving.follow()
    finally:
        await archiving.end()


def missing_gauge(registry: CollectorRegistry) -> Gauge:
    """What was lost before it was archived, by partition."""
    return Gauge(
        "headworks_archive_missing_offsets",
        "Offsets that are in no file: the log had lost them before the archive asked.",
        ["partition"],
        registry=registry,
    )


class _Archiving:
    def __init__(self, daemon: Daemon, limits: Limits) -> None:
        self._daemon, self._limits = daemon, limits
        self._settings, self._health, self._metrics = daemon.settings, daemon.health, daemon.metrics
        self._missing = missing_gauge(daemon.metrics.registry)
        self._pause = _FIRST_PAUSE
        self._ends: dict[int, int] = {}
        # When the log was last seen to be the one that the archive is of, and when something was last taken from it.
        self._seen = self._taken = 0.0
        self._archive: Archive
        self._owner: Ownership

    async def begin(self) -> bool:
        """Waits for Kafka and for the folder; whether both came before the end was asked for."""
        while not self._daemon.stopping.is_set():
            try:
                found = await self._daemon.unless_stopping(self._look_up())
                if found is None:
                    break
                await asyncio.to_thread(self._open, *found)
            except OSError as error:
                await self._stuck(error)
            except Unreachable as error:
                await self._without_kafka(error)
            else:
                self._pause = _FIRST_PAUSE
                for sentence in self._archive.said:
                    _log.warning(sentence)
                self._tell_lost()
                self._health.well("archive")
                return True
        return False

    async def _look_up(self) -> tuple[Source, dict[str, Config]]:
        self._seen = time.monotonic()
        identity = await check_topics(self._settings)
        configs = await load_catalogues(self._settings)
        self._health.well("kafka")
        return Source(self._settings.topic(SITES), identity.log, identity.partitions), configs

    def _open(self, source: Source, configs: dict[str, Config]) -> None:
        root = self._settings.archive_dir
        root.mkdir(parents=True, exist_ok=True)
        owner = Ownership(root / "archive")
        try:
            self._archive = Archive(root, source, configs, self._limits)
        except BaseException:
            owner.release()
            raise
        self._owner = owner

    async def follow(self) -> None:
        """Follows the log until it has to be asked again where the archive stands, or the end is asked for."""
        start = {(SITES, part.partition): part.ask() for part in self._archive.parts}
        try:
            async with Follower.whole(self._settings, [SITES], start) as follower:
                self._pause = _FIRST_PAUSE
                while not self._daemon.stopping.is_set():
                    batch = await follower.next(within=1.0)
                    if batch is not None:
                        part = self._archive.parts[batch.partition]
                        self._taken = time.monotonic()
                        self._ends[batch.partition] = batch.end
                        await asyncio.to_thread(part.take, batch.entries, batch.end, self._taken)
                        self._show(part)
                    if time.monotonic() - self._seen > _LOOK:
                        await self._look()
                    while self._archive.due(time.monotonic()) and not self._daemon.stopping.is_set():
                        await self._write()
        except OffsetsMissing as error:
            # Some client's slip, or retention has overtaken it: who asks anew hears which.
            _log.warning("the log is asked again", why=str(error))
            self._metrics.errors.labels("kafka").inc()
            await self._daemon.pause(_FIRST_PAUSE)
        except Unreachable as error:
            await self._without_kafka(error)

    async def _write(self) -> None:
        """Writes what is due; takes nothing meanwhile. Returns after a failure too, and a pause."""
        if self._taken >= self._seen and not await self._look():
            return
        try:
            for part in self._archive.due(time.monotonic()):
                await self._write_part(part)
        except (OSError, pa.ArrowException) as error:
            await self._stuck(error)
        else:
            self._pause = _FIRST_PAUSE
            self._health.well("archive")

    async def _write_part(self, part: Part) -> None:
        while part.held:
            with self._metrics.latency.labels("write").time():
                done = await asyncio.to_thread(part.write_one)
            if isinstance(done, PartBatch):
                for kind, number in (
                    ("messages", done.span.size),
                    ("records", done.records),
                    ("readings", done.readings),
                ):
                    self._metrics.received.labels(kind).inc(number)
                for reason, number in done.unread.items():
                    self._metrics.rejected.labels(reason).inc(number)
                for site, at in done.last_times.items():
                    self._metrics.event_time.labels(site).set(at / 1e9)
            elif done is not None:
                _log.error("the log has lost what the archive has not got", partition=part.partition, offsets=str(done))
                self._tell_lost()
            self._show(part)

    def _tell_lost(self) -> None:
        for part in self._archive.parts:
            self._missing.labels(part.partition).set(part.lost)
        if lost := sum(part.lost for part in self._archive.parts):
            self._health.warn("archive", f"{lost} messages are in no file: the log had lost them when it was asked")

    def _show(self, part: Part) -> None:
        held = sum(batch.span.size for batch in part.batches)
        lag = max(0, self._ends.get(part.partition, part.next) - part.next) + held
        self._metrics.lag.labels(part.partition).set(lag)
        self._metrics.in_flight.set(self._archive.messages)

    async def _look(self) -> bool:
        """Whether Kafka is there and its log the archive's: only then may what was taken before be written.

        Kafka hands out a topic by its name. Without a look after the taking, what one made anew holds could be written
        as the old one's. ArchiveError when it is another; LogError for what waiting does not mend.
        """
        at = time.monotonic()
        try:
            identity = await self._daemon.unless_stopping(check_topics(self._settings))
        except Unreachable as error:
            await self._without_kafka(error)
            return False
        if identity is None:
            return False
        source = self._archive.source
        if (identity.log, identity.partitions) != (source.log, source.partitions):
            raise ArchiveError(
                f"{source} is gone, another is in its place with id {identity.log} and {identity.partitions} "
                f"partitions: the archive under {self._archive.root} is as complete as it could be. Set "
                "HEADWORKS_ARCHIVE_DIR to an empty folder for the other"
            )
        self._seen = at
        self._health.well("kafka")
        return True

    async def end(self) -> None:
        """Writes what is held, if Kafka and the disk let it; the next start takes the rest from Kafka again."""
        try:
            source = self._archive.source
            same = LogIdentity(source.log, source.partitions)
            if self._archive.messages and await asyncio.wait_for(check_topics(self._settings), _LOOK) == same:
                for part in self._archive.parts:
                    await self._write_part(part)
        except (OSError, pa.ArrowException, LogError) as error:
            _log.warning("what was held is not written; the next start takes it again", why=str(error))
        finally:
            self._owner.release()

    # -- waiting

    async def _stuck(self, error: Exception) -> None:
        self._metrics.errors.labels("archive").inc()
        sentence = (
            f"the archive under {self._settings.archive_dir} cannot be written ({error}): free disk space or make it "
            "writable; Kafka keeps what comes for as long as its retention says"
        )
        self._health.ill("archive", sentence)
        _log.error(sentence)
        await self._daemon.pause(self._pause)
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause)

    async def _without_kafka(self, error: Unreachable) -> None:
        self._metrics.errors.labels("kafka").inc()
        self._health.ill("kafka", str(error))
        _log.warning(str(error))
        await self._daemon.pause(self._pause)
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause)
