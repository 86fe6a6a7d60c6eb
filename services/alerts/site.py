"""One site's fold: frames, ticks and configuration in; alarm events, incidents and derived readings out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.adoption import adopt
from services.alerts.backfill import OPEN, Backfill, later
from services.alerts.clocks import Clocks
from services.alerts.derived import FUNCTIONS, DerivedFunction
from services.alerts.detection.engine import Engine
from services.alerts.detection.layout import CLOCK, SILENT, STALE, SUCCESSIVE_HIGH
from services.alerts.detection.plan import Plan, compile_site
from services.alerts.diagnosis import Diagnosis
from services.alerts.escalation import Escalation
from services.alerts.grid import Grid, holds
from services.alerts.lawful import Lawful
from services.alerts.lifecycle.definitions import keeper_of
from services.alerts.ordering import Ordering
from services.alerts.repeats import Repeats
from services.alerts.transitions import to_events
from services.core.catalogue import Site
from services.core.clock import DAY, NEVER
from services.core.frame import Frame, make_frame
from services.core.quality import Quality
from services.core.records import Command, Derived, Output

_UNSEEN = -(2**62)

#: Kinds that are told when an instant may be over: by a later sign of life, by the next reading, by a tick.
_TOLD_LATER = (SILENT, SUCCESSIVE_HIGH, CLOCK)

#: Instants judged at a time, so that what comes of them fits into a frame and into memory, however long the gap was.
_INSTANTS = 2048


class SiteFold:
    """The state of one site under one catalogue version, and how records move it."""

    def __init__(self, site: Site, version: str, since: int = 0) -> None:
        """`since` (ns): when the site was configured. The grid begins at most a day before: a gateway that starts
        with the clock of its factory must not make it fill decades.
        """
        self.plan: Plan = compile_site(site, version)
        self.engine = Engine(self.plan)
        self.keeper = keeper_of(self.plan)
        self.backfill = Backfill(self.plan, self.keeper.missed)
        self.ordering = Ordering(site.id, site.lateness) if site.lateness else None
        index = site.point_index
        self.diagnosis = Diagnosis(site)
        self.functions: list[tuple[int, DerivedFunction, list[int]]] = []
        wanted = set(self.diagnosis.needs)
        for point in site.points:
            if point.derived is not None and not point.removed:
                wanted |= set(point.derived.inputs.values())
        self.inputs = sorted({index[name] for name in wanted} | set(self.plan.gates))
        self._gates = [self.inputs.index(i) for i in self.plan.gates]
        for i, point in enumerate(site.points):
            if point.derived is not None and not point.removed:
                labels, targets = list(point.derived.inputs), point.derived.inputs.values()
                given = {name: value for name, value in point.derived.parameters.items() if value is not None}
                function = FUNCTIONS[point.derived.function](site, labels, given)
                self.functions.append((i, function, [self.inputs.index(index[t]) for t in targets]))
        gate_rows = range(self.plan.gate_row, self.plan.gate_row + len(self._gates))
        self._computed = np.array([*gate_rows, *(i for i, _, _ in self.functions)], np.int32)
        self.grid = Grid(
            self.inputs,
            holds([site.points[i].stale_after for i in self.inputs]),
            site.grid,
            len(self.plan.points),
        )
        self.since = since
        self.tick = 0
        self.begin_grid()
        ids = self.plan.station_ids
        self.contributing = sorted({ids.index(site.points[i].station) for i in self.inputs})
        # On the grid: the points of these stations, and what is derived. Others may be behind its instants.
        on_grid = {i for i, p in enumerate(self.plan.points) if p["station"] in self.contributing}
        self._on_grid = np.zeros(len(self.plan.points), np.bool_)
        self._on_grid[sorted(on_grid | {i for i, _, _ in self.functions})] = True
        self.heard = np.full(len(ids), _UNSEEN, np.int64)  # event time of each station's newest frame
        self.silent = np.zeros(len(ids), np.uint8)
        concerned = self.keeper.causes.concerned
        rows = [r for r, name in enumerate(self.plan.names) if "/".join(name) in concerned]
        self._causal = {self.plan.names[r] for r in rows}
        self._concerned = np.zeros(len(self.plan.points), np.bool_)
        self._concerned[self.plan.rules["point"][rows]] = True
        #: Stations that have a part in causes and consequences; where one is computed, all that it is computed from.
        telling = {ids.index(self.plan.names[r][0]) for r in rows}
        computed = any(i < len(site.points) and site.points[i].derived for i in np.flatnonzero(self._concerned))
        self._telling = sorted(telling | set(self.contributing)) if computed else sorted(telling)
        #: A silence in an incident is worse, where there are incidents at all.
        stale = self.plan.rules["kind"] == STALE
        self.escalation = Escalation(
            name for name, mine in zip(self.plan.names, stale, strict=True) if mine and site.incidents
        )
        self.clocks = Clocks(self.plan)
        self.lawful = Lawful(self.plan)
        #: What incidents may hear of, by rule row.
        late = np.isin(self.plan.rules["kind"], _TOLD_LATER)
        self.noted = self._on_grid[self.plan.rules["point"]] & ~late
        self.repeats = Repeats(len(ids))
        self.watched = [site.points[i].id for i in self.inputs]
        self._names = self.watched + [site.points[i].id for i, _, _ in self.functions]

    # --- records -----------------------------------------------------------------------------------------

    def frames(self, frames: list[Frame]) -> list[Output]:
        """Consecutive frames, in order; where readings may be late, they wait for the tick that is later."""
        clock = max(self.tick, self.since)
        taken = [one for frame in frames if (one := self.lawful.take(frame, clock)) is not None]
        if self.ordering is None:
            return self.fold(taken)
        for frame in taken:
            if frame.death or frame.number or not self._known(frame):
                self.ordering.add(frame)
        return []

    def _known(self, frame: Frame) -> bool:
        """Whether a frame without a number came before."""
        return frame.station in self.plan.station_ids and self.repeats.knows(
            self.plan.station_ids.index(frame.station), frame
        )

    def fold(self, frames: list[Frame]) -> list[Output]:
        """Frames whose turn has come."""
        out: list[Output] = []
        for frame in frames:
            if frame.station not in self.plan.station_ids:
                continue  # it was held when the station was taken away
            station = self.plan.station_ids.index(frame.station)
            if frame.death:
                out += self._death(station, frame.through)
                continue
            if self.ordering is None and not frame.number and self._known(frame):
                continue
            believed = frame.times[frame.quality != Quality.CLOCK]
            self.clocks.note(station, frame, believed)
            if self.heard[station] == _UNSEEN:
                out += self._begin(station, frame.through)
            if (closed := int(self.backfill.closed[station])) != OPEN:
                out += self._after_its_time(station, frame)
                if frame.through <= closed:
                    continue
                frame, believed = later(frame, closed), believed[believed > closed]  # noqa: PLW2901
                out += self.backfill.finish(station)
            first = int(believed[0]) if len(believed) else frame.through
            overdue = int(self.heard[station]) + int(self.plan.stale_after[station])
            # A frame that reaches no further than what was heard is a repetition, no sign of life.
            if frame.through > self.heard[station] and (
                self.silent[station] or (self.heard[station] != _UNSEEN and overdue < first)
            ):
                out += self._hear(station, first, overdue)
            self.heard[station] = max(int(self.heard[station]), frame.through)
            self.engine.alive(station, frame.through)
            out += self._feed(frame, first, station in self.contributing)
            if self.inputs:
                out += self._evaluate()
            if self._telling:
                out += self._told()
        return out

    def advance(self, time: int) -> list[Output]:
        """A tick: the run's clock is `time`, all that had come before it has been folded, or is being put in order."""
        if self.ordering is None:
            return self._advance(time)
        due = time - self.ordering.lateness
        out = self.fold(self.ordering.release(due))
        return out + self._advance(due)

    def _advance(self, time: int) -> list[Output]:
        if time <= self.tick:
            return []
        before, self.tick = self.tick, time
        self.begin_grid()
        out: list[Output] = []
        for station in range(len(self.heard)):
            overdue = int(self.heard[station]) + int(self.plan.stale_after[station])
            if self.heard[station] == _UNSEEN or overdue > time:
                continue
            if not self.silent[station]:  # its timers run to where it was lost sight of, and go no further
                mine = self.plan.points["station"] == station
                out += self.events(self.engine.settle(overdue, mine))
            self.backfill.close(station, overdue, time - int(self.plan.stale_after[station]), self.engine)
            if not self.silent[station]:
                out += self._fall_silent(station, overdue, dead=False)
        for station in self.backfill.waiting():
            out += self.backfill.finish(station)
        # First what is computed: a timer on the grid must not run past instants that are still to be judged.
        out += self._evaluate()
        out += self.events(self.engine.settle(time))
        out += self.worse_in_incidents()
        for one in self.clocks.judge(time, before, self.engine.wrong_clocks()):
            out += self.events(self.engine.clock(one.station, one.time, one.cause, one.offset))
        out += self.keeper.release(time)
        return out + self.keeper.advance(time)

    def obey(self, command: Command) -> list[Output]:
        """A person's command, at its place in the log; in force from the newest reading on."""
        return list(self.keeper.obey(command, max(self.tick, int(self.heard.max(initial=0)))))

    def adopt(self, old: SiteFold, time: int) -> list[Output]:
        """Takes over from the fold of an earlier catalogue version, which is at its end; `time` (ns): the change's."""
        return adopt(self, old, time)

    def begin_grid(self) -> None:
        """Says where the grid may begin: not before the last tick, or whose first frame comes first would matter."""
        if self.grid.base < 0:
            self.grid.not_before(max(self.since - DAY, self.tick + 1 if self.tick else 0))

    # --- parts -------------------------------------------------------------------------------------------

    def _reached(self) -> int:
        """Every contributing station's readings up to here have been folded."""
        passed = int(self.heard[self.contributing].min(initial=NEVER)) if self.contributing else _UNSEEN
        return max(passed, self.tick)

    def _told(self) -> list[Output]:
        """What causes and consequences said up to where all of their stations have come, timers included."""
        until = max(int(self.heard[self._telling].min()), self.tick)
        if not self.escalation.keys.isdisjoint(self._causal):
            until = self.tick  # so do silences, where incidents make them worse
        out = self.events(self.engine.settle(until, self._concerned)) if until > _UNSEEN else []
        return out + list(self.keeper.release(until))

    def _feed(self, frame: Frame, first: int, contributes: bool) -> list[Output]:
        times, points, values, quality = frame.times, frame.points, frame.values, frame.quality
        if contributes:
            self.grid.start(first)
        if not len(times):
            return []
        if not values.flags.writeable:  # a type of its own to Numba: the kernel would be compiled again for it
            values = values.copy()
        rows, judged, late = self.engine.feed(times, points, values, quality)
        if contributes:
            self.grid.take(times, points, values, judged, late)
        out = self.events(rows)
        if late.any():
            out += self._out_of_order(frame, late)
        return out

    def _after_its_time(self, station: int, frame: Frame) -> list[Output]:
        """The part of a frame that was read while its station was unknown."""
        old = frame.times <= self.backfill.closed[station]
        columns = (frame.times[old], frame.points[old], frame.values[old], frame.quality[old])
        return list(self.backfill.take(station, self.tick, self.engine, *columns))

    def _out_of_order(self, frame: Frame, late: NDArray[np.uint8]) -> list[Output]:
        """Readings older than what is known of their points; one of the very moment that is known is a repetition."""
        mine = late.astype(np.bool_) & (frame.points >= 0) & (frame.points < len(self.plan.site.points))
        mine[mine] = frame.times[mine] < self.engine.points["time"][frame.points[mine]]
        if not mine.any():
            return []
        station = self.plan.station_ids.index(frame.station)
        columns = (frame.times[mine], frame.points[mine], frame.values[mine], frame.quality[mine])
        return list(self.backfill.take(station, self.tick, self.engine, *columns))

    def events(self, rows: NDArray[Any]) -> list[Output]:
        """What detection found (rows of layout.OUT), as the journal tells it."""
        if not len(rows):
            return []
        order = np.lexsort((rows["rule"], rows["time"]))
        events = to_events(self.plan, rows[order])
        noted = self.noted[rows["rule"][order]].tolist()
        self.diagnosis.note(event for event, seen in zip(events, noted, strict=True) if seen)
        return list(self.keeper.take(self.escalation.take(events)))

    def worse_in_incidents(self) -> list[Output]:
        """Silences up to the tick, of which all have come and all instants been judged."""
        return list(self.keeper.take(self.escalation.release(self.tick)))

    def _death(self, station: int, time: int) -> list[Output]:
        """A death certificate; where a gap had come before it, the gap was the silence."""
        if self.silent[station]:
            return []
        overdue = int(self.heard[station]) + int(self.plan.stale_after[station])
        if self.heard[station] != _UNSEEN and overdue < time:
            return self._fall_silent(station, overdue, dead=False)
        return self._fall_silent(station, max(time, int(self.heard[station])), dead=True)

    def _begin(self, station: int, through: int) -> list[Output]:
        """The first frame of a station: one that is old already is a backlog, and the station unknown until now."""
        overdue, fresh = through + int(self.plan.stale_after[station]), self.tick - int(self.plan.stale_after[station])
        if not self.tick or overdue > self.tick:
            return []
        self.heard[station] = through
        self.backfill.close(station, overdue, fresh, self.engine)
        return self._fall_silent(station, overdue, dead=False)

    def _fall_silent(self, station: int, time: int, dead: bool) -> list[Output]:
        self.silent[station] = 1
        rows = self.engine.silence(station, time, dead)
        mine = {i for i, p in enumerate(self.plan.points) if p["station"] == station}
        self.grid.silence(mine, time)
        return self.events(rows)

    def _hear(self, station: int, time: int, overdue: int) -> list[Output]:
        out: list[Output] = []
        if not self.silent[station]:
            out += self._fall_silent(station, overdue, dead=False)
        self.silent[station] = 0
        since = int(self.engine.points[self.plan.silence_point(station)]["time"])
        return out + self.events(self.engine.voice(station, max(time, since)))

    def _evaluate(self) -> list[Output]:
        count = self.grid.due(self._reached())
        if not count or not self.inputs:
            return []
        times, values, quality = self.grid.evaluate(count)
        out: list[Output] = []
        for first in range(0, count, _INSTANTS):
            chunk = slice(first, first + _INSTANTS)
            out += self._judge(times[chunk], values[chunk], quality[chunk])
        return out

    def _judge(self, times: Any, values: Any, quality: Any) -> list[Output]:
        """Consecutive instants of the grid: derived points, rules over them, incidents."""
        count = len(times)
        derived_v, derived_q = (
            np.zeros((count, len(self.functions))),
            np.zeros((count, len(self.functions)), np.uint8),
        )
        for n, (_, function, columns) in enumerate(self.functions):
            derived_v[:, n], derived_q[:, n] = function.compute(times, values[:, columns], quality[:, columns])
        out: list[Output] = []
        if self.functions:
            gates = len(self._gates)
            stamps, indices = np.repeat(times, len(self._computed)), np.tile(self._computed, count)
            fed_v = np.hstack((values[:, self._gates], derived_v))
            fed_q = np.hstack((quality[:, self._gates], derived_q))
            rows, judged, _ = self.engine.feed(stamps, indices, fed_v.ravel(), fed_q.ravel())
            out += self.events(rows)
            frame = make_frame(
                self.plan.site.id, "derived", np.repeat(times, len(self.functions)),
                np.tile(self._computed[gates:], count), derived_v.ravel(),
                judged.reshape(count, -1)[:, gates:].ravel(),
                through=int(times[-1]), catalogue=self.plan.version,
            )  # fmt: skip
            out.append(Derived(frame))
        out += self.events(self.engine.settle(int(times[-1]), self._on_grid))
        everything = np.hstack((values, derived_v)), np.hstack((quality, derived_q))
        incidents = self.diagnosis.step(self._names, times, *everything)
        self.escalation.turn(incidents)
        return out + list(incidents)

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """(JSON data, arrays): all of the state but the catalogue."""
        meta = {
            "since": self.since,
            "tick": self.tick,
            "refused": self.lawful.refused,
            "diagnosis": self.diagnosis.dump(),
            "alarms": self.keeper.dump(),
            "escalation": self.escalation.dump(),
        }
        arrays = self.engine.arrays() | self.grid.arrays()
        meta["backfill"], old = self.backfill.dump()
        arrays |= old
        arrays |= self.clocks.arrays()
        if self.ordering is not None:
            meta["ordering"], late = self.ordering.dump()
            arrays |= late
        arrays |= self.repeats.arrays()
        arrays["heard"], arrays["silent"] = self.heard, self.silent
        arrays["memory"] = np.concatenate([np.zeros(0), *(f.memory for _, f, _ in self.functions)])
        return meta, arrays

    def load(self, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """What `dump` gave. Raises ValueError when it is of another catalogue."""
        self.engine.take(arrays)
        self.since = int(meta.get("since", 0))  # states written before there was one have none
        self.grid.load(arrays)
        self.heard[:], self.silent[:] = arrays["heard"], arrays["silent"]
        self.repeats.load(arrays)
        self.tick, self.lawful.refused = meta["tick"], meta["refused"]
        self.begin_grid()
        at = 0
        for _, function, _ in self.functions:
            size = len(function.memory)
            function.memory[:] = arrays["memory"][at : at + size]
            at += size
        self.diagnosis.load(meta["diagnosis"])
        self.keeper.load(meta["alarms"])
        self.escalation.load(meta["escalation"])
        self.backfill.load(meta["backfill"], arrays)
        self.clocks.load(arrays)
        if self.ordering is not None:
            self.ordering.load(meta["ordering"], arrays)
