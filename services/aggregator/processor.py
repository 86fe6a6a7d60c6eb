"""Aggregator: the windows of a site's points, and the steps that tell zones and balances of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.aggregator.windows import WindowAggregator
from services.aggregator.zones.steps import Steps
from services.aggregator.zones.terms import told_of
from services.core.packing import pack, unpack
from services.core.records import Config, Output, Record, Tick

_SCHEMA = "windows and steps 1"


class Aggregator:
    """A Processor: gives out Aggregates and Recompute as WindowAggregator does, and after a tick's the SiteSteps.

    Where no zone and no balance has a member, it is a WindowAggregator, and so is its state.
    """

    name = WindowAggregator.name

    def __init__(self) -> None:
        self._windows = WindowAggregator()
        self._steps: dict[str, Steps] = {}

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        """See Processor; ValueError for a catalogue that is none, or has fewer points than the one before it."""
        # What can raise does so before anything is changed.
        self._windows.accept(site, records)
        configs = [record for record in records if isinstance(record, Config)]
        if not any(told_of(one.catalogue_json)[1] for one in configs) and site not in self._steps:
            return self._windows.step(site, records)
        steps = self._steps.setdefault(site, Steps(site))
        out: list[Output] = []
        begin = 0
        for end, record in enumerate(records, 1):
            if isinstance(record, Config):
                out += self._windows.step(site, records[begin:end])
                steps.configure(record)
                begin = end
            elif isinstance(record, Tick):
                given = self._windows.step(site, records[begin:end])
                out += [*given, *steps.tick(record.time, given)]
                begin = end
        return out + self._windows.step(site, records[begin:])

    def dump(self, site: str) -> bytes:
        """The site's state; that of a site never seen is the initial one."""
        windows = self._windows.dump(site)
        if site not in self._steps:
            return windows
        held = {"windows": np.frombuffer(windows, np.uint8)}
        return pack({"schema": _SCHEMA, "steps": self._steps[site].dump()}, held)

    def load(self, site: str, state: bytes) -> None:
        """ValueError for another schema version or damaged bytes."""
        meta, arrays = unpack(state)
        if meta.get("schema") != _SCHEMA:
            self._windows.load(site, state)
            self._steps.pop(site, None)
            return
        try:
            steps = Steps.load(site, meta["steps"])
            self._windows.load(site, arrays["windows"].tobytes())
        except (KeyError, TypeError) as error:
            raise ValueError(f"damaged state: {error} is missing") from None
        self._steps[site] = steps
