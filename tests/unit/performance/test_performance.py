"""The figures of hand-made journals, and of generated ones against sums made in another way."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from io import StringIO
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from services.alerts.performance import Performance, PositionReport
from services.alerts.performance.table import tables
from services.core.clock import DAY, MINUTE
from services.core.records import AlarmEvent
from tests.unit.performance.journal import DAY0, at, burst, event


def report(events: list[AlarmEvent], minutes: float = 1440, start: int = DAY0) -> PositionReport:
    performance = Performance(start=start)
    performance.take(sorted(events, key=lambda e: e.time))
    (found,) = performance.reports(at(minutes))
    return found


def value(found: PositionReport, name: str) -> float | None:
    return found.figure(name).value


def verdict(found: PositionReport, name: str) -> str:
    return found.figure(name).verdict


def test_what_is_not_annunciated_is_no_alarm() -> None:
    found = report([
        event(1),
        event(2, rule="late", lane="historical"),
        event(3, "refused", annunciated=True),
        event(3, "planned", rule="", station="", point="", priority="journal"),
        event(4, rule="hidden", annunciated=False, state="H"),
        event(5, "acknowledged"),
        event(6, "cleared"),
        event(7, "realarmed", rule="again"),
    ])  # fmt: skip
    assert found.total == 2
    assert value(found, "open") == 1, "the one that was raised again"
    assert [one.alarm for one in found.top] == ["plant/intake/turbidity/again", "plant/intake/turbidity/high"]


def test_rates_stand_beside_their_targets() -> None:
    found = report(burst(0, 300, every=4), 20 * 60)  # 300 in 120 periods of ten minutes
    assert (value(found, "per_10_minutes"), verdict(found, "per_10_minutes")) == (2.5, "poor")
    assert (value(found, "per_hour"), value(found, "per_day")) == (15, 360)
    assert verdict(report(burst(0, 120, every=10), 1200), "per_10_minutes") == "good"
    assert verdict(report(burst(0, 121, every=9.9), 1200), "per_10_minutes") == "manageable"
    assert "ISA-18.2" in found.figure("per_day").source
    assert found.figure("per_day").target == "144 acceptable, 288 manageable"


def test_the_fixed_and_the_sliding_ten_minutes_differ() -> None:
    found = report(burst(7, 11))  # 7:00 to 12:00: six before the round ten minutes, five after
    assert value(found, "worst_period") == 6
    assert verdict(found, "worst_period") == "good"
    assert value(found, "worst_sliding") == 11
    assert verdict(found, "worst_sliding") == "poor"
    assert value(found, "above_2") == pytest.approx(100 * 2 / 144, abs=0.001)
    assert value(found, "above_10") == 0
    assert verdict(found, "above_10") == "too little record"


def test_flood_time_and_priorities_ask_for_thirty_days() -> None:
    events = burst(0, 10, priority="critical")
    assert verdict(report(events, 30 * 1440 - 1), "flood_time") == "too little record"
    assert "30 days" in report(events).figure("flood_time").note
    long = report(events, 30 * 1440)
    assert verdict(long, "flood_time") == "good"
    assert value(long, "flood_time") == pytest.approx(100 * 8 / (30 * 1440), abs=0.001)
    assert (value(long, "priority_critical"), verdict(long, "priority_critical")) == (100, "poor")
    assert verdict(long, "priority_medium") == "poor"
    assert verdict(long, "top_share") == "poor"


def test_chattering_is_three_in_a_minute_and_counted_by_spells() -> None:
    twice = [event(m) for m in (0, 0.4, 0.8, 0.9, 10, 10.4, 10.9, 20, 20.6, 21.2)]
    found = report([*twice, event(30, rule="calm"), event(31, rule="calm")])
    assert [(one.alarm.rsplit("/")[-1], one.count) for one in found.chattering] == [("high", 2)]
    assert (value(found, "chattering"), verdict(found, "chattering")) == (1, "poor")


def test_fleeting_is_from_the_horn_to_clear_within_a_minute() -> None:
    found = report([
        event(0), event(0.9, "cleared"),
        event(5, rule="slow"), event(6, "cleared", rule="slow"),
        event(7, rule="hidden", annunciated=False, state="H"), event(7.2, "cleared", rule="hidden"),
        event(9, rule="long"), event(50, "realarmed", rule="long"), event(50.5, "cleared", rule="long"),
    ])  # fmt: skip
    assert [one.alarm.rsplit("/")[-1] for one in found.fleeting] == ["high"]


def test_stale_is_beyond_a_day_now_and_ever() -> None:
    events = [
        event(0, rule="still"),
        event(0, rule="was"), event(1500, "cleared", rule="was"),
        event(100, rule="short"), event(1000, "cleared", rule="short"),
        event(0, rule="unheard", annunciated=False, state="H"),
    ]  # fmt: skip
    found = report(events, 1600)
    assert found.stale == ("plant/intake/turbidity/still",)
    assert (value(found, "stale"), value(found, "stale_ever")) == (1, 2)
    assert verdict(found, "stale") == "manageable"
    many = [event(0, rule=f"r{i}") for i in range(5)]
    assert verdict(report(many, 1600), "stale") == "poor"
    assert report(many, 1440).stale == ()


def test_how_long_alarms_waited() -> None:
    waits = {"critical": [1, 2, 9], "high": [4, 5, 6, 7, 8, 30]}
    events = []
    for priority, minutes in waits.items():
        for i, wait in enumerate(minutes):
            name = f"{priority}{i}"
            events += [event(i, rule=name, priority=priority)]
            events += [event(i + wait, "acknowledged", rule=name, priority=priority)]
    events += [event(50, rule="open"), event(51, rule="aside"), event(55, "shelved", rule="aside", until=at(99))]
    found = report(events, 100)
    everything = sorted(waits["critical"] + waits["high"])
    assert value(found, "acknowledged") == 9
    assert value(found, "unacknowledged_median") == median(everything) == 6
    assert value(found, "unacknowledged_p90") == 30
    assert value(found, "unacknowledged_longest") == 30
    assert (value(found, "open"), value(found, "open_longest")) == (1, 50)
    assert value(found, "unanswered") == 1
    assert (value(found, "acknowledge_critical"), value(found, "acknowledge_high")) == (2, 6)
    with pytest.raises(KeyError):
        found.figure("acknowledge_medium")


def test_an_alarm_that_comes_back_unseen_waits_though_it_does_not_sound() -> None:
    found = report([event(0), event(5, "hidden", state="H"), event(8, "unhidden", state="B", annunciated=False)], 20)
    assert (value(found, "open"), value(found, "open_longest")) == (1, 12)
    assert found.total == 1


def test_a_journal_may_have_what_ends_after_what_begins_at_the_same_instant() -> None:
    first, second = {"occurrence": "plant/1"}, {"occurrence": "plant/2"}
    found = report([
        event(0, **first),
        event(5, **second), event(5, "cleared", **first, state="D", number=2),
        event(5, "superseded", **first, state="D", number=3),
        event(9, rule="again", **first), event(9, "cleared", rule="again", **first, number=2),
        event(9.5, rule="again", **second), event(9.5, "cleared", rule="again", **first, number=3),
    ], 1500)  # fmt: skip
    assert (value(found, "open"), value(found, "open_longest"), value(found, "unanswered")) == (2, 1495, 2)
    assert found.stale == ("plant/intake/turbidity/again", "plant/intake/turbidity/high")
    assert [one.alarm.rsplit("/")[-1] for one in found.fleeting] == ["again"]


def test_what_was_out_of_the_way_and_for_how_long() -> None:
    found = report([
        event(0), event(60, "shelved", until=at(180)), event(180, "unshelved"),
        event(200, "removed"), event(200, "suppressed", rule="other"),
        event(201, "shelved", rule="noisy", who="headworks"),
    ], 320)  # fmt: skip
    assert (value(found, "shelved"), value(found, "put_aside")) == (2, 1)
    assert value(found, "shelved_hours") == pytest.approx((120 + 119) / 60, abs=0.001)
    assert (value(found, "out_of_service"), value(found, "out_of_service_hours")) == (1, 2)
    assert (value(found, "suppressed"), value(found, "suppressed_hours")) == (1, 2)
    assert found.figure("out_of_service").note == "1 at the end"


def test_hidden_by_a_worse_alarm_is_told_apart_from_suppressed() -> None:
    worse, power = "a worse alarm of the same point", "the power is lost"
    found = report([
        event(0), event(60, "hidden", cause=worse, state="H"), event(90, "uncertain", state="H", annunciated=False),
        event(120, "suppressed", cause=power), event(150, "unsuppressed", state="H"),
        event(180, "unhidden"),
        event(0, rule="low", annunciated=False, state="H", cause="condition met"), event(60, "cleared", rule="low"),
        event(0, rule="flow", annunciated=False, state="H", cause=power), event(60, "cleared", rule="flow"),
    ], 320)  # fmt: skip
    assert (value(found, "hidden"), value(found, "hidden_hours")) == (2, 2)
    assert (value(found, "suppressed"), value(found, "suppressed_hours")) == (2, 2)


def test_what_came_before_the_beginning_moves_the_state_and_is_not_counted() -> None:
    events = [*burst(0, 12), event(5, rule="wait"), event(6, "shelved", rule="aside")]
    found = report([*events, event(90, "acknowledged", rule="wait")], 120, start=at(60))
    assert (found.total, value(found, "worst_sliding"), value(found, "floods")) == (0, 0, 0)
    assert value(found, "unacknowledged_longest") == 85
    assert (value(found, "shelved"), value(found, "shelved_hours")) == (0, 1)


def test_several_sites_of_one_position_are_one_operators_load() -> None:
    performance = Performance({"plant": "east", "works": "east", "far": "west"}, DAY0)
    performance.take(
        [event(i * 0.5, rule=f"r{i}", site=("plant", "works")[i % 2]) for i in range(10)]
        + [event(20, site="far"), event(21, site="unknown")]
    )
    found = {one.position: one for one in performance.reports(at(60))}
    assert {name: one.total for name, one in found.items()} == {"dispatch": 1, "east": 10, "west": 1}
    assert value(found["east"], "floods") == 1
    assert [one.position for one in performance.reports(at(60), "west")] == ["west"]


def test_the_report_as_json_and_as_tables() -> None:
    found = report([*burst(0, 12), event(100)], 200)
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["figures"]["worst_sliding"]["value"] == 12
    (flood,) = data["floods"]
    assert (flood["begin"], flood["end"]) == ("2026-03-02T00:04:30Z", "2026-03-02T00:13:30Z")
    assert [one["alarm"].rsplit("/")[-1] for one in flood["first_out"]] == [f"r{i:03}" for i in range(10)]
    out = Console(file=StringIO(), width=200)
    for table in tables(found):
        out.print(table)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "2026-03-02T00:04:30Z" in text
    assert "30 days are asked" in text


def test_times_must_be_in_order_and_the_end_after_them() -> None:
    performance = Performance(start=DAY0)
    performance.take([event(5)])
    with pytest.raises(ValueError, match="not in order"):
        performance.take([event(4)])
    with pytest.raises(ValueError, match="must be after"):
        performance.reports(at(4))


def test_a_damaged_state_is_refused() -> None:
    for state in (b"{}", b"nonsense", b'{"schema": 99}'):
        with pytest.raises(ValueError, match="damaged state"):
            Performance().load(state)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 40),  # quarters of a minute after the one before
        st.sampled_from(["plant", "works"]),
        st.integers(0, 4),
        st.sampled_from(["raised", "raised", "raised", "cleared", "acknowledged", "shelved", "refused", "realarmed"]),
        st.sampled_from(["medium", "high", "critical"]),
        st.booleans(),
    ),
    max_size=60,
)


def made(steps: list[tuple[int, str, int, str, str, bool]]) -> list[AlarmEvent]:
    events, minutes = list[AlarmEvent](), 0.0
    for pause, site, rule, transition, priority, late in steps:
        minutes += pause / 4
        one = event(minutes, transition, f"r{rule}", site=site, priority=priority)
        events.append(replace(one, lane="historical") if late and rule == 0 else one)
    return sorted(events, key=lambda e: (e.time, e.site, e.station, e.point, e.rule, e.number))


@settings(deadline=None)
@given(STEPS, st.integers(0, 60))
def test_counts_are_those_made_in_another_way(steps: list[tuple[int, str, int, str, str, bool]], cut: int) -> None:
    events = made(steps)
    end = max((e.time for e in events), default=DAY0) + DAY
    performance = Performance(start=DAY0)
    performance.take(events)
    reports = performance.reports(end)
    assert bool(reports) == any(not e.lane and e.transition != "refused" for e in events)
    if not reports:
        return
    (found,) = reports
    heard = [e for e in events if not e.lane and e.transition in ("raised", "realarmed")]
    assert found.total == len(heard)
    periods = Counter((e.time - DAY0) // (10 * MINUTE) for e in heard)
    assert value(found, "worst_period") == max(periods.values(), default=0)
    whole = -(-(end - DAY0) // (10 * MINUTE))
    for limit in (1, 2, 10):
        share = 100 * sum(n > limit for n in periods.values()) / whole
        assert value(found, f"above_{limit}") == pytest.approx(share, abs=0.001)
    sliding = [sum(e.time - 10 * MINUTE < other.time <= e.time for other in heard) for e in heard]
    assert value(found, "worst_sliding") == max(sliding, default=0)
    names = Counter(f"{e.site}/{e.station}/{e.point}/{e.rule}" for e in heard)
    assert {one.alarm: one.count for one in found.top} == dict(names)  # ten alarms in all
    # The same in two batches, the second after a restart.
    again = Performance()
    first = Performance(start=DAY0)
    first.take(events[:cut])
    again.load(first.dump())
    again.take(events[cut:])
    assert again.dump() == performance.dump()
    assert again.reports(end) == performance.reports(end)


def test_memory_does_not_grow_with_the_journal() -> None:
    def size(days: int) -> int:
        performance = Performance(start=DAY0)
        for day in range(days):
            for i in range(100):
                minute = day * 1440 + i * 10
                performance.take([
                    event(minute, rule=f"r{i % 7}"), event(minute + 3, "acknowledged", f"r{i % 7}"),
                    event(minute + 5, "cleared", f"r{i % 7}"),
                ])  # fmt: skip
        return len(performance.dump())

    assert size(12) < size(2) * 1.1
