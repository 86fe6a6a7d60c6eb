"""What the page of duty reads: who is on call and would be told, what is paged, who was told, of what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.alerts.oncall.decisions import Kind
from services.alerts.oncall.dispatch import Dispatch
from services.alerts.oncall.policy import OnCall
from services.core.clock import DAY, HOUR, MINUTE, parse_time
from services.duty.board import Boards
from services.duty.log import Store
from services.duty.on_duty import on_duty, would_be_told
from services.duty.paged import Pagings
from services.store.database import Database
from services.store.tables import Progress
from tests.control_room import ControlRoom
from tests.rosters import rosters

MONDAY = parse_time("1970-01-12T08:00:00+08:00")


@pytest.fixture
def rules(tmp_path: Path) -> OnCall:
    """The example's."""
    return rosters(tmp_path)


def test_who_is_on_call_until_when_and_who_is_next(rules: OnCall) -> None:
    (duty,) = on_duty(rules, MONDAY + HOUR)
    assert [one.id for one in duty.people] == ["engineer-2"]
    assert duty.until == MONDAY + 7 * DAY
    assert [one.id for one in duty.follows] == ["engineer-1"]
    alone = rules.rosters[0].model_copy(update={"layers": (rules.rosters[0].layers[0].model_copy(
        update={"people": ("director",)}),)})  # fmt: skip
    (always,) = on_duty(rules.model_copy(update={"rosters": (alone,)}), MONDAY)
    assert (always.until, always.follows) == (0, ())


def test_who_would_be_told_goes_by_the_hour_at_which_each_step_comes(rules: OnCall) -> None:
    policy, stages = would_be_told(rules, "no3", "critical", MONDAY - 5 * MINUTE)
    assert policy is not None
    assert [(one.wait, [p.id for p in one.people], one.urgency) for one in stages] == [
        (0, ["engineer-1"], "wake"), (15 * MINUTE, ["engineer-1", "engineer-2"], "wake"),
        (30 * MINUTE, ["director"], "wake"),
    ]  # fmt: skip
    assert would_be_told(rules, "no3", "medium", MONDAY)[1] == ()
    assert would_be_told(rules.model_copy(update={"policies": ()}), "no3", "high", MONDAY) == (None, ())


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ControlRoom]:
    """An alarm stands."""
    found = ControlRoom(tmp_path, users=False)
    for _ in range(2):
        found.measure([9.0])
    yield found
    found.database.close()


def page(room: ControlRoom, rules: OnCall, taken: bool) -> None:
    """As the paging service writes it down."""
    dispatch = Dispatch(rules)
    decided = [one for event in room.events for one in dispatch.take(event, room.now())]
    for one in decided:
        if one.kind is Kind.PAGE:
            decided += dispatch.outcome(one.page, taken, "" if taken else "no line", room.now())
    Store(room.database).advance("log", {}, room.now(), dispatch.dump(), decided)


def look(database: Database) -> Pagings:
    """Anew."""
    return Pagings(database, Boards(database, lambda: 0.0))


def test_nothing_was_paged_where_paging_never_ran(room: ControlRoom) -> None:
    found = look(room.database).look()
    assert (found.running, found.seen, found.paged, found.unreached) == (False, 0, (), ())


def test_a_problem_tells_who_was_told_and_since_when_paging_lives(room: ControlRoom, rules: OnCall) -> None:
    page(room, rules, taken=True)
    with room.database.writing() as session:
        row = session.get(Progress, "log")
        assert row is not None
        row.seen = 77
    found = look(room.database).look()
    (one,) = found.paged
    assert (found.running, found.seen, one.unreached) == (True, 77, False)
    assert [(told.person, told.channel, told.outcome) for told in one.told] == [("engineer-2", "push", "sent")]


def test_of_what_nobody_knows_it_says_so(room: ControlRoom, rules: OnCall) -> None:
    page(room, rules, taken=False)
    (one,) = look(room.database).look().unreached
    assert {told.outcome for told in one.told} == {"failed"}
    assert one.problem.site == "no3"
