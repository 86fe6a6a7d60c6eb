"""Local days: 23 and 25 hours where the clocks change, zones of half hours, midnights that are not there."""

from __future__ import annotations

import pytest

from services.aggregator.windows import WindowAggregator
from services.aggregator.windows.recompute import windows_again
from services.aggregator.windows.terms import Terms, day_of
from services.aggregator.windows.waiting import joined
from services.core.clock import DAY, HOUR, MINUTE, SECOND, iso, parse_time
from services.core.frame import Frame
from services.core.records import OPTIONAL_STATISTICS, Aggregates, Output, Recompute, Record, Tick
from tests.unit.aggregator.windows import COUNTER, FLOW, LEVEL, config, frame

NEW_YORK, ADELAIDE, KOLKATA, KATHMANDU = "America/New_York", "Australia/Adelaide", "Asia/Kolkata", "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("zone", "moment", "start", "hours"),
    [
        (NEW_YORK, "2024-03-10T12:00:00-04:00", "2024-03-10T05:00:00Z", 23),
        (NEW_YORK, "2024-11-03T12:00:00-05:00", "2024-11-03T04:00:00Z", 25),
        (NEW_YORK, "2024-11-03T01:30:00-05:00", "2024-11-03T04:00:00Z", 25),  # the second half past one
        (NEW_YORK, "2024-11-04T00:00:00-05:00", "2024-11-04T05:00:00Z", 24),
        (ADELAIDE, "2024-10-06T12:00:00+10:30", "2024-10-05T14:30:00Z", 23),
        (ADELAIDE, "2024-04-07T12:00:00+09:30", "2024-04-06T13:30:00Z", 25),
        ("Australia/Lord_Howe", "2024-10-06T12:00:00+11:00", "2024-10-05T13:30:00Z", 23.5),
        (KOLKATA, "2024-06-01T00:00:00+05:30", "2024-05-31T18:30:00Z", 24),
        (KATHMANDU, "2024-06-01T23:59:59+05:45", "2024-05-31T18:15:00Z", 24),
        ("Asia/Beirut", "2024-03-31T06:00:00+03:00", "2024-03-30T22:00:00Z", 23),  # midnight is skipped
        ("America/Havana", "2024-11-03T12:00:00-05:00", "2024-11-03T04:00:00Z", 25),  # midnight comes twice
        ("Asia/Shanghai", "2024-03-10T00:00:00+08:00", "2024-03-09T16:00:00Z", 24),
    ],
)
def test_a_day_is_from_the_first_moment_of_its_date_to_that_of_the_next(
    zone: str, moment: str, start: str, hours: float
) -> None:
    first, last = day_of(parse_time(moment), zone)
    assert (iso(first), (last - first) / HOUR) == (start, hours)
    assert day_of(first, zone) == day_of(last - 1, zone) == (first, last)
    assert day_of(last, zone)[0] == last


def days(zone: str, start: str, hours: int) -> list[Aggregates]:
    """A flow of 3,600 m3/h for so many hours from `start`, and the windows of it."""
    first = parse_time(start) // SECOND
    aggregator, out = WindowAggregator(), list[Output]()
    aggregator.step("no3", [config(zone=zone)])
    for minute in range(hours * 60):
        at = first + minute * 60
        records: list[Record] = [frame((at, FLOW, 3600.0)), Tick((at + 60) * SECOND)]
        out += aggregator.step("no3", records)
    return [o for o in out if isinstance(o, Aggregates)]


@pytest.mark.parametrize(
    ("zone", "start", "hours", "minutes"),
    [
        (NEW_YORK, "2024-03-10T05:00:00Z", 23, 0),
        (NEW_YORK, "2024-11-03T04:00:00Z", 25, 0),
        (ADELAIDE, "2024-10-05T14:30:00Z", 23, 30),
    ],
)
def test_days_of_all_lengths_have_all_their_water_and_no_gap(zone: str, start: str, hours: int, minutes: int) -> None:
    windows = days(zone, start, hours)
    (day,) = [w for w in windows if w.width == DAY]
    assert (day.start, day.end - day.start) == (parse_time(start), hours * HOUR)
    assert float(day.volume[0]) == pytest.approx(hours * 3600)
    assert float(day.gap[0]) == 0.0
    # Hours stay those of UTC, whatever the clocks on the wall do. Here and there one has begun before, or goes on.
    whole = [w for w in windows if w.width == HOUR]
    assert all(w.start % HOUR == 0 and w.end - w.start == HOUR for w in whole)
    assert len(whole) == hours
    assert sum(float(w.volume[0]) for w in windows if w.width == MINUTE) == pytest.approx(3600 * hours)
    assert day.start % HOUR == minutes * MINUTE


def test_a_zone_that_changes_ends_the_day_that_is_open_as_it_began() -> None:
    aggregator = WindowAggregator()
    noon = parse_time("2024-06-01T12:00:00Z")
    at = noon // SECOND
    aggregator.step("no3", [config(zone="UTC"), frame((at, LEVEL, 1.0)), Tick(noon + HOUR)])
    aggregator.step("no3", [config(zone=NEW_YORK, version="v2"), frame((at + 7200, LEVEL, 1.0))])
    later: list[Record] = [frame((at + 86400, LEVEL, 1.0)), Tick(noon + 3 * DAY)]
    given = [o for o in aggregator.step("no3", later) if isinstance(o, Aggregates) and o.width == DAY]
    assert [(iso(o.start), iso(o.end)) for o in given] == [
        ("2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z"), ("2024-06-02T04:00:00Z", "2024-06-03T04:00:00Z"),
    ]  # fmt: skip


def test_what_the_archive_gives_anew_is_the_streams_to_the_last_bit() -> None:
    first = parse_time("2024-03-10T05:00:00Z") // SECOND
    frames: list[Frame] = [
        frame(
            (first + 60 * m, FLOW, 1000 + (m * 37 % 101) / 7), (first + 60 * m, LEVEL, (m * 13 % 17) / 3),
            (first + 60 * m + 7, COUNTER, m * 31 % 1000),
        )
        for m in range(26 * 60)
    ]  # fmt: skip
    records: list[Record] = [config(zone=NEW_YORK)]
    for m, one in enumerate(frames):
        records += [one, Tick((first + 60 * m + 60) * SECOND)]
    stream = [o for o in WindowAggregator().step("no3", records) if isinstance(o, Aggregates)]
    terms = Terms.of(config(zone=NEW_YORK).catalogue_json, "v1")
    for width in (MINUTE, 15 * MINUTE, HOUR, DAY):
        some = [w for w in stream if w.width == width][width < DAY : 20]
        wanted = Recompute("no3", width, some[0].start, some[-1].end, 1)
        lookback = [f for f in frames if some[0].start - 3 * MINUTE <= f.times[0] < some[-1].end]
        again = list(windows_again(wanted, joined(lookback), terms))
        assert [w.start for w in again] == [w.start for w in some]
        for name in ("points", "mean", "min", "max", "count", "good_ratio", *OPTIONAL_STATISTICS):
            assert [getattr(w, name).tobytes() for w in again] == [getattr(w, name).tobytes() for w in some]
