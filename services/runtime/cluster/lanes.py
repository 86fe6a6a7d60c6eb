"""From records to messages: by partition, in order, several frames of a site in one message."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.core.codec import decode_records, encode_records
from services.core.frame import Frame
from services.core.packed import Packed
from services.core.records import Config, Record, Tick
from services.runtime.cluster.heard import Heard

#: Records of one site are put together up to this many bytes; a larger record travels alone.
MESSAGE = 64 << 10

#: The key of ticks.
_TICKS = ""

#: Bytes of a reading in a frame, and of a record beside its readings, about.
_READING, _RECORD = 22, 200


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the log of sites: its key ('' for ticks), its bytes, and what these hold."""

    key: str
    data: bytes
    records: tuple[Record | Packed, ...]

    def __len__(self) -> int:
        """The records in it."""
        return sum(len(record) if isinstance(record, Packed) else 1 for record in self.records)

    def landed(self, heard: Heard) -> bool:
        """Whether the partition is known to have it: told by its numbered frames and ticks; others tell nothing."""
        return all(heard.has(record) for record in self.records)


#: By partition what has yet to be acknowledged, in order.
Lanes = dict[int, deque[Message]]


def lanes_of(records: Sequence[Record | Packed], partitions: Mapping[str, int], heard: Mapping[int, Heard]) -> Lanes:
    """Messages for `records`: those of a site to its partition, a tick to all of `heard`, after what came before it.

    A site's records keep their order, and so does everything about a tick; between two ticks the records of one site
    are brought together past those of others, which are other logs.  `partitions`: by site (KeyError for a stranger).
    What a partition has already is left out.
    """
    lanes: Lanes = {}
    runs: dict[int, dict[str, _Run]] = {}
    for record in records:
        if not isinstance(record, Tick):
            partition = partitions[record.site]
            known = heard[partition]
            if isinstance(record, Packed) and known.has_some(record):
                for frame in decode_records(record.data):
                    if not known.has(frame):
                        _put(lanes, runs, partition, record.site, frame)
            elif not known.has(record):
                _put(lanes, runs, partition, record.site, record)
            continue
        for partition, known in heard.items():
            if known.has(record):
                continue
            if runs.get(partition, {}).keys() - {_TICKS}:
                _close(lanes, runs, partition)
            _put(lanes, runs, partition, _TICKS, record)
    for partition in list(runs):
        _close(lanes, runs, partition)
    return lanes


def _put(lanes: Lanes, runs: dict[int, dict[str, _Run]], partition: int, key: str, record: Record | Packed) -> None:
    of = runs.setdefault(partition, {})
    if key != _TICKS and _TICKS in of:
        _close(lanes, runs, partition)
        of = runs[partition] = {}
    cost, run = _cost(record), of.get(key)
    if run is not None and run.cost + cost > MESSAGE:
        run.close(lanes, partition, key)
        run = None
    if run is None:
        run = of[key] = _Run([], 0)
    run.records.append(record)
    run.cost += cost


def _close(lanes: Lanes, runs: dict[int, dict[str, _Run]], partition: int) -> None:
    for key, run in runs.pop(partition, {}).items():
        run.close(lanes, partition, key)


def _cost(record: Record | Packed) -> int:
    if isinstance(record, Packed):
        return len(record.data)
    if isinstance(record, Frame):
        return _RECORD + _READING * len(record)
    return _RECORD + len(record.catalogue_json) if isinstance(record, Config) else _RECORD


@dataclass(slots=True)
class _Run:
    records: list[Record | Packed]
    cost: int

    def close(self, lanes: Lanes, partition: int, key: str) -> None:
        message = Message(key, _encoded(self.records), tuple(self.records))
        lanes.setdefault(partition, deque()).append(message)


def _encoded(records: Sequence[Record | Packed]) -> bytes:
    """The bytes of a message: those of its parts, one after the other, are those of the whole."""
    parts: list[bytes] = []
    plain: list[Record] = []
    for record in records:
        if not isinstance(record, Packed):
            plain.append(record)
            continue
        if plain:
            parts.append(encode_records(plain))
            plain = []
        parts.append(record.data)
    if plain:
        parts.append(encode_records(plain))
    return b"".join(parts)
