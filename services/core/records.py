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


Record = Frame | Tick | Command | Config


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One transition of one occurrence. `value` is the one that met the condition, in `unit`; None: no number.

    annunciated: the horn sounds.  state: the letter of ISA-18.2 after it.  who, command: of what a person did.
    until: end of a shelving, ns.  lane: "historical" of what came after its time, which sounds for nobody.
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


@dataclass(frozen=True, slots=True, eq=False)
class Aggregates:
    """One window of a site: a row a point that had readings. mean/min/max NaN when none was usable."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """Computed readings of a site, shaped as a frame."""

    frame: Frame


Output = AlarmEvent | IncidentEvent | Aggregates | Derived
