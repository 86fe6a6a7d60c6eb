"""One site's fold: frames, ticks and configuration in; alarm events, incidents and derived readings out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.derived import FUNCTIONS, DerivedFunction
from services.alerts.detection.engine import Engine
from services.alerts.detection.plan import Plan, compile_site
from services.alerts.grid import Grid, holds
from services.alerts.incidents import INCIDENTS, IncidentModel, Instant
from services.alerts.incidents.base import Memory
from services.alerts.transitions import to_events
from services.core.catalogue import Site
from services.core.clock import NEVER
from services.core.frame import Frame, make_frame
from services.core.records import Derived, Output

_UNSEEN = -(2**62)


class SiteFold:
    """The state of one site under one catalogue version, and how records move it."""

    def __init__(self, site: Site, version: str) -> None:
        self.plan: Plan = compile_site(site, version)
        self.engine = Engine(self.plan)
        index = site.point_index
        self.incidents: list[IncidentModel] = [INCIDENTS[name](site) for name in site.incidents]
        self.functions: list[tuple[int, DerivedFunction, list[int]]] = []
        wanted = {name for model in self.incidents for name in model.needs if name in index}
        for point in site.points:
            if point.derived is not None and not point.removed:
                wanted |= set(point.derived.inputs.values())
        self.inputs = sorted(index[name] for name in wanted)
        for i, point in enumerate(site.points):
            if point.derived is not None and not point.removed:
                labels, targets = list(point.derived.inputs), point.derived.inputs.values()
                function = FUNCTIONS[point.derived.function](site, labels, dict(point.derived.parameters))
                self.functions.append((i, function, [self.inputs.index(index[t]) for t in targets]))
        self._derived = np.array([i for i, _, _ in self.functions], np.int32)
        self.grid = Grid(
            self.inputs,
            holds([site.points[i].stale_after for i in self.inputs]),
            site.grid,
            len(self.plan.points),
        )
        ids = self.plan.station_ids
        self.contributing = sorted({ids.index(site.points[i].station) for i in self.inputs})
        self.heard = np.full(len(ids), _UNSEEN, np.int64)  # event time of each station's newest frame
        self.silent = np.zeros(len(ids), np.uint8)
        self.tick = 0
        self.active: set[str] = set()
        self._pending: list[tuple[int, str, str]] = []  # alarm changes that no instant has seen yet
        self._watched = [site.points[i].id for i in self.inputs]
        self._names = self._watched + [site.points[i].id for i, _, _ in self.functions]

    # --- records -----------------------------------------------------------------------------------------

    def frames(self, frames: list[Frame]) -> list[Output]:
        """Consecutive frames, in order."""
        out: list[Output] = []
        waiting: list[Frame] = []
        for frame in frames:
            station = self._station(frame)
            if station is None:
                continue
            first = int(frame.times[0]) if len(frame) else frame.through
            overdue = self.heard[station] + self.plan.stale_after[station]
            silence_ends = self.silent[station] or (self.heard[station] != _UNSEEN and overdue < first)
            if waiting and (silence_ends or frame.death):
                out += self._feed(waiting)
                waiting = []
            if frame.death:
                out += self._death(station, frame.through)
                continue
            if silence_ends:
                out += self._hear(station, first, int(overdue))
            self.heard[station] = max(int(self.heard[station]), frame.through)
            waiting.append(frame)
            if self.inputs and (self.grid.base < 0 or self.grid.due(self._reached())):
                out += self._feed(waiting)
                waiting = []
                out += self._evaluate()
        if waiting:
            out += self._feed(waiting)
        return out

    def advance(self, time: int) -> list[Output]:
        """A tick: the run's clock is `time`, all that had come before it has been folded."""
        if time <= self.tick:
            return []
        self.tick = time
        out: list[Output] = []
        for station in range(len(self.heard)):
            overdue = int(self.heard[station]) + int(self.plan.stale_after[station])
            if self.heard[station] != _UNSEEN and not self.silent[station] and overdue <= time:
                out += self._fall_silent(station, overdue, dead=False)
        out += self._events(self.engine.settle(time))
        return out + self._evaluate()

    def adopt(self, old: SiteFold, time: int) -> list[Output]:
        """Takes over from the fold of an earlier catalogue version; returns what closes by the change."""
        rows = self.engine.adopt(old.engine, time)
        events: list[Output] = list(to_events(old.plan, rows))
        for s, name in enumerate(self.plan.station_ids):
            if name in old.plan.station_ids:
                was = old.plan.station_ids.index(name)
                self.heard[s], self.silent[s] = old.heard[was], old.silent[was]
        self.tick = old.tick
        closed = {f"{e.station}/{e.point}/{e.rule}" for e in to_events(old.plan, rows)}
        self.active = old.active - closed
        self._adopt_grid(old)
        for model in self.incidents:
            model.memory = next((m.memory for m in old.incidents if m.kind == model.kind), model.memory)
        return events

    # --- parts -------------------------------------------------------------------------------------------

    def _station(self, frame: Frame) -> int | None:
        try:
            return self.plan.station_ids.index(frame.station)
        except ValueError:
            return None

    def _reached(self) -> int:
        """Every contributing station's readings up to here have been folded."""
        passed = int(self.heard[self.contributing].min(initial=NEVER)) if self.contributing else _UNSEEN
        return max(passed, self.tick)

    def _feed(self, frames: list[Frame]) -> list[Output]:
        if len(frames) == 1:
            times, points = frames[0].times, frames[0].points
            values, quality = frames[0].values, frames[0].quality
            if not values.flags.writeable:  # a type of its own to Numba: the kernel would be compiled again for it
                values = values.copy()
        else:
            times, points = (np.concatenate([getattr(f, n) for f in frames]) for n in ("times", "points"))
            values, quality = (np.concatenate([getattr(f, n) for f in frames]) for n in ("values", "quality"))
        if not len(times):
            return []
        rows, judged, late = self.engine.feed(times, points, values, quality)
        if self.inputs:
            self.grid.start(int(frames[0].times[0] if len(frames[0]) else frames[0].through))
            self.grid.take(times, points, values, judged, late)
        return self._events(rows)

    def _events(self, rows: NDArray[Any]) -> list[Output]:
        if not len(rows):
            return []
        order = np.lexsort((rows["rule"], rows["time"]))
        events = to_events(self.plan, rows[order])
        if self.incidents:
            self._pending += [
                (e.time, f"{e.station}/{e.point}/{e.rule}", e.transition)
                for e in events
                if e.transition in ("raised", "cleared")
            ]
        return list(events)

    def _death(self, station: int, time: int) -> list[Output]:
        if self.silent[station]:
            return []
        return self._fall_silent(station, max(time, int(self.heard[station])), dead=True)

    def _fall_silent(self, station: int, time: int, dead: bool) -> list[Output]:
        self.silent[station] = 1
        rows = self.engine.silence(station, time, dead)
        mine = {i for i, p in enumerate(self.plan.points) if p["station"] == station}
        self.grid.silence(mine, time)
        return self._events(rows)

    def _hear(self, station: int, time: int, overdue: int) -> list[Output]:
        out: list[Output] = []
        if not self.silent[station]:
            out += self._fall_silent(station, overdue, dead=False)
        self.silent[station] = 0
        return out + self._events(self.engine.voice(station, time))

    def _evaluate(self) -> list[Output]:
        count = self.grid.due(self._reached())
        if not count or not self.inputs:
            return []
        times, values, quality = self.grid.evaluate(count)
        derived_v, derived_q = (
            np.zeros((count, len(self.functions))),
            np.zeros((count, len(self.functions)), np.uint8),
        )
        for n, (_, function, columns) in enumerate(self.functions):
            derived_v[:, n], derived_q[:, n] = function.compute(times, values[:, columns], quality[:, columns])
        points = self._derived
        out: list[Output] = []
        if len(points):
            stamps, indices = np.repeat(times, len(points)), np.tile(points, count)
            rows, judged, _ = self.engine.feed(stamps, indices, derived_v.ravel(), derived_q.ravel())
            out += self._events(rows)
            frame = make_frame(
                self.plan.site.id, "derived", stamps, indices, derived_v.ravel(), judged,
                through=int(times[-1]), catalogue=self.plan.version,
            )  # fmt: skip
            out.append(Derived(frame))
        out += self._events(self.engine.settle(int(times[-1])))
        return out + self._diagnose(times, values, quality, derived_v, derived_q)

    def _diagnose(self, times: Any, values: Any, quality: Any, derived_v: Any, derived_q: Any) -> list[Output]:
        out: list[Output] = []
        if not self.incidents:
            return out
        self._pending.sort(key=lambda change: change[0])
        names = self._names
        for g, time in enumerate(times.tolist()):
            raised: set[str] = set()
            while self._pending and self._pending[0][0] <= time:
                _, rule, what = self._pending.pop(0)
                if what == "raised":
                    self.active.add(rule)
                    raised.add(rule)
                else:
                    self.active.discard(rule)
                    raised.discard(rule)
            now = Instant(
                time,
                dict(zip(names, [*values[g].tolist(), *derived_v[g].tolist()], strict=True)),
                dict(zip(names, [*quality[g].tolist(), *derived_q[g].tolist()], strict=True)),
                frozenset(self.active),
                frozenset(raised),
            )
            for model in self.incidents:
                event = model.step(now)
                if event is not None:
                    out.append(event)
        return out

    # --- state -------------------------------------------------------------------------------------------

    def _adopt_grid(self, old: SiteFold) -> None:
        """As-of values by name; the buffer of instants not yet evaluated is taken column by column."""
        if old.grid.base < 0 or not self.inputs:
            return
        ids, was = [self.plan.site.points[i].id for i in self.inputs], old._watched
        arrays, before = self.grid.arrays(), old.grid.arrays()
        ahead = len(before["grid_v"])
        arrays["grid_base"] = before["grid_base"]
        arrays["grid_filled"] = np.full(len(ids), old.grid.base, np.int64)
        arrays["grid_v"], arrays["grid_q"] = (
            np.full((ahead, len(ids)), np.nan),
            np.zeros((ahead, len(ids)), np.uint8),
        )
        for n, name in enumerate(ids):
            if name in was:
                o = was.index(name)
                for key in ("grid_filled", "grid_now_v", "grid_now_q", "grid_now_t"):
                    arrays[key][n] = before[key][o]
                arrays["grid_v"][:, n], arrays["grid_q"][:, n] = (
                    before["grid_v"][:, o],
                    before["grid_q"][:, o],
                )
        self.grid.load(arrays)
        memories = {old.plan.site.points[i].id: (f, old.plan.site.points[i].derived) for i, f, _ in old.functions}
        for i, function, _ in self.functions:
            point = self.plan.site.points[i]
            known, definition = memories.get(point.id, (None, None))
            if known is not None and definition == point.derived:
                function.memory[:] = known.memory

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """(JSON data, arrays): all of the state but the catalogue."""
        meta = {
            "tick": self.tick,
            "active": sorted(self.active),
            "pending": [list(change) for change in self._pending],
            "incidents": {m.kind: asdict(m.memory) for m in self.incidents},
        }
        arrays = self.engine.arrays() | self.grid.arrays()
        arrays["heard"], arrays["silent"] = self.heard, self.silent
        arrays["memory"] = np.concatenate([np.zeros(0), *(f.memory for _, f, _ in self.functions)])
        return meta, arrays

    def load(self, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """What `dump` gave. Raises ValueError when it is of another catalogue."""
        self.engine.take(arrays)
        self.grid.load(arrays)
        self.heard[:], self.silent[:] = arrays["heard"], arrays["silent"]
        self.tick, self.active = meta["tick"], set(meta["active"])
        self._pending = [(int(t), str(r), str(w)) for t, r, w in meta["pending"]]
        at = 0
        for _, function, _ in self.functions:
            size = len(function.memory)
            function.memory[:] = arrays["memory"][at : at + size]
            at += size
        for model in self.incidents:
            model.memory = Memory(**meta["incidents"][model.kind])
