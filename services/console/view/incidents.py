"""The fold over incident events: phases in order, the newest evidence, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from services.console.view.snapshots import Forecast, IncidentView, Phase
from services.core.records import IncidentEvent

KEPT = 50


@dataclass(slots=True)
class _Incident:
    last: IncidentEvent
    phases: list[Phase] = field(default_factory=list)


class Incidents:
    """Transitions are folded once each, by (incident, number)."""

    def __init__(self) -> None:
        self._all: dict[str, _Incident] = {}

    def apply(self, event: IncidentEvent) -> None:
        """Folds one transition; of closed incidents only the newest few are kept."""
        found = self._all.get(event.incident)
        if found is None:
            found = self._all[event.incident] = _Incident(event)
        elif event.number <= found.last.number:
            return
        if not found.phases or found.phases[-1].phase != event.phase:
            found.phases.append(Phase(event.phase, event.time, event.cause))
        found.last = event
        closed = [name for name, one in self._all.items() if one.last.phase == "closed"]
        for name in closed[: max(len(self._all) - KEPT, 0)]:
            del self._all[name]

    def views(self, names: Mapping[str, str]) -> tuple[IncidentView, ...]:
        """All of them, open ones first, then the newest; `names` are the sites' names."""
        found = [
            IncidentView(
                site=one.last.site, site_name=names.get(one.last.site, one.last.site),
                kind=one.last.kind, incident=name, phases=tuple(one.phases),
                cause=one.last.cause, next_step=one.last.next_step,
                time=one.last.time,
                readings=_texts(one.last.evidence, "readings"),
                points=_texts(one.last.evidence, "points"),
                **_confidence(one.last.evidence),
                forecast=forecast_of(one.last.evidence, one.last.time),
                closed=one.last.time if one.last.phase == "closed" else None,
            )
            for name, one in self._all.items()
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda one: (one.closed is not None, -one.began)))


def _texts(evidence: Mapping[str, object], name: str) -> dict[str, str]:
    found = evidence.get(name)
    if not isinstance(found, Mapping):
        return {}
    return {str(label): str(text) for label, text in found.items()}


class _Stated(TypedDict):
    confidence: str
    missing: tuple[str, ...]


def _confidence(evidence: Mapping[str, object]) -> _Stated:
    """How sure the incident says it is, and what it does not see."""
    found = evidence.get("confidence")
    if not isinstance(found, Mapping):
        return {"confidence": "", "missing": ()}
    missing = found.get("missing")
    listed = missing if isinstance(missing, list | tuple) else ()
    return {"confidence": str(found.get("level", "")), "missing": tuple(str(line) for line in listed)}


def _hours(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def forecast_of(evidence: Mapping[str, object], time: int) -> Forecast | None:
    """The forecast in an incident's evidence; None when it holds none."""
    found = evidence.get("forecast")
    if not isinstance(found, Mapping):
        return None
    assumptions = found.get("assumptions")
    listed = assumptions if isinstance(assumptions, list | tuple) else ()
    return Forecast(
        _hours(found.get("hours_pessimistic")), _hours(found.get("hours_expected")),
        _hours(found.get("hours_optimistic")), _hours(found.get("horizon_hours")),
        tuple(str(line) for line in listed), time,
        unknown="bad" if found.get("known") is False else "", what=str(found.get("what", "")),
    )  # fmt: skip
