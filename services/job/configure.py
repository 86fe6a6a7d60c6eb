"""Catalogue versions into the log: the only way in which behaviour changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.alerts.site import SiteFold
from services.core.catalogue import Catalogue, Site, from_json, keep_indices, to_json, version_of
from services.core.errors import HeadworksError
from services.core.records import Config
from services.runtime.local import LocalLog


class CatalogueError(HeadworksError):
    """A catalogue that the processors cannot run. It has not taken effect."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A site as it stands in the log.  changed: by this call.  differs: the file says otherwise, and was not taken."""

    site: Site
    version: str
    changed: bool = False
    differs: bool = False


async def configure(
    log: LocalLog, catalogue: Catalogue, time: int, *, keep: bool = False, add: bool = True
) -> dict[str, Configured]:
    """Appends a Config for each site that is new or changed, at event time `time` (ns). By site: how it stands.

    keep: what the log has stays, whatever the file says.  add: sites that the log does not have are taken too, else
    they are left out. Points keep their indices. CatalogueError, with nothing taken, when the processors refuse it.
    """
    records, configured = plan(log.configs(), catalogue, time, keep=keep, add=add)
    await log.append(records)
    return configured


def plan(
    held: Mapping[str, Config],
    catalogue: Catalogue,
    time: int,
    *,
    keep: bool = False,
    add: bool = True,
    only: Collection[str] = (),
) -> tuple[list[Config], dict[str, Configured]]:
    """What `configure` would append where `held` is in force, and by site how it then stands.

    only: of these sites alone, all when empty; CatalogueError when the file has one of them not.
    """
    if unknown := sorted(set(only) - {site.id for site in catalogue.sites}):
        raise CatalogueError(
            f"the file has no site {', '.join(unknown)}; it has {', '.join(s.id for s in catalogue.sites)}"
        )
    out: dict[str, Configured] = {}
    records: list[Config] = []
    for wanted in catalogue.sites:
        before = held.get(wanted.id)
        if (before is None and not add) or (only and wanted.id not in only):
            continue
        present = from_json(before.catalogue_json) if before else None
        site = keep_indices(wanted, present)
        text = to_json(site)
        version = version_of(text)
        if before is not None and present is not None and (keep or before.version == version):
            out[wanted.id] = Configured(present, before.version, differs=before.version != version)
            continue
        try:
            SiteFold(site, version)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise CatalogueError(f"site {site.id}: the alarms cannot run this catalogue ({reason})") from error
        records.append(Config(site.id, version, text, time))
        out[site.id] = Configured(site, version, changed=True)
    return records, out
