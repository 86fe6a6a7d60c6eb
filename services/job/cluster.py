"""A catalogue into the log of a cluster, as services.job.configure does it for the log of one machine."""

from __future__ import annotations

from collections.abc import Collection

from services.core.catalogue import Catalogue
from services.core.settings import Settings
from services.job.configure import Configured, plan
from services.runtime.cluster.catalogues import load_catalogues, store_catalogues


async def apply_catalogue(
    settings: Settings, catalogue: Catalogue, time: int, only: Collection[str] = ()
) -> dict[str, Configured]:
    """A Config for each site that is new or changed, at event time `time` (ns). By site: how it stands.

    `only`: of these sites alone; all of the file when empty. CatalogueError, with nothing taken, when the processors
    refuse it; LogError when Kafka does: applying it again completes what was begun.
    """
    held = await load_catalogues(settings)
    records, configured = plan(held, catalogue, time, only=only)
    kept = [held[site] for site, one in configured.items() if not one.changed]
    await store_catalogues(settings, records, kept)
    return configured
