"""An archive is a log: folded again it says what was said, also after a gap and with frames that came twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from services.aggregator.sinks.parquet.archive import Archive
from services.aggregator.sinks.parquet.archive_files import ArchiveError, Source
from services.cli.app import app
from services.core.codec import encode_records
from services.core.frame import make_frame
from services.core.ports import Entry
from services.core.records import AlarmEvent, Output, Record, Tick
from services.job.archived import folded


class Sums:
    """Says the sum of a site's values at each tick."""

    name = "sums"

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        out: list[Output] = []
        for record in records:
            if isinstance(record, Tick):
                name, value = f"{site}@{record.time}", self.sums[site]
                out.append(AlarmEvent(record.time, site, "", "", "", name, 1, "said", "high", value=value))
            elif hasattr(record, "values"):
                self.sums[site] = self.sums.get(site, 0.0) + float(record.values.sum())
        return out

    def dump(self, site: str) -> bytes:
        return np.float64(self.sums[site]).tobytes()

    def load(self, site: str, state: bytes) -> None:
        self.sums[site] = float(np.frombuffer(state)[0])


def frame(site: str, number: int) -> Record:
    one = np.array
    return make_frame(site, "s", one([number]), one([0], np.int32), one([float(number)]), epoch=1, number=number)


def archive(root: Path, partition: int, messages: dict[int, list[Record]]) -> None:
    part = Archive(root, Source("headworks.sites", "id-1", 2), {}).parts[partition]
    for offset, records in messages.items():
        part.ask()
        part.take([Entry(offset, "sites", "", encode_records(records))], offset + 1, 0.0)
    while part.write_one() is not None:
        pass


def test_it_says_what_the_log_says_over_gaps_and_frames_said_twice(tmp_path: Path) -> None:
    archive(tmp_path, 0, {
        3: [frame("a", 1), frame("a", 2)], 4: [Tick(10)], 5: [frame("a", 2), frame("a", 3)],
        9: [Tick(20)], 10: [frame("a", 4), frame("b", 1)], 11: [Tick(20)], 12: [Tick(30)],
    })  # fmt: skip
    archive(tmp_path, 1, {0: [frame("c", 5)], 1: [Tick(10)]})
    said = [(one.site, one.time, one.value) for one in folded(tmp_path, Sums) if isinstance(one, AlarmEvent)]
    assert sorted(said) == [("a", 10, 3.0), ("a", 20, 6.0), ("a", 30, 10.0), ("b", 30, 1.0), ("c", 10, 5.0)]


def test_the_command_says_what_is_no_archive(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["journal", "--archive", str(tmp_path)])
    with pytest.raises(ArchiveError, match="is not an archive"):
        raise answer.exception or AssertionError(answer.output)
