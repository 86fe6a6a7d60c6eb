"""Frame: readings of one station as columns, the unit of work everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Points = NDArray[np.int32]
Values = NDArray[np.float64]
Qualities = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Readings of one station; the four columns have equal length n and are ordered by (time, point).

    times: event time, ns UTC.  points: index into the site's points.  values: in the point's unit.
    quality: services.core.quality codes.  through: every reading of the station up to here has been sent, ns
    (also its heartbeat).  epoch, number: the gateway's numbering, 0 when the source does not number.
    received: the receiver's clock, ns, never part of a result.  clock: what the source's clock showed (ns) where it
    was too far from the receiver's to be believed, 0 where it was not.
    """

    site: str
    station: str
    times: Times
    points: Points
    values: Values
    quality: Qualities
    through: int
    catalogue: str = ""
    epoch: int = 0
    number: int = 0
    received: int = 0
    death: bool = field(default=False)
    clock: int = 0

    def __post_init__(self) -> None:
        n = len(self.times)
        lengths = (len(self.points), len(self.values), len(self.quality))
        if lengths != (n, n, n):
            raise ValueError(f"columns of unequal length: times {n}, points/values/quality {lengths}")

    def __len__(self) -> int:
        return len(self.times)


def make_frame(
    site: str,
    station: str,
    times: Times,
    points: Points,
    values: Values,
    quality: Qualities | None = None,
    *,
    through: int | None = None,
    catalogue: str = "",
    epoch: int = 0,
    number: int = 0,
    received: int = 0,
    clock: int = 0,
) -> Frame:
    """A frame from columns in any order: sorts them by (time, point), stable, so that the first of two stands.

    `through` defaults to the last reading's time; an empty frame needs it (ValueError).
    """
    n = len(times)
    if quality is None:
        quality = np.zeros(n, np.uint8)
    if through is None:
        if not n:
            raise ValueError("an empty frame needs `through`")
        through = int(times.max())
    order = np.lexsort((points, times))
    return Frame(
        site, station,
        np.ascontiguousarray(times[order], np.int64),
        np.ascontiguousarray(points[order], np.int32),
        np.ascontiguousarray(values[order], np.float64),
        np.ascontiguousarray(quality[order], np.uint8),
        through, catalogue, epoch, number, received, clock=clock,
    )  # fmt: skip
