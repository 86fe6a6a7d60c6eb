"""`headworks recompute --cluster`: windows that got readings after they had left memory, out of the archive, whole.

The aggregate workers ask for them. Each request waits until the archive has all that the log had when it came; what
the archive cannot give whole is left as it is, and said. A request that is followed twice gives the same windows.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

import duckdb
import structlog
from prometheus_client import CollectorRegistry, Counter

from services.aggregator.sinks.parquet.again import days_of, joined, recompute, steps_again
from services.aggregator.sinks.parquet.archive_files import ArchiveError, Source, read_source
from services.aggregator.sinks.parquet.archive_history import PartHistory, archived_through
from services.core.catalogue import from_json
from services.core.clock import iso
from services.core.codec import AGGREGATES, RECOMPUTE, STEPS, decode_output, encode_output
from services.core.errors import Rejected
from services.core.records import Config, Recompute
from services.daemons.daemon import Daemon
from services.runtime.cluster.catalogues import load_catalogues
from services.runtime.cluster.client import Unreachable
from services.runtime.cluster.places import extents
from services.runtime.cluster.reading import Batch, Follower, Part
from services.runtime.cluster.sending import Outgoing, Sending
from services.runtime.cluster.topics import SITES, check_topics

NEEDED = ("archive", "kafka")

#: Its group, by its short name.
GROUP = "recompute"

#: Seconds between two looks at whether the archive has come far enough, and between two tries to reach Kafka.
_LOOK, _PAUSE = 2.0, 1.0

#: Seconds that Kafka has to take the windows of a day.
_PATIENCE = 60.0

_log = structlog.get_logger("headworks.recompute")


async def work(daemon: Daemon) -> None:
    """Follows requests until it is asked to stop; what is not committed then is followed by the next start.

    LogError, ArchiveError for what waiting does not mend: a topic that is absent or made anew, an archive that cannot
    be read or is of another log.
    """
    async with AsyncExitStack() as stack:
        sending = await stack.enter_async_context(Sending(daemon.settings, _PATIENCE))
        again = Again(daemon, sending)
        while not daemon.stopping.is_set():
            try:
                source = await again.source()
                if source is not None:
                    await daemon.together({"follow": again.follow(source)})
            except Unreachable as error:
                daemon.metrics.errors.labels("kafka").inc()
                daemon.health.ill("kafka", str(error))
                _log.warning(str(error))
            await daemon.pause(_PAUSE)


def counters(registry: CollectorRegistry) -> tuple[Counter, Counter]:
    """Windows given out anew; spans that were refused."""
    windows = Counter("headworks_recomputed_windows", "Windows given out anew.", registry=registry)
    refused = Counter("headworks_recompute_refused", "Spans that the archive cannot give whole.", registry=registry)
    return windows, refused


@dataclass(slots=True)
class _Asked:
    """What a partition is asked for.  last: offset of the newest request.  wait: for the archive to reach, an offset
    of the log of sites.
    """

    wanted: list[Recompute]
    last: int
    wait: int


class Again:
    """One follower of the requests."""

    def __init__(self, daemon: Daemon, sending: Sending) -> None:
        self._daemon, self._sending, self._settings = daemon, sending, daemon.settings
        self._pending: dict[int, _Asked] = {}
        self._windows, self._refused = counters(daemon.metrics.registry)

    async def source(self) -> Source | None:
        """The log that archive and Kafka both have; None while there is no archive. Unreachable, ArchiveError."""
        identity = await check_topics(self._settings)
        self._daemon.health.well("kafka")
        root = self._settings.archive_dir
        found = read_source(root)
        if found is None:
            self._daemon.health.ill("archive", f"there is no archive under {root} yet: `headworks archive` makes it")
            return None
        if (found.log, found.partitions) != (identity.log, identity.partitions):
            raise ArchiveError(f"the archive under {root} is of {found}, and Kafka has the log {identity.log}")
        self._daemon.health.well("archive")
        return found

    async def follow(self, source: Source) -> None:
        """Until cancelled."""
        self._pending = {}
        group = f"{self._settings.kafka_prefix}-{GROUP}"
        async with Follower.group(self._settings, group, [RECOMPUTE], revoked=self._revoked) as follower:
            while True:
                batch = await follower.next(within=_LOOK)
                if batch is not None:
                    await self._take(batch)
                    continue  # spans of one backlog come together: fewer windows are made twice
                for partition in list(self._pending):
                    if await self._answer(partition):
                        done = self._pending.pop(partition)
                        await follower.commit({(RECOMPUTE, partition): done.last})
                waiting = sum(len(asked.wanted) for asked in self._pending.values())
                self._daemon.metrics.in_flight.set(waiting)

    async def _take(self, batch: Batch) -> None:
        wanted = []
        for entry in batch.entries:
            try:
                found = decode_output(RECOMPUTE, entry.data)
            except Rejected as error:
                self._daemon.metrics.rejected.labels(error.reason).inc()
                _log.error("passed over", topic=RECOMPUTE, offset=entry.offset, error=str(error))
                continue
            if isinstance(found, Recompute):
                wanted.append(found)
        # The late readings were in the log before they were asked for.
        end = (await extents(self._settings, [SITES]))[(SITES, batch.partition)].end
        before = self._pending.get(batch.partition)
        held = before.wanted if before is not None else []
        self._pending[batch.partition] = _Asked([*held, *wanted], batch.entries[-1].offset, end)
        self._daemon.metrics.received.labels("records").inc(len(wanted))

    async def _revoked(self, parts: frozenset[Part]) -> None:
        for _, partition in parts:
            self._pending.pop(partition, None)

    async def _answer(self, partition: int) -> bool:
        """Whether the requests of a partition are done with; False: the archive has not come far enough yet."""
        asked, root = self._pending[partition], self._settings.archive_dir
        if await asyncio.to_thread(archived_through, root, partition) < asked.wait:
            return False
        configs = await load_catalogues(self._settings)
        begun = time.monotonic()
        with await asyncio.to_thread(PartHistory, root, partition) as history:
            for wanted in joined(asked.wanted):
                config = configs.get(wanted.site)
                if config is None:
                    continue
                if history.whole_from is None or wanted.start < history.whole_from:
                    self._refuse(wanted, partition, history.whole_from)
                    continue
                for day in days_of(wanted, from_json(config.catalogue_json).time_zone):
                    await self._sending.send(await asyncio.to_thread(self._messages, history, partition, config, day))
        self._daemon.metrics.latency.labels("recompute").observe(time.monotonic() - begun)
        return True

    def _messages(self, history: PartHistory, partition: int, config: Config, day: Recompute) -> list[Outgoing]:
        try:
            windows = recompute(history, config, day)
        except duckdb.Error as error:
            root = self._settings.archive_dir
            raise ArchiveError(f"partition {partition} of {root} cannot be read: {error}") from error
        found = [Outgoing(AGGREGATES, config.site, encode_output(window)[1], partition) for window in windows]
        self._windows.inc(len(windows))
        return found + [Outgoing(STEPS, step.key, encode_output(step)[1]) for step in steps_again(config, windows)]

    def _refuse(self, wanted: Recompute, partition: int, whole_from: int | None) -> None:
        """A window is never overwritten with a part: what stands is at least as much as the archive has."""
        self._refused.inc()
        since = "an unknown time" if whole_from is None else iso(whole_from)
        sentence = (
            f"site {wanted.site}: windows from {iso(wanted.start)} to {iso(wanted.end)} stay as they are: the archive "
            f"lacks messages of partition {partition} and is whole only from {since} on"
        )
        _log.error(sentence)
        self._daemon.health.warn("archive", sentence)
