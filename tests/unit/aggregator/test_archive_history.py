"""Out of an archive: each reading once, and what it holds whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.aggregator.sinks.parquet.again import recompute
from services.aggregator.sinks.parquet.archive_history import PartHistory, archived_through
from services.core.clock import HOUR, MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.records import Recompute, Record, Tick
from tests.unit.aggregator.test_archive_folded import archive
from tests.unit.aggregator.windows import FLOW, config, frame

COUNT = "SELECT count(*) FROM readings"


def numbered(second: int, number: int) -> Frame:
    made = frame((second, FLOW, 60.0))
    return make_frame(
        made.site, made.station, made.times, made.points, made.values, made.quality, epoch=1, number=number
    )


def rows(history: PartHistory) -> int:
    return int(history.sql(COUNT)[0][0].as_py())


def test_what_the_log_holds_twice_is_one_reading(tmp_path: Path) -> None:
    said: dict[int, list[Record]] = {
        0: [config(zone="UTC")],
        1: [numbered(0, 1), numbered(30, 2)],
        2: [numbered(0, 1), numbered(30, 2), numbered(60, 3)],
    }
    archive(tmp_path, 0, said)
    assert archived_through(tmp_path, 0) == 3
    assert archived_through(tmp_path, 1) == 0
    with PartHistory(tmp_path, 0) as history:
        assert rows(history) == 3
        assert history.whole_from == 0
        made = config(zone="UTC")
        (minute,) = recompute(history, made, Recompute("no3", MINUTE, 0, MINUTE, 1))
    assert minute.count.tolist() == [2]
    assert minute.volume.tolist() == pytest.approx([1.0])


def test_behind_a_gap_it_is_whole_from_the_next_tick_on(tmp_path: Path) -> None:
    archive(tmp_path, 0, {0: [config(zone="UTC")], 1: [numbered(0, 1)]})
    archive(tmp_path, 0, {5: [numbered(90, 9)]})
    with PartHistory(tmp_path, 0) as history:
        assert history.whole_from is None
    archive(tmp_path, 0, {6: [Tick(100 * SECOND)], 7: [Tick(200 * SECOND)]})
    with PartHistory(tmp_path, 0) as history:
        assert history.whole_from == 100 * SECOND + HOUR


def test_an_archive_without_the_partition_has_nothing(tmp_path: Path) -> None:
    archive(tmp_path, 0, {0: [config()]})
    with PartHistory(tmp_path, 1) as history:
        assert rows(history) == 0
