"""Packed: numbered frames of one site that are encoded already, as one message of a cluster's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from services.core.ports import SiteLog
from services.core.records import Record


@dataclass(frozen=True, slots=True)
class Packed:
    """Frames numbered `first` to `last` in `epoch`, without gaps. `data` is what `encode_records` makes of them.

    services.core.codec.decode_records(data) gives them back, `last` − `first` + 1 of them.
    """

    site: str
    epoch: int
    first: int
    last: int
    readings: int
    data: bytes

    def __len__(self) -> int:
        """The frames."""
        return self.last - self.first + 1


@runtime_checkable
class PackedLog(SiteLog, Protocol):
    """A log that takes frames as they are encoded."""

    async def append_packed(self, records: Sequence[Record | Packed]) -> None:
        """As `append`, with packed frames among the records, each in the place of the frames that it holds."""
        ...
