"""Members: what several sites deliver, put together quarter by quarter in the order of the catalogue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.core.clock import DAY, MINUTE

QUARTER = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Member:
    """A flow of a zone, by `site/station/point`. sign: 1 what comes in, -1 what goes on to another zone."""

    id: str
    sign: int = 1

    def __post_init__(self) -> None:
        if self.sign not in (1, -1):
            raise ValueError(f"sign {self.sign} of {self.id} must be 1 or -1")


@dataclass(frozen=True, slots=True)
class Quarter:
    """start ns.  volume: m3 into the zone, over the time that is known.  gap: the longest of a member, s.

    silent: members that had not delivered when it was declared over.  revision: how often it was given out before.
    """

    start: int
    volume: float
    gap: float
    silent: tuple[str, ...] = ()
    revision: int = 0


@dataclass(slots=True)
class Members:
    """Goes on to a quarter when every member has delivered it, or when the clock says that who has not is silent.

    ValueError without members, or with one twice.

    What is delivered for a quarter that was given out changes it, as long as it is kept; what is older is counted.
    """

    members: Sequence[Member]
    patience: int = 10 * MINUTE
    keeps: int = 2 * DAY
    next: int = -1
    too_late: int = 0
    _held: dict[int, dict[str, tuple[float, float]]] = field(default_factory=dict)
    _given: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [one.id for one in self.members]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"members {names} must be one at least, and each once")

    def deliver(self, member: str, start: int, volume: float, gap: float) -> list[Quarter]:
        """A quarter of a member: m3 and s not known (a volume of NaN: nothing is). Returns what it changes or ends.

        KeyError for no member of that name; ValueError for a start that is none of a quarter's.
        """
        if member not in (one.id for one in self.members):
            raise KeyError(member)
        if start % QUARTER:
            raise ValueError(f"{start} ns is not the beginning of a quarter of an hour")
        if self.next < 0:
            self.next = start
        if start < self.next and start not in self._given:
            self.too_late += 1
            return []
        said = (0.0, 900.0) if math.isnan(volume) else (volume, gap)
        held = self._held.setdefault(start, {})
        if held.get(member) == said:
            return []
        held[member] = said
        return [self._quarter(start)] if start in self._given else self._go_on(-1)

    def tick(self, now: int) -> list[Quarter]:
        """The run's clock is `now` (ns): who is late by more than `patience` is silent."""
        if self.next < 0:
            return []
        out = self._go_on(now - self.patience)
        for start in [s for s in self._given if s < self.next - self.keeps]:
            del self._given[start]
            self._held.pop(start, None)
        return out

    def _go_on(self, overdue: int) -> list[Quarter]:
        out: list[Quarter] = []
        while True:
            said = len(self._held.get(self.next, ()))
            if said < len(self.members) and self.next + QUARTER > overdue:
                return out
            if said:
                out.append(self._quarter(self.next))
                self.next += QUARTER
            else:  # of a quarter in which all were silent there is nothing to say
                waiting = [start for start in self._held if start > self.next]
                self.next = min([*waiting, overdue // QUARTER * QUARTER])

    def _quarter(self, start: int) -> Quarter:
        held = self._held.setdefault(start, {})
        # In the order of the catalogue: a sum of floats depends on it.
        volume = sum(one.sign * held[one.id][0] for one in self.members if one.id in held)
        silent = tuple(one.id for one in self.members if one.id not in held)
        gap = 900.0 if silent else max(said[1] for said in held.values())
        revision = self._given.get(start, -1) + 1
        self._given[start] = revision
        return Quarter(start, volume, gap, silent, revision)

    # -- state

    def dump(self) -> dict[str, Any]:
        """Plain JSON data; equal states give equal data."""
        return {
            "schema": 1, "next": self.next, "too_late": self.too_late,
            "held": [[start, sorted([n, *s] for n, s in held.items())] for start, held in sorted(self._held.items())],
            "given": sorted(map(list, self._given.items())),
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        """What `dump` gave; ValueError for another schema version."""
        if state.get("schema") != 1:
            raise ValueError(f"members of schema {state.get('schema')}, where this reads schema 1")
        self.next, self.too_late = state["next"], state["too_late"]
        self._held = {start: {name: (v, g) for name, v, g in said} for start, said in state["held"]}
        self._given = dict(state["given"])
