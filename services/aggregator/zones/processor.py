"""ZoneFolds: the steps of many sites put together, window by window: zones' flows and nights, plants' balances."""

from __future__ import annotations

import json
from collections.abc import Sequence

from services.aggregator.zones.fold import Held
from services.aggregator.zones.plant import balance_figures
from services.aggregator.zones.terms import PlantBalance, definition_of
from services.aggregator.zones.zone import zone_figures
from services.core.codec import canonical_json
from services.core.records import Output, Record, SiteStep


class ZoneFolds:
    """A Processor over the log of steps; its sites are the folds' keys, `zone/ID` and `plant/SITE`.

    A window is given out when every site of the fold has said that it is over, whichever said so last: how the sites'
    steps lie among each other changes nothing. What a site says of it later gives it out again, with a revision. It
    knows no clock: while a site's own log stands still its zones wait, rather than call a backlog a silence.
    """

    name = "zones"

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def step(self, key: str, records: Sequence[Record]) -> list[Output]:
        """The figures of the windows that `records` complete or change. ValueError for a definition that is none."""
        steps = [record for record in records if isinstance(record, SiteStep)]
        for step in steps:
            definition_of(key, step.definition)
        held = self._held.setdefault(key, Held())
        out: list[Output] = []
        for step in steps:
            if not held.take(step):
                continue
            definition = held.definition(key, step.width, step.start)
            if isinstance(definition, PlantBalance):
                out += balance_figures(held, definition, step.width, step.start)
            else:
                out += zone_figures(held, definition, step.start)
        return out

    def too_late(self, key: str) -> int:
        """Steps of windows that are no longer kept."""
        return self._held[key].too_late if key in self._held else 0

    def dump(self, key: str) -> bytes:
        """The fold's state; that of one never seen is the initial one."""
        return canonical_json(self._held.get(key, Held()).dump()).encode()

    def load(self, key: str, state: bytes) -> None:
        """ValueError for another schema version or damaged bytes."""
        try:
            self._held[key] = Held.load(json.loads(state))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"damaged state: {error!r}") from None
