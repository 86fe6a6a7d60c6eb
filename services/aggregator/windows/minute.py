"""MinuteAggregator: one-minute windows of event time, closed by the run's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from services.aggregator.windows.cells import Cells
from services.core.catalogue import from_json
from services.core.clock import MINUTE
from services.core.frame import Frame
from services.core.packing import pack, unpack
from services.core.quality import Quality
from services.core.records import Aggregates, Config, Output, Record, Tick

_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class _SiteState:
    """`points`: how many point indices the catalogue has. `closed`: windows before this are closed.

    late: readings of closed windows. ignored: of unknown points, or ahead of the receiver's clock.
    """

    points: int = 0
    version: str = ""
    closed: int = 0
    late: int = 0
    ignored: int = 0
    cells: Cells = field(default_factory=Cells.none)


class MinuteAggregator:
    """Per point and minute: mean, min, max of usable readings; count of all; ratio of good ones.

    A Processor. A window is closed, and given out, by the first tick at or after its end; windows
    without readings are not given out. Bad readings are counted and nothing more. Of readings with
    one point and time within a frame the first counts. Readings for a closed window are counted as
    late: the window is recomputed from the archive, never given out again.
    """

    name = "aggregator"

    def __init__(self, width: int = MINUTE) -> None:
        """`width`: of a window, in ns."""
        self.width = width
        self._sites: dict[str, _SiteState] = {}

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        """The aggregates of the windows that the ticks among `records` close, in order."""
        state = self._sites.get(site, _SiteState())
        outputs: list[Output] = []
        frames: list[Frame] = []
        for record in records:
            match record:
                case Frame():
                    frames.append(record)
                case Tick():
                    state, frames = self._fold(state, frames), []
                    state = self._close(site, state, record.time, outputs)
                case Config():
                    state, frames = self._fold(state, frames), []
                    points = len(from_json(record.catalogue_json).points)
                    state = replace(state, points=points, version=record.version)
        self._sites[site] = self._fold(state, frames)
        return outputs

    def late(self, site: str) -> int:
        """Readings that came after their window was closed."""
        return self._sites.get(site, _SiteState()).late

    def ignored(self, site: str) -> int:
        """Readings of points that the catalogue does not have, or ahead of the receiver's clock."""
        return self._sites.get(site, _SiteState()).ignored

    def _fold(self, state: _SiteState, frames: Sequence[Frame]) -> _SiteState:
        frames = [frame for frame in frames if len(frame)]
        if not frames:
            return state
        times = np.concatenate([f.times for f in frames])
        points = np.concatenate([f.points for f in frames])
        quality = np.concatenate([f.quality for f in frames])
        first = _first_of_each(frames, times, points)
        # A reading from the future would hold a window open until the future comes.
        known = first & (points >= 0) & (points < state.points) & (quality != Quality.CLOCK)
        windows = times // self.width
        late = known & (windows < state.closed)
        taken = np.flatnonzero(known & ~late)
        values = np.concatenate([f.values for f in frames])
        return replace(
            state,
            late=state.late + int(late.sum()),
            ignored=state.ignored + int((first & ~known).sum()),
            cells=state.cells.add(windows[taken], points[taken], values[taken], quality[taken])
            if len(taken)
            else state.cells,
        )

    def _close(self, site: str, state: _SiteState, now: int, outputs: list[Output]) -> _SiteState:
        window = now // self.width
        if window <= state.closed:
            return state
        closed, rest = state.cells.split(window)
        for number, cells in closed:
            nothing = cells.usable == 0
            usable = np.maximum(cells.usable, 1)
            outputs.append(
                Aggregates(
                    site=site,
                    start=number * self.width,
                    width=self.width,
                    points=cells.points,
                    mean=np.where(nothing, np.nan, cells.total / usable),
                    min=np.where(nothing, np.nan, cells.low),
                    max=np.where(nothing, np.nan, cells.high),
                    count=cells.count,
                    good_ratio=cells.good / cells.count,
                    catalogue=state.version,
                )
            )
        return replace(state, closed=window, cells=rest)

    def dump(self, site: str) -> bytes:
        """The site's state; that of a site never seen is the initial one."""
        s = self._sites.get(site, _SiteState())
        meta = {
            "schema": _SCHEMA, "width": self.width, "points": s.points, "version": s.version,
            "closed": s.closed, "late": s.late, "ignored": s.ignored,
        }  # fmt: skip
        return pack(meta, s.cells.arrays())

    def load(self, site: str, state: bytes) -> None:
        """ValueError for another schema version, another width, or damaged bytes."""
        meta, arrays = unpack(state)
        if (meta.get("schema"), meta.get("width")) != (_SCHEMA, self.width):
            raise ValueError(
                f"windows of schema {meta.get('schema')} and {meta.get('width')} ns, "
                f"where this reads schema {_SCHEMA} and {self.width} ns"
            )
        try:
            self._sites[site] = _SiteState(
                meta["points"], meta["version"], meta["closed"], meta["late"], meta["ignored"],
                Cells.from_arrays(arrays),
            )  # fmt: skip
        except KeyError as error:
            raise ValueError(f"damaged state: {error} is missing") from None


def _first_of_each(
    frames: Sequence[Frame], times: np.ndarray[tuple[int], np.dtype[np.int64]], points: np.ndarray
) -> np.ndarray:
    """Whether a reading is the first of its frame with its point and time; the columns are in order."""
    first = np.ones(len(times), np.bool_)
    first[1:] = (times[1:] != times[:-1]) | (points[1:] != points[:-1])
    first[np.cumsum([len(f) for f in frames])[:-1]] = True  # another frame begins here
    return first
