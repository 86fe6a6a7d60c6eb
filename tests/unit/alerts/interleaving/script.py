"""Generated base scripts: what happens at a plant, in the order in which it comes when nothing disturbs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np

from services.core.catalogue import Site, to_json, version_of
from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.quality import Quality
from services.core.records import Command, Config, Record, Tick
from tests.unit.alerts.build import Reading
from tests.unit.alerts.interleaving.plant import draw_site, measured
from tests.unit.alerts.plants import frame

#: The first moment of a script, in s of event time: a full minute.
T0 = 1_700_000_040

_ORDER = {Frame: 0, Tick: 1, Config: 2, Command: 3}


@dataclass(frozen=True)
class Item:
    """A record and when it arrives (s). `since` (ns): of a frame, what it tells of begins after this, where the
    station's frame before it ended.  kept: a gateway had kept it while its station was silent.
    """

    arrives: float
    record: Record
    since: int = 0
    kept: bool = False


@dataclass(frozen=True)
class Script:
    """lateness: s that readings may be late. `first` configures the site; `items` are in order of arrival."""

    first: Config
    items: tuple[Item, ...]
    lateness: int = 0

    @property
    def records(self) -> list[Record]:
        """In order, nothing twice: what the reference folds, a record a step."""
        return [self.first, *(item.record for item in self.items)]


def configured(site: Site, time: int) -> Config:
    text = to_json(site)
    return Config(site.id, version_of(text), text, time * SECOND)


def draw_script(rng: Random, lateness: int = 0) -> Script:
    """Three to five minutes of four stations; without commands, which `with_commands` adds."""
    site = draw_site(rng, lateness)
    items: list[Item] = []
    end = T0 + 20 * rng.randint(10, 14)
    for name, points in measured(site).items():
        items += _station(rng, name, points, end)
    for mark in range(T0 + 20, end + 1, 20):
        if rng.random() < 0.4:
            items.append(Item(mark, Tick(mark * SECOND)))
    items.append(Item(end + 500, Tick((end + 500) * SECOND)))
    if rng.random() < 0.15:
        at = T0 + 20 * rng.randint(3, 10) + 5
        items.append(Item(at, configured(draw_site(rng, lateness), at)))
    return Script(configured(site, T0 - 60), in_order(items), lateness)


def in_order(items: list[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda i: (i.arrives, _ORDER[type(i.record)])))


def _station(rng: Random, name: str, points: list[tuple[int, tuple[float, ...]]], end: int) -> list[Item]:
    """A frame each period, some of them empty; a station may be behind by seconds, and may fall silent for minutes."""
    period, behind = rng.choice([10, 20, 20, 30]), rng.choice([0, 0, 0, 0, 0, 7, 25])
    out: list[Item] = []
    outage = _outage(rng, end)
    kept: list[Frame] = []
    regime = {i: palette[0] for i, palette in points}
    low = T0
    if rng.random() < 0.8:
        out.append(Item(T0, frame(name, T0, *_readings(rng, points, regime, T0 - 9, T0)), (T0 - 10) * SECOND))
    else:
        low += 20 * rng.randint(1, 4)  # one that is heard for the first time when the site is under way
    while low < end:
        high = low + period
        readings = _readings(rng, points, regime, low, high)
        made = frame(name, high, *readings)
        low = high
        if outage is not None and outage[0] < high <= outage[1]:
            kept.append(made)
            continue
        if kept:
            # The gateway is back: first what it had kept, if it had.
            if outage is not None and outage[2]:
                out += [Item(high + behind, one, one.through - period * SECOND, kept=True) for one in kept]
            kept = []
        out.append(Item(high + behind, made, (high - period) * SECOND))
    if outage is not None and rng.random() < 0.3:
        last = max((i for i in out if i.arrives <= outage[0] + behind), key=lambda i: i.arrives, default=None)
        if last is not None:
            at = last.arrives + 3
            out.append(Item(at, frame(name, at, death=True), last.record.through))  # type: ignore[union-attr]
    return sorted(out, key=lambda i: i.arrives)


def _outage(rng: Random, end: int) -> tuple[int, int, bool] | None:
    """(from, until, whether what was read meanwhile is sent afterwards), or none."""
    if rng.random() < 0.5:
        return None
    begin = T0 + 20 * rng.randint(2, 8)
    return begin, min(begin + 20 * rng.randint(2, 9), end - 40), rng.random() < 0.7


def _readings(
    rng: Random, points: list[tuple[int, tuple[float, ...]]], regime: dict[int, float], low: int, high: int
) -> list[Reading]:
    """Values stay for a while where they are; some are bad, uncertain, no number, or of a clock hours ahead."""
    out: dict[tuple[float, int], Reading] = {}
    for _ in range(rng.choice([0, 1, 2, 3, 5])):
        index, palette = rng.choice(points)
        if rng.random() < 0.35:
            regime[index] = rng.choice(palette)
        value, code = regime[index], 0
        if rng.random() < 0.08:
            code = int(rng.choice([Quality.BAD, Quality.UNCERTAIN, Quality.CLOCK, Quality.NOT_A_NUMBER]))
        at: float = rng.choice([rng.randint(low + 1, high), low + round(rng.random() * 19 + 0.5, 1)])
        at = min(at, high)
        if code == Quality.CLOCK:
            at += 7200
        if code == Quality.NOT_A_NUMBER:
            value = float(np.nan)
        # One value for a point and moment: of two the first that comes stands, whichever that is.
        out.setdefault((at, index), (at, index, value, code))
    return list(out.values())


def with_commands(rng: Random, script: Script, raised: list[tuple[int, str]]) -> Script:
    """People act on what was `raised`: (ns, occurrence). Each at a moment of its own, some by a clock that is slow."""
    items = list(script.items)
    ends = [int(i.record.time) for i in items if isinstance(i.record, Tick)]
    for n in range(rng.choice([0, 2, 4, 6, 9])):
        if not raised:
            break
        time, occurrence = rng.choice(raised)
        at = time / SECOND + rng.choice([1, 1, 5, 5, 30, 90])
        if at * SECOND >= ends[-1]:
            continue
        name = occurrence if rng.random() < 0.6 else occurrence.partition("@")[0]
        action = rng.choice(
            ["acknowledge", "acknowledge", "shelve", "shelve_once", "unshelve", "reset", "out_of_service",
             "in_service", "suppress"]
        )  # fmt: skip
        if action == "suppress":
            name = "/".join(name.split("/")[: rng.choice([2, 3])])
        said = round((at - rng.choice([0, 0, 45])) * SECOND)
        until = said + rng.choice([20, 60, 200]) * SECOND if action.startswith(("shelve", "sup")) else 0
        items.append(Item(at, Command(f"c{n}", "no3", said, "Li", "checked", action, name, until)))
    return replace(script, items=in_order(items))
