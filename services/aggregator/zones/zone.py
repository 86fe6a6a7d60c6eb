"""A zone's flow of a quarter of an hour, and of its night the least flow with the leakage that it implies."""

from __future__ import annotations

import math
from collections.abc import Iterator

from services.aggregator.zones import leakage
from services.aggregator.zones.fold import Held
from services.aggregator.zones.night import Quarter, night_flow, night_of
from services.aggregator.zones.terms import QUARTER
from services.core.catalogue.zones import Zone
from services.core.clock import SECOND
from services.core.records import ZoneFigures

_WHOLE = QUARTER / SECOND
NOT_KNOWN = "less than 95 % of every hour of the night is known"


def zone_figures(held: Held, zone: Zone, start: int) -> Iterator[ZoneFigures]:
    """The quarter that begins at `start` (ns), if every site has said that it is over; and the night that it ends."""
    if not held.complete(QUARTER, start, zone.sites):
        return
    quarter = _quarter(held, zone, start)
    known = _WHOLE - quarter.gap
    figures = {"volume": quarter.volume, "gap": quarter.gap}
    if known > 0:
        figures["flow"] = quarter.volume / known * 3600.0
    revision = held.revision("flow", start, QUARTER)
    verdict = "unknown" if quarter.silent else "known"
    site = zone.sites[0] if len(zone.sites) == 1 else ""
    yield ZoneFigures(zone.id, site, "flow", start, start + QUARTER, revision, figures, verdict, quarter.silent)
    first, last = night_of(start, zone.time_zone)
    # Once it has ended; and again for whatever of it is said anew.
    if first <= start < last and held.complete(QUARTER, last - QUARTER, zone.sites):
        yield _night(held, zone, site, first, last)


def _quarter(held: Held, zone: Zone, start: int) -> Quarter:
    volume, gap, silent = 0.0, 0.0, []
    # In the order of the catalogue: a sum of floats depends on it.
    for name, sign in zone.members:
        row = held.row(QUARTER, start, name)
        if math.isnan(row.volume):
            silent.append(name)
            continue
        volume += sign * row.volume
        gap = max(gap, row.gap)
    return Quarter(start, volume, _WHOLE if silent else gap, tuple(silent))


def _night(held: Held, zone: Zone, site: str, first: int, last: int) -> ZoneFigures:
    starts = [start for start in range(first, last, QUARTER) if held.complete(QUARTER, start, zone.sites)]
    quarters = [_quarter(held, zone, start) for start in starts]
    silent = tuple(dict.fromkeys(name for quarter in quarters for name in quarter.silent))
    revision = held.revision("night", first, last - first)
    found = night_flow(quarters, first, last)
    if found is None:
        caveats = (NOT_KNOWN,)
        return ZoneFigures(zone.id, site, "night", first, last, revision, {}, "unknown", silent, caveats)
    implied = leakage.leakage_of(leakage.terms_of(zone), found)
    figures = {
        "night_flow": found.flow, "gap": found.gap, "leakage_night": implied.night, "leakage_day": implied.day,
        "unavoidable": implied.unavoidable,
    }  # fmt: skip
    if implied.index is not None:
        figures["index"] = implied.index
    return ZoneFigures(zone.id, site, "night", first, last, revision, figures, "known", silent, implied.caveats)
