"""The player: order of frames and ticks, in memory, at a speed, into a log."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from services.core.catalogue import Site, load_catalogue, to_json, version_of
from services.core.clock import DAY, HOUR, MINUTE, SECOND, parse_time
from services.core.frame import Frame, make_frame
from services.core.records import AlarmEvent, Config, Output, Record, Tick
from services.replay.pacing import event_time, feed, paced
from services.replay.player import play, records

START = parse_time("2020-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def site() -> Site:
    root = Path(__file__).parents[3]
    return load_catalogue(root / "sites" / "sligo.yaml").sites[0]


def frame(minutes: Sequence[int], station: str = "gauge") -> Frame:
    n = len(minutes)
    times = START + np.array(minutes, np.int64) * MINUTE
    return make_frame("sligo", station, times, np.zeros(n, np.int32), np.ones(n))


def shape(log: Sequence[Record]) -> list[str]:
    out = []
    for record in log:
        at = (event_time(record) - START) // MINUTE
        end = "!" if isinstance(record, Tick) and record.end else ""
        out.append(f"{type(record).__name__[0]}{at}{end}")
    return out


def test_config_frames_and_ticks_in_order(site: Site) -> None:
    log = list(records([frame([5, 10]), frame([15, 20])], site))
    assert shape(log) == ["C5", "F10", "T10", "F20", "T20!"]
    config = log[0]
    assert isinstance(config, Config)
    assert config.catalogue_json == to_json(site)
    assert config.version == version_of(to_json(site))


def test_the_clock_ticks_through_a_gap(site: Site) -> None:
    log = list(records([frame([5, 10]), frame([31, 32])], site, tick=5 * MINUTE))
    assert shape(log) == ["C5", "F10", "T10", "T15", "T20", "T25", "T30", "F32", "T32!"]


def test_a_gap_of_years_does_not_tick_for_years(site: Site) -> None:
    log = list(records([frame([5]), frame([5 + 50 * 365 * 24 * 60])], site, tick=5 * MINUTE))
    assert len(log) < 20_000
    times = [event_time(r) for r in log]
    assert times == sorted(times)
    assert times[20] - times[19] == 5 * MINUTE
    assert times[-3] - times[-4] == DAY


def test_two_stations_of_one_time_are_both_before_the_tick(site: Site) -> None:
    log = list(records([frame([5, 10]), frame([6, 10], "other"), frame([15])], site))
    assert shape(log) == ["C5", "F10", "F10", "T10", "F15", "T15!"]


def test_no_tick_overtakes_data(site: Site) -> None:
    frames = [frame(range(k * 60 + 3, k * 60 + 60, 7)) for k in range(30) if k % 4]
    now = 0
    for record in records(frames, site, tick=MINUTE):
        if isinstance(record, Frame):
            assert int(record.times[0]) > now
        elif isinstance(record, Tick):
            now = record.time


def test_nothing_to_play_and_bad_arguments(site: Site) -> None:
    assert list(records([], site)) == []
    with pytest.raises(ValueError, match="must be above 0"):
        list(records([], site, tick=0))
    with pytest.raises(ValueError, match="after the clock stood"):
        list(records([frame([10]), frame([5])], site))


class Recorder:
    """A processor that emits one event a record, and remembers the batches."""

    name = "recorder"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.count = 0

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        self.batches.append(len(records))
        out: list[Output] = []
        for record in records:
            self.count += 1
            out.append(AlarmEvent(event_time(record), site, "s", "p", "r", str(self.count), 1, "raised", "high"))
        return out

    def dump(self, site: str) -> bytes:
        return b""

    def load(self, site: str, state: bytes) -> None:
        raise ValueError


def test_play_folds_in_batches(site: Site) -> None:
    log = list(records([frame([k * 5]) for k in range(1, 11)], site))
    small, large = Recorder(), Recorder()
    assert play(log, small, "sligo", batch=3) == play(log, large, "sligo", batch=1000)
    assert max(small.batches) == 3
    assert sum(small.batches) == len(log) == large.batches[0]


async def test_pace_follows_event_time(site: Site) -> None:
    now = 100.0
    slept = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds + 0.5  # a sleeper that always oversleeps

    log = list(records([frame([0]), frame([60]), frame([120])], site, tick=HOUR))
    came = [(now, r) async for r in paced(log, 60.0, clock=lambda: now, sleep=sleep)]
    for at, record in came:
        due = 100 + (event_time(record) - START) / SECOND / 60
        assert due <= at <= due + 0.5
    assert len(slept) == 2
    with pytest.raises(ValueError, match="above 0"):
        _ = [r async for r in paced(log, 0.0)]


async def test_feed_appends_everything_in_order(site: Site) -> None:
    class Log:
        def __init__(self) -> None:
            self.batches: list[list[Record]] = []

        async def append(self, records: Sequence[Record]) -> None:
            self.batches.append(list(records))

        async def reject(self, rejects: object) -> None:
            raise AssertionError

        def positions(self) -> dict[str, object]:
            return {}

        def last_tick(self) -> int:
            return 0

    target, heard = Log(), list[int]()
    log = list(records([frame([k * 5]) for k in range(1, 11)], site))
    count = await feed(log, target, batch=4, progress=heard.append)  # type: ignore[arg-type]
    assert [r for b in target.batches for r in b] == log
    assert count == len(log)
    assert max(map(len, target.batches)) == 4
    assert heard[-1] == event_time(log[-1])
