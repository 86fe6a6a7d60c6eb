"""From a night's flow to the leakage that it implies, and how that stands to what cannot be avoided."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.aggregator.zones.night import NightFlow
from services.core.catalogue.zones import Zone

#: Litres a day and m of pressure: by km of mains, by service connection, by km of service pipe on private ground.
#: A. Lambert et al., A review of performance indicators for real losses from water supply systems, Aqua 48(6), 1999.
_BY_MAINS, _BY_CONNECTION, _BY_PRIVATE_PIPE = 18.0, 0.8, 25.0

ROOF_TANKS = "roof tanks that fill at night look like leakage"
BELOW_USE = "the night flow is below the legitimate night use: the meter, a closed valve or the figure for use is wrong"
NO_PRESSURE = "without mains and connections nothing is unavoidable, and there is no index"


@dataclass(frozen=True, slots=True)
class LeakageTerms:
    """mains, private_pipe: km.  connections: how many.  pressure: mean, m.  night_use: legitimate, m3/h.

    hours: the night-day factor: a day's leakage is this many hours of the night's, since pressure, and with it leakage,
    is higher at night. 24 without pressure control; less where pressure falls by day.
    roof_tanks: whether customers have tanks that fill at night.
    """

    id: str
    mains: float
    connections: int
    private_pipe: float
    pressure: float
    night_use: float
    hours: float = 24.0
    roof_tanks: bool = False

    def __post_init__(self) -> None:
        given = (self.mains, self.connections, self.private_pipe, self.pressure, self.night_use)
        if any(not math.isfinite(one) or one < 0 for one in given):
            raise ValueError(f"zone {self.id}: {given} must be 0 or more")
        if not 0 < self.hours <= 48:
            raise ValueError(f"zone {self.id}: night-day factor {self.hours} must be above 0 h and at most 48 h")


@dataclass(frozen=True, slots=True)
class Leakage:
    """night: m3/h; day: m3 a day; unavoidable: m3 a day; index: day / unavoidable (ILI), None when that is 0."""

    night: float
    day: float
    unavoidable: float
    index: float | None
    caveats: tuple[str, ...]


def terms_of(zone: Zone) -> LeakageTerms:
    """Of a catalogue's zone."""
    return LeakageTerms(
        zone.id, zone.mains, zone.connections, zone.private_pipe, zone.pressure, zone.night_use,
        zone.night_day_hours, zone.roof_tanks,
    )  # fmt: skip


def unavoidable(zone: LeakageTerms) -> float:
    """Unavoidable annual real losses, m3 a day: (18 Lm + 0.8 Nc + 25 Lp) P litres, lengths in km, P in m.

    Lambert et al. 1999, as above.
    """
    by_pressure = _BY_MAINS * zone.mains + _BY_CONNECTION * zone.connections + _BY_PRIVATE_PIPE * zone.private_pipe
    return by_pressure * zone.pressure / 1000


def leakage_of(zone: LeakageTerms, night: NightFlow) -> Leakage:
    """Night flow less legitimate use; never below 0, and a flow below it is said."""
    excess = night.flow - zone.night_use
    caveats = [ROOF_TANKS] if zone.roof_tanks else []
    if excess < 0:
        caveats.append(BELOW_USE)
    least = unavoidable(zone)
    if not least:
        caveats.append(NO_PRESSURE)
    day = max(excess, 0.0) * zone.hours
    return Leakage(max(excess, 0.0), day, least, day / least if least else None, tuple(caveats))
