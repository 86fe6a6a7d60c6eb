"""What a site's edge node says of itself: its metrics with names, aliases and units."""

from __future__ import annotations

from services.core.catalogue import Site
from services.telemetry.sparkplug.encode import (
    FIRST_ALIAS,
    LAST_ALIAS,
    encode_device_birth,
)


def check_aliases(site: Site) -> None:
    """ValueError when the site has more points than aliases: a point's alias is its index, which never changes."""
    most = LAST_ALIAS - FIRST_ALIAS + 1
    if len(site.points) > most:
        raise ValueError(f"site {site.id}: {len(site.points)} points, at most {most} a gateway")


def device_births(site: Site, time: int) -> list[tuple[str, bytes]]:
    """(station, DBIRTH without seq) of every station; derived and removed points are not measured, so not in it."""
    return [
        (
            station.id,
            encode_device_birth(
                time,
                [
                    (point.name, FIRST_ALIAS + index, point.unit)
                    for index, point in enumerate(site.points)
                    if point.station == station.id and point.derived is None and not point.removed
                ],
            ),
        )
        for station in site.stations
    ]
