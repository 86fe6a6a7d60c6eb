"""An alarm that sounds three times in a minute is put aside by itself: seen, numbered, ending, judged anew."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from services.alerts.lifecycle import chatter
from services.alerts.lifecycle.memory import Memory
from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, to_json, version_of
from services.core.clock import HOUR, MINUTE, SECOND
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Config, Record, Tick
from tests.unit.alerts.build import Reading, columns, point, rule, site, station
from tests.unit.alerts.test_commands import HIGH, T0, Run, brief, plant

SHELF = 10 * 60


def chatters(run: Run, *at: float) -> list[AlarmEvent]:
    """Raised at each of `at` (s), and gone two seconds later; what the last raise brought."""
    told: list[AlarmEvent] = []
    for second in at:
        told = run.read(second, 6)
        run.read(second + 2, 1)
    return told


def test_the_third_raise_within_a_minute_puts_it_aside_where_everybody_sees_it():
    run = Run()
    told = chatters(run, 1, 30, 61)
    assert brief(told)[-2:] == [(61, "raised", "B", True), (61, "shelved", "G", False)]
    shelved = told[-1]
    assert (shelved.who, shelved.cause) == ("headworks", "chattering: raised 3 times within 1 minute")
    assert shelved.until == (T0 + 61 + SHELF) * SECOND
    assert (shelved.occurrence, shelved.number) == (told[-2].occurrence, told[-2].number + 1)


@pytest.mark.parametrize("at", [(1, 30, 62), (1, 30), (1, 90, 100)])
def test_what_comes_less_often_is_left_alone(at):
    run = Run()
    chatters(run, *at)
    assert not [event for event in run.told if event.transition in ("shelved", "chattering")]


def test_it_counts_whether_or_not_somebody_acknowledged():
    run = Run()
    for second in (1, 10):
        chatters(run, second)
        run.do("acknowledge", at=second + 3)
    assert brief(run.read(20, 6))[-1] == (20, "shelved", "G", False)


def test_what_it_does_on_the_shelf_is_silent_and_its_end_judges_anew():
    run = Run()
    chatters(run, 1, 10, 20, 30, 40, 50)
    on_the_shelf = [event for event in run.told if event.time > (T0 + 20) * SECOND]
    assert {(event.state, event.annunciated) for event in on_the_shelf} == {("G", False)}
    run.read(60, 6)
    assert brief(run.tick(20 + SHELF)) == [(20 + SHELF, "unshelved", "B", True)]


def test_it_has_gone_when_the_shelf_ends_and_nothing_is_left():
    run = Run()
    chatters(run, 1, 10, 20)
    assert brief(run.tick(20 + SHELF)) == [(20 + SHELF, "unshelved", "A", False)]


def test_it_chatters_again_and_is_put_aside_again():
    run = Run()
    chatters(run, 1, 10, 20)
    run.tick(20 + SHELF)
    # What was counted before the shelf counts no longer.
    chatters(run, 630, 640)
    assert [event.time / SECOND - T0 for event in run.told if event.transition == "shelved"] == [20]
    chatters(run, 650)
    assert [event.time / SECOND - T0 for event in run.told if event.transition == "shelved"] == [20, 650]


def test_a_person_may_take_it_from_the_shelf_earlier():
    run = Run()
    chatters(run, 1, 10, 20)
    run.read(25, 6)
    assert brief(run.do("unshelve", at=30)) == [(30, "unshelved", "B", True)]


def test_a_persons_longer_shelf_stands():
    run = Run()
    chatters(run, 1, 10, 20)
    run.do("shelve", at=30, until=3600)
    assert brief(run.tick(1000)) == []
    assert brief(run.tick(3600)) == [(3600, "unshelved", "A", False)]
    other = Run()
    other.do("shelve", until=3600)
    chatters(other, 1, 10, 20, 30)
    assert [event.who for event in other.told if event.transition == "shelved"] == ["li.wei"]


@pytest.mark.parametrize("terms", [{"priority": "critical"}, {"longest_shelf": 0}, {"chatter_shelf": 0}])
def test_what_must_not_be_put_aside_is_named_and_goes_on_sounding(terms):
    run = Run(**terms)
    told = chatters(run, 1, 10, 20)
    assert brief(told)[-2:] == [(20, "raised", "B", True), (20, "chattering", "B", False)]
    assert told[-1].who == "headworks"
    assert brief(run.read(30, 6))[-1] == (30, "raised", "B", True)


def test_the_rule_says_for_how_long_but_never_longer_than_a_person_may():
    assert chatters(Run(chatter_shelf=2 * MINUTE), 1, 10, 20)[-1].until == (T0 + 140) * SECOND
    run = Run(chatter_shelf=2 * HOUR, longest_shelf=HOUR)
    assert chatters(run, 1, 10, 20)[-1].until == (T0 + 20) * SECOND + HOUR


@pytest.mark.parametrize(("action", "on"), [("suppress", "no3/st"), ("out_of_service", HIGH)])
def test_what_does_not_sound_does_not_chatter(action, on):
    run = Run()
    run.do(action, on=on, until=3600 if action == "suppress" else 0)
    chatters(run, 1, 10, 20, 30)
    assert not [event for event in run.told if event.transition in ("shelved", "chattering")]


def test_an_entry_of_the_journal_does_not_chatter():
    run = Run()
    for second in (1, 10, 20, 30):
        run.read(second, 1, index=1)
        run.read(second + 2, 5, index=1)
    assert not [event for event in run.told if event.transition in ("shelved", "chattering")]


def test_another_catalogue_keeps_the_shelf_and_the_count_and_a_changed_rule_begins_anew():
    def changed(run: Run, version: Site) -> None:
        text = to_json(version)
        run.put(Config("no3", version_of(text), text, (T0 + 15) * SECOND))

    same = Run()
    chatters(same, 1, 10)
    changed(same, plant().model_copy(update={"name": "renamed"}))
    assert brief(chatters(same, 20))[-1] == (20, "shelved", "G", False)
    changed(same, plant().model_copy(update={"name": "again"}))
    assert brief(same.tick(20 + SHELF)) == [(20 + SHELF, "unshelved", "A", False)]

    other = Run()
    chatters(other, 1)
    other.read(10, 6)
    changed(other, plant(realarm=HOUR))
    told = chatters(other, 20)
    assert not [event for event in told if event.transition == "shelved"]


def test_the_count_is_forgotten_when_it_can_matter_no_longer():
    run = Run()
    chatters(run, 1, 10)

    def remembered() -> Memory:
        return run.processor._folds["no3"].keeper.memory

    assert set(remembered().raises) == {"st/turbidity/high"}
    run.read(200, 6)
    assert remembered().raises == {"st/turbidity/high": ((T0 + 200) * SECOND,)}
    run.tick(200 + chatter.FORGOTTEN_AFTER / SECOND)
    assert remembered().raises == {}


LOG = st.lists(st.tuples(st.integers(1, 20), st.sampled_from([1.0, 6.0]), st.booleans()), min_size=5, max_size=25)


@settings(max_examples=40, deadline=None)
@given(steps=LOG, cut=st.integers(0, 60))
def test_batches_restarts_and_the_order_of_stations_change_nothing(steps, cut):
    """The station that chatters is a consequence too, so that it waits for another, which is heard before or after."""
    causes = [{"cause": "power/mains/lost", "hides": ["st/turbidity/*"], "because": "no power"}]
    text = to_json(
        site(
            point("turbidity", rule("high", "high", 5, clear=4)),
            point("mains", rule("lost", "equals", 0), station="power"),
            stations=(station("st", stale_after=100_000), station("power", stale_after=100_000)),
            suppressions=causes,
        )
    )

    def frame(name: str, index: int, at: int, value: float) -> Frame:
        reading: Reading = (T0 + at, index, value)
        return Frame("no3", name, *columns([reading]), (T0 + at) * SECOND)

    log: list[Record] = [Config("no3", version_of(text), text, T0 * SECOND)]
    other, at = list(log), 0
    for wait, value, up in steps:
        at += wait
        pair = [frame("st", 0, at, value), frame("power", 1, at, float(up or value > 5))]
        log += pair
        other += pair[::-1]
    log.append(Tick((T0 + at + 1000) * SECOND))
    other.append(log[-1])

    def told(records: list[Record], cut: int) -> list[str]:
        first, second = AlertProcessor(), AlertProcessor()
        out = list(first.step("no3", records[:cut]))
        second.load("no3", first.dump("no3"))
        for record in records[cut:]:
            out += second.step("no3", [record])
        assert cut == 0 or second.dump("no3") == whole.dump("no3")
        return list(canonical_journal(out))

    whole = AlertProcessor()
    expected = list(canonical_journal(whole.step("no3", log)))
    assert told(log, cut % len(log)) == expected
    again = AlertProcessor()
    assert list(canonical_journal(again.step("no3", other))) == expected
