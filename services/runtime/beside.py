"""Beside: two processors over one log, where the second folds what the first computes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from services.core.clock import MINUTE
from services.core.packing import pack, unpack
from services.core.processor import Processor
from services.core.records import Config, Derived, Output, Record, Tick

_SCHEMA = "beside 1"


class Second(Processor, Protocol):
    """A Processor that says beforehand what it would not take."""

    def accept(self, site: str, records: Sequence[Record]) -> object:
        """Changes nothing; raises as `step` would."""
        ...


class Beside:
    """A Processor. `second` is given the first's Derived as frames, the configurations and the minutes' ticks.

    At their places in the log: a tick comes to it when all is computed that the log has before it, however the records
    are cut into batches. The states of both are one row, so that neither is ahead of the other after a crash.
    """

    def __init__(self, first: Processor, second: Second) -> None:
        """Named as the first: its row takes the second's in."""
        self.name = first.name
        self._first, self._second = first, second
        self._minutes: dict[str, int] = {}

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        """What both give out, the first's before the second's at each place."""
        self._second.accept(site, records)
        out: list[Output] = []
        begin = 0
        for end, record in enumerate(records, 1):
            if isinstance(record, Config) or (isinstance(record, Tick) and self._begins(site, record)):
                out += self._both(site, records[begin:end], record)
                begin = end
        return out + (self._both(site, records[begin:]) if begin < len(records) else [])

    def _begins(self, site: str, tick: Tick) -> bool:
        """Whether it is the first of a minute; of the others the second learns nothing."""
        minute = tick.time // MINUTE
        before, self._minutes[site] = self._minutes.get(site, -1), minute
        return minute != before

    def _both(self, site: str, records: Sequence[Record], *then: Record) -> list[Output]:
        out = list(self._first.step(site, records))
        computed = [one.frame for one in out if isinstance(one, Derived)]
        return out + list(self._second.step(site, [*computed, *then]))

    def dump(self, site: str) -> bytes:
        """The states of both."""
        held = {
            "first": np.frombuffer(self._first.dump(site), np.uint8),
            "second": np.frombuffer(self._second.dump(site), np.uint8),
        }
        return pack({"schema": _SCHEMA}, held)

    def load(self, site: str, state: bytes) -> None:
        """ValueError for another schema version or damaged bytes."""
        meta, arrays = unpack(state)
        if meta.get("schema") != _SCHEMA or arrays.keys() != {"first", "second"}:
            raise ValueError(f"a state of schema {meta.get('schema')}, where this reads {_SCHEMA!r}")
        self._first.load(site, arrays["first"].tobytes())
        self._second.load(site, arrays["second"].tobytes())
        self._minutes.pop(site, None)
