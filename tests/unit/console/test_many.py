"""Very many alarms: nothing that stands is forgotten, one look serves every browser, a page makes what it shows."""

from __future__ import annotations

from services.console.pages import attention
from services.console.view import alarms as fold
from services.console.view.alarms import Alarms
from services.console.view.live import LiveView
from services.core.clock import MINUTE
from services.core.records import AlarmEvent, Tick
from tests.control_room import START, levels

MANY = 3000


def event(index: int, number: int, transition: str, state: str, at: int = START, **more: str) -> AlarmEvent:
    point = f"level{index}" if index else "level"
    return AlarmEvent(
        at, "no3", "st", point, "high", f"no3/st/{point}/high@{START}", number, transition,
        more.get("priority", "high"), state=state, value=9.0, limit=3.0, unit="m",
        who=more.get("who", ""), cause=more.get("cause", ""),
    )  # fmt: skip


def test_what_stands_is_never_told_twice_however_much_has_come_and_gone_since(monkeypatch):
    monkeypatch.setattr(fold, "KEPT_NUMBERS", 100)
    alarms = Alarms()
    for index in range(MANY):
        alarms.apply(event(index, 1, "raised", "B"))
        alarms.apply(event(index, 2, "acknowledged", "C", who="li"))
    version = alarms.version
    for index in range(MANY):
        alarms.apply(event(index, 1, "raised", "B"))
    assert alarms.version == version
    assert {one.letter for one in alarms.active.values()} == {"C"}


def test_of_thousands_that_went_unseen_all_wait_and_what_is_seen_is_let_go(monkeypatch):
    monkeypatch.setattr(fold, "KEPT_NUMBERS", 100)
    alarms = Alarms()
    for index in range(MANY):
        alarms.apply(event(index, 1, "raised", "B"))
        alarms.apply(event(index, 2, "cleared", "D"))
    assert len(alarms.waiting) == MANY
    for index in range(MANY):
        alarms.apply(event(index, 3, "acknowledged", "A", who="li"))
    assert not alarms.waiting
    assert len(alarms._standing) == 0
    assert len(alarms._gone) == 100


def test_an_alarm_that_is_raised_again_takes_the_place_of_what_waited():
    alarms = Alarms()
    alarms.apply(event(0, 1, "raised", "B"))
    alarms.apply(event(0, 2, "cleared", "D"))
    again = event(0, 1, "raised", "B", START + MINUTE)
    alarms.apply(AlarmEvent(**{name: getattr(again, name) for name in AlarmEvent.__slots__} | {"occurrence": "again"}))
    assert not alarms.waiting
    assert list(alarms.active) == ["again"]
    assert [one.letter for one in alarms.cleared] == ["A"]


def test_what_is_out_of_service_is_known_although_it_never_stood():
    alarms = Alarms()
    alarms.apply(event(0, 1, "removed", "I", who="wang", cause="new meter"))
    (one,) = alarms.aside.values()
    assert (one.state, one.hidden_because) == ("I", "wang: new meter")
    alarms.apply(event(0, 2, "returned", "A", who="wang"))
    assert not alarms.aside


def test_one_look_serves_all_until_something_changes_and_makes_only_what_is_shown():
    view = LiveView([levels(MANY)])
    view.apply_all(event(index, 1, "raised", "B") for index in range(MANY))
    view.apply(Tick(START))
    first = view.listing()
    assert view.counts()["high"] == len(view.active()) == first.unseen == MANY
    view.apply(Tick(START + MINUTE))
    assert view.listing() is first
    assert view.active()[0] is view.active()[0]
    assert len(view._views) == 1
    view.apply(event(7, 2, "acknowledged", "C", who="li"))
    assert view.listing() is not first
    assert view.listing().unseen == MANY - 1


def test_memory_of_a_flood_is_bounded_and_its_rate_is_right():
    view = LiveView([levels(3)])
    alarms = view._alarms
    for number in range(1, 3 * fold.KEPT_STORY):
        alarms.apply(event(0, number, "raised" if number == 1 else "realarmed", "B", START + number))
    view.apply(Tick(START + MINUTE))
    assert len(alarms.active[f"no3/st/level/high@{START}"].story) <= fold.KEPT_STORY
    assert alarms.active[f"no3/st/level/high@{START}"].story[0].transition == "raised"
    assert view.annunciated() == 3 * fold.KEPT_STORY - 1


def test_what_the_catalogue_forgets_stands_no_more():
    alarms = Alarms()
    alarms.apply(event(0, 1, "raised", "B"))
    alarms.apply(event(0, 2, "forgotten", "A"))
    assert not alarms.active
    assert not alarms.waiting
    assert not alarms._standing


def test_every_page_is_told_how_many_wait_the_worst_of_them_and_how_often_it_rang():
    view = LiveView([levels(4)])
    view.apply(event(0, 1, "raised", "B", priority="medium"))
    assert attention.marks(view).startswith('data-unseen="1" data-worst="medium" data-rung="0"')
    view.apply_all([event(1, 1, "raised", "B"), event(2, 1, "raised", "B", priority="critical")])
    assert attention.marks(view).startswith('data-unseen="3" data-worst="critical" data-rung="2"')
    view.apply_all([event(2, 2, "acknowledged", "C", priority="critical"), event(1, 2, "cleared", "D")])
    assert attention.marks(view).startswith('data-unseen="2" data-worst="high" data-rung="2"')
