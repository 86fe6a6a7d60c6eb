"""The zones of a catalogue: their members looked up over all sites, each zone given to the sites that feed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.core.catalogue.model import Site
from services.core.catalogue.source import CatalogueSource
from services.core.catalogue.zones import Zone, ZoneSource, verify_zone

_Complaint = tuple[tuple[str | int, ...], object, str]


def verify_zones(zones: Sequence[ZoneSource], sites: Sequence[Site]) -> Iterator[_Complaint]:
    """(where in the file, value, bound) of each contradiction."""
    names = {f"{site.id}/{p.id}": p for site in sites for p in site.points if not p.removed} if zones else {}
    seen: set[str] = set()
    for n, zone in enumerate(zones):
        if zone.id in seen:
            yield ("zones", n, "id"), zone.id, "must be unique in the file"
        seen.add(zone.id)
        yield from ((("zones", n, *where), value, bound) for where, value, bound in verify_zone(zone, names))


def with_zones(parsed: CatalogueSource, sites: Sequence[Site]) -> tuple[Site, ...]:
    """Each site with the zones that it has a member of; a site without is as it was, and so is its version."""
    zones = [Zone(**zone.model_dump(), time_zone=parsed.time_zone) for zone in parsed.zones]
    out = []
    for site in sites:
        mine = tuple(zone for zone in zones if site.id in zone.sites)
        out.append(site.model_copy(update={"zones": mine}) if mine else site)
    return tuple(out)
