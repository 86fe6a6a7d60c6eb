"""A change of catalogue while the site runs: what is held stays held, what is historical stays historical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, keep_indices, to_json, version_of
from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Config, Output, Record, Tick
from tests.unit.alerts.build import columns, point, rule, site, station

T0 = 1_000_000
LATE = 30 * SECOND


def plant(limit: float = 5, name: str = "n", delay: float = 10, lateness: int = 0, *more: str) -> Site:
    """One station, or more, with a turbidity each."""
    points = [
        point("turbidity", rule("high", "high", limit, clear=limit - 1, on_delay=delay), station=one)
        for one in ("st", *more)
    ]
    stations = tuple(station(one, stale_after=60, off_delay=0) for one in ("st", *more))
    return site(*points, stations=stations, lateness=lateness).model_copy(update={"name": name})


def config(made: Site, at: float = 0) -> Config:
    text = to_json(made)
    return Config("no3", version_of(text), text, round((T0 + at) * SECOND))


def frame(through: float, *readings: tuple[float, float], number: int = 0, of: int = 0) -> Frame:
    times = columns([(T0 + at, of, value) for at, value in readings])
    return Frame("no3", ("st", "two")[of], *times, round((T0 + through) * SECOND), epoch=1, number=number)


def tick(at: float) -> Tick:
    return Tick(round((T0 + at) * SECOND))


def run(log: Sequence[Record]) -> list[AlarmEvent]:
    """The whole at once, held to be the same when it is cut and restarted anywhere."""
    processor = AlertProcessor()
    out = processor.step("no3", log)
    for cut in range(1, len(log)):
        first, second = AlertProcessor(), AlertProcessor()
        parts = first.step("no3", log[:cut])
        second.load("no3", first.dump("no3"))
        parts += second.step("no3", log[cut:])
        assert list(canonical_journal(parts)) == list(canonical_journal(out))
        assert second.dump("no3") == processor.dump("no3")
    return [event for event in out if isinstance(event, AlarmEvent)]


def story(events: Sequence[AlarmEvent], rule: str = "high") -> list[tuple[Any, ...]]:
    chosen = [e for e in events if e.rule == rule and e.transition != "superseded"]
    return [(e.time / SECOND - T0, e.transition, e.lane, e.cause) for e in chosen]


def masked(outputs: Sequence[Output]) -> list[str]:
    """The journal, whatever catalogue its entries came under."""
    return list(canonical_journal([replace(o, catalogue="") if isinstance(o, AlarmEvent) else o for o in outputs]))


# -- what is held for a site's lateness


def test_what_is_held_when_a_rule_changes_is_judged_by_the_new_one():
    log: list[Record] = [
        config(plant(lateness=LATE)), frame(40, (5, 9), (20, 9), (40, 9)), tick(41),
        config(plant(limit=8, lateness=LATE), 42), frame(80, (50, 7), (80, 7)), tick(85),
    ]  # fmt: skip
    assert story(run(log)) == [
        (30, "raised", "", "condition met"),  # by the new rule: the old one had not yet spoken at 11
        (50, "cleared", "", "returned to normal"),
    ]


def test_an_occurrence_closes_where_the_late_site_has_come_and_not_ahead_of_it():
    log: list[Record] = [
        config(plant(lateness=LATE)), frame(40, (5, 9), (20, 9), (40, 9)), tick(60),
        config(plant(limit=8, lateness=LATE), 62), tick(90),
    ]  # fmt: skip
    assert story(run(log))[:3] == [
        (15, "raised", "", "condition met"),
        (32, "cleared", "", "rule changed"),  # 30 s behind the change, as all of the site is
        (50, "raised", "", "condition met"),
    ]


def test_when_nothing_is_held_any_more_what_was_held_is_folded_first_in_order():
    log: list[Record] = [
        config(plant(lateness=LATE)), tick(30), frame(40, (20, 9), (40, 1)), frame(30, (31, 9), (5, 1)),
        config(plant(), 42), frame(60, (50, 9), (60, 9)), tick(60),
    ]  # fmt: skip
    assert story(run(log)) == [
        (30, "raised", "", "condition met"),
        (40, "cleared", "", "returned to normal"),
        (60, "raised", "", "condition met"),
    ]


@pytest.mark.parametrize("later", [15, 60])
def test_another_lateness_neither_loses_nor_repeats_what_is_held(later: int):
    log: list[Record] = [
        config(plant(lateness=LATE)), frame(40, (5, 9), (20, 9), (40, 1)), tick(30),
        config(plant(lateness=later * SECOND), 42), frame(80, (55, 9), (80, 9)), tick(200),
    ]  # fmt: skip
    assert [one[:2] for one in story(run(log))] == [(15, "raised"), (40, "cleared"), (65, "raised"), (140, "uncertain")]


def test_a_site_that_begins_to_wait_judges_nothing_twice():
    log: list[Record] = [
        config(plant()), frame(40, (5, 9), (40, 9)), tick(40),
        config(plant(lateness=LATE), 42), frame(60, (45, 9), (60, 1)), tick(65), tick(89), tick(91),
    ]  # fmt: skip
    assert [one[:2] for one in story(run(log))] == [(15, "raised"), (60, "cleared")]


# -- what comes after its time

#: Heard until 10, silent from 70 on, told at 200.
OUTAGE: list[Record] = [config(plant()), frame(10, (5, 1), number=1), tick(200)]


def test_a_backlog_after_a_change_is_still_a_backlog():
    kept: list[Record] = [frame(60, (20, 9), (40, 9), (50, 1), number=2), frame(300, (300, 1), number=3), tick(300)]
    events = run([*OUTAGE, config(plant(name="other"), 205), *kept])
    assert story(events) == [
        (30, "raised", "historical", "condition met"),
        (50, "cleared", "historical", "returned to normal"),
        (50, "missed", "", "came and went while it could not be seen"),
    ]
    assert not any(e.annunciated for e in events if e.rule == "high")


def test_what_a_changed_rule_had_raised_in_the_lane_closes_in_the_lane_and_is_not_missed():
    kept: list[Record] = [frame(40, (20, 9), (35, 9), number=2), config(plant(limit=8), 210)]
    kept += [frame(60, (42, 8.5), (55, 8.5), (58, 1), number=3), frame(300, (300, 1), number=4), tick(300)]
    assert [one[:3] for one in story(run([*OUTAGE, *kept]))] == [
        (30, "raised", "historical"),
        (35, "cleared", "historical"),  # the rule changed
        (52, "raised", "historical"),
        (58, "cleared", "historical"),
        (58, "missed", ""),
    ]


def test_stations_come_and_go_beside_one_that_is_unknown():
    wide = plant(5, "n", 10, 0, "two")
    narrow = keep_indices(plant(), wide)
    kept: list[Record] = [
        frame(60, (20, 9), (40, 9), number=2), config(keep_indices(wide, plant()), 210),
        frame(205, (205, 1), number=1, of=1), config(narrow, 215),
        frame(65, (62, 1), number=3), frame(300, (300, 1), number=4), tick(300),
    ]  # fmt: skip
    assert [one[:3] for one in story(run([*OUTAGE, *kept]))] == [
        (30, "raised", "historical"), (62, "cleared", "historical"), (62, "missed", "")
    ]  # fmt: skip


def test_a_removed_station_takes_its_lane_along():
    both = plant(5, "n", 10, 0, "two")
    log: list[Record] = [
        config(both), frame(10, (5, 1), number=1, of=1), tick(200), frame(60, (20, 9), (40, 9), number=2, of=1),
        config(keep_indices(plant(), both), 210), tick(300),
    ]  # fmt: skip
    mine = [one[:3] for one in story([e for e in run(log) if e.station == "two"])]
    assert mine == [(30, "raised", "historical"), (40, "cleared", "historical")]


# -- a change that changes nothing

_STEPS = st.lists(
    st.tuples(
        st.integers(1, 90),  # s until the next frame
        st.lists(st.tuples(st.integers(-40, 0), st.sampled_from([1, 9])), min_size=1, max_size=4),
        st.booleans(),  # a tick after it
        st.sampled_from([0, 0, 10, 100]),  # s that the frame lies behind
    ),
    min_size=4, max_size=12,
)  # fmt: skip


@settings(max_examples=50, deadline=None, derandomize=True)
@given(_STEPS, st.integers(0, 12), st.sampled_from([0, LATE]))
def test_a_new_name_of_the_site_changes_nothing_wherever_it_comes(steps, place: int, lateness: int):
    now = 0
    log: list[Record] = []
    for number, (gap, readings, ticked, behind) in enumerate(steps, 1):
        now += gap
        log.append(frame(now - behind, *sorted({at + now - behind: v for at, v in readings}.items()), number=number))
        if ticked:
            log.append(tick(now))
    log.append(tick(now + 100))
    renamed = config(plant(5, "other", 1, lateness), 0)
    begun = config(plant(5, "n", 1, lateness))
    place = min(place, len(log))
    plain = AlertProcessor().step("no3", [begun, *log])
    processor = AlertProcessor()
    out = processor.step("no3", [begun, *log[:place], renamed])
    other = AlertProcessor()
    other.load("no3", processor.dump("no3"))
    for record in log[place:]:
        out += other.step("no3", [record])
    assert masked(out) == masked(plain)
