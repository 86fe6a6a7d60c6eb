"""The ways in which a log is folded, each with restarts and cuts of its own; all give the canonical journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from services.alerts.processor import AlertProcessor
from services.core.codec import decode_output, encode_record, encode_records
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.ports import Entry
from services.core.records import Output, Record, Tick
from services.runtime.cluster.partition import PartitionFold
from services.runtime.cluster.rows import LogPart
from services.runtime.fold import Fold, Step
from tests.unit.alerts.interleaving.delivery import doubled, numbered, resent

SITE = "no3"
_PART = LogPart("log", 0, 1)

Journal = list[str]


def reference(records: Sequence[Record]) -> list[Output]:
    """One record a step, one processor from first to last."""
    processor, out = AlertProcessor(), list[Output]()
    for record in records:
        out += processor.step(SITE, [record])
    return out


def direct(records: Sequence[Record], rng: Random) -> Journal:
    """The processor alone, in steps of any size, restarted now and then; a source without numbers says things twice."""
    log = doubled(records, rng)
    processor, out, at = AlertProcessor(), list[Output](), 0
    while at < len(log):
        size = rng.choice([1, 2, 5, 20, 50])
        out += processor.step(SITE, log[at : at + size])
        at += size
        if rng.random() < 0.08:
            processor = _restarted(processor)
    return list(canonical_journal(out))


def replayed(records: Sequence[Record], _rng: Random) -> Journal:
    """All at once from the bytes of the log, as a replay reads them."""
    from services.core.codec import decode_record

    return list(canonical_journal(AlertProcessor().step(SITE, [decode_record(encode_record(r)) for r in records])))


def local(records: Sequence[Record], rng: Random) -> Journal:
    """The fold of the local shell: entries of a record each; its log takes each number once."""
    log = _once(resent(numbered(records, rng), rng))
    entries = [Entry(k, "sites", _key(r), encode_record(r)) for k, r in enumerate(log, 1)]
    states: dict[str, bytes] = {}
    steps, at, fold = list[Step](), 0, Fold(AlertProcessor(), {})
    while at < len(entries):
        size = rng.choice([1, 5, 20, 60])
        steps.append(fold.run(entries[at : at + size]))
        states |= steps[-1].states
        at += size
        if rng.random() < 0.08:
            fold = Fold(AlertProcessor(), states)
    return _journal(steps)


def cluster(records: Sequence[Record], rng: Random) -> Journal:
    """A partition's fold: the bridge puts records together and says frames again, workers die between two flushes."""
    log = resent(numbered(records, rng), rng)
    messages: list[tuple[str, bytes]] = []
    at = 0
    while at < len(log):
        size = rng.choice([1, 1, 3, 8])
        one = log[at : at + size]
        ticks = [isinstance(r, Tick) for r in one]
        if any(ticks):  # a tick has no site: it travels apart
            one = one[: max(1, ticks.index(True))]
        messages.append((_key(one[0]), encode_records(one)))
        at += len(one)
    entries = [Entry(k, "sites", *message) for k, message in enumerate(messages)]
    rows: dict[str, bytes] = {}
    steps, at, flushed = list[Step](), 0, 0
    fold = PartitionFold(AlertProcessor, _PART, rows, first=0)
    while at < len(entries):
        size = rng.choice([1, 5, 20, 60])
        steps.append(fold.run(entries[at : at + size]))
        at = min(at + size, len(entries))
        if rng.random() < 0.15:
            rows |= fold.dirty()
            flushed = at
        if rng.random() < 0.06:
            fold, at = PartitionFold(AlertProcessor, _PART, rows, first=0), flushed
    return _journal(steps)


DRIVERS: tuple[Callable[[Sequence[Record], Random], Journal], ...] = (direct, replayed, local, cluster)


def _restarted(processor: AlertProcessor) -> AlertProcessor:
    again = AlertProcessor()
    again.load(SITE, processor.dump(SITE))
    return again


def _key(record: Record) -> str:
    return "" if isinstance(record, Tick) else record.site


def _once(records: Sequence[Record]) -> Sequence[Record]:
    last: dict[int, int] = {}
    out: list[Record] = []
    for record in records:
        if isinstance(record, Frame) and record.number:
            if record.number <= last.get(record.epoch, 0):
                continue
            last[record.epoch] = record.number
        out.append(record)
    return out


def _journal(steps: Sequence[Step]) -> Journal:
    rejects = [reject for step in steps for reject in step.rejects]
    if rejects:
        raise AssertionError(f"dead letter: {rejects[0].detail}")
    return list(canonical_journal(decode_output(topic, data) for step in steps for topic, _, data in step.outputs))
