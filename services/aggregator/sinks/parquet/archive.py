"""The archive of a cluster's log of sites: every record, exact by offset; its files are its only cursor."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.aggregator.sinks.parquet.archive_files import (
    ArchiveError,
    Holding,
    Source,
    claim,
    folder_of,
    holding,
    mend,
    write,
    write_lost,
)
from services.aggregator.sinks.parquet.archive_tables import PartBatch, SiteNames
from services.aggregator.sinks.parquet.spans import Span, holes
from services.core.ports import Entry
from services.core.records import Config


class OffsetsMissing(ArchiveError):
    """Offsets were left out on the way. The log is to be asked for them: only what it says it has not is lost."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a partition's batch is due: rows of readings, bytes of messages, seconds; `total` bytes of all of them."""

    readings: int = 200_000
    size: int = 8 << 20
    seconds: float = 600.0
    total: int = 32 << 20


class Part:
    """One partition: what it has, what it wants next, and what it holds until it is written."""

    def __init__(self, root: Path, source: Source, partition: int, configs: Mapping[str, Config]) -> None:
        """OSError, ArchiveError. `said`: what was found out of order, in sentences."""
        self.folder, self.source, self.partition = folder_of(root, partition), source, partition
        self.said = mend(self.folder)
        self.held: deque[PartBatch | Span] = deque()
        self.since = 0.0
        self._names = SiteNames(configs)
        have: Holding = holding(self.folder)
        self.lost = sum(span.size for span in have.lost)
        self.said += [
            f"partition {partition}: offsets {span} are in no file, the log had lost them" for span in have.lost
        ]
        open_ones = [
            f"partition {partition}: offsets {span} are in no file: asked for again" for span in holes(have.settled)
        ]
        self.said += open_ones
        self._settled = deque(have.settled)
        self._asked = False
        self.next = 0
        self._pass_settled()

    def _pass_settled(self) -> bool:
        """Goes on to the next offset that no file has; whether that was another."""
        before = self.next
        while self._settled and self._settled[0].first <= self.next:
            self.next = max(self.next, self._settled.popleft().last + 1)
        return self.next != before

    def ask(self) -> int:
        """The offset to ask the log for. If it then begins with a later one, what lies between is lost."""
        self._asked = True
        return self.next

    @property
    def batches(self) -> list[PartBatch]:
        """What is held of messages."""
        return [one for one in self.held if isinstance(one, PartBatch)]

    @property
    def closed(self) -> bool:
        """Whether something is held that nothing can follow any more."""
        return len(self.held) > 1 or (bool(self.held) and isinstance(self.held[0], Span))

    def take(self, entries: Sequence[Entry], end: int, now: float) -> None:
        """Takes messages in order; those that it has are passed over. `end`: the log's next offset.

        OffsetsMissing, or ArchiveError when the log ends before what the files have: nothing more is taken then.
        """
        if end < self.next:
            raise ArchiveError(
                f"partition {self.partition} of {self.source.topic} ends at offset {end}, and the archive goes on to "
                f"{self.next - 1}: the log has lost its end, and what it writes there now is something else. Keep this "
                "archive as it is and set HEADWORKS_ARCHIVE_DIR to an empty folder"
            )
        for entry in entries:
            if entry.offset > self.next:
                self._leave_out(entry.offset)
            self._asked = False
            if entry.offset < self.next:
                continue
            if not self.held:
                self.since = now
            if not self.held or isinstance(self.held[-1], Span) or self.held[-1].span.last + 1 != entry.offset:
                self.held.append(PartBatch(self.partition, entry.offset, self._names))
            batch = self.held[-1]
            assert isinstance(batch, PartBatch)
            batch.add(entry)
            self.next = entry.offset + 1
            self._pass_settled()

    def _leave_out(self, until: int) -> None:
        if not self._asked:
            raise OffsetsMissing(f"partition {self.partition}: offset {until} came where {self.next} was due")
        while self.next < until:
            last = (min(until, self._settled[0].first) if self._settled else until) - 1
            self.held.append(Span(self.next, last))
            self.next = last + 1
            self._pass_settled()

    def write_one(self) -> PartBatch | Span | None:
        """Makes the oldest of what is held durable and gives it; None when there is none. OSError, ArrowException."""
        if not self.held:
            return None
        oldest = self.held[0]
        if isinstance(oldest, Span):
            write_lost(self.folder, oldest)
            self.lost += oldest.size
        else:
            write(self.folder, oldest.span, oldest.tables(self.source))
        return self.held.popleft()


class Archive:
    """All partitions of one log. One process has it; it is not made for two."""

    def __init__(self, root: Path, source: Source, configs: Mapping[str, Config], limits: Limits | None = None) -> None:
        """Takes up where the files end. ArchiveError when they are another log's; OSError."""
        claim(root, source)
        self.root, self.source, self.limits = root, source, limits or Limits()
        self.parts = [Part(root, source, partition, configs) for partition in range(source.partitions)]

    @property
    def said(self) -> list[str]:
        """What was found out of order at the start: what lay twice, what is missing."""
        return [sentence for part in self.parts for sentence in part.said]

    @property
    def size(self) -> int:
        """Bytes of messages that are held."""
        return sum(batch.size for part in self.parts for batch in part.batches)

    @property
    def messages(self) -> int:
        """Messages that are held."""
        return sum(batch.span.size for part in self.parts for batch in part.batches)

    def due(self, now: float) -> list[Part]:
        """The partitions to be written, most bytes first: full, old, or because all together are too much."""
        limits, over = self.limits, self.size - self.limits.total
        found = []
        for part in sorted((part for part in self.parts if part.held), key=_bytes, reverse=True):
            size = _bytes(part)
            rows = sum(batch.readings for batch in part.batches)
            full = rows >= limits.readings or size >= limits.size or now - part.since >= limits.seconds
            if full or part.closed or over > 0:
                found.append(part)
                over -= size
        return found


def _bytes(part: Part) -> int:
    return sum(batch.size for batch in part.batches)
