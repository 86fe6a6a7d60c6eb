"""What a fold over several meters is told of itself, as the steps carry it; and which steps a catalogue asks for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.core.catalogue import Site, from_json
from services.core.catalogue.zones import BalanceUse, Zone
from services.core.clock import DAY, HOUR, MINUTE
from services.core.codec import canonical_json

QUARTER = 15 * MINUTE
ZONE, PLANT = "zone/", "plant/"
#: The windows that each kind of fold is told of.
WIDTHS = {ZONE: (QUARTER,), PLANT: (HOUR, DAY)}


class PlantBalance(BaseModel):
    """The definition of a plant's balance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: str
    balance: BalanceUse


@lru_cache(maxsize=4096)
def definition_of(key: str, text: str) -> Zone | PlantBalance:
    """ValueError (pydantic's) when the text is none."""
    return (Zone if key.startswith(ZONE) else PlantBalance).model_validate_json(text)


@dataclass(frozen=True, slots=True)
class Told:
    """A fold that a site tells of its windows. points: by index the member, `site/station/point`."""

    key: str
    definition: str
    points: dict[int, str]

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the windows, ns."""
        return next(widths for begin, widths in WIDTHS.items() if self.key.startswith(begin))

    def dump(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self) | {"points": sorted(self.points.items())}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Told:
        """What `dump` gave."""
        return cls(data["key"], data["definition"], {int(n): name for n, name in data["points"]})


def told_of(catalogue_json: str) -> tuple[Site, tuple[Told, ...]]:
    """The site and the folds that it feeds. ValueError when it is no catalogue of a site."""
    site = from_json(catalogue_json)
    index = site.point_index
    out = []
    for zone in site.zones:
        mine = [name for name, _ in zone.members if name.startswith(f"{site.id}/")]
        out.append((ZONE + zone.id, zone.model_dump(mode="json", exclude_defaults=True), mine))
    if site.balance is not None:
        names = [f"{site.id}/{name}" for name in site.balance.points]
        plant = PlantBalance(site=site.id, balance=site.balance)
        out.append((PLANT + site.id, plant.model_dump(mode="json", exclude_defaults=True), names))
    return site, tuple(
        Told(key, canonical_json(data), {
            index[own]: name for name in names if (own := name.split("/", 1)[1]) in index
        })
        for key, data, names in out
    )  # fmt: skip
