"""A plant's water balance over a window: raw in, wash water, finished out, what the clear well took; what is left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: Up to this share of unknown time a balance is judged; beyond it, only told. Engineering judgement.
_MOST_UNKNOWN = 0.05
#: Two standard uncertainties: about 95 % of cases (JCGM 100:2008, 6.2 and G.6.6).
_COVERAGE = 2.0


@dataclass(frozen=True, slots=True)
class Meter:
    """What a flow meter counted in the window: m3 over the time that is known, and the seconds that are not.

    accuracy: standard uncertainty of the meter as a share of what it shows, e.g. 0.01; an electromagnetic meter as
    installed 0.005-0.02 (engineering judgement: the maker's figure is for a meter on the test bench).
    """

    role: Literal["raw", "wash", "finished"]
    volume: float
    gap: float = 0.0
    accuracy: float = 0.01

    def __post_init__(self) -> None:
        if not (math.isfinite(self.volume) and self.gap >= 0 and 0 <= self.accuracy <= 1):
            raise ValueError(f"volume {self.volume}, gap {self.gap} (>= 0), accuracy {self.accuracy} (0 to 1)")


@dataclass(frozen=True, slots=True)
class Store:
    """A tank: area m2, level at the window's beginning and end (m), standard uncertainty of a level (m)."""

    area: float
    first: float
    last: float
    accuracy: float = 0.01

    def __post_init__(self) -> None:
        if not (self.area > 0 and math.isfinite(self.first + self.last) and self.accuracy >= 0):
            raise ValueError(f"area {self.area} (> 0), levels {self.first}, {self.last}, accuracy {self.accuracy}")

    @property
    def change(self) -> float:
        """m3 that it took, negative when it gave."""
        return self.area * (self.last - self.first)


@dataclass(frozen=True, slots=True)
class Balance:
    """All in m3. residual = raw - wash - finished - stored. uncertainty: of the residual, two standard ones.

    unknown: the longest gap of a meter as a share of the window. missing: roles without a meter.
    verdict: `closes` within the uncertainty, `loses` or `gains` beyond it, `unknown` where too much is.
    """

    raw: float
    wash: float
    finished: float
    stored: float
    residual: float
    uncertainty: float
    unknown: float
    missing: tuple[str, ...]
    verdict: Literal["closes", "loses", "gains", "unknown"]


def water_balance(seconds: float, meters: Sequence[Meter], stores: Sequence[Store]) -> Balance:
    """The balance of a window of so many seconds; ValueError when it has none.

    Uncertainties of meters and levels are taken as independent and add as squares (JCGM 100:2008, 5.1.2). Nothing is
    put in place of a gap: volumes are of the time that is known, so that a balance with long gaps is not judged.
    """
    if not seconds > 0:
        raise ValueError(f"a window of {seconds} s must be longer than 0 s")
    sums = {role: math.fsum(m.volume for m in meters if m.role == role) for role in ("raw", "wash", "finished")}
    stored = math.fsum(store.change for store in stores)
    residual = math.fsum((sums["raw"], -sums["wash"], -sums["finished"], -stored))
    parts = [m.accuracy * m.volume for m in meters]
    # Two readings of one gauge: its error at the beginning and at the end.
    parts += [store.area * store.accuracy * math.sqrt(2) for store in stores]
    uncertainty = _COVERAGE * math.sqrt(math.fsum(part * part for part in parts))
    unknown = max((m.gap for m in meters), default=seconds) / seconds
    # Wash water may have no meter of its own; without the two great flows there is no balance.
    missing = tuple(role for role in ("raw", "finished") if not any(m.role == role for m in meters))
    verdict: Literal["closes", "loses", "gains", "unknown"] = "closes"
    if missing or unknown > _MOST_UNKNOWN:
        verdict = "unknown"
    elif abs(residual) > uncertainty:
        verdict = "loses" if residual > 0 else "gains"
    return Balance(
        sums["raw"], sums["wash"], sums["finished"], stored, residual, uncertainty, unknown, missing, verdict
    )
