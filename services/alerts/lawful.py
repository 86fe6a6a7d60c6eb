"""What of a frame breaks the contract of frames, and is counted instead of judged; the rest goes on.

The bridge refuses all of this by name. But a log outlives its bridges and may have other writers, and one reading of
the year 2262 would make a watermark that nothing ever passes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection.plan import Plan
from services.core.clock import DAY
from services.core.frame import Frame, make_frame
from services.core.quality import Quality

#: No frame holds readings that are further apart; what says so has a clock that was never set.
SPAN = 400 * DAY

#: A site's frames run ahead of its ticks by minutes. What is further ahead than this is of no time at all.
AHEAD = 40 * DAY


class Lawful:
    """Of one site under one catalogue version. refused: readings and frames that were not taken."""

    def __init__(self, plan: Plan) -> None:
        # Of each point its station's row: what is computed is of none, and so is what the catalogue does not have.
        self._owner: NDArray[np.int32] = np.append(plan.points["station"][: len(plan.site.points)], -1).astype(np.int32)
        self._stations = {name: s for s, name in enumerate(plan.station_ids)}
        self.refused = 0

    def take(self, frame: Frame, clock: int) -> Frame | None:
        """The frame with what of it can be judged, in order of time; None when nothing can.

        Refused: a frame of a station that the site has not, or that reaches far beyond `clock` (ns; 0: not known), and
        readings of points that the station has not, or by time ahead of what the frame reaches, or a year behind it
        (unless they are marked for their clock).
        """
        station = self._stations.get(frame.station)
        if station is None or (clock and frame.through > clock + AHEAD):
            self.refused += max(1, len(frame))
            return None
        if not len(frame):
            return frame
        times = frame.times
        if len(times) > 1 and (times[1:] < times[:-1]).any():
            frame = _part(frame, np.ones(len(times), np.bool_))
            times = frame.times
        good = self._owner.take(frame.points.view(np.uint32), mode="clip") == station
        if times[0] < frame.through - SPAN or times[-1] > frame.through:
            timely = (times >= frame.through - SPAN) & (times <= frame.through)
            good &= timely | (frame.quality == Quality.CLOCK)
        if good.all():
            return frame
        self.refused += int((~good).sum())
        return _part(frame, good)


def _part(frame: Frame, chosen: NDArray[np.bool_]) -> Frame:
    return make_frame(
        frame.site, frame.station,
        frame.times[chosen], frame.points[chosen], frame.values[chosen], frame.quality[chosen],
        through=frame.through, catalogue=frame.catalogue, epoch=frame.epoch, number=frame.number,
        received=frame.received, clock=frame.clock,
    )  # fmt: skip
