"""What a site's log holds (Record) and what processors emit, as typed, frozen messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.core.frame import Frame


@dataclass(frozen=True, slots=True)
class Tick:
    """The run's clock is `time` (ns); what was committed before this record is all that had come."""

    time: int
    end: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """An operator's act: who, why, on which occurrence, until when (ns, 0: no end)."""

    id: str
    site: str
    time: int
    who: str
    why: str
    action: str
    occurrence: str = ""
    until: int = 0


@dataclass(frozen=True, slots=True)
class Config:
    """From here on the site obeys catalogue `version`; `catalogue_json` is the site's part, canonical."""

    site: str
    version: str
    catalogue_json: str
    time: int


@dataclass(frozen=True, slots=True)
class SiteStep:
    """What a site says of one window to a fold over several sites or over a plant: a record of that fold's own log.

    key: of the fold, `zone/ID` or `plant/SITE`.  origin: the site.  revision: 0 says that the window is over and that
    there is nothing of it; a higher one adds to what was said before, row by row.  definition: the fold's, as canonical
    JSON, in force since `configured` (ns).  Rows, by member: volume m3 (NaN: unknown), gap s, last value (NaN: none).
    """

    key: str
    origin: str
    width: int
    start: int
    end: int
    revision: int
    definition: str
    configured: int
    members: tuple[str, ...] = ()
    volume: tuple[float, ...] = ()
    gap: tuple[float, ...] = ()
    last: tuple[float, ...] = ()

    @property
    def site(self) -> str:
        """By what its log is divided: the fold's key."""
        return self.key

    @property
    def time(self) -> int:
        """When its window ended, ns."""
        return self.end


Record = Frame | Tick | Command | Config | SiteStep


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One transition of one occurrence. `value` is the one that met the condition, in `unit`; None: no number.

    annunciated: the horn sounds.  state: the letter of ISA-18.2 after it.  who, command: of what a person did.
    until: end of a shelf or of planned work, ns.  lane: "historical" of what came after its time: it never sounds.
    """

    time: int
    site: str
    station: str
    point: str
    rule: str
    occurrence: str
    number: int
    transition: str
    priority: str
    cause: str = ""
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    annunciated: bool = True
    quality: str = "good"
    catalogue: str = ""
    state: str = ""
    who: str = ""
    command: str = ""
    until: int = 0
    lane: str = ""


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One transition of one incident; `evidence` is plain JSON data: what the phase rests on, the forecast."""

    time: int
    site: str
    kind: str
    incident: str
    number: int
    phase: str
    cause: str
    next_step: str
    evidence: dict[str, object] = field(default_factory=dict)


#: What a window has of some points only.
OPTIONAL_STATISTICS = ("twa", "last", "above", "below", "volume", "gap", "diff")

#: The revision of a window that was recomputed from the archive.
FROM_ARCHIVE = 2**31 - 1


def _none() -> NDArray[np.float64]:
    return np.zeros(0)


@dataclass(frozen=True, slots=True, eq=False)
class Aggregates:
    """One window of a site: a row a point that had readings, or whose last value still held in it.

    width: nominal, ns; a local day is of a day's width, and `end` says whether it had 23, 24 or 25 hours.
    Of the usable readings (good or uncertain): mean, min, max, last, NaN without any; twa: mean by time, each value
    held until the next reading or until it is stale; above, below: seconds beyond the first limits, of points that
    have them; volume: m3, of flows; diff: what a counter counted. count: all readings. good_ratio: good / count.
    gap: seconds for which the value is not known; nothing is invented for them.  NaN: there is no such figure.
    revision: how often the window was given out before; the later one stands. FROM_ARCHIVE: recomputed, final.
    """

    site: str
    start: int
    width: int
    points: NDArray[np.int32]
    mean: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    count: NDArray[np.int64]
    good_ratio: NDArray[np.float64]
    catalogue: str = ""
    end: int = 0
    revision: int = 0
    twa: NDArray[np.float64] = field(default_factory=_none)
    last: NDArray[np.float64] = field(default_factory=_none)
    above: NDArray[np.float64] = field(default_factory=_none)
    below: NDArray[np.float64] = field(default_factory=_none)
    volume: NDArray[np.float64] = field(default_factory=_none)
    gap: NDArray[np.float64] = field(default_factory=_none)
    diff: NDArray[np.float64] = field(default_factory=_none)

    def __post_init__(self) -> None:
        if not self.end:
            object.__setattr__(self, "end", self.start + self.width)
        for name in OPTIONAL_STATISTICS:
            if len(getattr(self, name)) != len(self.points):
                object.__setattr__(self, name, np.full(len(self.points), np.nan))


@dataclass(frozen=True, slots=True)
class Recompute:
    """Readings came for windows that are no longer in memory: those of `width` from `start` to `end` (ns).

    To be recomputed from the archive; never given out anew with a part of their readings.
    """

    site: str
    width: int
    start: int
    end: int
    readings: int
    catalogue: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """Computed readings of a site, shaped as a frame."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class ZoneFigures:
    """What comes of several meters over a window: of a zone its flow and its night, of a plant its balance.

    zone: its id, of a balance the plant's.  site: where all members are of one site, its id.  kind: flow (a quarter of
    an hour), night, balance_1h, balance_1d.  figures: those that there are (services/aggregator/zones/README.md).
    silent: members of which nothing is known.  revision: how often it was given out before; the later one stands.
    """

    zone: str
    site: str
    kind: str
    start: int
    end: int
    revision: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    verdict: str = ""
    silent: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


#: All figures of zones and balances, in the order of a table's columns.
ZONE_FIGURES = (
    "flow", "volume", "gap", "night_flow", "leakage_night", "leakage_day", "unavoidable", "index", "raw", "wash",
    "finished", "stored", "residual", "uncertainty", "unknown",
)  # fmt: skip

Output = AlarmEvent | IncidentEvent | Aggregates | Recompute | Derived | SiteStep | ZoneFigures
