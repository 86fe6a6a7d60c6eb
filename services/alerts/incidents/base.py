"""What an incident model is, and what it sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from services.core.catalogue import Site
from services.core.quality import FIRST_BAD
from services.core.records import IncidentEvent


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment of a site: values and quality by `station/point`, and the alarms as of this time."""

    time: int
    values: dict[str, float]
    quality: dict[str, int]
    active: frozenset[str]  # `station/point/rule` of what is active
    raised: frozenset[str]  # of those, what was raised since the instant before

    def value(self, point: str) -> float | None:
        """The point's value; None when it is not known."""
        if self.quality.get(point, FIRST_BAD) >= FIRST_BAD:
            return None
        return self.values[point]


@dataclass
class Memory:
    """What an open incident remembers; all of it JSON data, so that it can be stored."""

    incident: str = ""
    phase: str = ""
    number: int = 0
    since: dict[str, int] = field(default_factory=dict)
    trail: list[float | None] = field(default_factory=list)


class IncidentModel(ABC):
    """Base: a fold over instants, in order.

    kind: as events name it.  name: as the catalogue does, for sites and playbooks.  needs: measured points.
    """

    kind = ""
    name = ""
    needs: tuple[str, ...] = ()

    def __init__(self, site: Site) -> None:
        self.site = site
        self.memory = Memory()

    @abstractmethod
    def step(self, now: Instant) -> IncidentEvent | None:
        """The transition at this instant, if there is one."""

    def held(self, name: str, condition: bool, now: int, duration: int) -> bool:
        """Whether `condition` has been true at every instant for `duration` (ns)."""
        if not condition:
            self.memory.since.pop(name, None)
            return False
        return now - self.memory.since.setdefault(name, now) >= duration

    def move(self, phase: str, cause: str, now: Instant, evidence: dict[str, Any]) -> IncidentEvent:
        """Enters `phase`: the event, with the playbook's next step."""
        memory = self.memory
        if not memory.incident:
            memory.incident = f"{self.site.id}/{self.kind}@{now.time}"
        memory.phase, memory.number = phase, memory.number + 1
        memory.since.clear()
        event = IncidentEvent(
            now.time, self.site.id, self.kind, memory.incident, memory.number, phase, cause,
            self.site.playbooks.get(self.name, {}).get(phase, ""), evidence,
        )  # fmt: skip
        if phase == "closed":
            self.memory = Memory()
        return event
