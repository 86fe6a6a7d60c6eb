"""What comes after its time: a lane of its own, which never raises or clears a live alarm, and never sounds.

A station that was silent for too long is unknown from then on. When its gateway sends what it had kept, those readings
are folded here, from where the live lane stood when it lost sight, and told as historical. What was high or critical
and came and went meanwhile is left standing as returned and unacknowledged; what is still so at the newest reading is
for the live lane to say. Single readings that come out of their order go the same way, until the next tick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection.engine import Engine
from services.alerts.detection.layout import ACTIVE, BY_LIVE, BY_RETURN, BY_RULE_CHANGE, CAUSES, CLEARING
from services.alerts.detection.plan import Plan
from services.alerts.transitions import to_events
from services.core.frame import Frame, Points, Qualities, Times, Values
from services.core.records import AlarmEvent

#: A station whose readings are live.
OPEN = -(2**62)

HISTORICAL = "historical"
#: What went for these reasons did not return to normal unseen.
_NOT_OVER = (CAUSES[BY_LIVE], CAUSES[BY_RULE_CHANGE])
_WORTH_SEEING = ("critical", "high")

Missed = Callable[[AlarmEvent], list[AlarmEvent]]


class Backfill:
    """Of one site. closed: by station, the event time (ns) up to which what comes is historical; OPEN: none is."""

    def __init__(self, plan: Plan, missed: Missed) -> None:
        """`missed` is given the raised event of what came and went, with the time at which it went."""
        self.plan, self._missed = plan, missed
        self.engine = Engine(plan)
        stations = len(plan.station_ids)
        self.closed = np.full(stations, OPEN, np.int64)
        self._newest = np.full(stations, OPEN, np.int64)  # reading of the lane that is open
        self._lane = np.zeros(stations, np.int64)  # what tells one lane's occurrences from another's
        self._raised: dict[int, AlarmEvent] = {}  # by rule row, in this lane

    def close(self, station: int, time: int, until: int, live: Engine) -> None:
        """The station is unknown from `time` on; `live` stands where it lost sight of it.

        `until`: up to here it would be unknown still if it were heard now; what an outage leaves is all of it old.
        """
        if self.closed[station] == OPEN:
            self.closed[station] = self._lane[station] = time
            self._newest[station] = OPEN
            self.engine.copy_station(live, station)
        self.closed[station] = max(int(self.closed[station]), until)

    def take(
        self, station: int, tick: int, live: Engine, times: Times, points: Points, values: Values, quality: Qualities
    ) -> list[AlarmEvent]:
        """Readings whose time is over, in the order in which they came."""
        if not len(times):
            return []
        if self.closed[station] == OPEN and self._newest[station] == OPEN:
            self._lane[station] = tick
            self.engine.copy_station(live, station)
            self.engine.out_of_order(station)
        rows, _, _ = self.engine.feed(times, points, values, quality)
        self._newest[station] = max(int(self._newest[station]), int(times.max()))
        return self._told(station, rows)

    def finish(self, station: int) -> list[AlarmEvent]:
        """The lane has been caught up with: timers run to its newest reading, what still stands is left to the live."""
        out: list[AlarmEvent] = []
        newest = int(self._newest[station])
        if newest != OPEN:
            mine: NDArray[np.bool_] = self.plan.points["station"] == station
            out = self._told(station, self.engine.settle(newest, mine))
            for r in self.engine.rules_of(station):
                phase = self.engine.rules[r]["phase"]
                if phase >= ACTIVE:  # on its way out it was normal at the newest reading
                    why = BY_RETURN if phase == CLEARING else BY_LIVE
                    out += self._told(station, self.engine.closing(r, newest, why))
                self._raised.pop(r, None)
        self.closed[station] = self._newest[station] = OPEN
        self._lane[station] = 0
        self.engine.forget_station(station)
        return out

    def waiting(self) -> list[int]:
        """Open stations of which something came out of its order since the last tick."""
        return [int(s) for s in np.flatnonzero((self.closed == OPEN) & (self._newest != OPEN))]

    def adopt(self, old: Backfill) -> list[AlarmEvent]:
        """Takes over the lanes of an earlier catalogue version.

        What a changed rule had raised in them closes at the newest reading of its lane.
        """
        rows = self.engine.adopt(old.engine, 0)
        out: list[AlarmEvent] = []
        for was, name in enumerate(old.plan.station_ids):
            newest = int(old._newest[was])
            mine = rows[old.plan.points["station"][old.plan.rules["point"][rows["rule"]]] == was]
            if newest != OPEN and len(mine):
                mine["time"] = newest
                out += old._told(was, mine)
            if name in self.plan.station_ids:
                s = self.plan.station_ids.index(name)
                self.closed[s], self._newest[s], self._lane[s] = old.closed[was], newest, old._lane[was]
        places = {name: r for r, name in enumerate(self.plan.names)}
        heirs = {r: places.get(old.plan.names[r]) for r in old._raised}
        self._raised = {heir: old._raised[r] for r, heir in heirs.items() if heir is not None}
        return out

    def _told(self, station: int, rows: NDArray[Any]) -> list[AlarmEvent]:
        out: list[AlarmEvent] = []
        for row, event in zip(rows, to_events(self.plan, rows), strict=True):
            r = int(row["rule"])
            told = replace(
                event, occurrence=f"{event.occurrence}~{self._lane[station]}", annunciated=False, lane=HISTORICAL
            )
            out.append(told)
            if event.transition == "raised" and event.annunciated:
                self._raised[r] = event
            elif event.transition == "cleared":
                raised = self._raised.pop(r, None)
                if raised is not None and event.priority in _WORTH_SEEING and event.cause not in _NOT_OVER:
                    out += self._missed(replace(raised, time=event.time))
        return out

    # -- state

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """(plain data, arrays); empty while every station is live."""
        if bool((self.closed == OPEN).all() and (self._newest == OPEN).all()):
            return {}, {}
        meta = {"raised": {str(r): asdict(event) for r, event in sorted(self._raised.items())}}
        arrays = {f"old_{name}": array for name, array in self.engine.arrays().items()}
        return meta, arrays | {"old_closed": self.closed, "old_newest": self._newest, "old_lane": self._lane}

    def load(self, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """What `dump` gave. Raises ValueError when it is of another catalogue."""
        if not meta:
            return
        self.engine.take({name.removeprefix("old_"): a for name, a in arrays.items() if name.startswith("old_")})
        self.closed[:], self._newest[:] = arrays["old_closed"], arrays["old_newest"]
        self._lane[:] = arrays["old_lane"]
        self._raised = {int(r): AlarmEvent(**event) for r, event in meta["raised"].items()}


def later(frame: Frame, than: int) -> Frame:
    """The frame without the readings up to `than` (ns)."""
    new = frame.times > than
    if new.all():
        return frame
    return replace(
        frame, times=frame.times[new], points=frame.points[new], values=frame.values[new], quality=frame.quality[new]
    )
