"""What commands do with a cluster: a catalogue into its log, as services.job.configure; all that its alarms said."""

from __future__ import annotations

from collections.abc import Collection

from services.core.catalogue import Catalogue
from services.core.codec import ALARM, INCIDENT, decode_output
from services.core.records import Output
from services.core.settings import Settings
from services.job.configure import Configured, plan
from services.runtime.cluster.catalogues import load_catalogues, store_catalogues
from services.runtime.cluster.reading import Follower


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


async def said_in(settings: Settings) -> list[Output]:
    """All transitions of alarms and incidents from the beginning to the present end, in no order between partitions.

    Rejected when an entry is damaged; LogError when Kafka or a topic is not there.
    """
    said: list[Output] = []
    async with Follower.whole(settings, [ALARM, INCIDENT], until_end=True) as follower:
        async for batch in follower:
            said += [decode_output(entry.topic, entry.data) for entry in batch.entries]
    return said
