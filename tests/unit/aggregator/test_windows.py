"""Windows: against plain Python, however cut, late and doubled; what ends them, what is left to the archive."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.windows import WindowAggregator
from services.core.clock import DAY, HOUR, MINUTE, SECOND
from services.core.codec import encode_output
from services.core.frame import Frame
from services.core.quality import Quality
from services.core.records import Aggregates, Output, Recompute, Record, Tick
from tests.unit.aggregator.windows import COUNTER, FLOW, LEVEL, STATISTICS, Rows, config, frame, latest, plain

QUARTER = 15 * MINUTE
#: Local midnight of Shanghai, 1970-01-02.
MIDNIGHT = 16 * 3600


def close(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def assert_equal(found: Rows, expected: Rows) -> None:
    assert sorted(found) == sorted(expected)
    for key, row in expected.items():
        for name in STATISTICS:
            assert close(found[key][name], row[name]), (key, name, found[key][name], row[name])


def reading(second: int, point: int) -> tuple[float, int, float, int]:
    """What a point said at a moment: whoever says it again says the same."""
    seed = (second * 7919 + point * 104729) % 1000
    return (MIDNIGHT - 1800 + second, point, (seed - 40) / 8, (0, 0, 0, 0, 1, 64, 128, 131)[seed * 31 % 8])


# One point beyond the catalogue; coarse moments, so that some come again.
_reading = st.builds(
    reading, st.one_of(st.integers(0, 3900), st.integers(0, 65).map(lambda n: 60 * n)), st.integers(0, 3)
)
_record = st.one_of(
    st.lists(_reading, min_size=1, max_size=9).map(lambda rows: frame(*rows)),
    st.integers(0, 4000).map(lambda s: Tick((s + MIDNIGHT - 1800) * SECOND)),
)


def fold(records: Sequence[Record], cuts: Sequence[int], restart: bool) -> tuple[list[Output], WindowAggregator]:
    aggregator, outputs, at, n = WindowAggregator(), list[Output](), 0, 0
    while at < len(records):
        size = cuts[n % len(cuts)]
        outputs += aggregator.step("no3", records[at : at + size])
        at, n = at + size, n + 1
        if restart:
            state = aggregator.dump("no3")
            aggregator = WindowAggregator()
            aggregator.load("no3", state)
            assert aggregator.dump("no3") == state
    return outputs, aggregator


@settings(max_examples=60, deadline=None)
@given(st.lists(_record, max_size=20), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_any_split_and_any_restart_give_the_same_and_what_plain_python_gives(
    records: list[Record], cuts: list[int]
) -> None:
    records = [config(), *records, Tick((MIDNIGHT + 2 * 86400) * SECOND)]
    whole, aggregator = fold(records, [len(records)], False)
    for restart in (False, True):
        outputs, other = fold(records, cuts, restart)
        assert [encode_output(o) for o in outputs] == [encode_output(o) for o in whole]
        assert other.dump("no3") == aggregator.dump("no3")
    readings = [
        (int(t), int(p), float(v), int(q))
        for r in records
        if isinstance(r, Frame)
        for t, p, v, q in zip(r.times, r.points, r.values, r.quality, strict=True)
        if p < 3
    ]
    windows = []
    if readings:
        first, last = min(r[0] for r in readings), max(r[0] for r in readings) + 3 * MINUTE
        for width in (MINUTE, QUARTER, HOUR):
            windows += [(width, s, s + width) for s in range(first // width * width, last, width)]
        midnight = MIDNIGHT * SECOND
        windows += [(DAY, midnight - DAY, midnight), (DAY, midnight, midnight + DAY)]
    again = [o for o in whole if isinstance(o, Recompute)]

    def stands(key: tuple[int, int, int]) -> bool:
        """Not one that the archive has to give anew."""
        return not any(o.width == key[0] and o.start <= key[1] < o.end for o in again)

    expected = {key: row for key, row in plain(readings, windows).items() if stands(key)}
    # What a late bad reading took away again stays as a row that knows nothing.
    found = {k: r for k, r in latest(whole).items() if stands(k) and (r["count"] or not math.isnan(r["twa"]))}
    assert_equal(found, expected)


def test_only_a_tick_at_or_after_its_end_ends_a_window() -> None:
    aggregator = WindowAggregator()
    assert aggregator.step("no3", [config(), frame((0, 0, 2.0), (30, 0, 4.0), (60, 0, 9.0))]) == []
    assert aggregator.step("no3", [Tick(MINUTE - 1)]) == []
    (only,) = aggregator.step("no3", [Tick(MINUTE)])
    assert latest([only]) == {
        (MINUTE, 0, LEVEL): {
            "mean": 3.0, "min": 2.0, "max": 4.0, "count": 2.0, "good_ratio": 1.0, "twa": 3.0, "last": 4.0,
            "above": 0.0, "below": 0.0, "gap": 0.0, "volume": pytest.approx(math.nan, nan_ok=True),
            "diff": pytest.approx(math.nan, nan_ok=True),
        }
    }  # fmt: skip
    assert aggregator.step("no3", [Tick(MINUTE), Tick(MINUTE + 5)]) == []


def test_a_value_holds_until_it_is_stale_and_what_is_not_known_is_said() -> None:
    out = fold([config(), frame((0, FLOW, 3600.0), (0, LEVEL, 5.0)), Tick(QUARTER)], [9], False)[0]
    rows = latest(out)
    assert rows[MINUTE, MINUTE, FLOW]["count"] == 0
    assert rows[MINUTE, MINUTE, FLOW]["volume"] == pytest.approx(30.0)  # of 90 s, 60 went to the minute before
    assert rows[MINUTE, MINUTE, FLOW]["gap"] == pytest.approx(30.0)
    assert (MINUTE, 2 * MINUTE, FLOW) not in rows, "nothing is known: no row"
    quarter = rows[QUARTER, 0, FLOW]
    assert (quarter["volume"], quarter["gap"], quarter["twa"]) == pytest.approx((90.0, 810.0, 3600.0))
    assert rows[QUARTER, 0, LEVEL]["above"] == pytest.approx(180.0)
    # A bad reading ends what held.
    rows = latest(fold([config(), frame((0, FLOW, 3600.0), (20, FLOW, 1.0, Quality.BAD)), Tick(MINUTE)], [9], False)[0])
    assert rows[MINUTE, 0, FLOW]["gap"] == pytest.approx(40.0)
    assert rows[MINUTE, 0, FLOW]["good_ratio"] == 0.5


def test_a_counter_survives_its_roll_over_and_a_gap_but_not_a_new_meter() -> None:
    readings = frame((0, COUNTER, 900.0), (50, COUNTER, 990.0), (700, COUNTER, 15.0), (710, COUNTER, 2.0))
    rows = latest(fold([config(), readings, Tick(QUARTER)], [9], False)[0])
    assert rows[MINUTE, 0, COUNTER]["diff"] == 90.0
    assert rows[QUARTER, 0, COUNTER]["diff"] == 90.0 + 25.0, "13 back is no roll-over"
    assert rows[QUARTER, 0, COUNTER]["gap"] > 400


def test_late_readings_give_their_windows_anew_and_nothing_else() -> None:
    aggregator = WindowAggregator()
    first = aggregator.step("no3", [config(), *minutes(0, 15), Tick(QUARTER)])
    assert {o.revision for o in first if isinstance(o, Aggregates)} == {0}
    again = aggregator.step("no3", [frame((14 * 60 + 5, LEVEL, 8.0)), Tick(QUARTER + MINUTE)])
    given = {(o.width, o.start, o.revision): o.points.tolist() for o in again if isinstance(o, Aggregates)}
    # The 15th minute and the quarter, of that point alone; then the minute after, in which all values still held.
    assert given == {
        (MINUTE, 14 * MINUTE, 1): [LEVEL], (QUARTER, 0, 1): [LEVEL], (MINUTE, 15 * MINUTE, 0): [LEVEL, FLOW],
    }  # fmt: skip
    assert latest(again)[QUARTER, 0, LEVEL]["max"] == 8.0
    assert (aggregator.late("no3"), aggregator.lost("no3")) == (1, 0)
    # The same frame again changes nothing, and nothing is given out for it.
    assert [o for o in aggregator.step("no3", [frame((14 * 60 + 5, LEVEL, 8.0)), Tick(QUARTER + 2 * MINUTE)])
            if isinstance(o, Aggregates) and o.revision] == []  # fmt: skip


def minutes(first: int, last: int) -> list[Record]:
    return [frame((60 * m, LEVEL, 2.0), (60 * m, FLOW, 100.0)) for m in range(first, last)]


def test_older_windows_are_left_to_the_archive_and_named_once() -> None:
    aggregator = WindowAggregator()
    start = 86400
    aggregator.step("no3", [config(), frame((start, LEVEL, 2.0)), Tick((start + 7 * 60) * SECOND)])
    out = aggregator.step(
        "no3", [frame((start + 65, LEVEL, 9.0), (start + 70, FLOW, 9.0)), Tick((start + 480) * SECOND)]
    )
    assert [o for o in out if isinstance(o, Aggregates)] == []
    (minute,) = [o for o in out if isinstance(o, Recompute)]
    assert (minute.width, minute.start, minute.end) == (MINUTE, (start + 60) * SECOND, (start + 300) * SECOND)
    assert minute.readings == aggregator.lost("no3") == 2
    rest = [o for o in aggregator.step("no3", [Tick((start + 2 * 86400) * SECOND)]) if isinstance(o, Recompute)]
    assert [(o.width, o.start, o.end - o.start) for o in rest] == [
        (QUARTER, start * SECOND, QUARTER), (HOUR, start * SECOND, HOUR), (DAY, (start - 8 * 3600) * SECOND, DAY),
    ]  # fmt: skip
    assert not [o for o in aggregator.step("no3", [Tick((start + 3 * 86400) * SECOND)]) if isinstance(o, Recompute)]


def test_a_stray_old_reading_does_not_make_a_year_of_a_nights_backlog() -> None:
    aggregator, year = WindowAggregator(), 365 * 86400
    aggregator.step("no3", [config(), frame((year, LEVEL, 2.0)), Tick((year + 86400) * SECOND)])
    old = frame((7, LEVEL, 9.0), (year - 7200, LEVEL, 9.0), (year - 7000, LEVEL, 9.0), (year - 1800, LEVEL, 9.0))
    out = aggregator.step("no3", [old, Tick((year + 86460) * SECOND)])
    spans = [(o.start // SECOND, o.end // SECOND, o.readings) for o in out if isinstance(o, Recompute)]
    assert [s for o, s in zip(out, spans, strict=True) if isinstance(o, Recompute) and o.width == MINUTE] == [
        (0, 240, 1), (year - 7200, year - 6780, 2), (year - 1800, year - 1620, 1),
    ]  # fmt: skip
    assert [s for o, s in zip(out, spans, strict=True) if isinstance(o, Recompute) and o.width == HOUR] == [
        (0, 3600, 1), (year - 7200, year, 3),
    ]  # fmt: skip


def test_a_site_that_allows_lateness_keeps_its_windows_longer() -> None:
    for lateness, kept in ((0, False), (10 * MINUTE, True)):
        aggregator = WindowAggregator()
        aggregator.step("no3", [config(lateness=lateness), *minutes(0, 15), Tick(QUARTER)])
        out = aggregator.step("no3", [frame((5 * 60 + 5, LEVEL, 8.0)), Tick(QUARTER + MINUTE)])
        assert any(isinstance(o, Recompute) for o in out) is not kept
        assert ((QUARTER, 0, LEVEL) in latest(out)) is kept


def test_of_two_values_for_one_moment_the_first_stands_whenever_the_other_comes() -> None:
    aggregator = WindowAggregator()
    one, other = frame((5, LEVEL, 2.0), (9, LEVEL, 3.0)), frame((5, LEVEL, 8.0))
    assert latest(aggregator.step("no3", [config(), one, other, Tick(MINUTE)]))[MINUTE, 0, LEVEL]["max"] == 3.0
    assert [
        o for o in aggregator.step("no3", [other, Tick(2 * MINUTE)]) if isinstance(o, Aggregates) and o.revision
    ] == []


def test_unknown_points_and_times_that_cannot_be_are_counted() -> None:
    aggregator = WindowAggregator()
    aggregator.step("no3", [frame((1, 0, 5.0))])
    aggregator.dump("no3")
    assert aggregator.ignored("no3") == 1, "before any catalogue every point is unknown"
    aggregator.step("no3", [config(), Tick(2 * MINUTE)])
    aggregator.step("no3", [frame((121, 9, 1.0), (1e9, 0, 1.0, Quality.CLOCK), (-5, 0, 1.0), (8e9, 0, 1.0))])
    aggregator.dump("no3")
    assert aggregator.ignored("no3") == 5
    aggregator.step("no3", [config(7, "v2"), frame((190, 9, 1.0))])
    (after,) = aggregator.step("no3", [Tick(4 * MINUTE)])
    assert isinstance(after, Aggregates)
    assert (after.catalogue, after.points.tolist()) == ("v2", [9])


def test_a_step_that_raises_changes_nothing_and_a_foreign_state_is_refused() -> None:
    aggregator = WindowAggregator()
    aggregator.step("no3", [config(2), frame((1, 0, 5.0))])
    before = aggregator.dump("no3")
    with pytest.raises(ValueError, match="append-only"):
        aggregator.step("no3", [frame((2, 0, 5.0)), config(1)])
    assert aggregator.dump("no3") == before
    for damaged in (b"", before[:-8], before.replace(b'"schema": 2', b'"schema": 1')):
        with pytest.raises(ValueError, match=r"state|schema"):
            aggregator.load("no3", damaged)
    assert aggregator.dump("no3") == before


def test_what_is_kept_is_bounded_by_time_not_by_how_much_has_come() -> None:
    aggregator, sizes = WindowAggregator(), []
    aggregator.step("no3", [config()])
    for minute in range(240):
        aggregator.step("no3", [frame(*((60 * minute + s, p, 1.0) for s in range(0, 60, 10) for p in range(3)))])
        aggregator.step("no3", [Tick((minute + 1) * MINUTE)])
        sizes.append(len(aggregator.dump("no3")))
    assert np.ptp(sizes[10:]) < 100
