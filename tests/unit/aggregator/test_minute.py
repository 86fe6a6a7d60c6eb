"""One-minute windows: against plain Python, however cut; what closes them, what is left out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.windows import MinuteAggregator
from services.core.catalogue import Point, Rule, Site, Station, to_json
from services.core.clock import MINUTE, SECOND
from services.core.frame import Frame, make_frame
from services.core.quality import Quality
from services.core.records import Aggregates, Config, Output, Record, Tick

POINTS = 3


def config(points: int = POINTS, version: str = "v1") -> Config:
    stale = Rule(
        id="station-silent", kind="stale", priority="medium",
        consequence="c", response="r", respond_within=5 * MINUTE,
    )  # fmt: skip
    site = Site(
        id="no3", group="liuyang", name="No. 3", kind="plant", time_zone="Asia/Shanghai",
        stations=(
            Station(
                id="intake", type="intake", name="i", heartbeat=MINUTE, stale_after=3 * MINUTE, stale=stale
            ),
        ),
        points=tuple(Point(station="intake", name=f"p{n}", unit="m") for n in range(points)),
    )  # fmt: skip
    return Config("no3", version, to_json(site), 0)


def frame(*readings: tuple[float, int, float] | tuple[float, int, float, int]) -> Frame:
    """Readings (seconds, point, value[, quality])."""
    full = [(*r, 0)[:4] for r in readings]
    return make_frame(
        "no3", "intake",
        np.array([int(r[0] * SECOND) for r in full], np.int64),
        np.array([r[1] for r in full], np.int32),
        np.array([r[2] for r in full], np.float64),
        np.array([r[3] for r in full], np.uint8),
        through=0,
    )  # fmt: skip


def windows(outputs: Sequence[Output]) -> dict[tuple[int, int], tuple[float, ...]]:
    """By (start in s, point): mean, min, max, count, good ratio."""
    rows: dict[tuple[int, int], tuple[float, ...]] = {}
    for a in outputs:
        assert isinstance(a, Aggregates)
        assert a.width == MINUTE
        for i, point in enumerate(a.points):
            columns = (a.mean, a.min, a.max, a.count, a.good_ratio)
            rows[a.start // SECOND, int(point)] = tuple(float(c[i]) for c in columns)
    return rows


def plain(records: Sequence[Record]) -> dict[tuple[int, int], tuple[float, ...]]:
    """The same in plain Python, a reading at a time."""
    points, closed = 0, 0
    cells: dict[tuple[int, int], list[tuple[float, int]]] = {}
    rows: dict[tuple[int, int], tuple[float, ...]] = {}
    for record in records:
        if isinstance(record, Config):
            points = POINTS
        elif isinstance(record, Tick):
            closed = max(closed, record.time // MINUTE * 60)
            for key in sorted(k for k in cells if k[0] < closed):
                taken = cells.pop(key)
                usable = [v for v, q in taken if q < 128]
                total = 0.0
                for v in usable:
                    total += v
                good = sum(q < 64 for _, q in taken)
                rows[key] = (
                    total / len(usable) if usable else math.nan,
                    min(usable, default=math.nan),
                    max(usable, default=math.nan),
                    float(len(taken)),
                    good / len(taken),
                )
        elif isinstance(record, Frame):
            seen = set()
            columns = zip(record.times, record.points, record.values, record.quality, strict=True)
            for time, point, value, quality in columns:
                key = (int(time) // MINUTE * 60, int(point))
                if (time, point) not in seen and point < points and key[0] >= closed:
                    cells.setdefault(key, []).append((float(value), int(quality)))
                seen.add((time, point))
    return rows


_reading = st.tuples(
    st.integers(0, 240),
    st.integers(0, POINTS),  # one beyond the catalogue
    st.floats(-1e6, 1e6).map(lambda v: v + 0.0),  # never -0.0
    st.sampled_from([0, 0, 1, 64, 128, 131]),
)
_record = st.one_of(
    st.lists(_reading, max_size=12).map(lambda rows: frame(*rows)),
    st.integers(0, 300).map(lambda s: Tick(s * SECOND)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_record, max_size=25), st.lists(st.integers(1, 8), min_size=1), st.booleans())
def test_any_split_and_any_restart_give_what_plain_python_gives(
    records: list[Record], cuts: list[int], restart: bool
) -> None:
    records = [config(), *records, Tick(10_000 * SECOND)]
    aggregator, outputs, at = MinuteAggregator(), [], 0
    while at < len(records):
        size = cuts[at % len(cuts)]
        outputs += aggregator.step("no3", records[at : at + size])
        at += size
        if restart:
            state = aggregator.dump("no3")
            aggregator = MinuteAggregator()
            aggregator.load("no3", state)
            assert aggregator.dump("no3") == state
    found, expected = windows(outputs), plain(records)
    assert list(found) == list(expected)
    # Bit for bit, NaN included: not approximately.
    assert np.array(list(found.values())).tobytes() == np.array(list(expected.values())).tobytes()
    whole = MinuteAggregator()
    whole.step("no3", records)
    assert whole.dump("no3") == aggregator.dump("no3")


def test_only_a_tick_at_or_after_its_end_closes_a_window() -> None:
    aggregator = MinuteAggregator()
    assert aggregator.step("no3", [config(), frame((0, 0, 2.0), (59.9, 0, 4.0), (60, 0, 9.0))]) == []
    assert aggregator.step("no3", [frame((300, 0, 1.0)), Tick(MINUTE - 1)]) == []
    assert windows(aggregator.step("no3", [Tick(MINUTE)])) == {(0, 0): (3.0, 2.0, 4.0, 2.0, 1.0)}
    assert list(windows(aggregator.step("no3", [Tick(10 * MINUTE)]))) == [(60, 0), (300, 0)]
    assert aggregator.step("no3", [Tick(MINUTE), Tick(20 * MINUTE)]) == []


def test_bad_is_counted_only_uncertain_and_saturated_are_measurements() -> None:
    aggregator = MinuteAggregator()
    readings = frame(
        (1, 0, 4000.0, Quality.SATURATED), (2, 0, 10.0, Quality.UNCERTAIN),
        (3, 0, 1e9, Quality.BAD), (4, 1, 7.0, Quality.NO_SAMPLE), (5, 0, math.nan),
    )  # fmt: skip
    rows = windows(aggregator.step("no3", [config(), readings, Tick(MINUTE)]))
    assert rows[0, 0] == (2005.0, 10.0, 4000.0, 4.0, 0.25)
    assert all(map(math.isnan, rows[0, 1][:3]))
    assert rows[0, 1][3:] == (1.0, 0.0)


def test_late_unknown_future_and_repeated_readings() -> None:
    aggregator = MinuteAggregator()
    aggregator.step("no3", [frame((1, 0, 5.0))])
    assert aggregator.ignored("no3") == 1, "before any catalogue every point is unknown"
    aggregator.step("no3", [config(), Tick(2 * MINUTE)])
    aggregator.step("no3", [frame((119, 0, 5.0), (120, 0, 6.0), (121, 9, 1.0))])
    assert (aggregator.late("no3"), aggregator.ignored("no3")) == (1, 2)
    aggregator.step("no3", [frame((1e9, 0, 1.0, Quality.CLOCK))])
    assert aggregator.ignored("no3") == 3
    # Within a frame the first of two stands; the same again in another frame is another reading.
    aggregator.step("no3", [frame((130, 0, 1.0), (130, 0, 100.0)), frame((130, 0, 3.0))])
    rows = windows(aggregator.step("no3", [config(POINTS + 9, "v2"), Tick(3 * MINUTE)]))
    assert rows == {(120, 0): (10.0 / 3, 1.0, 6.0, 3.0, 1.0)}
    aggregator.step("no3", [frame((190, 9, 1.0))])
    (after,) = aggregator.step("no3", [Tick(4 * MINUTE)])
    assert isinstance(after, Aggregates)
    assert (after.catalogue, after.points.tolist()) == ("v2", [9])


def test_a_step_that_raises_changes_nothing_and_a_foreign_state_is_refused() -> None:
    aggregator = MinuteAggregator()
    aggregator.step("no3", [config(), frame((1, 0, 5.0))])
    before = aggregator.dump("no3")
    with pytest.raises(ValueError, match="Invalid JSON"):
        aggregator.step("no3", [frame((2, 0, 5.0)), Config("no3", "v2", "{", 0)])
    assert aggregator.dump("no3") == before
    for damaged in (b"", before[:-8], before.replace(b'"schema": 1', b'"schema": 2')):
        with pytest.raises(ValueError, match=r"state|schema"):
            aggregator.load("no3", damaged)
    with pytest.raises(ValueError, match="ns"):
        MinuteAggregator(2 * MINUTE).load("no3", before)
