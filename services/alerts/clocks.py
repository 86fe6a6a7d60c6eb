"""The clocks of a site's stations, held against the run's own: ahead, behind, set back.

The only clock that the fold knows is the tick. So at each tick it is asked what the frames since the last one say of
their time (those that reach no further than the tick: a frame that runs ahead waits for its own), and what comes of it
is told at the tick's time: how the frames were cut, and how the stations interleave, does not matter.

- ahead: the receiver marked readings for their clock (Quality.CLOCK), or said what a clock beyond belief showed.
- behind: the station is heard, but its newest event time lags by more than the station may be silent, and by the same
  all the rule's window long (10 min). What a gateway catches up with after an outage lags less at every tick.
- set back: frame after frame lies before what had been read, for a minute, by the same lag.

A lag is the same within 30 s: what catches up by less than that in the window cannot be told from a clock. Right again
is a clock that has not lagged, nor been marked, for the rule's off-delay (5 min), while the station was heard. The
bounds are engineering judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection.layout import BY_CLOCK_AHEAD, BY_CLOCK_BACK, BY_CLOCK_BEHIND
from services.alerts.detection.plan import Plan
from services.core.clock import MINUTE, SECOND
from services.core.frame import Frame, Times
from services.core.quality import Quality

_NONE = -(2**62)
_CLOCK = int(Quality.CLOCK)

#: A lag that differs by more is another one.
_SAME = 30 * SECOND

#: A lag up to here is a clock that is right, or half of what the station may be silent, if that is more.
_RIGHT = MINUTE

#: For so long frame after frame must lie before what had been read, and at so many ticks.
_LASTING, _TICKS = MINUTE, 3

#: Frames of a station that wait for their tick; beyond it the oldest two are taken for one.
_WAITING = 64

_STATE = np.dtype(
    [
        ("newest", "i8"),  # up to where had been read, ns
        ("since", "i8"), ("lag", "i8"), ("count", "i8"),  # the same lag since this tick, at so many
        ("back", "i8"),  # before what had been read since this tick, 0: it is not
        ("right", "i8"),  # right since this tick, while its alarm stands, else 0
        ("last", "i8"),  # when it was last heard: how far it reached, or the tick if it lags
        ("by_readings", "i8"),  # what its readings say is wrong: a heartbeat does not say that they are right
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A station's clock at `time`: wrong by `offset` ns (below 0: behind) for a cause of layout, or right: no cause."""

    station: int
    time: int
    cause: int | None = None
    offset: int = 0


