"""What people do to alarms: acknowledge, reset, shelve, take out, plan work; told with who and why, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, to_json, version_of
from services.core.clock import HOUR, SECOND
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Command, Config, Output, Tick
from tests.unit.alerts.build import Reading, columns, point, rule, site, station

T0 = 1_000_000
HIGH = "no3/st/turbidity/high"


def plant(**more: Any) -> Site:
    return site(
        point(
            "turbidity",
            rule("high", "high", 5, clear=4, hidden_by="high-high", **more),
            rule("high-high", "high", 8, clear=7),
        ),
        point("level", rule("low", "low", 2, clear=3, priority="journal")),
        stations=(station(stale_after=100_000),),
    )


class Run:
    """A site's log as it grows, and what came of it."""

    def __init__(self, **more: Any) -> None:
        self.processor, self.told, self.commands = AlertProcessor(), list[AlarmEvent](), 0
        text = to_json(plant(**more))
        self.log: list[Any] = []
        self.put(Config("no3", version_of(text), text, T0 * SECOND))

    def put(self, record: Any) -> list[AlarmEvent]:
        self.log.append(record)
        out: list[Output] = self.processor.step("no3", [record])
        events = [event for event in out if isinstance(event, AlarmEvent)]
        self.told += events
        return events

    def read(self, at: float, value: float, index: int = 0) -> list[AlarmEvent]:
        reading: Reading = (T0 + at, index, value)
        return self.put(Frame("no3", "st", *columns([reading]), round((T0 + at) * SECOND)))

    def tick(self, at: float) -> list[AlarmEvent]:
        return self.put(Tick(round((T0 + at) * SECOND)))

    def do(self, action: str, on: str = HIGH, at: float = 0, until: float = 0, name: str = "") -> list[AlarmEvent]:
        self.commands += 1
        return self.put(
            Command(
                name or f"c{self.commands}", "no3", round((T0 + at) * SECOND), "li.wei", "seen", action, on,
                round((T0 + until) * SECOND) if until else 0,
            )
        )  # fmt: skip


def brief(events: list[AlarmEvent]) -> list[tuple[Any, ...]]:
    """What is told of alarms; planned work has lines of its own."""
    alarms = [e for e in events if not e.transition.startswith("planned")]
    return [((e.time / SECOND) - T0, e.transition, e.state, e.annunciated) for e in alarms]


def test_an_alarm_is_raised_acknowledged_and_returns():
    run = Run()
    assert brief(run.read(1, 6)) == [(1, "raised", "B", True)]
    acknowledged = run.do("acknowledge", at=5)
    assert brief(acknowledged) == [(5, "acknowledged", "C", True)]
    assert (acknowledged[0].who, acknowledged[0].cause, acknowledged[0].command) == ("li.wei", "seen", "c1")
    assert brief(run.read(9, 1)) == [(9, "cleared", "A", True)]
    assert [e.number for e in run.told] == [1, 2, 3]
    assert len({e.occurrence for e in run.told}) == 1


def test_what_came_and_went_stands_as_returned_until_it_is_seen():
    run = Run()
    run.read(1, 6)
    assert brief(run.read(2, 1)) == [(2, "cleared", "D", True)]
    assert brief(run.do("acknowledge", at=9)) == [(9, "acknowledged", "A", True)]


def test_one_that_nobody_has_seen_is_followed_by_another():
    run = Run()
    first = run.read(1, 6)[0].occurrence
    run.read(2, 1)
    events = run.read(3, 6)
    assert brief(events) == [(3, "superseded", "D", True), (3, "raised", "B", True)]
    assert (events[0].occurrence, events[0].number) == (first, 3)
    refused = run.do("acknowledge", on=first, at=4)
    assert refused[0].transition == "refused"
    assert "that occurrence is gone" in refused[0].cause


def test_a_latched_one_that_nobody_has_seen_is_followed_by_another_too():
    run = Run(latching=True)
    run.read(1, 6)
    run.read(2, 1)
    assert brief(run.read(3, 6)) == [(3, "superseded", "E", True), (3, "raised", "B", True)]


def test_a_command_takes_effect_where_the_site_is_and_not_before():
    run = Run()
    run.read(1, 6)
    run.read(50, 6, index=1)
    assert brief(run.do("acknowledge", at=5)) == [(50, "acknowledged", "C", True)]


