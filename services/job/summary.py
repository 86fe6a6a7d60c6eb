"""What a run amounts to, as one JSON object."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from services.core.clock import iso
from services.core.codec import decode_output, encode_output
from services.core.frame import Frame
from services.core.records import AlarmEvent, IncidentEvent, Output, Record


@dataclass(slots=True)
class Tally:
    """Counts and lists what the log holds, from its beginning: the same whether or not the run was interrupted."""

    received: int = 0
    frames: int = 0
    raised: list[AlarmEvent] = field(default_factory=list)
    incidents: dict[str, list[IncidentEvent]] = field(default_factory=dict)

    def take(self, entry: Record | Output) -> None:
        """One entry of the log."""
        match entry:
            case Frame():
                self.received += len(entry)
                self.frames += 1
            case AlarmEvent(transition="raised", annunciated=True):
                self.raised.append(entry)
            case IncidentEvent():
                self.incidents.setdefault(entry.incident, []).append(entry)

    def dump(self) -> bytes:
        """For `load`."""
        events: list[Output] = [*self.raised, *(step for steps in self.incidents.values() for step in steps)]
        outputs = [(topic, base64.b64encode(data).decode()) for topic, data in map(encode_output, events)]
        return json.dumps({"received": self.received, "frames": self.frames, "outputs": outputs}).encode()

    @classmethod
    def load(cls, data: bytes) -> Self:
        """What was dumped. ValueError or Rejected when it is damaged."""
        held = json.loads(data)
        tally = cls(held["received"], held["frames"])
        for topic, text in held["outputs"]:
            tally.take(decode_output(topic, base64.b64decode(text)))
        return tally


@dataclass(frozen=True, slots=True)
class Summary:
    """published, received, rejected, lost: readings (rejects may be whole messages).

    wall_seconds and readings_per_second (carried into the log) are of this start of the run; peak_rss_mb of all
    its processes together.
    """

    event: str
    published: int
    received: int
    rejected: int
    lost: int
    messages: int
    alarms: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    wall_seconds: float
    readings_per_second: float
    peak_rss_mb: float
    broker: str


def alarm_lines(events: list[AlarmEvent]) -> list[dict[str, Any]]:
    """Annunciated alarms in order of event time."""
    ordered = sorted(events, key=lambda e: (e.time, e.site, e.station, e.point, e.rule))
    return [
        {
            "time": iso(e.time), "site": e.site, "station": e.station, "point": e.point, "rule": e.rule,
            "priority": e.priority, "occurrence": e.occurrence,
        }
        for e in ordered
    ]  # fmt: skip


def incident_lines(incidents: dict[str, list[IncidentEvent]]) -> list[dict[str, Any]]:
    """Incidents in order of opening, each with its phases."""
    ordered = sorted(incidents.values(), key=lambda steps: (steps[0].time, steps[0].incident))
    return [
        {
            "kind": steps[0].kind,
            "site": steps[0].site,
            "phases": [{"phase": s.phase, "time": iso(s.time), "cause": s.cause} for s in steps],
        }
        for steps in ordered
    ]


def to_json(summary: Summary) -> dict[str, Any]:
    """Plain data for JSON."""
    return asdict(summary)
