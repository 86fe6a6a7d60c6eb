"""PartitionFold: a processor over one partition of the log of sites. Pure: what it is given, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.core.codec import decode_records
from services.core.errors import LogError
from services.core.frame import Frame
from services.core.ports import Entry
from services.core.processor import Processor
from services.core.records import Record, Tick
from services.runtime.cluster.rows import PARTITION, LogPart, Row, decode_row, encode_row
from services.runtime.fold import Fold, Step

#: Epochs of a site whose numbers are remembered; beyond it the one least lately heard is forgotten.
EPOCHS = 100


class OffsetJump(LogError):
    """The log was not handed over in order. Going on would lose what lies between: the worker must end."""


@dataclass(slots=True)
class _Site:
    """How far one site is: the last offset folded, and by epoch the last number."""

    offset: int = -1
    numbers: dict[int, int] = field(default_factory=dict)


class PartitionFold:
    """State by site, each with the offset up to which it is folded; and what of it is not yet in the changelog.

    position: the last offset folded, -1 for none. Numbered frames that come again (a bridge that was killed says
    them twice), ticks that do not advance, and what a site's row already holds are passed over, uncounted.
    """

    def __init__(
        self, make: Callable[[], Processor], part: LogPart, rows: Mapping[str, bytes], *, first: int | None = None
    ) -> None:
        """`rows`: by key, as `dirty` gave them; empty for a new log, which then begins at offset `first`.

        LogError when a row belongs to another log, another number of partitions, or cannot be read.
        """
        self.part, self.position, self.last_tick = part, -1, 0
        #: By site the event time (ns) up to which the frames folded since the start reach.
        self.event_times: dict[str, int] = {}
        self._first = first
        self._sites: dict[str, _Site] = {}
        self._dirty: set[str] = set()
        self._states: dict[str, bytes] = {}
        for key, data in sorted(rows.items()):
            row = decode_row(data)
            if row.part != part:
                whose = repr(key) if key else "the partition"
                raise LogError(
                    f"the state of {whose} was folded from {row.part}, and this is {part}: "
                    "the topic was made anew or its partitions were changed. Take a new generation of topics "
                    "(HEADWORKS_KAFKA_PREFIX), or remove the state's topics to fold the log from its beginning"
                )
            if key == PARTITION:
                self.position, self.last_tick = row.offset, row.last_tick
            else:
                self._sites[key] = _Site(row.offset, dict(row.numbers))
                self._states[key] = row.state
        self._flushed = self.position
        self._fold = Fold(make(), self._states, decode=decode_records, admit=self._admit)

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that have a state, in order."""
        return tuple(sorted(self._states))

    @property
    def due(self) -> int:
        """The offset that is to be folded next; of a new log that has not begun, 0 unless `first` says it."""
        return self.position + 1 if self.position >= 0 else self._first or 0

    def run(self, entries: Sequence[Entry]) -> Step:
        """Folds the next entries of the partition. What is at or below `position` is passed over.

        OffsetJump when they do not follow each other or `position`: nothing is folded then.
        """
        fresh = [entry for entry in entries if entry.offset > self.position]
        if not fresh:
            return Step(cursor=self.position)
        beginning = fresh[0].offset if self._first is None else self._first
        expected = self.position + 1 if self.position >= 0 else beginning
        for entry in fresh:
            if entry.offset != expected:
                raise OffsetJump(f"{self.part}: offset {entry.offset} came where {expected} was due")
            expected += 1
        step = self._fold.run(fresh)
        for site, state in step.states.items():
            self._states[site] = state
            self._dirty.add(site)
        self.position = step.cursor
        # Everything known has been offered these entries, whether it took them or had them.
        for one in self._sites.values():
            one.offset = max(one.offset, self.position)
        return step

    def _admit(self, site: str, entry: Entry, record: Record) -> bool:
        if isinstance(record, Tick) and not site:
            if record.time <= self.last_tick:
                return False
            self.last_tick = record.time
            return True
        one = self._sites.setdefault(site, _Site())
        if entry.offset <= one.offset:
            return False
        if isinstance(record, Frame):
            self.event_times[site] = max(record.through, self.event_times.get(site, 0))
        if isinstance(record, Frame) and record.number:
            if record.number <= one.numbers.get(record.epoch, 0):
                return False
            one.numbers.pop(record.epoch, None)
            one.numbers[record.epoch] = record.number
            if len(one.numbers) > EPOCHS:
                del one.numbers[next(iter(one.numbers))]
        return True

    def dirty(self) -> dict[str, bytes]:
        """The rows that changed since the last call, and the partition's; empty when nothing was folded since.

        They belong in the changelog, acknowledged, before the position is committed and after the outputs are.
        """
        if self.position <= self._flushed:
            return {}
        rows = {}
        for site in sorted(self._dirty):
            one = self._sites[site]
            rows[site] = encode_row(Row(self.part, one.offset, tuple(one.numbers.items()), state=self._states[site]))
        rows[PARTITION] = encode_row(Row(self.part, self.position, last_tick=self.last_tick))
        self._dirty.clear()
        self._flushed = self.position
        return rows
