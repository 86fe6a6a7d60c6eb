"""A part of an event as the stack plays it, and what must come of it: computed here without wire, log or process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Catalogue, to_json, version_of
from services.core.clock import SECOND, parse_time
from services.core.frame import make_frame
from services.core.journal import canonical_journal
from services.core.records import Config, Output, Tick
from services.job.options import DEFAULT_EVENT
from services.job.places import PROJECT, catalogue_for, find_event
from services.telemetry.simulator.scene import Scene, scene_of

Times = NDArray[np.int64]
Values = NDArray[np.float64]

#: (site, station, point) -> (event times in ns, ascending; values).
Readings = Mapping[tuple[str, str, str], tuple[Times, Values]]

#: Seconds of event time in a message, as `services.job.field` plays them.
STEP = 60


@dataclass(frozen=True)
class Part:
    """An event (id, or path of its file) from `since` (ISO 8601; empty: its start) to its end.

    The plants have lived through what came before `since`; the centre has heard nothing of it.
    """

    event: str = DEFAULT_EVENT
    since: str = ""

    def city(self) -> Scene:
        """The city at the beginning of the part."""
        city = scene_of(find_event(self.event))
        if self.since:
            city.advance((parse_time(self.since) - city.start) // SECOND)
        return city

    @property
    def site_file(self) -> str:
        """The sites of the event's group."""
        return str(PROJECT / "sites" / f"{find_event(self.event).group}.yaml")

    @property
    def begin(self) -> str:
        """ISO 8601: from when on the catalogue holds."""
        return self.since or find_event(self.event).start.isoformat()


@dataclass(frozen=True)
class Expected:
    """What must be found after the part has been played, whatever happened on the way."""

    catalogue: Catalogue
    start: int
    end: int
    journal: str
    #: By site: what the alarms' processor has to know at the end.
    states: Mapping[str, bytes]
    readings: Readings

    @cached_property
    def published(self) -> int:
        """Readings in all."""
        return sum(len(times) for times, _ in self.readings.values())


@lru_cache(maxsize=4)
def expected(part: Part) -> Expected:
    """Simulator straight into the processor."""
    city = part.city()
    start = city.now
    catalogue = catalogue_for(city)
    processor = AlertProcessor()
    out: list[Output] = []
    for one in catalogue.sites:
        text = to_json(one)
        out += processor.step(one.id, [Config(one.id, version_of(text), text, start)])
    places = [(site, station) for site, stations in city.sites.items() for station in stations]
    names = {place: city.points(*place) for place in places}
    rows = {
        (site, station): np.array(
            [catalogue.site(site).point_index[f"{station}/{n}"] for n in names[site, station]], np.int32
        )
        for site, station in places
    }
    said: dict[tuple[str, str, str], tuple[list[Times], list[Values]]] = {}
    numbers: dict[str, int] = {}
    while city.now < city.end:
        for (site, station), samples in city.advance(STEP).items():
            points = rows[site, station][samples.points]
            # Numbered, as a gateway's are: what has no number is remembered by its bytes, which is state too.
            number = numbers[site] = numbers.get(site, 0) + 1
            frame = make_frame(
                site, station, samples.times, points, samples.values, through=city.now, epoch=1, number=number
            )
            out += processor.step(site, [frame])
            for index in np.unique(samples.points):
                chosen = samples.points == index
                times, values = said.setdefault((site, station, names[site, station][index]), ([], []))
                times.append(samples.times[chosen])
                values.append(samples.values[chosen])
        for site in city.sites:
            out += processor.step(site, [Tick(city.now)])
    return Expected(
        catalogue,
        start,
        city.end,
        "".join(f"{line}\n" for line in canonical_journal(out)),
        {one.id: processor.dump(one.id) for one in catalogue.sites},
        {key: (np.concatenate(times), np.concatenate(values)) for key, (times, values) in said.items()},
    )
