"""The Processor contract: what every fold over a site's log is, whichever runtime carries it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.core.records import Output, Record


class Processor(Protocol):
    """A pure function of state and records, held as an object so that state can stay in arrays.

    - No clock, no I/O, no randomness: outputs depend on the records alone.
    - Any split of the records into batches gives the same outputs.
    - A step that raises changes nothing.
    """

    #: Names the rows that the shell keeps for it; part of the stored state's key.
    name: str

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        """Folds `records` of one site, in log order, and returns the outputs in order."""
        ...

    def dump(self, site: str) -> bytes:
        """The site's state, with its schema version; equal states give equal bytes."""
        ...

    def load(self, site: str, state: bytes) -> None:
        """Takes back what `dump` gave. Raises ValueError for another schema version or damaged bytes."""
        ...
