"""A small utility's paging, and a desk at which its events, answers and hours are played."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from services.alerts.oncall.decisions import Decision, Kind
from services.alerts.oncall.dispatch import Dispatch
from services.alerts.oncall.policy import OnCall
from services.alerts.oncall.silences import Silence
from services.core.clock import MINUTE, parse_time
from services.core.records import AlarmEvent, IncidentEvent

START = parse_time("2023-04-18T20:00:00+08:00")

RULES: dict[str, Any] = {
    "time_zone": "Asia/Shanghai",
    "channels": {name: {"kind": "webhook", "url": f"http://127.0.0.1:1/{name}"}
                 for name in ("call-a", "call-b", "push", "mail")},
    "people": [
        {"id": "wang", "name": "Wang", "language": "zh", "reach": [
            {"channel": "call-a", "urgency": "wake"}, {"channel": "call-b", "urgency": "wake"},
            {"channel": "push", "urgency": "notify"}, {"channel": "mail", "urgency": "mail"}]},
        {"id": "li", "name": "Li", "reach": [{"channel": "call-a", "urgency": "wake"}]},
        {"id": "chief", "name": "Chief", "reach": [{"channel": "call-b", "urgency": "wake"}]},
    ],
    "rosters": [{"id": "crew", "time_zone": "Asia/Shanghai", "layers": [
        {"people": ["wang", "li"], "start": "2023-04-17T08:00"}]}],
    "policies": [
        {"id": "critical", "match": {"priorities": ["critical"]}, "because": "supply is at stake", "steps": [
            {"to": ["crew"], "repeat": "5m", "times": 2}, {"wait": "15m", "to": ["li", "chief"]}]},
        {"id": "high", "match": {"priorities": ["high"]}, "because": "the dispatcher sees it", "steps": []},
        {"id": "rest", "because": "the morning will do"},
    ],
    "digest_at": "07:30",
    "digest_to": ["wang"],
}  # fmt: skip


def rules(**change: Any) -> OnCall:
    """The utility, with other sections."""
    return OnCall.model_validate(RULES | change)


class Desk:
    """Plays what happens, minute by minute after START, and keeps every decision."""

    def __init__(self, oncall: OnCall | None = None) -> None:
        self.oncall = oncall or rules()
        self.dispatch = Dispatch(self.oncall)
        self.decisions: list[Decision] = []
        self._last: dict[str, AlarmEvent] = {}

    def _add(self, decisions: list[Decision]) -> list[Decision]:
        self.decisions += decisions
        return decisions

    def raised(self, minute: float, key: str, priority: str = "critical", site: str = "no3", **more: Any) -> str:
        """An alarm comes; gives its occurrence."""
        station, point, rule = key.split("/")
        time = at(minute)
        event = AlarmEvent(time, site, station, point, rule, f"{site}/{key}@{time}", 1, "raised", priority, state="B")
        event = replace(event, **more)
        self._last[event.occurrence] = event
        self._add(self.dispatch.take(event, time))
        return event.occurrence

    def then(self, minute: float, occurrence: str, transition: str, state: str, **more: Any) -> None:
        """What becomes of it."""
        last = self._last[occurrence]
        event = replace(last, time=at(minute), number=last.number + 1, transition=transition, state=state, **more)
        self._last[occurrence] = event
        self._add(self.dispatch.take(event, at(minute)))

    def incident(self, minute: float, phase: str, rank: int, claims: tuple[str, ...] = (), number: int = 1) -> None:
        """An intake crisis is, or becomes, so."""
        evidence: dict[str, object] = {"rank": rank, "claims": list(claims)}
        event = IncidentEvent(
            at(minute), "no3", "IntakeCrisis", "no3/IntakeCrisis@1", number, phase, "", "throttle", evidence
        )
        self._add(self.dispatch.take(event, at(minute)))

    def wait(self, minute: float) -> list[Decision]:
        """Time goes by."""
        return self._add(self.dispatch.advance(at(minute)))

    def outcome(self, minute: float, page: str, taken: bool) -> list[Decision]:
        """A channel answers."""
        return self._add(self.dispatch.outcome(page, taken, "said the channel", at(minute)))

    def silence(self, minute: float, silence: Silence) -> list[Decision]:
        """Somebody asks for quiet."""
        return self._add(self.dispatch.silence(silence, at(minute)))

    def unsilence(self, minute: float, silence: str) -> list[Decision]:
        """Somebody ends it."""
        return self._add(self.dispatch.unsilence(silence, "chen", at(minute)))

    def answer(self, minute: float, problem: str, who: str = "wang", **more: Any) -> list[Decision]:
        """Somebody takes a problem on."""
        return self._add(self.dispatch.answer(problem, who, at(minute), **more))

    def restart(self, oncall: OnCall | None = None) -> None:
        """Everything but the stored state is forgotten; perhaps with other rules."""
        self.oncall = oncall or self.oncall
        stored = self.dispatch.dump()
        self.dispatch = Dispatch(self.oncall)
        self.dispatch.load(json.loads(json.dumps(stored)))

    @property
    def pages(self) -> list[Decision]:
        """Every message that was sent to a person."""
        return [d for d in self.decisions if d.kind is Kind.PAGE]

    def told(self) -> list[tuple[float, str, str]]:
        """(minute, person, why) of every message."""
        return [((d.time - START) / MINUTE, d.person, d.why.value) for d in self.pages]


def at(minute: float) -> int:
    """The time so many minutes after the start, ns."""
    return START + round(minute * MINUTE)