def test_a_command_that_comes_twice_is_obeyed_once():
    run = Run()
    run.read(1, 6)
    assert run.do("acknowledge", name="same")
    assert run.do("acknowledge", name="same") == []


@pytest.mark.parametrize(
    ("action", "on", "word"),
    [
        ("acknowledge", HIGH, "has gone"),
        ("acknowledge", "no3/st/turbidity/hihg", "no such alarm"),
        ("acknowledge", f"{HIGH}@77", "that occurrence is gone"),
        ("reset", HIGH, "is not latched"),
        ("shelve", HIGH, "an end that is still to come"),
        ("shelve_once", HIGH, "does not stand"),
        ("unshelve", HIGH, "is not shelved"),
        ("in_service", HIGH, "is in service"),
        ("explode", HIGH, "'explode' is not something"),
        ("suppress", "no3/nowhere", "no such site, station, point or alarm"),
    ],
)
def test_what_does_not_apply_is_refused_with_why_and_by_whom(action, on, word):
    run = Run()
    until = 0 if action == "shelve" else 60
    (refused,) = run.do(action, on=on, until=until)
    assert refused.transition == "refused"
    assert word in refused.cause
    assert (refused.who, refused.annunciated) == ("li.wei", False)


def test_planned_work_of_years_is_a_slip_and_silences_nothing():
    run = Run()
    (refused,) = run.do("suppress", on="no3/st", until=8 * 86_400)
    assert refused.transition == "refused"
    assert "7 days at most" in refused.cause
    assert run.do("suppress", on="no3/st", until=6 * 86_400, name="again")[0].transition == "planned"


def test_a_refused_command_hides_nothing_that_came_due_before_it():
    run = Run()
    run.do("shelve", until=100)
    run.read(10, 6)
    assert [event.transition for event in run.do("reset", at=150)] == ["unshelved", "refused"]


def test_a_shelf_has_a_longest_time():
    run = Run()
    (refused,) = run.do("shelve", until=9 * 3600)
    assert "8 h at most" in refused.cause
    assert brief(run.do("shelve", until=8 * 3600)) == [(0, "shelved", "G", True)]


def test_a_shelved_alarm_is_silent_and_its_release_judges_anew():
    run = Run()
    run.do("shelve", until=100)
    assert brief(run.read(10, 6)) == [(10, "raised", "G", False)]
    assert brief(run.tick(99)) == []
    assert brief(run.tick(300)) == [(100, "unshelved", "B", True)]


def test_a_shelved_alarm_that_has_returned_is_normal_after_its_release():
    run = Run()
    run.read(1, 6)
    run.do("shelve", until=100)
    run.read(10, 1)
    assert brief(run.tick(300)) == [(100, "unshelved", "A", False)]
    assert run.processor.step("no3", [Tick((T0 + 999) * SECOND)]) == []


def test_a_one_shot_shelf_ends_with_the_condition():
    run = Run()
    run.read(1, 6)
    run.do("shelve_once", until=1000)
    assert brief(run.read(10, 1)) == [(10, "cleared", "A", False)]
    assert brief(run.read(20, 6)) == [(20, "raised", "B", True)]


def test_a_shelf_that_ends_before_a_reading_ends_before_what_the_reading_brings():
    run = Run()
    run.do("shelve", until=100)
    assert brief(run.read(150, 6)) == [(100, "unshelved", "A", False), (150, "raised", "B", True)]


def test_an_alarm_out_of_service_tells_nobody_until_it_is_back():
    run = Run()
    run.do("out_of_service", at=1)
    assert brief(run.read(10, 6)) == [(10, "raised", "I", False)]
    (refused,) = run.do("acknowledge", at=11)
    assert "out of service" in refused.cause
    assert brief(run.do("in_service", at=20)) == [(20, "returned", "B", True)]


def test_planned_work_keeps_what_it_touches_silent_and_ends_by_itself():
    run = Run()
    run.read(1, 6)
    assert brief(run.do("suppress", on="no3/st", at=5, until=100)) == [(5, "suppressed", "H", True)]
    run.read(10, 1)
    assert brief(run.read(20, 6)) == [(20, "raised", "H", False)]
    assert brief(run.tick(500)) == [(100, "unsuppressed", "B", True)]


