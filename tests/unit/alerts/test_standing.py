"""What stands, told from the journal alone, is what the keeper remembers, whatever happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
from hypothesis import example, given, settings

from services.alerts.lifecycle.standing import STALE_AFTER, Standing, Standings, standing
from services.core.clock import HOUR, SECOND
from services.core.records import AlarmEvent
from tests.unit.alerts.test_commands import HIGH, T0, Run

HIGHER = "no3/st/turbidity/high-high"
ACTIONS = [
    "acknowledge", "reset", "shelve", "shelve_once", "unshelve", "out_of_service", "in_service", "suppress",
    "unsuppress",
]  # fmt: skip
STEP = st.one_of(
    st.tuples(st.just("read"), st.sampled_from([1.0, 6.0, 9.0]), st.just("")),
    st.tuples(st.just("low"), st.sampled_from([1.0, 5.0]), st.just("")),
    st.tuples(st.just("bad"), st.just(0.0), st.just("")),
    st.tuples(st.sampled_from(ACTIONS), st.integers(-5, 90), st.sampled_from([HIGH, HIGHER, "no3/st/level/low"])),
    st.tuples(st.just("tick"), st.just(0.0), st.just("")),
)


def remembered(run: Run) -> dict[str, tuple[Any, ...]]:
    held = run.processor._folds["no3"].keeper.memory.held
    return {
        key: (s.letter.name, s.active, s.removed, s.unacknowledged and s.in_service)
        for key, s in ((key, one.state) for key, one in held.items())
    }


def folded(fold: Standings) -> dict[str, tuple[Any, ...]]:
    return {
        "/".join(name[1:]): (one.letter, one.active, one.removed is not None, one.unseen_since > 0)
        for name, one in fold.by_name.items()
    }


AFTER_WORK = [
    (1, ("read", 6.0, "")), (1, ("suppress", 1, "")), (1, ("read", 1.0, "")), (1, ("read", 6.0, "")),
    (1, ("tick", 0.0, "")),
]  # fmt: skip
WORSE_AFTER_WORK = [*AFTER_WORK[:3], (1, ("read", 9.0, "")), (1, ("bad", 0.0, "")), (1, ("tick", 0.0, ""))]

SHELF_ENDS = [(1, ("shelve", 1, HIGH)), (1, ("read", 6.0, ""))]
UNDER_TWO = [
    (1, ("suppress", 16, "")), (1, ("suppress", 3, "")), (2, ("read", 9.0, "")), (1, ("tick", 0.0, "")),
]  # fmt: skip


@example(steps=SHELF_ENDS, latching=False)
@example(steps=UNDER_TWO, latching=False)
@example(steps=AFTER_WORK, latching=False)  # what waits for the end of work ends one occurrence and begins the next
@example(steps=WORSE_AFTER_WORK, latching=False)
@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(1, 40), STEP), max_size=20), latching=st.booleans())
def test_the_fold_over_the_journal_is_what_the_keeper_remembers(steps, latching):
    run, fold, at = Run(latching=latching, realarm=40 * SECOND), Standings(), 0
    for wait, (what, value, on) in steps:
        at += wait
        match what:
            case "read" | "low":
                told = run.read(at, value, index=int(what == "low"))
            case "bad":
                told = run.read(at, float("nan"))
            case "tick":
                told = run.tick(at)
            case action:
                told = run.do(action, on="no3/st" if "suppress" in action else on, at=at, until=max(at + value, 0))
        for event in told:
            fold.apply(event)
            fold.apply(event)
        assert folded(fold) == remembered(run)
        for key, held in run.processor._folds["no3"].keeper.memory.held.items():
            one = next(one for name, one in fold.by_name.items() if "/".join(name[1:]) == key)
            assert (one.letter == "G") <= (one.shelved is not None)
            assert (one.letter == "H") <= bool(one.suppressed)
            if one.letter == "G" and one.shelved is not None:
                assert one.shelved.until == held.state.shelved_until
    again, sorted_fold = Standings(), Standings()
    for event in run.told:
        again.apply(event)
    for event in sorted(run.told, key=lambda e: (e.time, e.site, e.station, e.point, e.rule, e.number)):
        sorted_fold.apply(event)
    assert again.by_name == fold.by_name
    assert folded(sorted_fold) == folded(fold)


def only(found: tuple[Standing, ...]) -> Standing:
    (one,) = found
    return one


def test_a_shift_hands_over_what_is_put_aside_with_who_why_and_until_when():
    run = Run()
    run.do("shelve", on="no3/st/level/low", until=3600)
    run.do("out_of_service", on=HIGH, at=1)
    run.read(10, 9)
    lists = standing(run.told, (T0 + 20) * SECOND)
    shelved, removed, stands = only(lists.shelved), only(lists.removed), only(lists.standing)
    assert shelved.shelved is not None
    assert removed.removed is not None
    assert (shelved.shelved.who, shelved.shelved.why, shelved.shelved.until) == ("li.wei", "seen", (T0 + 3600) * SECOND)
    assert (removed.removed.who, removed.letter, removed.active) == ("li.wei", "I", True)
    assert (stands.name[3], stands.unseen_since, stands.since) == ("high-high", (T0 + 10) * SECOND, (T0 + 10) * SECOND)
    assert lists.unseen == lists.standing


def test_what_chatters_is_on_the_list_of_what_is_shelved():
    run = Run()
    for second in (1, 10, 20):
        run.read(second, 6)
        run.read(second + 2, 1)
    shelved = only(standing(run.told, (T0 + 30) * SECOND).shelved).shelved
    assert shelved is not None
    assert (shelved.who, shelved.why.partition(":")[0]) == ("headworks", "chattering")


def test_an_alarm_is_stale_after_a_day_acknowledged_or_not_and_not_while_it_is_put_aside():
    run = Run()
    run.read(10, 6)
    run.do("acknowledge", at=20)
    raised = (T0 + 10) * SECOND

    def stale(at: int) -> int:
        return len(standing(run.told, at).stale)

    assert (stale(raised + STALE_AFTER), stale(raised + STALE_AFTER + 1)) == (0, 1)
    run.do("shelve", at=30, until=40)
    assert stale(raised + STALE_AFTER + 1) == 0


def test_it_waits_to_be_seen_since_it_sounded_last():
    run = Run(realarm=HOUR)
    run.read(10, 6)
    assert only(standing(run.told, (T0 + 20) * SECOND).unseen).unseen_since == (T0 + 10) * SECOND
    run.do("acknowledge", at=20)
    assert standing(run.told, (T0 + 30) * SECOND).unseen == ()
    run.tick(4000)
    again = only(standing(run.told, (T0 + 4000) * SECOND).unseen)
    assert (again.unseen_since, again.since) == ((T0 + 3620) * SECOND, (T0 + 10) * SECOND)


def test_what_is_hidden_says_by_what_for_each_reason_that_is_left():
    run = Run()
    run.read(10, 6)
    run.do("suppress", on="no3/st", at=20, until=100)
    run.do("suppress", on="no3/st", at=30, until=200)
    name = ("no3", "st", "turbidity", "high")

    def reasons() -> list[int]:
        fold = Standings()
        for event in run.told:
            fold.apply(event)
        return [one.until // SECOND - T0 for one in fold.by_name[name].suppressed]

    assert reasons() == [100, 200]
    run.do("unsuppress", on="no3/st@c2", at=40)
    assert reasons() == [100]
    run.do("suppress", on="no3/st", at=50, until=200)
    run.tick(150)
    assert reasons() == [200]


def test_planned_work_in_force_is_handed_over_until_it_has_ended():
    run = Run()
    run.do("suppress", on="no3/st", at=5, until=100, name="w1")
    (work,) = standing(run.told, (T0 + 10) * SECOND).work
    assert (work.who, work.cause, work.station, work.until) == ("li.wei", "seen", "st", (T0 + 100) * SECOND)
    run.tick(100)
    assert standing(run.told, (T0 + 100) * SECOND).work == ()


def test_what_is_historical_or_refused_makes_nothing_stand():
    event = AlarmEvent(1, "no3", "st", "level", "low", "x@1", 1, "raised", "high", state="B", lane="historical")
    assert standing([event, replace(event, lane="", transition="refused", state="")], 5).standing == ()