class Clocks:
    """Of one site. lateness: ns that the fold's clock is behind the run's."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.lateness = plan, plan.site.lateness
        self.rules = [s.clock for s in plan.site.stations]
        self.state = np.zeros(len(self.rules), _STATE)
        self.state["newest"] = _NONE
        #: By station: (through, newest event time, whether it is a reading's, what a clock beyond belief showed or 0).
        self._waiting: list[list[tuple[int, int, int, int]]] = [[] for _ in self.rules]

    def note(self, station: int, frame: Frame, believed: Times) -> None:
        """A frame came; believed: its event times without those that are marked for their clock, in order."""
        if self.rules[station] is None:
            return
        shown, read = frame.clock, len(believed) > 0
        if len(believed) < len(frame):
            shown = further(shown, int(frame.times[frame.quality == _CLOCK].max()), frame.through)
        waiting = self._waiting[station]
        waiting.append((frame.through, int(believed[-1]) if read else frame.through, int(read), shown))
        if len(waiting) > _WAITING:
            waiting[:2] = [_merged(waiting[:2], waiting[1][0])]

    def judge(self, time: int, before: int, wrong: set[int]) -> list[Found]:
        """The tick `time` after that of `before` (ns): what changes. wrong: stations whose clock alarm stands."""
        out: list[Found] = []
        for station, waiting in enumerate(self._waiting):
            rule = self.rules[station]
            if rule is None:
                continue
            state = self.state[station]
            if before - state["last"] > self.plan.stale_after[station]:
                state["count"] = state["back"] = state["right"] = 0  # nobody knows what its clock did meanwhile
            due = [one for one in waiting if one[0] <= time]
            found = None
            if due:
                self._waiting[station] = [one for one in waiting if one[0] > time]
                found = self._heard(station, state, time, _merged(due, time), rule.window)
                if station not in wrong:
                    state["right"] = 0  # while all is well nothing hangs on where the ticks are
            if station in wrong:
                right = int(state["right"])
                if right and right + rule.off_delay <= time:
                    out.append(Found(station, right + rule.off_delay))
                    state["right"] = 0
            elif found is not None:
                out.append(found)
        return out

    def _heard(self, station: int, state: Any, time: int, said: tuple[int, int, int, int], window: int) -> Found | None:
        """What the frames since the last tick say, as one; the fault that it comes to."""
        through, newest, reading, shown = said
        state["last"] = time
        before = int(state["newest"])
        if reading:
            state["newest"] = max(before, newest)
        if shown:
            state["count"] = state["back"] = state["right"] = 0
            state["by_readings"] = 1
            return Found(station, time, BY_CLOCK_AHEAD if shown > time else BY_CLOCK_BEHIND, shown - time)
        lag, limit = time - newest, int(self.plan.stale_after[station])
        if lag <= max(_RIGHT, limit // 2):
            state["last"] = through
            if reading or not state["by_readings"]:
                state["count"] = state["back"] = state["by_readings"] = 0
                state["right"] = state["right"] or time
            return None
        state["right"] = 0
        state["by_readings"] |= reading
        if not state["count"] or abs(lag - state["lag"]) > _SAME:
            state["since"], state["lag"], state["count"], state["back"] = time, lag, 0, 0
        state["count"] += 1
        state["back"] = (state["back"] or time) if newest < before else 0
        if state["count"] < _TICKS:
            return None
        offset = -(lag + self.lateness)
        if state["back"] and time - state["back"] >= _LASTING:
            return Found(station, time, BY_CLOCK_BACK, offset)
        if lag > limit and time - state["since"] >= window:
            return Found(station, time, BY_CLOCK_BEHIND, offset)
        return None

    def adopt(self, old: Clocks) -> None:
        """Takes over what is known of the stations that an earlier catalogue version had."""
        for s, name in enumerate(self.plan.station_ids):
            if name in old.plan.station_ids and self.rules[s] is not None:
                was = old.plan.station_ids.index(name)
                self.state[s], self._waiting[s] = old.state[was], old._waiting[was]

    # -- state

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is known."""
        waiting = [(s, *one) for s, many in enumerate(self._waiting) for one in many]
        return {"clocks": self.state.view(np.uint8), "clocks_waiting": np.array(waiting, np.int64).reshape(-1, 5)}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """What `arrays` gave."""
        self.state[:] = arrays["clocks"].view(_STATE)
        self._waiting = [[] for _ in self.rules]
        for station, *one in arrays["clocks_waiting"].tolist():
            self._waiting[station].append((one[0], one[1], one[2], one[3]))


def _merged(many: list[tuple[int, int, int, int]], at: int) -> tuple[int, int, int, int]:
    """Frames as one, as told at `at`: where there are readings, they are what counts."""
    reading = max(one[2] for one in many)
    shown = 0
    for one in many:
        shown = further(shown, one[3], at)
    return max(one[0] for one in many), max(one[1] for one in many if one[2] == reading), reading, shown


def further(one: int, other: int, at: int) -> int:
    """Of two times that clocks showed (0: none) the one further from `at`."""
    return max((one, other), key=lambda shown: (abs(shown - at) if shown else -1, shown))


def in_words(seconds: float) -> str:
    """A span of a clock's error: `3 min 0 s`, `8 h 0 min`, `56 d 2 h`."""
    whole = round(abs(seconds))
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(whole / 60)
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(whole / 3600)
    return f"{hours // 24} d {hours % 24} h"