@pytest.mark.parametrize(("on", "names"), [("no3", ("", "", "")), ("no3/st/level", ("st", "level", ""))])
def test_planned_work_is_told_from_its_begin_to_its_end_though_no_alarm_stands(on, names):
    run = Run()
    (begun,) = run.do("suppress", on=on, at=5, until=100, name="w1")
    (over,) = run.tick(500)
    assert (begun.station, begun.point, begun.rule) == (over.station, over.point, over.rule) == names
    assert (begun.occurrence, begun.number, over.occurrence, over.number) == ("command/w1", 1, "command/w1", 2)
    assert (begun.transition, begun.who, begun.cause, begun.command) == ("planned", "li.wei", "seen", "w1")
    assert (begun.until, over.transition, over.time) == ((T0 + 100) * SECOND, "planned_over", (T0 + 100) * SECOND)
    assert not begun.annunciated
    assert not over.annunciated


def test_work_that_begins_after_other_work_has_ended_is_told_after_its_end():
    run = Run()
    run.do("suppress", on="no3/st", until=100)
    run.read(10, 6)
    assert brief(run.do("suppress", on="no3", at=150, until=200)) == [
        (100, "unsuppressed", "B", True),
        (150, "suppressed", "H", True),
    ]
    assert brief(run.tick(300)) == [(200, "unsuppressed", "B", True)]


def test_a_latched_alarm_stays_until_it_is_reset():
    run = Run(latching=True)
    run.read(1, 6)
    assert brief(run.read(2, 1)) == [(2, "cleared", "E", True)]
    (refused,) = run.do("reset", at=3)
    assert "acknowledged before" in refused.cause
    assert brief(run.do("acknowledge", at=4)) == [(4, "acknowledged", "F", True)]
    assert brief(run.do("reset", at=5)) == [(5, "reset", "A", True)]


def test_an_acknowledged_alarm_that_still_stands_alarms_again():
    run = Run(realarm=HOUR)
    run.read(1, 6)
    run.do("acknowledge", at=10)
    assert brief(run.tick(3600)) == []
    assert brief(run.tick(4000)) == [(3610, "realarmed", "B", True)]


def test_the_worse_alarm_hides_the_other_and_on_the_way_down_nothing_sounds():
    run = Run()
    run.read(1, 6)
    assert brief(run.read(2, 9)) == [(2, "hidden", "H", True), (2, "raised", "B", True)]
    run.do("acknowledge", on="no3/st/turbidity/high-high", at=3)
    assert brief(run.read(4, 6)) == [(4, "unhidden", "C", False), (4, "cleared", "A", True)]


def test_the_other_is_still_to_be_seen_when_nobody_saw_the_worse_one():
    run = Run()
    run.read(1, 6)
    run.read(2, 9)
    assert brief(run.read(4, 6)) == [(4, "unhidden", "B", False), (4, "cleared", "D", True)]


WORSE = "no3/st/turbidity/high-high"


def test_a_worse_alarm_that_is_out_of_service_hides_nothing():
    run = Run()
    run.do("out_of_service", on=WORSE)
    assert brief(run.read(2, 9)) == [(2, "raised", "B", True), (2, "raised", "I", False)]
    run.do("acknowledge", at=3)
    assert brief(run.read(4, 6)) == [(4, "cleared", "I", False)]
    assert brief(run.read(5, 9)) == [(5, "raised", "I", False)]
    assert brief(run.read(6, 1)) == [(6, "cleared", "A", True), (6, "cleared", "I", False)]


def test_what_a_worse_alarm_hid_is_shown_when_that_is_taken_out_of_service():
    run = Run()
    run.read(2, 9)
    told = brief(run.do("out_of_service", on=WORSE, at=3))
    assert told == [(3, "removed", "I", True), (3, "unsuppressed", "B", True)]
    assert brief(run.read(4, 6)) == [(4, "cleared", "I", False)]


