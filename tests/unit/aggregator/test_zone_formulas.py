"""The formulas of zones and plants: the lowest hour of a night, what leaks, a balance with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from services.aggregator.zones.balance import Meter, Store, water_balance
from services.aggregator.zones.leakage import BELOW_USE, ROOF_TANKS, LeakageTerms, leakage_of, unavoidable
from services.aggregator.zones.night import NightFlow, Quarter, night_flow, night_of
from services.aggregator.zones.terms import QUARTER
from services.core.clock import HOUR, MINUTE, iso, parse_time

NIGHT = parse_time("2024-06-01T02:00:00+08:00")
TERMS = LeakageTerms("east", mains=10, connections=1000, private_pipe=4, pressure=40, night_use=3)


def quarters(*volumes: float, gaps: dict[int, float] | None = None) -> list[Quarter]:
    return [Quarter(NIGHT + n * QUARTER, v, (gaps or {}).get(n, 0.0)) for n, v in enumerate(volumes)]


def test_the_night_flow_is_the_lowest_known_hour_between_two_and_four() -> None:
    first, last = night_of(NIGHT + 90 * MINUTE, "Asia/Shanghai")
    assert (first, last) == (NIGHT, NIGHT + 2 * HOUR)
    some = quarters(9, 8, 2, 2, 2, 3, 9, 9)
    assert night_flow(some, first, last) == NightFlow(NIGHT + 2 * QUARTER, 9.0, 0.0)
    # Half an hour of the lowest is not known: the next best hour stands, and a short gap is only left out.
    assert night_flow(quarters(9, 8, 2, 2, 2, 3, 9, 9, gaps={3: 900.0}), first, last) == NightFlow(
        NIGHT + 4 * QUARTER, 23.0, 0.0
    )
    short = night_flow(quarters(9, 8, 2, 2, 2, 3, 9, 9, gaps={3: 90.0}), first, last)
    assert short is not None
    assert short.flow == pytest.approx(9 / 3510 * 3600)
    assert short.gap == 90.0
    assert night_flow(some[:3], first, last) is None
    outside = [replace(q, start=q.start - HOUR, volume=0.1) for q in some[:4]]
    assert night_flow([*outside, *some], first, last) == night_flow(some, first, last)


def test_nights_are_local_also_when_the_clocks_change() -> None:
    for moment, start, hours in (
        ("2024-03-10T12:00:00-04:00", "2024-03-10T07:00:00Z", 1),  # there is no 02:30
        ("2024-11-03T12:00:00-05:00", "2024-11-03T07:00:00Z", 2),
        ("2024-11-03T00:30:00-04:00", "2024-11-03T07:00:00Z", 2),
    ):
        first, last = night_of(parse_time(moment), "America/New_York")
        assert (iso(first), (last - first) // HOUR) == (start, hours)


def test_leakage_and_its_index_by_the_published_formula() -> None:
    # (18 · 10 + 0.8 · 1000 + 25 · 4) · 40 = 43,200 L a day
    assert unavoidable(TERMS) == pytest.approx(43.2)
    found = leakage_of(TERMS, NightFlow(0, 12.0, 0.0))
    assert (found.night, found.day) == (9.0, 216.0)
    assert found.index == pytest.approx(5.0)
    assert found.caveats == ()
    assert leakage_of(replace(TERMS, hours=20), NightFlow(0, 12.0, 0.0)).day == 180.0
    assert leakage_of(replace(TERMS, roof_tanks=True), NightFlow(0, 12.0, 0.0)).caveats == (ROOF_TANKS,)
    below = leakage_of(TERMS, NightFlow(0, 1.0, 0.0))
    assert (below.day, below.caveats) == (0.0, (BELOW_USE,))
    assert leakage_of(replace(TERMS, mains=0, connections=0, private_pipe=0), NightFlow(0, 12.0, 0.0)).index is None
    for wrong in ({"pressure": -1.0}, {"hours": 0.0}, {"mains": math.nan}):
        with pytest.raises(ValueError, match="east"):
            replace(TERMS, **wrong)  # type: ignore[arg-type]


def test_a_balance_closes_within_what_its_meters_can_say() -> None:
    raw, wash, finished = Meter("raw", 2200.0), Meter("wash", 90.0), Meter("finished", 1900.0)
    found = water_balance(3600, [raw, wash, finished], [Store(2000.0, 3.0, 3.1)])
    assert found.stored == pytest.approx(200.0)
    assert found.residual == pytest.approx(10.0)
    expected = 2 * math.sqrt(22.0**2 + 0.9**2 + 19.0**2 + (2000 * 0.01) ** 2 * 2)
    assert found.uncertainty == pytest.approx(expected)
    assert found.verdict == "closes"
    assert water_balance(3600, [raw, finished], []).verdict == "loses"
    assert water_balance(3600, [replace(raw, volume=1000.0), finished], []).verdict == "gains"


def test_a_balance_with_gaps_or_without_a_meter_is_told_but_not_judged() -> None:
    raw, finished = Meter("raw", 2200.0, gap=300.0), Meter("finished", 100.0)
    found = water_balance(3600, [raw, finished], [])
    assert (found.verdict, found.residual) == ("unknown", 2100.0)
    assert found.unknown == pytest.approx(1 / 12)
    assert water_balance(3600, [finished], []).missing == ("raw",)
    for call in (lambda: water_balance(0, [raw], []), lambda: Store(0.0, 1, 1), lambda: Meter("raw", math.nan)):
        with pytest.raises(ValueError, match="0"):
            call()
