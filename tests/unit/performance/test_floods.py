"""Floods as they begin and end, with what came first in them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.performance import FloodEvent, Floods
from services.core.rates import worst_and_floods
from services.core.records import AlarmEvent
from tests.unit.performance.journal import at, burst, event


def rules(told: FloodEvent) -> list[str]:
    return [one.alarm.rsplit("/")[-1] for one in told.first_out]


def test_it_begins_with_the_first_ten_and_ends_when_they_have_passed() -> None:
    floods = Floods()
    before = [event(-30, rule="earlier"), event(-9, rule="nearly")]
    assert floods.take([*before, *burst(0, 8)]) == []
    (begin,) = floods.take(burst(4, 4, name="s"))
    assert (begin.transition, begin.time, begin.total, begin.peak) == ("begin", at(4.5), 10, 10)
    assert rules(begin) == [*(f"r{i:03}" for i in range(8)), "s000", "s001"]
    assert begin.name == f"dispatch@{at(4.5)}"
    assert [one.total for one in floods.standing()] == [12]
    assert floods.take([event(13.4, "cleared", rule="r000")]) == []
    (end,) = floods.take([event(40, rule="later")])  # the eighth, at 3:30, is the fifth from the end
    assert (end.transition, end.time, end.total, end.peak) == ("end", at(13.5), 12, 12)
    assert (end.name, rules(end)) == (begin.name, rules(begin))
    assert floods.standing() == []


def test_a_tick_ends_it_without_another_alarm() -> None:
    floods = Floods()
    floods.take(burst(0, 10))
    assert floods.advance(at(12.5)) == []
    (end,) = floods.advance(at(12.6))
    assert end.time == at(12.5)


def test_a_second_flood_begins_with_what_came_last_in_the_first_not_with_what_came_first() -> None:
    floods = Floods()
    floods.take([*burst(0, 10), *burst(8, 3, name="late")])
    first, second = floods.take(burst(14.2, 7, name="n"))
    assert (first.transition, rules(first)) == ("end", [f"r{i:03}" for i in range(10)])
    assert (second.transition, second.time) == ("begin", at(17.2))
    assert rules(second) == [*(f"late{i:03}" for i in range(3)), *(f"n{i:03}" for i in range(7))]


def test_each_position_has_its_own() -> None:
    floods = Floods({"plant": "east", "works": "west"})
    nine = burst(0, 9)
    assert floods.take([replace(e, site=site) for e in nine for site in ("plant", "works")]) == []
    (begin,) = floods.take([event(5, site="works")])
    assert begin.position == "west"


def test_what_nobody_heard_makes_no_flood() -> None:
    floods = Floods()
    assert floods.take(burst(0, 20, lane="historical", annunciated=False)) == []
    assert floods.take(burst(0, 20, name="h", annunciated=False, state="H")) == []
    assert floods.take(burst(0, 20, name="a", transition="acknowledged")) == []
    assert floods.take([event(3, "refused") for _ in range(20)]) == []


def test_alarms_of_a_station_whose_clock_is_wrong_are_of_uncertain_order() -> None:
    clock: dict[str, Any] = {"rule": "station-clock", "point": "station"}
    floods = Floods()
    floods.take([event(0, rule="before"), event(0, rule="elsewhere", station="filters")])
    floods.take([event(1, **clock)])
    (begin,) = floods.take(burst(2, 7))
    doubt = {one.alarm.rsplit("/")[-1]: one.uncertain for one in begin.first_out}
    assert doubt.pop("elsewhere") is False
    assert all(doubt.values()), "also what it said before its clock was found wrong"
    assert len(doubt) == 9
    floods.take([event(99, **clock, occurrence="2"), event(99, "cleared", **clock)])
    assert floods.take(burst(99, 8, every=0, name="c")) == []
    (begin,) = floods.take([event(99.5, rule="last")])
    assert all(one.uncertain for one in begin.first_out), "the second alarm of the clock still stands"
    floods.take([event(100, "cleared", **clock, occurrence="2")])
    again = floods.take(burst(120, 10))[-1]
    assert not any(one.uncertain for one in again.first_out)


def test_one_that_comes_late_counts_when_it_comes_and_stands_at_its_own_time() -> None:
    floods = Floods()
    floods.take(burst(5, 9, every=0.25))
    (begin,) = floods.take([event(3, rule="late", site="slow")])
    assert begin.time == at(7)
    assert rules(begin)[0] == "late"


def test_a_damaged_state_is_refused() -> None:
    with pytest.raises(ValueError, match="damaged state of floods"):
        Floods().load(b'{"at": 3}')


@given(st.lists(st.integers(0, 8), max_size=70), st.lists(st.integers(0, 70), max_size=4))
def test_any_batches_and_restarts_tell_the_same_floods(pauses: list[int], cuts: list[int]) -> None:
    events, minutes = list[AlarmEvent](), 0.0
    for i, pause in enumerate(pauses):
        minutes += pause / 4
        events.append(event(minutes, rule=f"r{i}"))
    whole = Floods()
    told = whole.take(events)
    parts, said = Floods(), list[FloodEvent]()
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    for first, last in pairwise(edges):
        said += parts.take(events[first:last])
        if last < len(events):
            said += parts.advance(events[last].time)  # ticks may come at any time that is not too late
        state = parts.dump()
        parts = Floods()
        parts.load(state)
    assert said == told
    _, found = worst_and_floods([e.time for e in events])
    assert [one.begin for one in found] == [one.time for one in told if one.transition == "begin"]
    assert [one.end for one in found if one.end] == [one.time for one in told if one.transition == "end"]
    for one in told:
        assert list(one.first_out) == sorted(one.first_out, key=lambda first: first.time)
        assert len(one.first_out) == 10
