"""Catalogue versions into the log: the only way in which behaviour changes."""

from __future__ import annotations

from services.core.catalogue import Catalogue, Site, from_json, keep_indices, to_json, version_of
from services.core.records import Config
from services.runtime.local import LocalLog


async def configure(log: LocalLog, catalogue: Catalogue, time: int) -> dict[str, tuple[Site, str, bool]]:
    """Appends a Config for each site that is new or changed, at event time `time` (ns).

    By site: the site as it stands in the log (points keep their indices), its version, and whether it is new there.
    """
    held = log.configs()
    out: dict[str, tuple[Site, str, bool]] = {}
    records = []
    for wanted in catalogue.sites:
        before = held.get(wanted.id)
        site = keep_indices(wanted, from_json(before.catalogue_json) if before else None)
        text = to_json(site)
        version = version_of(text)
        changed = before is None or before.version != version
        if changed:
            records.append(Config(site.id, version, text, time))
        out[site.id] = (site, version, changed)
    await log.append(records)
    return out
