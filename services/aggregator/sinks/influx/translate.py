"""From messages of the log to lines: what each topic holds, what of it cannot be read, and how far time is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.aggregator.sinks.influx.columns import Collected
from services.aggregator.sinks.influx.encode import Event, encode_aggregates, encode_events, encode_readings
from services.aggregator.sinks.influx.lines import Gathered, Lines, Place
from services.aggregator.sinks.influx.names import Names
from services.core.codec import decode_output, decode_records
from services.core.errors import Rejected
from services.core.frame import Frame
from services.core.ports import Entry, Reject
from services.core.records import Aggregates, AlarmEvent, Config, Derived, IncidentEvent, Output, Record, ZoneFigures

SITES = "sites"

Placed = tuple[Place, Entry]


@dataclass(slots=True)
class Translated:
    """readings: in the frames.  latest: by site the event time (ns) of its last reading.

    unnamed: by place, of which points no name is known; their readings are not in `lines`.
    """

    lines: Lines
    rejects: list[Reject]
    unnamed: dict[Place, str]
    readings: int
    latest: dict[str, int]


@dataclass(slots=True)
class _Sorted:
    frames: Collected = field(default_factory=Collected)
    windows: list[tuple[Place, Aggregates]] = field(default_factory=list)
    events: list[tuple[Place, Event]] = field(default_factory=list)

    def add(self, place: Place, held: Record | Output) -> None:
        match held:
            case Frame():
                self.frames.add(place, held)
            case Derived(frame):
                self.frames.add(place, frame)
            case Aggregates():
                self.windows.append((place, held))
            case AlarmEvent() | IncidentEvent() | ZoneFigures():
                self.events.append((place, held))


def translate(entries: Sequence[Placed], names: Names) -> Translated:
    """The lines of entries of one partition or several, those of one topic and partition in order.

    `names` takes the catalogues that pass by. What cannot be decoded is a reject, and the rest goes on.
    """
    held, rejects = _Sorted(), list[Reject]()
    for place, entry in entries:
        if entry.topic == SITES and held.frames.take(place, entry.data):
            continue
        try:
            for one in _decoded(entry):
                if isinstance(one, Config):
                    _learn(names, one)
                else:
                    held.add(place, one)
        except Rejected as refusal:
            rejects.append(Reject(entry.topic, refusal.reason, f"{place}: {refusal.detail}", entry.data, 0))
    readings = held.frames.columns()
    encoded = (encode_readings(readings, names), encode_aggregates(held.windows, names))
    out = Gathered()
    for lines in (*(one.lines for one in encoded), encode_events(held.events)):
        out.add_many(lines.data, lines.starts, lines.places)
    unnamed = {place: detail for one in encoded for place, detail in one.unnamed}
    return Translated(out.lines(), rejects, unnamed, len(readings), readings.latest)


def _decoded(entry: Entry) -> Iterable[Record | Output]:
    if entry.topic == SITES:
        return decode_records(entry.data)
    return (decode_output(entry.topic, entry.data),)


def _learn(names: Names, config: Config) -> None:
    try:
        names.learn([config])
    except ValueError as error:
        raise Rejected("catalogue", f"site {config.site!r}: {error}") from error


def nameless(entries: Sequence[Placed], unnamed: Mapping[Place, str]) -> list[Reject]:
    """The dead letters of readings without a name: the message that they came in, as it was."""
    return [
        Reject(entry.topic, "point without name", f"{place}: {unnamed[place]}", entry.data, 0)
        for place, entry in entries
        if place in unnamed
    ]
