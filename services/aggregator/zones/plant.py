"""A plant's balance of an hour or a day, out of what is held of its meters and levels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, cast

from services.aggregator.zones.balance import Meter, Store, water_balance
from services.aggregator.zones.fold import Held
from services.aggregator.zones.terms import PlantBalance
from services.core.clock import DAY, SECOND
from services.core.records import ZoneFigures

LEVEL_UNKNOWN = "a level at the beginning or the end is not known: what the tanks took cannot be said"
NO_WASH_METER = "wash water has no meter: it is in the residual"
WASH_TAKEN = "wash water has no meter: it is taken as a share of the raw water"

#: Standard uncertainty of what lies anywhere from nought to double, as a share of it (JCGM 100:2008, 4.3.7).
_NOUGHT_TO_DOUBLE = 1 / math.sqrt(3)


def balance_figures(held: Held, plant: PlantBalance, width: int, start: int) -> Iterator[ZoneFigures]:
    """The balance of the window, and again that of the next, which begins with this one's last level."""
    end = held.end(width, start)
    yield _balance(held, plant, width, start, end)
    if (width, end) in held.windows:
        yield _balance(held, plant, width, end, held.end(width, end))


def _balance(held: Held, plant: PlantBalance, width: int, start: int, end: int) -> ZoneFigures:
    use, seconds = plant.balance, (end - start) / SECOND
    meters, stores, silent, caveats = [], [], [], []
    for role, names in use.roles:
        for name in names:
            row = held.row(width, start, f"{plant.site}/{name}")
            if math.isnan(row.volume):
                silent.append(f"{plant.site}/{name}")
                continue
            kind = cast(Literal["raw", "wash", "finished"], role)
            meters.append(Meter(kind, row.volume, row.gap, use.accuracy))
    before = held.before(width, start)
    for store in use.stores:
        name = f"{plant.site}/{store.level}"
        last = held.row(width, start, name).last
        first = math.nan if before is None else held.row(width, before, name).last
        if math.isnan(first) or math.isnan(last):
            if math.isnan(last):
                silent.append(name)
            caveats = [LEVEL_UNKNOWN]
            continue
        stores.append(Store(store.area, first, last, store.accuracy))
    if use.wash_share:
        raw = math.fsum(meter.volume for meter in meters if meter.role == "raw")
        meters.append(Meter("wash", raw * use.wash_share, 0.0, _NOUGHT_TO_DOUBLE))
        caveats.append(WASH_TAKEN)
    elif not use.wash:
        caveats.append(NO_WASH_METER)
    found = water_balance(seconds, meters, stores)
    figures = {"raw": found.raw, "wash": found.wash, "finished": found.finished, "unknown": found.unknown}
    whole = not silent and LEVEL_UNKNOWN not in caveats
    if whole:  # else what is missing would look like water
        figures |= {"stored": found.stored, "residual": found.residual, "uncertainty": found.uncertainty}
    verdict = found.verdict if whole else "unknown"
    kind_of = "balance_1d" if width == DAY else "balance_1h"
    revision = held.revision(kind_of, start, width)
    return ZoneFigures(
        plant.site, plant.site, kind_of, start, end, revision, figures, verdict, tuple(silent), tuple(caveats)
    )
