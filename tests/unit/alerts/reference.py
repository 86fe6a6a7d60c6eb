"""The single-point rules in plain Python, one object a point, event by event: what the kernel is held against.

Written from what the rules mean (DESIGN.md, the catalogue's RuleKind): slow, without arrays, without cleverness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median

from services.core.catalogue import Point, Rule, Site
from services.core.quality import FIRST_BAD, FIRST_UNCERTAIN, Quality

MET, UNMET, NEITHER = "met", "unmet", "neither"
FOREVER = 2**63 - 1


@dataclass(frozen=True)
class Said:
    """A transition as the reference tells it."""

    time: int
    point: str
    rule: str
    number: int
    transition: str
    cause: str
    raised: int
    annunciated: bool
    value: float


@dataclass
class Alarm:
    """One rule of one point."""

    rule: Rule
    phase: str = "normal"  # normal, pending, active, clearing
    since: int = 0
    raised: int = 0
    number: int = 0
    hidden: bool = False
    born_hidden: bool = False
    uncertain: bool = False
    good_since: int | None = None
    works_from: int | None = -FOREVER  # None: the gate is closed
    high_marks: int = 0
    middles: list[tuple[int, float]] = field(default_factory=list)
    last_three: list[float] = field(default_factory=list)

    @property
    def standing(self) -> bool:
        return self.phase in ("active", "clearing")


class ReferencePoint:
    """A point with its alarms. `site` finds gates and switches."""

    def __init__(self, point: Point, site: ReferenceSite) -> None:
        self.point, self.site = point, site
        self.alarms = [Alarm(rule) for rule in point.rules]
        self.seen = False
        self.time, self.value, self.quality = 0, 0.0, int(Quality.NEVER_SEEN)
        self.same_since = 0
        self.late = 0

    # --- readings

    def judge(self, value: float, quality: int) -> int:
        p = self.point
        if quality >= FIRST_BAD:
            return quality
        if not math.isfinite(value):
            return Quality.NOT_A_NUMBER
        if p.low is not None and p.high is not None:
            milliamp = (p.high - p.low) / 16  # a span of 4-20 mA
            if value < p.low - 0.4 * milliamp or value > p.high + milliamp:
                return Quality.OUT_OF_RANGE
        if p.sample_flow is not None:
            switch = self.site.points[p.sample_flow]
            fresh = switch.seen and self.site.now - switch.time <= switch.hold
            if fresh and switch.quality < FIRST_BAD and switch.value == 0:
                return Quality.NO_SAMPLE
        if p.saturates and p.high is not None and value >= p.high and quality < FIRST_UNCERTAIN:
            return Quality.SATURATED
        return quality

    def read(self, time: int, value: float, quality: int) -> None:
        if quality == Quality.CLOCK:
            return
        if self.seen and time <= self.time:
            self.late += 1
            return
        self.site.now = time
        quality = self.judge(value, quality)
        self.site.heard = max(self.site.heard, time)
        for alarm in self.alarms:
            if alarm.rule.kind == "successive_high" and self.seen:
                self.held_marks(alarm, time)
        self.run_timers(time)
        bad = quality >= FIRST_BAD
        known = self.seen and self.quality < FIRST_BAD
        if not known or bad or quality == Quality.SATURATED or value != self.value:
            self.same_since = time
        self.seen, self.time, self.value, self.quality = True, time, value, quality
        if not bad:
            self.site.gate_says(self.point.name, time, value)
        for alarm in self.alarms:
            if alarm.works_from is None or time < alarm.works_from:
                alarm.high_marks = 0
                if alarm.phase == "pending":
                    alarm.phase = "normal"
            elif alarm.rule.kind == "fault":
                self.move(alarm, time, MET if bad else UNMET)
            elif alarm.rule.kind == "silent":
                self.move(alarm, time, UNMET)
            elif alarm.rule.kind == "successive_high":
                if bad:
                    self.lose(alarm, time)
                if time % alarm.rule.window == 0:
                    self.record(alarm, time, not bad)
            elif bad:
                self.lose(alarm, time)
            else:
                self.move(alarm, time, self.condition(alarm))

    def held_marks(self, alarm: Alarm, until: int) -> None:
        """Marks before `until`: the record there is the value that was held, if it was still known."""
        width = alarm.rule.window
        for when in range(self.time // width * width + width, until, width):
            if alarm.works_from is not None and when >= alarm.works_from:
                self.run_timers(when)
                self.record(alarm, when, self.quality < FIRST_BAD and when - self.time <= self.hold)

    def record(self, alarm: Alarm, when: int, known: bool) -> None:
        if not known:
            alarm.high_marks = 0  # no record: what comes next is not successive to what was
        elif self.value <= alarm.rule.limit:
            alarm.high_marks = 0
            self.move(alarm, when, UNMET)
        else:
            alarm.high_marks += 1
            self.move(alarm, when, MET if alarm.high_marks >= 2 else NEITHER)

    def condition(self, alarm: Alarm) -> str:
        rule, value = alarm.rule, self.value
        if rule.kind == "high":
            return MET if value > rule.limit else UNMET if value <= rule.clear else NEITHER
        if rule.kind == "low":
            return MET if value < rule.limit else UNMET if value >= rule.clear else NEITHER
        if rule.kind == "equals":
            return MET if value == rule.limit else UNMET
        if rule.kind == "not_equals":
            return MET if value != rule.limit else UNMET
        if rule.kind == "state":
            return MET if 0 <= value < 63 and int(value) in rule.states else UNMET
        if rule.kind == "flat":
            return MET if self.time - self.same_since >= rule.window else UNMET
        alarm.last_three = [*alarm.last_three, value][-3:]
        filled = [alarm.last_three[0]] * (3 - len(alarm.last_three)) + alarm.last_three
        middle = median(filled)
        alarm.middles = [(t, m) for t, m in alarm.middles if t >= self.time - rule.window] + [(self.time, middle)]
        if rule.kind == "rise_ratio":
            ratio = middle / max(min(m for _, m in alarm.middles), 1e-9)
            if ratio > rule.limit and middle > rule.floor:
                return MET
            return UNMET if ratio <= rule.clear or middle <= rule.floor else NEITHER
        oldest, base = alarm.middles[0]
        if 2 * (self.time - oldest) < rule.window:
            return UNMET
        change = middle - base if rule.kind == "rise" else base - middle
        return MET if change > rule.limit else UNMET if change <= rule.clear else NEITHER

    # --- what an alarm does

    @property
    def hold(self) -> int:
        return FOREVER if self.point.stale_after is None else self.point.stale_after

    def run_timers(self, until: int) -> None:
        """Deadlines in order of time, then of the catalogue. Once the value is too old to judge, the point is silent:
        what stands is uncertain, what was about to start is void.
        """
        known_until = self.time + self.hold
        if self.seen and self.quality != Quality.STALE and until > known_until:
            for alarm in self.alarms:
                if alarm.rule.kind == "successive_high":
                    self.held_marks(alarm, known_until + 1)
            self.run_deadlines(known_until)
            self.quality = int(Quality.STALE)
            for alarm in self.alarms:
                if alarm.rule.kind == "silent":
                    self.suspect(alarm, known_until)
                else:
                    self.lose(alarm, known_until, "point silent")
        self.run_deadlines(until)

    def suspect(self, alarm: Alarm, time: int) -> None:
        if alarm.phase == "clearing":
            alarm.phase = "active"
        elif alarm.phase == "normal" and alarm.works_from is not None:
            alarm.phase, alarm.since = "pending", max(time, alarm.works_from)

    def run_deadlines(self, until: int) -> None:
        while True:
            due = []
            for i, alarm in enumerate(self.alarms):
                if alarm.good_since is not None:
                    due.append((alarm.good_since + alarm.rule.certain_after, i, "certain"))
                if alarm.phase in ("pending", "clearing"):
                    silent = alarm.rule.kind == "silent" and alarm.phase == "pending"
                    if not silent or self.deadline(alarm) <= self.site.heard:
                        due.append((self.deadline(alarm), i, alarm.phase))
            due = [d for d in due if d[0] <= until]
            if not due:
                break
            when, i, what = min(due, key=lambda d: (d[0], d[1], d[2] != "certain"))
            alarm = self.alarms[i]
            if what == "certain":
                alarm.good_since, alarm.uncertain = None, False
                self.say(alarm, when, "certain", "quality regained")
            elif what == "pending":
                self.raise_(alarm, when, "point silent" if alarm.rule.kind == "silent" else "condition met")
            else:
                self.clear(alarm, when, "returned to normal")

    def deadline(self, alarm: Alarm) -> int:
        return alarm.since + (alarm.rule.on_delay if alarm.phase == "pending" else alarm.rule.off_delay)

    def move(self, alarm: Alarm, time: int, condition: str) -> None:
        if alarm.uncertain and alarm.rule.certain_after == 0:
            alarm.uncertain = False
            self.say(alarm, time, "certain", "quality regained")
        elif alarm.uncertain and alarm.good_since is None:
            alarm.good_since = time
        if alarm.phase == "normal" and condition == MET:
            alarm.phase, alarm.since = "pending", time
            if alarm.rule.on_delay == 0:
                self.raise_(alarm, time)
        elif alarm.phase == "pending" and condition != MET:
            alarm.phase = "normal"
        elif alarm.phase == "active" and condition == UNMET:
            alarm.phase, alarm.since = "clearing", time
            if alarm.rule.off_delay == 0:
                self.clear(alarm, time, "returned to normal")
        elif alarm.phase == "clearing" and condition != UNMET:
            alarm.phase = "active"

    def lose(self, alarm: Alarm, time: int, why: str = "quality lost") -> None:
        alarm.good_since = None
        if alarm.phase == "pending":
            alarm.phase = "normal"
        elif alarm.standing:
            alarm.phase = "active"
            if not alarm.uncertain:
                alarm.uncertain = True
                self.say(alarm, time, "uncertain", why)

    def raise_(self, alarm: Alarm, time: int, why: str = "condition met") -> None:
        alarm.phase, alarm.raised, alarm.number = "active", time, 0
        alarm.hidden = alarm.born_hidden = any(a.standing and a.rule.id == alarm.rule.hidden_by for a in self.alarms)
        alarm.uncertain, alarm.good_since = False, None
        self.say(alarm, time, "raised", why)
        for other in self.alarms:
            if other.rule.hidden_by == alarm.rule.id and other.standing and not other.hidden:
                other.hidden = True
                self.say(other, time, "hidden", "a worse alarm of the same point")

    def clear(self, alarm: Alarm, time: int, why: str) -> None:
        self.say(alarm, time, "cleared", why)
        alarm.phase, alarm.hidden, alarm.born_hidden, alarm.uncertain = "normal", False, False, False
        alarm.good_since = None
        for other in self.alarms:
            if other.rule.hidden_by == alarm.rule.id and other.standing and other.hidden:
                other.hidden = False
                self.say(other, time, "unhidden", "the worse alarm has cleared")

    def say(self, alarm: Alarm, time: int, transition: str, cause: str) -> None:
        alarm.number += 1
        # Sounded once at most, when it comes up unhidden; nothing sounds on the way down.
        quiet = alarm.hidden or alarm.born_hidden or transition == "unhidden"
        self.site.said.append(
            Said(
                time, self.point.name, alarm.rule.id, alarm.number, transition, cause, alarm.raised,
                not quiet, self.value,
            )
        )  # fmt: skip


class ReferenceSite:
    """All points of a site of one station."""

    def __init__(self, site: Site) -> None:
        self.said: list[Said] = []
        self.now = self.heard = 0
        self.order = [p.name for p in site.points]
        self.points = {p.name: ReferencePoint(p, self) for p in site.points}

    def gate_says(self, gate: str, time: int, value: float) -> None:
        for point in self.points.values():
            for alarm in point.alarms:
                if alarm.rule.gate is None or alarm.rule.gate.point != gate:
                    continue
                point.run_timers(time)
                if int(value) not in alarm.rule.gate.states:
                    alarm.works_from = None
                    alarm.high_marks = 0
                    if alarm.standing:
                        point.clear(alarm, time, "not applicable in this state")
                    alarm.phase = "normal"
                elif alarm.works_from is None:
                    alarm.works_from = time + alarm.rule.gate.settle
                    if alarm.rule.kind == "silent" and point.quality == Quality.STALE:
                        point.suspect(alarm, time)

    def read(self, time: int, point: int, value: float, quality: int) -> None:
        self.points[self.order[point]].read(time, value, quality)

    def tick(self, time: int) -> None:
        for point in self.points.values():
            point.run_timers(time)
