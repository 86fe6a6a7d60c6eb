"""Scripts and their deliveries, compared; and what is told of one that differs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import zip_longest
from random import Random

from services.core.clock import SECOND
from services.core.codec import encode_record
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Command, Config, Record, Tick
from tests.unit.alerts.interleaving.delivery import deliver
from tests.unit.alerts.interleaving.drivers import DRIVERS, Journal, reference
from tests.unit.alerts.interleaving.script import T0, Item, Script, draw_script, with_commands


@dataclass
class Counts:
    """What was really compared: scripts, deliveries of another order than the script's, lines and kinds of them."""

    scripts: int = 0
    interleavings: int = 0
    lines: int = 0
    seen: set[str] = field(default_factory=set)
    orders: set[bytes] = field(default_factory=set)

    def __str__(self) -> str:
        return f"{self.interleavings} interleavings of {self.scripts} scripts, {self.lines} journal lines"


def script_of(seed: int, lateness: int) -> Script:
    """The script of a seed, with commands that make sense where it says what it says."""
    rng = Random(seed)
    bare = draw_script(rng, lateness)
    raised = [(o.time, o.occurrence) for o in reference(bare.records)
              if isinstance(o, AlarmEvent) and o.transition == "raised" and not o.lane]  # fmt: skip
    return with_commands(rng, bare, raised)


def compare(seed: int, lateness: int, deliveries: int, counts: Counts) -> None:
    """AssertionError with the smallest script found, where a delivery gives another journal."""
    script = script_of(seed, lateness)
    expected = list(canonical_journal(reference(script.records)))
    counts.scripts += 1
    counts.lines += len(expected)
    for line in expected:
        told = json.loads(line)
        counts.seen.add(told.get("transition", "incident"))
        counts.seen.add(f"lane {told.get('lane')}")
    for k in range(deliveries):
        rng = Random(f"{seed} {lateness} {k}")
        log, drive = deliver(script, rng), DRIVERS[k % len(DRIVERS)]
        found = drive(log, rng)
        if found != expected:
            raise AssertionError(_told(seed, lateness, script, k))
        mark = blake2b(b"".join(encode_record(r) for r in log), digest_size=8).digest()
        if mark not in counts.orders and log != script.records:
            counts.orders.add(mark)
            counts.interleavings += 1


def _told(seed: int, lateness: int, script: Script, k: int) -> str:
    drive = DRIVERS[k % len(DRIVERS)]
    small = _smallest(script, lambda one: difference(one, drive, _seeds(seed, lateness, k)) is not None)
    for which in (small, script):
        told = difference(which, drive, _seeds(seed, lateness, k))
        if told is not None:
            break
    else:
        return f"seed {seed}, lateness {lateness} s: the journal differs in delivery {k} by {drive.__name__}"
    log, first = told
    lines = [f"seed {seed}, lateness {lateness} s, by {drive.__name__}: the journal differs", *first, "", "script:"]
    lines += [_word(item.record) for item in which.items]
    lines += ["", "delivered:", *(_word(record) for record in log[1:])]
    return "\n".join(lines)


def _seeds(seed: int, lateness: int, k: int) -> list[str]:
    return [f"{seed} {lateness} {k}", *(f"{seed} {lateness} {k} {n}" for n in range(60))]


def difference(
    script: Script, drive: Callable[[Sequence[Record], Random], Journal], seeds: Sequence[str]
) -> tuple[list[Record], list[str]] | None:
    """The first delivery of the script that differs, and where."""
    expected = list(canonical_journal(reference(script.records)))
    for seed in seeds:
        rng = Random(seed)
        log = deliver(script, rng)
        found = drive(log, rng)
        if found != expected:
            for a, b in zip_longest(expected, found):
                if a != b:
                    return log, [f"expected {a}", f"found    {b}"]
    return None


def _smallest(script: Script, fails: Callable[[Script], bool], tries: int = 150) -> Script:
    """Leaves out items, in halves and then one by one, while it still fails."""
    size, first = len(script.items) // 2, sum(item.arrives == T0 for item in script.items)
    while size and tries > 0:
        at, smaller = first, False  # a site begins when all of its stations were heard
        while at < len(script.items) and tries > 0:
            tries -= 1
            left = replace(script, items=_honest(script.items[:at] + script.items[at + size :]))
            try:
                worse = bool(left.items) and fails(left)
            except Exception:
                worse = False
            if worse:
                script, smaller = left, True
            else:
                at += size
        if not smaller or size > 1:
            size //= 2
    return script


def _honest(items: Sequence[Item]) -> tuple[Item, ...]:
    """Where frames were left out, the next of their station tells of their time too."""
    reached: dict[str, int] = {}
    out = []
    for item in items:
        if isinstance(item.record, Frame):
            since = min(item.since, reached.get(item.record.station, item.since))
            reached[item.record.station] = max(item.record.through, reached.get(item.record.station, 0))
            out.append(replace(item, since=since))
        else:
            out.append(item)
    return tuple(out)


def _word(record: Record) -> str:
    if isinstance(record, Tick):
        return f"  tick {record.time / SECOND - T0:g}"
    if isinstance(record, Command):
        return f"  command {record.id} at {record.time / SECOND - T0:g}: {record.action} {record.occurrence}"
    if isinstance(record, Config):
        return f"  catalogue {record.version} at {record.time / SECOND - T0:g}"
    assert isinstance(record, Frame)
    columns = (record.times, record.points, record.values, record.quality)
    rows = [f"({t / SECOND - T0:g}, {p}, {v:g}" + (f", q{q})" if q else ")")
            for t, p, v, q in zip(*(c.tolist() for c in columns), strict=True)]  # fmt: skip
    kind = "death" if record.death else f"frame {record.epoch}/{record.number}" if record.number else "frame"
    return f"  {kind} {record.station} through {record.through / SECOND - T0:g}: {' '.join(rows)}"
