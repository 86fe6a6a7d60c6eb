"""Rosters: turns, hours, overrides, holes and overlaps, and the nights on which the clocks are changed."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.oncall.roster import Roster
from services.core.clock import DAY, HOUR, MINUTE, parse_time

WEEKLY: dict[str, object] = {"people": ["wang", "li", "zhao"], "start": "2023-04-17T08:00"}


def roster(*layers: Mapping[str, object], zone: str = "Asia/Shanghai", overrides: object = ()) -> Roster:
    """A roster as a file would give it."""
    return Roster.model_validate({"id": "r", "time_zone": zone, "layers": layers, "overrides": overrides})


def test_people_take_turns_from_handover_to_handover() -> None:
    crew = roster(WEEKLY)
    assert crew.on_call(parse_time("2023-04-18T20:45:00+08:00")) == ("wang",)
    assert crew.on_call(parse_time("2023-04-24T07:59:59+08:00")) == ("wang",)
    assert crew.on_call(parse_time("2023-04-24T08:00:00+08:00")) == ("li",)
    assert crew.on_call(parse_time("2023-05-08T08:00:00+08:00")) == ("wang",)


def test_nobody_is_on_call_before_a_roster_begins() -> None:
    assert roster(WEEKLY).on_call(parse_time("2023-04-17T07:59:59+08:00")) == ()


def test_a_night_shift_belongs_to_the_day_on_which_it_began() -> None:
    day = {"people": ["day"], "start": "2023-04-17T08:00", "turn_days": 1, "between": ["08:00", "20:00"]}
    night = {"people": ["mon", "tue"], "start": "2023-04-17T20:00", "turn_days": 1, "between": ["20:00", "08:00"]}
    crew = roster(day, night)
    assert crew.on_call(parse_time("2023-04-17T23:00:00+08:00")) == ("mon",)
    assert crew.on_call(parse_time("2023-04-18T03:00:00+08:00")) == ("mon",)
    assert crew.on_call(parse_time("2023-04-18T12:00:00+08:00")) == ("day",)
    assert crew.on_call(parse_time("2023-04-18T23:00:00+08:00")) == ("tue",)


def test_a_weekend_of_its_own_leaves_the_week_to_others() -> None:
    week = WEEKLY | {"days": [1, 2, 3, 4, 5], "start": "2023-04-17T00:00"}
    weekend = {"people": ["sun"], "start": "2023-04-17T00:00", "days": [6, 7]}
    crew = roster(week, weekend)
    start = parse_time("2023-04-17T00:00:00+08:00")
    assert [(s.people, (s.end - s.start) // DAY) for s in crew.shifts(start, start + 14 * DAY)] == [
        (("wang",), 5), (("sun",), 2), (("li",), 5), (("sun",), 2),
    ]  # fmt: skip


def test_an_override_goes_before_the_layers_and_ends_by_itself() -> None:
    instead = {
        "person": "chen",
        "from": "2023-04-18T22:00:00+08:00",
        "until": "2023-04-19T06:00:00+08:00",
        "why": "ill",
    }
    crew = roster(WEEKLY, overrides=[instead])
    start = parse_time("2023-04-18T20:00:00+08:00")
    assert [s.people for s in crew.shifts(start, start + DAY)] == [("wang",), ("chen",), ("wang",)]


def test_a_hole_and_an_overlap_are_shown_to_the_minute() -> None:
    early = {"people": ["a"], "start": "2023-04-17T00:00", "between": ["00:00", "12:30"]}
    late = {"people": ["b"], "start": "2023-04-17T00:00", "between": ["12:00", "23:45"]}
    start = parse_time("2023-04-18T00:00:00+08:00")
    shifts = roster(early, late).shifts(start, start + DAY)
    assert [(s.people, (s.start - start) // MINUTE) for s in shifts] == [
        (("a",), 0), (("a", "b"), 720), (("b",), 750), ((), 1425),
    ]  # fmt: skip


@pytest.mark.parametrize(("night", "hours"), [("2019-03-09", 11), ("2019-11-02", 13)])
def test_a_night_shift_is_an_hour_shorter_or_longer_when_the_clocks_are_changed(night: str, hours: int) -> None:
    day = {"people": ["day"], "start": "2019-03-01T08:00", "between": ["08:00", "20:00"]}
    dark = {"people": ["night"], "start": "2019-03-01T20:00", "between": ["20:00", "08:00"]}
    crew = roster(day, dark, zone="America/New_York")
    noon = parse_time(f"{night}T17:00:00Z")
    found = [s for s in crew.shifts(noon, noon + DAY) if s.people == ("night",)]
    assert [(s.end - s.start) // HOUR for s in found] == [hours]


@given(
    st.lists(st.integers(0, 23), min_size=1, max_size=4, unique=True),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin"]),
    st.integers(0, 333 * 24 * 4),
)
def test_shifts_say_what_every_single_moment_says(hours: list[int], zone: str, quarter: int) -> None:
    hours = sorted(hours)
    ends = [*hours[1:], hours[0]]
    layers = [
        {"people": [f"p{i}", f"q{i}"], "start": "2018-12-01T00:00", "turn_days": 3}
        | ({"between": [f"{a:02d}:00", f"{b:02d}:00"]} if len(hours) > 1 else {})
        for i, (a, b) in enumerate(zip(hours, ends, strict=True))
    ]
    crew = roster(*layers, zone=zone)
    start = parse_time("2019-01-01T00:00:00Z") + quarter * 15 * MINUTE
    shifts = crew.shifts(start, start + 4 * DAY)
    assert shifts[0].start == start
    assert shifts[-1].end == start + 4 * DAY
    assert all(len(s.people) == 1 for s in shifts)
    for k in range(0, 4 * 24 * 4):
        at = start + k * 15 * MINUTE
        (mine,) = [s for s in shifts if s.start <= at < s.end]
        assert crew.on_call(at) == mine.people
