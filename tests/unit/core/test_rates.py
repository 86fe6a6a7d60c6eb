"""The sliding window and its floods against a count by hand."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.clock import MINUTE, SECOND
from services.core.rates import BEGINS, ENDS, WINDOW, Flood, Rate, worst_and_floods

TIMES = st.lists(st.integers(0, 90), max_size=80).map(lambda minutes: sorted(30 * SECOND * m for m in minutes))


def count(times: list[int], moment: int) -> int:
    """By definition: how many in the ten minutes up to a moment."""
    return sum(moment - 10 * MINUTE < time <= moment for time in times)


def by_hand(times: list[int], end: int) -> list[Flood]:
    """Looks at every half minute, the only moments at which these times can change anything."""
    floods, begin, peak, total = list[Flood](), None, 0, 0
    for moment in range(0, end + 1, 30 * SECOND):
        n = count(times, moment)
        if begin is None and n >= 10:
            begin, peak, total = moment, n, n
        elif begin is not None:
            peak, total = max(peak, n), total + times.count(moment)
            if n < 5:
                floods.append(Flood(begin, moment, total, peak))
                begin = None
    return floods if begin is None else [*floods, Flood(begin, None, total, peak)]


@given(TIMES)
def test_worst_and_floods_are_those_of_a_count_by_hand(times: list[int]) -> None:
    end = (times[-1] if times else 0) + 20 * MINUTE
    worst, floods = worst_and_floods(reversed(times), end)
    assert worst == max((count(times, moment) for moment in times), default=0)
    assert floods == by_hand(times, end - 30 * SECOND)  # what ends at the very end has not been passed yet


@given(TIMES, st.integers(0, 80))
def test_a_state_goes_on_where_it_was_dumped(times: list[int], cut: int) -> None:
    def run(broken: bool) -> tuple[list[Flood], bytes]:
        rate, ended = Rate(), list[Flood]()
        for i, time in enumerate(times):
            if broken and i == cut:
                rate = Rate.load(json.loads(json.dumps(rate.dump())))
            if (over := rate.advance(time)) is not None:
                ended.append(over)
            rate.take(time)
        return ended, json.dumps(rate.dump()).encode()

    assert run(broken=True) == run(broken=False)


def test_a_flood_ends_though_one_comes_at_the_very_moment_at_which_the_others_leave() -> None:
    _, floods = worst_and_floods([0] * 5 + [4 * MINUTE] * 5 + [14 * MINUTE], 20 * MINUTE)
    assert floods == [Flood(4 * MINUTE, 14 * MINUTE, 11, 10)]


def test_a_flood_begins_at_the_tenth_and_ends_when_four_are_left() -> None:
    assert (WINDOW, BEGINS, ENDS) == (10 * MINUTE, 10, 5)
    burst = [i * 30 * SECOND for i in range(10)]
    _, floods = worst_and_floods(burst, 60 * MINUTE)
    # The tenth at 4:30; the sixth, at 2:30, leaves the window at 12:30 and four are left.
    assert floods == [Flood(4 * MINUTE + 30 * SECOND, 12 * MINUTE + 30 * SECOND, 10, 10)]
    assert worst_and_floods(burst[:9], 60 * MINUTE) == (9, [])
    assert worst_and_floods(burst, 5 * MINUTE)[1][0].end is None


def test_a_burst_across_a_round_ten_minutes_is_a_flood_all_the_same() -> None:
    burst = [10 * MINUTE + offset * SECOND for offset in range(-50, 50, 10)]
    assert worst_and_floods(burst)[0] == 10


def test_times_must_be_in_order() -> None:
    rate = Rate()
    rate.take(2)
    with pytest.raises(ValueError, match="in order"):
        rate.take(1)
