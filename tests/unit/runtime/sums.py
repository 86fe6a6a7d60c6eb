"""A small processor, and a small log for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.core.codec import encode_records
from services.core.frame import make_frame
from services.core.ports import Entry
from services.core.records import AlarmEvent, Output, Record, Tick


class Sums:
    """A small processor: says the running sum of a site's values at each tick; one value makes it raise."""

    name = "sums"

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        total, out = self.sums.get(site, 0.0), list[Output]()
        for record in records:
            if isinstance(record, Tick):
                out.append(
                    AlarmEvent(record.time, site, "", "", "", f"{site}@{record.time}", 1, "said", "high", value=total)
                )
            elif hasattr(record, "values"):
                if (record.values == 13.0).any():
                    raise ValueError("thirteen")
                total += float(record.values.sum())
        self.sums[site] = total
        return out

    def dump(self, site: str) -> bytes:
        return np.float64(self.sums[site]).tobytes()

    def load(self, site: str, state: bytes) -> None:
        self.sums[site] = float(np.frombuffer(state)[0])


def frame(site: str, number: int, value: float, epoch: int = 7) -> Record:
    one = np.array
    return make_frame(
        site, "intake", one([number]), one([0], np.int32), one([value]), through=number, epoch=epoch, number=number
    )


def entries(messages: Sequence[Sequence[Record]], start: int = 5) -> list[Entry]:
    return [Entry(start + i, "sites", "", encode_records(records)) for i, records in enumerate(messages)]
