"""What can happen to a script on its way: the same records, interleaved, delayed, cut, doubled, ticked otherwise.

Which deliveries are of the same script is the promise itself: `tests/slow/test_interleavings.py` says it in words,
`before` and `fixed` here say it in code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.records import Record, Tick
from tests.unit.alerts.interleaving.plant import LONGEST_STALE
from tests.unit.alerts.interleaving.script import T0, Item, Script

#: Frames of a site among which a source without numbers may say one again (services/alerts/repeats.py has 64).
REMEMBERED = 60


def deliver(script: Script, rng: Random) -> list[Record]:
    """Another honest delivery of the script; nothing is numbered or doubled yet."""
    items = list(script.items)
    if script.lateness:
        late = overdue(items, script.lateness)
        items = [part for k, item in enumerate(items) for part in (_cut(item, rng) if k not in late else [item])]
    order = _linear(items, before(items, script.lateness), rng)
    return [script.first, *_ticked([items[i] for i in order], script.lateness, rng)]


def _cut(item: Item, rng: Random) -> list[Item]:
    """Where readings may be late a frame may come in parts, each as far as its own newest reading."""
    made = item.record
    if not isinstance(made, Frame) or made.death or len(made) < 2 or rng.random() < 0.7:
        return [item]
    first = [rng.random() < 0.5 for _ in range(len(made))]
    parts = []
    for wanted in (True, False):
        rows = [k for k, one in enumerate(first) if one is wanted]
        through = made.through if not wanted or not rows else min(int(made.times[rows].max()), made.through)
        parts.append(
            replace(item, record=replace(
                made, times=made.times[rows], points=made.points[rows], values=made.values[rows],
                quality=made.quality[rows], through=through,
            ))
        )  # fmt: skip
    return [part for part in parts if len(part.record) or part.record.through == made.through]  # type: ignore[arg-type, union-attr]


def overdue(items: Sequence[Item], lateness: int) -> set[int]:
    """Which frames come later than the site allows."""
    out, due = set(), 0
    for k, item in enumerate(items):
        if isinstance(item.record, Tick):
            due = item.record.time - lateness * SECOND
        elif isinstance(item.record, Frame) and item.since < due:
            out.add(k)
    return out


def _historical(items: Sequence[Item], lateness: int) -> set[int]:
    """What a gateway had kept, and is so old that its station is given up for all of it: of no live alarm."""
    out, due = set(), 0
    for k, item in enumerate(items):
        if isinstance(item.record, Tick):
            due = item.record.time - lateness * SECOND
        elif item.kept and isinstance(item.record, Frame) and item.record.through <= due - LONGEST_STALE * SECOND:
            out.add(k)
    return out


def fixed(one: Item, other: Item, lateness: int) -> bool:
    """Whether `one`, which comes before `other`, must stay before it for the script to be the same."""
    a, b = one.record, other.record
    if isinstance(a, Frame) and isinstance(b, Frame):
        # A station tells what it has in order; where readings may be late, in any order between two ticks.
        return a.station == b.station and (not lateness or a.death or b.death)
    if isinstance(a, Tick) and isinstance(b, Frame):
        # All that had come: what tells of before the tick and comes after it is late, and must stay so.
        # What is held back does not matter before it is due.
        return other.since < a.time - lateness * SECOND
    if isinstance(a, Frame) and isinstance(b, Tick):
        return one.since < b.time - lateness * SECOND
    return True  # a person's command, another catalogue: at their place in the log


def before(items: Sequence[Item], lateness: int) -> list[set[int]]:
    """By item, those that must stay before it."""
    late = overdue(items, lateness) - _historical(items, lateness)
    return [
        {i for i in range(k) if k in late or i in late or fixed(items[i], items[k], lateness)}
        for k in range(len(items))
    ]


def _linear(items: Sequence[Item], before: Sequence[set[int]], rng: Random) -> list[int]:
    """Some order that keeps what must be kept: stations run ahead or hang behind, ticks come early or late."""
    weight = {name: rng.choice([0.02, 1, 1, 5]) for name in ("intake", "clearwell", "lab", "gauge", "")}
    waiting = [set(b) for b in before]
    after: list[list[int]] = [[] for _ in items]
    for k, b in enumerate(before):
        for i in b:
            after[i].append(k)
    ready = [k for k, b in enumerate(waiting) if not b]
    reach = rng.choice([3, 10, 1000])
    out: list[int] = []
    while ready:
        near = [k for k in ready if k <= min(ready) + reach]
        weights = [weight[getattr(items[k].record, "station", "")] for k in near]
        k = rng.choices(near, weights)[0]
        ready.remove(k)
        out.append(k)
        for other in after[k]:
            waiting[other].discard(k)
            if not waiting[other]:
                ready.append(other)
    return out


def _ticked(items: Sequence[Item], lateness: int, rng: Random) -> list[Record]:
    """Ticks many or few: one that tells nothing may be left out, or be said more often. None before a command."""
    out: list[Record] = []
    oldest = 2**62
    later = [0] * len(items)
    for k in range(len(items) - 1, -1, -1):
        later[k] = oldest  # of all that comes after k
        if isinstance(items[k].record, Frame):
            oldest = min(oldest, items[k].since)
    marks = [k for k, item in enumerate(items) if not isinstance(item.record, Frame)]
    following = {k: items[n].record for k, n in pairwise(marks)}
    last, reached = (T0 - 60) * SECOND, 0
    for k, item in enumerate(items):
        record = item.record
        if isinstance(record, Tick):
            free = record.time - lateness * SECOND <= later[k] and isinstance(following.get(k), Tick)
            if free and rng.random() < 0.3:
                continue
            last = record.time
        out.append(record)
        if isinstance(record, Frame):
            reached = max(reached, record.through)
            upcoming = next((items[n].record for n in marks if n > k), None)
            if isinstance(upcoming, Tick) and rng.random() < 0.05:
                limit = min(later[k] + lateness * SECOND, upcoming.time)
                if last < limit and last < reached:
                    last = rng.randint(last + 1, min(limit, reached + lateness * SECOND))
                    out.append(Tick(last))
    return out


def numbered(records: Sequence[Record], rng: Random) -> list[Record]:
    """As a gateway numbers what it sends, maybe anew with another epoch on the way; deaths are the bridge's own."""
    epoch, number = 1, 0
    change = rng.randint(0, len(records)) if rng.random() < 0.2 else -1
    out: list[Record] = []
    for k, record in enumerate(records):
        if k == change:
            epoch, number = 2, 0
        if isinstance(record, Frame) and not record.death:
            number += 1
            record = replace(record, epoch=epoch, number=number)  # noqa: PLW2901
        out.append(record)
    return out


def resent(records: Sequence[Record], rng: Random) -> list[Record]:
    """After a reconnect a gateway sends again, in order, all from some number on; here now and then."""
    out: list[Record] = []
    sent: list[Frame] = []
    for record in records:
        out.append(record)
        if isinstance(record, Frame) and record.number:
            sent.append(record)
            if rng.random() < 0.04:
                out += sent[-rng.randint(1, 12) :]
    return out


def doubled(records: Sequence[Record], rng: Random) -> list[Record]:
    """A source without numbers says frames again, not too long after."""
    out: list[Record] = []
    recent: list[Frame] = []
    for record in records:
        out.append(record)
        if isinstance(record, Frame) and not record.death:
            recent = [*recent[-REMEMBERED + 1 :], record]
        while recent and rng.random() < 0.08:
            out.append(rng.choice(recent))
    return out
