"""A site's detection state: the kernel's arrays, and the few calls that move them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection import kernel
from services.alerts.detection.layout import (
    ACTIVE,
    BUCKETS,
    BY_CLOCK_RIGHT,
    BY_RULE_CHANGE,
    BY_WORSE_CLEARED,
    CLEARED,
    FLAG_HIDDEN,
    MEMO,
    NORMAL,
    OUT,
    POINT_STATE,
    RAISED,
    RING,
    RULE_STATE,
    SEEN,
    UNHIDDEN,
)
from services.alerts.detection.plan import Plan
from services.core.clock import NEVER, SECOND
from services.core.frame import Points, Qualities, Times, Values
from services.core.quality import Quality

#: Before any event time: a rule that no gate holds back works from here.
ALWAYS = -(2**62)


class Engine:
    """Detection of one site. Methods return transitions (layout.OUT rows) in the order in which they came."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.points = np.zeros(len(plan.points), POINT_STATE)
        self.points["quality"] = Quality.NEVER_SEEN
        self.points["time"] = ALWAYS
        self.rules = np.zeros(len(plan.rules), RULE_STATE)
        self.rules["works_from"] = ALWAYS
        self.rings = np.zeros((plan.rings, BUCKETS), RING)
        self.rings["bucket"] = ALWAYS
        self.recents = np.full((plan.rings, 2), np.nan)
        self._seen = np.full(plan.rings, -1, SEEN)
        self._all = np.ones(len(plan.points), np.bool_)
        self.memos = np.zeros(plan.memos, MEMO)
        self.rules["mode"] = -1
        self._out = np.zeros(plan.room, OUT)

    def feed(
        self, times: Times, points: Points, values: Values, quality: Qualities
    ) -> tuple[NDArray[Any], Qualities, NDArray[np.uint8]]:
        """Readings in order. Returns (transitions, judged quality u1[n], late u1[n])."""
        judged = quality.copy()
        late = np.zeros(len(times), np.uint8)
        found: list[NDArray[Any]] = []
        at, n = 0, len(times)
        while at < n:
            count, at = kernel.run(
                self.plan.points, self.plan.rules, self.plan.gated, self.points, self.rules,
                self.rings, self.recents, self._seen, self.memos, self.plan.sets, self.plan.months,
                times, points, values, judged, at, self._out, late,
            )  # fmt: skip
            if count:
                found.append(self._out[:count].copy())
        return _joined(found), judged, late

    def settle(self, until: int, which: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """The timers of the points `which` (rows of the plan; default all) run to `until` (ns, inclusive)."""
        found: list[NDArray[Any]] = []
        at, n = 0, len(self.points)
        chosen = self._all if which is None else which
        while at < n:
            count, at = kernel.settle_all(
                self.plan.points, self.plan.rules, self.points, self.rules, until, chosen, at, self._out
            )
            if count:
                found.append(self._out[:count].copy())
        return _joined(found)

    def silence(self, station: int, time: int, dead: bool) -> NDArray[Any]:
        """Station row `station` has been silent too long, as of `time`; `dead`: its certificate says so."""
        found: list[NDArray[Any]] = []
        at, n = 0, len(self.points)
        while at < n:
            count, at = kernel.silence(
                self.plan.points, self.plan.rules, self.points, self.rules, station, time, dead, at, self._out
            )
            if count:
                found.append(self._out[:count].copy())
        return _joined(found)

    def alive(self, station: int, time: int) -> None:
        """Station row `station` was heard at `time` (ns): of its points, who is silent is so for reasons of its own."""
        row = self.points[self.plan.silence_point(station)]
        row["changed"] = max(int(row["changed"]), time)

    def voice(self, station: int, time: int) -> NDArray[Any]:
        """Station row `station`, silent until now, is heard again."""
        point = self.plan.silence_point(station)
        count = kernel.voice(self.plan.points, self.plan.rules, self.points, self.rules, point, time, self._out)
        return self._out[:count].copy()

    def wrong_clocks(self) -> set[int]:
        """The station rows whose clock alarm stands."""
        rows = [(s, self.plan.clock_rule(s)) for s in range(len(self.plan.station_ids))]
        return {s for s, r in rows if r >= 0 and self.rules[r]["phase"] >= ACTIVE}

    def clock(self, station: int, time: int, cause: int | None, offset: int) -> NDArray[Any]:
        """From `time` on the clock of station row `station` is wrong by `offset` ns, or right: no cause."""
        r = self.plan.clock_rule(station)
        if cause is None:
            return self.closing(r, time, BY_CLOCK_RIGHT)
        state = self.rules[r]
        state["phase"], state["raised"], state["number"], state["flags"] = ACTIVE, time, 0, 0
        row = _by_change(self, r, time, RAISED, cause)
        row["flags"], row["value"], row["quality"] = 0, offset / SECOND, Quality.CLOCK
        state["number"] = 1
        return row

    def adopt(self, other: Engine, time: int) -> NDArray[Any]:
        """Takes over the state of another plan's engine; occurrences of changed or removed rules close at `time`.

        The transitions returned are rows of `other`'s plan.
        """
        old, new = other.plan, self.plan
        places = {p.id: i for i, p in enumerate(new.site.points)}
        for i, point in enumerate(old.site.points):
            j = places.get(point.id)
            if j is not None and not new.site.points[j].removed:
                self.points[j] = other.points[i]
        for s, station in enumerate(old.station_ids):
            if station in new.station_ids:
                here = new.silence_point(new.station_ids.index(station))
                self.points[here] = other.points[old.silence_point(s)]
        shadows = {old.site.points[i].id: k for k, i in enumerate(old.gates)}
        for k, i in enumerate(new.gates):
            if new.site.points[i].id in shadows:
                self.points[new.gate_row + k] = other.points[old.gate_row + shadows[new.site.points[i].id]]
        rows = {name: r for r, name in enumerate(new.names)}
        heirs = [rows.get(name, -1) for name in old.names]
        closed = []
        for r, n in enumerate(heirs):
            if n >= 0 and new.definitions[n] == old.definitions[r]:
                self.rules[n] = other.rules[r]
                ring, was = new.rules[n]["ring"], old.rules[r]["ring"]
                if ring >= 0:
                    self.rings[ring], self.recents[ring] = other.rings[was], other.recents[was]
                    self._seen[ring]["bucket"] = -1
                memo = new.rules[n]["memo"]
                if memo >= 0:
                    self.memos[memo] = other.memos[old.rules[r]["memo"]]
                continue
            heirs[r] = -1
            if other.rules[r]["phase"] >= ACTIVE:
                closed.append(_by_change(other, r, time, CLEARED, BY_RULE_CHANGE))
        for r, n in enumerate(heirs):
            hider = old.rules[r]["hider"]
            gone = hider >= 0 and heirs[hider] < 0 and other.rules[hider]["phase"] >= ACTIVE
            if n >= 0 and gone and self.rules[n]["phase"] >= ACTIVE and self.rules[n]["flags"] & FLAG_HIDDEN:
                self.rules[n]["flags"] ^= FLAG_HIDDEN
                self.rules[n]["number"] += 1
                closed.append(_by_change(other, r, time, UNHIDDEN, BY_WORSE_CLEARED))
        carried = {n for n in heirs if n >= 0}
        self._choose_limits(carried)
        for n in range(len(new.rules)):
            gate = new.rules[n]["gate"]
            if n not in carried and gate >= 0 and self.points[gate]["quality"] < Quality.BAD:
                code = int(self.points[gate]["value"])
                if not (0 <= code < 63 and int(new.rules[n]["gate_mask"]) >> code & 1):
                    self.rules[n]["works_from"] = NEVER
        return _joined(closed)

    def _choose_limits(self, carried: set[int]) -> None:
        """What a rule that is new looks at to choose its limits may have spoken long ago."""
        for point, row in zip(self.points, self.plan.points, strict=True):
            for r in self.plan.gated[row["gated_from"] : row["gated_to"]].tolist():
                if r < 0 and ~r not in carried and point["quality"] < Quality.BAD and 0 <= point["value"] < 63:
                    self.rules[~r]["mode"] = int(point["value"])

    def rules_of(self, station: int) -> list[int]:
        """The rule rows of a station's measured points; its silence is not among them."""
        points = np.flatnonzero(self.plan.points["station"] == station).tolist()
        points.remove(self.plan.silence_point(station))
        return [r for p in points for r in range(self.plan.points[p]["rule_from"], self.plan.points[p]["rule_to"])]

    def copy_station(self, other: Engine, station: int) -> None:
        """Takes over where `other`, of the same plan, stands with a station's measured points."""
        points = self.plan.points["station"] == station
        points[self.plan.silence_point(station)] = False
        self.points[points] = other.points[points]
        for r in self.rules_of(station):
            self._copy_rule(other, r)

    def forget_station(self, station: int) -> None:
        """As if nothing had ever been read of a station."""
        self.copy_station(Engine(self.plan), station)

    def _copy_rule(self, other: Engine, r: int) -> None:
        self.rules[r] = other.rules[r]
        ring, memo = self.plan.rules[r]["ring"], self.plan.rules[r]["memo"]
        if ring >= 0:
            self.rings[ring], self.recents[ring] = other.rings[ring], other.recents[ring]
            self._seen[ring]["bucket"] = -1
        if memo >= 0:
            self.memos[memo] = other.memos[memo]

    def out_of_order(self, station: int) -> None:
        """From here on readings of a station may be of any time: nothing is under way, and nothing was read yet."""
        points = self.plan.points["station"] == station
        points[self.plan.silence_point(station)] = False
        self.points["time"][points], self.points["quality"][points] = ALWAYS, Quality.NEVER_SEEN
        for r in self.rules_of(station):
            state = self.rules[r]
            state["phase"] = ACTIVE if state["phase"] >= ACTIVE else NORMAL
            state["works_from"] = ALWAYS if state["works_from"] != NEVER else NEVER

    def closing(self, r: int, time: int, cause: int) -> NDArray[Any]:
        """The clearing of rule row `r` at `time` for a reason that no reading gave."""
        row = _by_change(self, r, time, CLEARED, cause)
        self.rules[r]["phase"] = NORMAL
        return row

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state, as bytes of each table."""
        return {
            "points": self.points.view(np.uint8),
            "rules": self.rules.view(np.uint8),
            "rings": self.rings.view(np.uint8),
            "recents": self.recents,
            "memos": self.memos.view(np.uint8),
        }

    def take(self, arrays: dict[str, NDArray[Any]]) -> None:
        """State from `arrays`. Raises ValueError when it does not fit the plan."""
        for name in ("points", "rules", "rings", "memos"):
            table = getattr(self, name)
            try:
                table[...] = arrays[name].view(table.dtype).reshape(table.shape)
            except (KeyError, ValueError) as error:
                raise ValueError(f"stored detection state does not fit the catalogue: {error}") from None
        self.recents[...] = arrays["recents"]
        self._seen["bucket"] = -1


def _by_change(engine: Engine, r: int, time: int, transition: int, cause: int) -> NDArray[Any]:
    """The next transition of rule row `r`, which a change of catalogue brings about."""
    row = np.zeros(1, OUT)
    state, point = engine.rules[r], engine.points[engine.plan.rules[r]["point"]]
    row["time"], row["raised"], row["rule"] = time, state["raised"], r
    row["number"], row["transition"], row["cause"] = state["number"] + 1, transition, cause
    row["flags"] = state["flags"] if transition == CLEARED else state["flags"] ^ FLAG_HIDDEN
    row["value"], row["quality"] = point["value"], point["quality"]
    varies = engine.plan.rules[r]["sets_from"] < engine.plan.rules[r]["sets_to"]
    row["limit"] = state["limit"] if varies else engine.plan.rules[r]["limit"]
    return row


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, OUT)
