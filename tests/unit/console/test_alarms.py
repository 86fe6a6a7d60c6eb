"""The alarm list beside the keeper: what is shown, what is put aside and why, what waits to be seen."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
from hypothesis import given, settings

from services.console.pages import alarms as page
from services.console.pages.moment import Moment
from services.console.view.alarms import Alarms
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.clock import HOUR, SECOND
from services.core.records import Tick
from tests.unit.alerts.test_commands import HIGH, T0, Run, plant
from tests.unit.alerts.test_standing import STEP


def listed(run: Run) -> Alarms:
    found = Alarms()
    for event in run.told:
        found.apply(event)
    return found


def viewed(run: Run) -> LiveView:
    view = LiveView([plant()])
    view.apply_all(run.told)
    return view


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(1, 40), STEP), max_size=20), latching=st.booleans())
def test_the_list_shows_what_the_keeper_says_whatever_happens(steps, latching):
    run, at = Run(latching=latching, realarm=40 * SECOND), 0
    for wait, (what, value, on) in steps:
        at += wait
        match what:
            case "read" | "low":
                run.read(at, value, index=int(what == "low"))
            case "bad":
                run.read(at, float("nan"))
            case "tick":
                run.tick(at)
            case action:
                run.do(action, on="no3/st" if action == "suppress" else on, at=at, until=max(at + value, 0))
    held = run.processor._folds["no3"].keeper.memory.held
    letters = {one.last.occurrence: one.state.letter.name for one in held.values()}
    active = {one.last.occurrence for one in held.values() if one.state.active}
    found = listed(run)
    assert {name: one.letter for name, one in found.active.items()} == {name: letters[name] for name in active}
    assert {name for name, one in found.active.items() if one.hidden} == {n for n in active if letters[n] in "GHI"}
    waits = {one.first.occurrence: one.letter for one in found.cleared if one.letter in ("D", "E", "F")}
    assert waits == {name: letter for name, letter in letters.items() if letter in "DEF"}


def test_a_shelved_alarm_leaves_the_list_says_by_whom_and_until_when_and_comes_back():
    run = Run()
    run.read(1, 6)
    run.do("shelve", at=5, until=100)
    (one,) = viewed(run).hidden()
    assert (one.letter, one.hidden_because, one.until) == ("G", "li.wei: seen", (T0 + 100) * SECOND)
    assert viewed(run).active() == ()
    run.tick(100)
    (one,) = viewed(run).active()
    assert (one.letter, one.hidden_because, one.until) == ("B", "", 0)
    # It sounded twice: raised, and as it came from the shelf.
    assert len(listed(run).announced) == 2


def test_what_chatters_is_seen_among_what_does_not_sound():
    run = Run()
    for second in (1, 10, 20):
        run.read(second, 6)
        run.read(second + 2, 1)
    run.read(30, 6)
    (one,) = viewed(run).hidden()
    assert (one.letter, one.until) == ("G", (T0 + 620) * SECOND)


def test_one_that_came_and_went_unseen_stays_until_somebody_has_seen_it():
    run = Run()
    run.read(1, 6)
    run.read(2, 1)
    view = viewed(run)
    view.apply(Tick(T0 * SECOND + 9 * HOUR))
    assert [one.letter for one in view.cleared()] == ["D"]
    for event in run.do("acknowledge", on=HIGH, at=9 * 3600):
        view.apply(event)
    assert view.cleared() == ()


def test_the_page_names_how_an_alarm_stands():
    run = Run()
    run.read(1, 6)

    def shown() -> str:
        view = viewed(run)
        view.apply(Tick((T0 + 50) * SECOND))
        moment = Moment("East", view, Status(silence=1.0), ZoneInfo("Asia/Shanghai"))
        return str(page.table(moment, (*view.active(), *view.hidden()), "alarms"))

    assert "acknowledged" not in shown()
    run.do("acknowledge", at=5)
    assert "acknowledged" in shown()
    run.do("shelve", at=6, until=3600)
    assert re.search(r"shelved until \d\d:\d\d", shown())
