"""What comes after its time: historical, never sounding, never clearing what is live; and lateness put in order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, to_json, version_of
from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Config, Output, Record, Tick
from tests.unit.alerts.build import Reading, columns, point, rule, site, station

T0 = 1_000_000


def plant(priority: str = "high", **more: Any) -> Site:
    rules = (rule("high", "high", 5, clear=4, on_delay=10, priority=priority),)
    return site(point("turbidity", *rules), stations=(station(stale_after=60, off_delay=0),), **more)


def frame(through: float, *readings: tuple[float, float], number: int = 0) -> Frame:
    given: list[Reading] = [(T0 + at, 0, value) for at, value in readings]
    return Frame("no3", "st", *columns(given), round((T0 + through) * SECOND), epoch=1, number=number)


def tick(at: float) -> Tick:
    return Tick(round((T0 + at) * SECOND))


def fold(log: Sequence[Record], made: Site | None = None) -> list[AlarmEvent]:
    """The whole at once, held to be the same when it is cut anywhere."""
    text = to_json(made or plant())
    whole: list[Record] = [Config("no3", version_of(text), text, T0 * SECOND), *log]
    out: list[Output] = AlertProcessor().step("no3", whole)
    for cut in range(1, len(whole)):
        first, second = AlertProcessor(), AlertProcessor()
        parts = first.step("no3", whole[:cut])
        second.load("no3", first.dump("no3"))
        parts += second.step("no3", whole[cut:])
        assert list(canonical_journal(parts)) == list(canonical_journal(out))
        assert second.dump("no3") == first_dump(whole)
    return [event for event in out if isinstance(event, AlarmEvent)]


def first_dump(whole: Sequence[Record]) -> bytes:
    processor = AlertProcessor()
    processor.step("no3", whole)
    return processor.dump("no3")


def story(events: Sequence[AlarmEvent], rule: str = "high") -> list[tuple[Any, ...]]:
    chosen = [e for e in events if e.rule == rule]
    return [((e.time / SECOND) - T0, e.transition, e.lane, e.state, e.annunciated) for e in chosen]


#: Heard until 10, silent from 70 on, told at 200.
OUTAGE: list[Record] = [frame(10, (5, 1), number=1), tick(200)]


def test_what_came_and_went_while_the_link_was_down_stands_to_be_seen_and_never_sounds():
    kept: list[Record] = [frame(60, (20, 9), (40, 9), (50, 1), number=2), frame(300, (300, 1), number=3), tick(300)]
    events = fold([*OUTAGE, *kept])
    assert story(events) == [
        (30, "raised", "historical", "", False),
        (50, "cleared", "historical", "", False),
        (50, "missed", "", "D", False),
    ]


def test_what_was_of_medium_priority_is_only_told():
    kept: list[Record] = [frame(60, (20, 9), (40, 9), (50, 1), number=2), frame(300, (300, 1), number=3), tick(300)]
    events = fold([*OUTAGE, *kept], plant(priority="medium"))
    assert [one[1] for one in story(events)] == ["raised", "cleared"]


def test_what_is_still_so_at_the_newest_reading_is_live():
    kept: list[Record] = [frame(60, (20, 9), (60, 9), number=2), frame(320, (300, 9), (320, 9), number=3), tick(320)]
    events = fold([*OUTAGE, *kept])
    assert story(events) == [
        (30, "raised", "historical", "", False),
        (60, "cleared", "historical", "", False),  # left to the live readings
        (310, "raised", "", "B", True),
    ]


def test_a_live_alarm_is_cleared_by_live_readings_alone():
    before: list[Record] = [frame(30, (5, 9), (20, 9), (30, 9), number=1), tick(30), tick(200)]
    kept: list[Record] = [frame(150, (70, 1), (85, 1), number=2), tick(210), frame(300, (300, 9), number=3), tick(310)]
    live = [one for one in story(fold([*before, *kept])) if not one[2]]
    assert [one[:2] for one in live] == [(15, "raised"), (90, "uncertain"), (300, "certain")]


def test_a_backlog_is_no_sign_that_the_station_sees_again():
    kept: list[Record] = [frame(60, (20, 1), number=2), tick(210), tick(220)]
    silent = story(fold([*OUTAGE, *kept]), "station-silent")
    assert [one[:2] for one in silent] == [(70, "raised")]


def test_an_outage_of_hours_is_told_as_what_it_is_and_pages_nobody():
    backlog: list[Record] = [
        frame(at, (at - 30, 9 if at % 1200 else 1), (at, 9 if at % 1800 else 1), number=at)
        for at in range(60, 7000, 60)
    ]
    live: list[Record] = [frame(7190, (7190, 9), number=7001), frame(7210, (7210, 9), number=7002), tick(7210)]
    log = [*OUTAGE, tick(7180), *backlog[:50], tick(7185), *backlog[50:], *live]
    events = [e for e in fold_once(log) if e.rule == "high"]
    assert sum(e.lane == "historical" and e.transition == "raised" for e in events) > 5
    assert [(e.time / SECOND - T0, e.transition) for e in events if e.annunciated and e.state == "B"] == [
        (7200, "raised")
    ]
    silent = [e for e in fold_once(log) if e.rule == "station-silent"]
    assert [(e.time / SECOND - T0, e.transition) for e in silent] == [(70, "raised"), (7190, "cleared")]


def test_what_was_on_its_way_out_at_the_newest_reading_is_missed_and_not_left_to_the_live():
    made = site(
        point("turbidity", rule("high", "high", 5, clear=4, off_delay=100)), stations=(station(stale_after=60),)
    )
    kept: list[Record] = [frame(300, (60, 9), (200, 9), (300, 1), number=2), frame(910, (910, 1), number=3), tick(910)]
    told = [(one[0], one[1], one[2]) for one in story(fold([OUTAGE[0], tick(900), *kept], made))]
    assert told == [(60, "raised", "historical"), (300, "cleared", "historical"), (300, "missed", "")]


def test_what_was_pending_when_it_was_lost_sight_of_is_raised_once():
    log: list[Record] = [frame(10, (5, 9), number=1), tick(200), frame(60, (20, 9), number=2), frame(205, number=3)]
    raised = [one[:3] for one in story(fold([*log, tick(210)])) if one[1] == "raised"]
    assert raised == [(15, "raised", "")]


def test_a_death_after_a_gap_does_not_hide_the_gap():
    dead = Frame("no3", "st", *columns([]), (T0 + 183) * SECOND, death=True)
    silent = [story(fold([OUTAGE[0], *some, dead]), "station-silent") for some in ([], [tick(100)])]
    assert [[one[0] for one in story] for story in silent] == [[70], [70]]


def test_a_silence_between_two_frames_that_come_due_together_is_seen():
    log: list[Record] = [frame(150, (150, 1), number=1), frame(240, (226, 1), number=2)]
    told = [story(fold([*log, *ticks], LATE), "station-silent") for ticks in ([tick(300)], [tick(200), tick(300)])]
    assert [[one[:2] for one in story] for story in told] == [[(210, "raised"), (226, "cleared")]] * 2


def test_a_repetition_after_its_release_is_not_late_where_readings_may_be():
    one, other = frame(40, (20, 9), (40, 9)), frame(80, (80, 1))
    log: list[Record] = [one, tick(75), one, other, tick(150)]
    assert not any(e.lane for e in fold(log, LATE))


def fold_once(log: Sequence[Record]) -> list[AlarmEvent]:
    text = to_json(plant())
    out = AlertProcessor().step("no3", [Config("no3", version_of(text), text, T0 * SECOND), *log])
    return [event for event in out if isinstance(event, AlarmEvent)]


def test_a_reading_out_of_its_order_changes_nothing_live():
    log: list[Record] = [frame(60, (10, 1), (60, 1), number=1), frame(60, (20, 9), (45, 9), number=2), tick(60)]
    events = fold(log)
    assert {one[2] for one in story(events)} == {"historical"}
    assert not any(one[4] for one in story(events))


def test_two_outages_are_told_apart():
    log: list[Record] = [*OUTAGE, frame(60, (20, 9), (50, 1), number=2), frame(210, (210, 1), number=3), tick(400)]
    log += [frame(265, (220, 9), (255, 1), number=4), frame(410, (410, 1), number=5), tick(410)]
    raised = [e.occurrence for e in fold(log) if e.lane and e.transition == "raised"]
    assert len(set(raised)) == len(raised) == 2


LATE = plant(lateness=30 * SECOND)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 9), min_size=20, max_size=40), st.randoms(use_true_random=False))
def test_delay_within_the_lateness_shuffling_and_doubling_change_nothing(values, order: random.Random):
    readings = [(5 * i + 5, value) for i, value in enumerate(values)]
    end = readings[-1][0]

    def run(delayed: bool) -> list[str]:
        text = to_json(LATE)
        log: list[Record] = [Config("no3", version_of(text), text, T0 * SECOND)]
        waiting: list[tuple[int, tuple[int, int]]] = []
        for at, value in readings:
            for _ in range(order.choice([1, 2]) if delayed else 1):
                waiting.append((at + (order.randint(0, 25) if delayed else 0), (at, value)))
        for now in range(5, end + 90, 5):
            due = [one for one in waiting if one[0] <= now]
            waiting = [one for one in waiting if one[0] > now]
            if delayed:
                order.shuffle(due)
            # Each comes alone or with others, and says that the station lives.
            log += [frame(now, reading) for _, reading in due] or [frame(now)]
            log.append(tick(now))
        return list(canonical_journal(AlertProcessor().step("no3", log)))

    assert run(delayed=True) == run(delayed=False)


def test_the_clock_of_a_late_site_is_behind_by_its_lateness():
    text = to_json(LATE)
    processor = AlertProcessor()
    processor.step("no3", [Config("no3", version_of(text), text, T0 * SECOND), frame(40, (5, 9), (20, 9), (40, 9))])
    assert processor.step("no3", [tick(44)]) == []
    (event,) = processor.step("no3", [tick(46)])
    assert isinstance(event, AlarmEvent)
    assert (event.time, event.transition) == ((T0 + 15) * SECOND, "raised")
    assert np.isclose(event.value or 0.0, 9.0)
