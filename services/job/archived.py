"""An archive folded again: what the alarms would say, or said, of the log that it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import structlog

from services.aggregator.sinks.parquet.archive_reading import ArchivedLog
from services.alerts.processor import AlertProcessor
from services.core.codec import decode_output
from services.core.ports import Entry
from services.core.processor import Processor
from services.core.records import Output
from services.runtime.cluster.partition import PartitionFold
from services.runtime.cluster.rows import LogPart

#: Messages that are folded together.
_TOGETHER = 500

_log = structlog.get_logger("headworks.archive")


def folded(root: Path, make: Callable[[], Processor] = AlertProcessor) -> Iterator[Output]:
    """What a processor emits over the archive's log, one partition after the other; ArchiveError when it has damage.

    Over offsets that are missing it goes on, and says so in the log: there the answer may differ from the live one's.
    """
    archived = ArchivedLog(root)
    source = archived.source
    for partition in range(source.partitions):
        for span in archived.missing(partition):
            _log.warning("the archive lacks messages of the log", partition=partition, offsets=str(span))
        fold = PartitionFold(make, LogPart(source.log, partition, source.partitions), {})
        # Numbered anew, since the fold takes a jump for a fault; no answer depends on a place in the log.
        entries = (entry._replace(offset=place) for place, entry in zip(count(), archived.entries(partition)))
        held: list[Entry] = []
        for entry in entries:
            held.append(entry)
            if len(held) == _TOGETHER:
                yield from _step(fold, held)
                held = []
        if held:
            yield from _step(fold, held)


def _step(fold: PartitionFold, entries: list[Entry]) -> Iterator[Output]:
    for topic, _, data in fold.run(entries).outputs:
        yield decode_output(topic, data)
