"""The canonical journal: what "the same answer" means (DESIGN.md).

JSON lines with sorted keys, integer-nanosecond UTC, one a transition; deduplicated by (occurrence or incident,
number); ordered by (event time, site, station, point, rule, number). Log position and receive time are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from services.core.codec import canonical_json
from services.core.records import AlarmEvent, IncidentEvent, Output

_Key = tuple[int, str, str, str, str, int]


def _entry(event: AlarmEvent | IncidentEvent) -> tuple[_Key, str]:
    fields: dict[str, object] = asdict(event)
    if isinstance(event, AlarmEvent):
        fields["type"] = "alarm"
        key = (event.time, event.site, event.station, event.point, event.rule, event.number)
    else:
        fields["type"] = "incident"
        key = (event.time, event.site, "", "", event.kind, event.number)
    return key, canonical_json(fields)


def canonical_journal(outputs: Iterable[Output]) -> Iterator[str]:
    """The journal's lines, without line ends. Raises ValueError when one identity has two contents."""
    seen: dict[tuple[str, int], tuple[_Key, str]] = {}
    for output in outputs:
        if not isinstance(output, AlarmEvent | IncidentEvent):
            continue
        name = output.occurrence if isinstance(output, AlarmEvent) else output.incident
        entry = _entry(output)
        earlier = seen.setdefault((name, output.number), entry)
        if earlier != entry:
            raise ValueError(f"two contents for {name} transition {output.number}")
    for _, line in sorted(seen.values()):
        yield line