@pytest.mark.parametrize("jumps", [False, True])
def test_what_nobody_saw_before_a_worse_alarm_on_a_shelf_hid_it_is_still_to_be_seen(jumps):
    run = Run(on_delay=10 if jumps else 0)
    run.do("shelve", on=WORSE, until=100)
    run.read(2, 9)
    run.read(20, 9)
    assert run.told[-1].state == "H" if jumps else "G"
    assert brief(run.read(24, 6)) == [(24, "unhidden", "B", False), (24, "cleared", "G", False)]
    run.do("acknowledge", at=25)
    run.read(26, 9)
    assert brief(run.read(27, 6)) == [(27, "unhidden", "C", False), (27, "cleared", "G", False)]


def test_an_acknowledged_alarm_alarms_again_after_a_worse_one_came_and_went():
    run = Run(realarm=HOUR)
    run.read(1, 6)
    run.do("acknowledge", at=10)
    run.read(20, 9)
    run.do("acknowledge", on=WORSE, at=30)
    run.read(40, 6)
    assert brief(run.tick(4000)) == [(3640, "realarmed", "B", True)]


@pytest.mark.parametrize("ticks", [(), (70,)])
def test_where_the_ticks_are_makes_no_difference_to_what_a_worse_alarm_hid(ticks):
    run = Run()
    run.read(1, 6)
    run.do("acknowledge", at=2)
    run.do("shelve", on=WORSE, until=50)
    run.read(10, 9)
    for at in ticks:
        run.tick(at)
    run.read(80, 6)
    told = [(e.time / SECOND - T0, e.rule, e.transition, e.state) for e in run.told if e.time > (T0 + 40) * SECOND]
    assert (50, "high-high", "unshelved", "B") in told
    assert (80, "high", "unhidden", "B") in told


def test_worsening_after_an_acknowledgement_sounds_again():
    run = Run()
    run.read(1, 6)
    run.do("acknowledge", at=2)
    assert (3, "raised", "B", True) in brief(run.read(3, 9))


def test_a_journal_entry_asks_nobody():
    run = Run()
    assert brief(run.read(1, 1, index=1)) == [(1, "raised", "C", False)]
    assert brief(run.read(2, 5, index=1)) == [(2, "cleared", "A", True)]


def test_a_changed_rule_keeps_the_shelf_of_the_others_and_closes_its_own():
    run = Run()
    run.read(1, 6)
    run.do("shelve", on="no3/st/level/low", until=1000)
    text = to_json(plant(realarm=HOUR))
    events = run.put(Config("no3", version_of(text), text, (T0 + 5) * SECOND))
    assert [(e.rule, e.transition, e.cause, e.state) for e in events] == [("high", "cleared", "rule changed", "A")]
    assert brief(run.tick(2000)) == [(1000, "unshelved", "A", False)]


def test_any_restart_gives_the_same_journal():
    def story(run: Run) -> None:
        run.read(1, 6)
        run.do("shelve", until=100)
        run.do("suppress", on="no3", at=2, until=200)
        run.read(10, 1)
        run.read(20, 6)
        run.tick(150)
        run.do("acknowledge", at=160)
        run.tick(250)
        run.do("acknowledge", at=251)
        run.read(260, 1)

    whole = Run()
    story(whole)
    for cut in range(1, len(whole.log)):
        first, second = AlertProcessor(), AlertProcessor()
        out = first.step("no3", whole.log[:cut])
        second.load("no3", first.dump("no3"))
        assert second.dump("no3") == first.dump("no3")
        out += second.step("no3", whole.log[cut:])
        assert list(canonical_journal(out)) == list(canonical_journal(whole.told))


def test_planned_work_ends_early_by_its_name_or_by_what_it_is_on_with_who_and_why():
    run = Run()
    run.read(1, 6)
    run.do("suppress", on="no3/st", at=5, until=100, name="w1")
    run.do("suppress", on="no3/st", at=6, until=200, name="w2")
    over = run.do("unsuppress", on="no3/st@w1", at=10)
    assert [(e.transition, e.state) for e in over] == [("unsuppressed", "H"), ("planned_over", "")]
    assert (over[1].occurrence, over[1].who, over[1].cause, over[1].command) == ("command/w1", "li.wei", "seen", "c3")
    released = run.do("unsuppress", on="no3/st", at=20)
    assert brief(released) == [(20, "unsuppressed", "B", True)]
    (none,) = run.do("unsuppress", on="no3/st", at=30)
    assert (none.transition, none.cause) == ("refused", "unsuppress: no such planned work is in force")
    assert run.tick(300) == []
