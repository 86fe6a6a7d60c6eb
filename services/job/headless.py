"""A simulated event without broker, log or process: what its gateways would send, straight into the processor.

The journal is that of `headworks run`, byte for byte: the same frames in the same order, and a tick at the end of each
round, as the player's clock has it. Left out are the frames' numbers (nothing here comes twice).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Catalogue, to_json, version_of
from services.core.frame import make_frame
from services.core.processor import Processor
from services.core.records import AlarmEvent, Config, IncidentEvent, Record, Tick
from services.telemetry.simulator.scene import Scene
from services.telemetry.simulator.sending import Sending


def headless(
    scene: Scene, catalogue: Catalogue, make: Callable[[], Processor] = AlertProcessor
) -> Iterator[AlarmEvent | IncidentEvent]:
    """Plays `scene` from where it stands to its end; gives alarms and incidents as they are told, site by site.

    `catalogue`: of the event, as services.job.places.catalogue_for gives it.
    """
    processor = make()
    for site in catalogue.sites:
        text = to_json(site)
        processor.step(site.id, [Config(site.id, version_of(text), text, scene.start)])
    rows = {
        (site, station): np.array(
            [catalogue.site(site).point_index[f"{station}/{name}"] for name in scene.points(site, station)], np.int32
        )
        for site, stations in scene.sites.items()
        for station in stations
    }
    sending = Sending(scene)
    while scene.now < scene.end:
        for one in sending.advance():
            points = rows[one.site, one.station][one.samples.points]
            frame = make_frame(
                one.site, one.station, one.samples.times, points, one.samples.values, through=one.through
            )
            yield from _told(processor, one.site, frame)
        tick = Tick(scene.now, end=scene.now >= scene.end)
        for site_id in scene.sites:
            yield from _told(processor, site_id, tick)


def _told(processor: Processor, site: str, record: Record) -> Iterator[AlarmEvent | IncidentEvent]:
    for output in processor.step(site, [record]):
        if isinstance(output, AlarmEvent | IncidentEvent):
            yield output
