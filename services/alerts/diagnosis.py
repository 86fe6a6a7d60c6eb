"""Incidents over the instants of a site: which alarms stand at each of them, and what the models make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from services.alerts.incidents import INCIDENTS, IncidentModel, Instant
from services.alerts.incidents.base import Memory
from services.core.catalogue import Site
from services.core.frame import Qualities, Times, Values
from services.core.records import AlarmEvent, IncidentEvent

#: (time, station/point/rule, transition)
Change = tuple[int, str, str]


class Diagnosis:
    """Of one site under one catalogue version."""

    def __init__(self, site: Site) -> None:
        self.models: list[IncidentModel] = [INCIDENTS[use.model](site, use) for use in site.incidents]
        #: Measured points, as `station/point`, that the models look at.
        self.needs = {name for model in self.models for name in model.needs()}
        self.active: set[str] = set()
        self._pending: list[Change] = []  # alarm changes that no instant has seen yet

    def note(self, events: Iterable[AlarmEvent]) -> None:
        """What detection found; only raised and cleared matter here."""
        if self.models:
            self._pending += [change_of(e) for e in events if e.transition in ("raised", "cleared")]

    def step(self, names: Sequence[str], times: Times, values: Values, quality: Qualities) -> list[IncidentEvent]:
        """Consecutive instants, in order: values f8[G, n] and quality u1[G, n] of the points `names`."""
        out: list[IncidentEvent] = []
        if not self.models:
            return out
        self._pending.sort(key=lambda change: change[0])
        for g, time in enumerate(times.tolist()):
            raised = self._pass(time)
            now = Instant(
                time,
                dict(zip(names, values[g].tolist(), strict=True)),
                dict(zip(names, quality[g].tolist(), strict=True)),
                frozenset(self.active),
                frozenset(raised),
            )
            for model in self.models:
                event = model.step(now)
                if event is not None:
                    out.append(event)
        return out

    def _pass(self, time: int) -> set[str]:
        """Brings `active` to `time`; what was raised since the instant before."""
        raised: set[str] = set()
        while self._pending and self._pending[0][0] <= time:
            _, rule, what = self._pending.pop(0)
            if what == "raised":
                self.active.add(rule)
                raised.add(rule)
            else:
                self.active.discard(rule)
                raised.discard(rule)
        return raised

    def adopt(self, old: Diagnosis, closed: Iterable[AlarmEvent], time: int) -> list[IncidentEvent]:
        """Takes over from an earlier catalogue version at `time` (ns); `closed` went with the change.

        An incident that is open and no longer diagnosed ends with the change: nobody would ever close it.
        """
        self.active = set(old.active)
        self._pending = old._pending + [change_of(e) for e in closed if e.transition == "cleared"]
        for model in self.models:
            model.memory = next((m.memory for m in old.models if m.kind == model.kind), model.memory)
        kinds = {model.kind for model in self.models}
        gone = [model for model in old.models if model.kind not in kinds and model.memory.phase]
        unseen = Instant(time, {}, {}, frozenset(), frozenset())
        return [model.move("closed", "no longer diagnosed: the catalogue has changed", unseen) for model in gone]

    def dump(self) -> dict[str, Any]:
        """All of it as JSON data."""
        return {
            "active": sorted(self.active),
            "pending": [list(change) for change in self._pending],
            "models": {m.kind: asdict(m.memory) for m in self.models},
        }

    def load(self, data: dict[str, Any]) -> None:
        """What `dump` gave."""
        self.active = set(data["active"])
        self._pending = [(int(t), str(r), str(w)) for t, r, w in data["pending"]]
        for model in self.models:
            model.memory = Memory(**data["models"][model.kind])


def change_of(event: AlarmEvent) -> Change:
    """What of an alarm event the incidents see."""
    return event.time, f"{event.station}/{event.point}/{event.rule}", event.transition
