"""What people do about duty, by whichever way: roles, the audit, and planned work that begins exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.access.accounts import Identity
from services.access.roles import Role
from services.console.acting.acts import Forbidden
from services.console.acting.duties import Duties
from services.console.acting.keeping import Keeping, keep
from services.core.clock import HOUR, MINUTE
from services.core.records import Tick
from services.duty.areas import NotDone
from services.duty.changes import Change
from services.store.database import StoreError
from tests.control_room import STATION, ControlRoom
from tests.rosters import rosters

TARGET = f"no3/{STATION}"


class Duty(ControlRoom):
    """A control room with an alarm that stands, the rosters of the example, and the console's own clock work."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.measure([9.0])
        self.measure([9.0])
        self.duties = Duties(self.desk, self.database)
        self.keeping = Keeping(replace(self.desk, patience=0.05), self.database)
        self.duties.rules.apply(rosters(folder), "test")

    def user(self, role: str) -> Identity:
        """Of that role, and of that name."""
        return Identity(role, role, Role(role))

    def goes_on(self, ns: int) -> None:
        """The run's clock."""
        self.feed([Tick(self.now() + ns)])
        self.look()

    def look(self) -> None:
        """What the console does by itself."""
        asyncio.run(self.keeping.once())

    def plan(self, start: int = 0, length: int = HOUR) -> int:
        """Work on the station."""
        start = start or self.now()
        return self.duties.plan(self.user("engineer"), "::1", TARGET, start, start + length, "new pump")[0].number

    def commands(self) -> list[str]:
        """The acts in the log."""
        return [one.action for one in self.log if hasattr(one, "action")]

    def told(self, *transitions: str) -> list[str]:
        """Those of the journal."""
        return [e.transition for e in self.events if e.transition in transitions]


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    """One of its own."""
    found = Duty(tmp_path)
    yield found
    found.database.close()


def test_work_begins_at_its_time_once_and_is_over_at_its_end(duty: Duty) -> None:
    number = duty.plan(duty.now() + HOUR)
    duty.look()
    assert duty.commands() == []
    duty.goes_on(HOUR)
    duty.goes_on(MINUTE)
    assert duty.commands() == ["suppress"]
    assert duty.told("planned") == ["planned"]
    assert list(duty.view.active()) == []
    assert duty.duties.works.get(number).state == "begun"
    duty.goes_on(HOUR)
    assert duty.duties.works.get(number).state == "over"
    assert duty.told("planned", "planned_over") == ["planned", "planned_over"]
    assert "high" in {one.rule_id for one in duty.view.active()}


def test_a_console_that_was_killed_between_log_and_row_begins_the_work_once_all_the_same(
    duty: Duty, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = duty.plan()

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(duty.keeping._works, "change", killed)
    with pytest.raises(KeyboardInterrupt):
        duty.look()
    assert duty.duties.works.get(number).state == "planned"
    again = Keeping(duty.desk, duty.database)
    duty.desk.answers.work.in_force.clear()  # it has not read so far yet, and sends the command again
    asyncio.run(again.once())
    assert duty.told("planned") == ["planned"]
    assert duty.duties.works.get(number).state == "begun"


def test_what_was_missed_while_nothing_ran_begins_late_or_not_at_all_and_says_so(duty: Duty) -> None:
    late, missed = duty.plan(duty.now() + MINUTE, 3 * HOUR), duty.plan(duty.now() + MINUTE, HOUR)
    duty.goes_on(2 * HOUR)
    assert duty.duties.works.get(late).reason == "begun 119 min late"
    assert duty.duties.works.get(missed).state == "missed"
    assert [(a.action, a.outcome) for a in duty.accounts.audit(2)] == [
        ("planned work", "missed"),
        ("planned work", "begun"),
    ]


def test_work_is_prolonged_ended_early_and_withdrawn(duty: Duty) -> None:
    number, engineer = duty.plan(), duty.user("engineer")
    duty.look()
    end = duty.now() + 2 * HOUR
    asyncio.run(duty.duties.prolong(engineer, "::1", number, end, "bolts"))
    duty.goes_on(HOUR)
    work = duty.duties.works.get(number)
    assert (work.end, work.state, len(work.commands)) == (end, "begun", 2)
    assert list(duty.view.active()) == []
    asyncio.run(duty.duties.end_work(engineer, "::1", number, "done early"))
    assert duty.duties.works.get(number).state == "ended"
    assert duty.desk.answers.work.works() == []
    assert "high" in {one.rule_id for one in duty.view.active()}
    later = duty.plan(duty.now() + HOUR)
    asyncio.run(duty.duties.end_work(engineer, "::1", later, "rain"))
    assert duty.duties.works.get(later).state == "withdrawn"
    duty.goes_on(2 * HOUR)
    assert duty.told("planned") == ["planned", "planned"]


def test_work_that_began_another_way_is_seen_too(duty: Duty) -> None:
    names = asyncio.run(duty.duties.prolong(duty.user("engineer"), "::1", _begun(duty), duty.now() + 2 * HOUR, "x"))
    assert names[0].outcome == "done"
    assert duty.duties.elsewhere() == []
    duty.desk.answers.work.apply(replace(duty.desk.answers.work.works()[0], occurrence="command/of-a-script"))
    (other,) = duty.duties.elsewhere()
    assert other.who == "engineer"


def _begun(duty: Duty) -> int:
    number = duty.plan()
    duty.look()
    return number


def acts(duty: Duty) -> dict[str, tuple[str, Callable[[Identity], object]]]:
    """The least role of each act, and the act."""
    now, d = duty.now(), duty.duties
    mine = Change(0, "plants", "director", now, now + HOUR, "x", "ill")
    return {
        "take": ("operator", lambda u: d.take(u, "", ["no3"])),
        "take over": ("engineer", lambda u: d.take_over(u, "", ["no3"], "gone home")),
        "swap": ("engineer", lambda u: d.swap(u, "", mine)),
        "answer": ("operator", lambda u: d.answer(u, "", "no3/x")),
        "silence": ("operator", lambda u: d.silence(u, "", "no3", now + HOUR, "test")),
        "silence critical": ("engineer", lambda u: d.silence(u, "", "no3", now + HOUR, "test", critical=True)),
        "plan": ("engineer", lambda u: d.plan(u, "", "no3", now, now + HOUR, "test")),
    }


@pytest.mark.parametrize("act", ["take", "take over", "swap", "answer", "silence", "silence critical", "plan"])
def test_each_act_needs_its_role_and_is_in_the_audit_done_or_not(duty: Duty, act: str) -> None:
    least, does = acts(duty)[act]
    order = [role.value for role in Role]
    for role in order:
        if order.index(role) < order.index(least):
            with pytest.raises(Forbidden):
                does(duty.user(role))
        elif role == least:
            does(duty.user(role))
        line = duty.accounts.audit(1)[0]
        if order.index(role) <= order.index(least):
            assert (line.user, line.outcome) == (role, "done" if role == least else "forbidden")


def test_an_operator_swaps_for_themselves_and_nobody_out_of_reach_is_put_in(duty: Duty) -> None:
    director = Identity("director", "Director", Role.OPERATOR)
    swap = Change(0, "plants", "director", duty.now(), duty.now() + HOUR, "director", "ill")
    entered = duty.duties.swap(director, "", swap)
    look = duty.duties.look()
    assert look.rules is not None
    assert look.rules.on_duty(("plants",), duty.now()) == ("director",)
    duty.duties.unswap(director, "", entered.number, "well again")
    look = duty.duties.look()
    assert look.rules is not None
    assert look.rules.on_duty(("plants",), duty.now()) != ("director",)
    with pytest.raises(NotDone):
        duty.duties.swap(director, "", replace(swap, roster="nights"))


def test_a_site_is_nobodys_until_somebody_takes_it_and_again_when_they_leave(duty: Duty) -> None:
    assert duty.duties.orphans() == ("no3",)
    duty.duties.take(duty.user("operator"), "", ["no3"])
    assert duty.duties.orphans() == ()
    with pytest.raises(NotDone, match="no site no9"):
        duty.duties.take(duty.user("operator"), "", ["no9"])
    duty.accounts.change("operator", role=Role.VIEWER)
    duty.look()
    duty.duties._looked = -1.0
    assert duty.duties.orphans() == ("no3",)
    assert duty.accounts.audit(1)[0].action == "orphan"


def test_a_database_that_fails_is_said_and_what_was_read_before_stays(
    duty: Duty, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = duty.duties.look()

    def fails() -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(duty.duties.areas, "read", fails)
    duty.duties._looked = -1.0
    look = duty.duties.look()
    assert (look.fault, look.book) == ("the disk is gone", before.book)


def test_what_fails_is_tried_again_and_work_begins_then(duty: Duty, monkeypatch: pytest.MonkeyPatch) -> None:
    number, looks = duty.plan(), list[int]()
    settle = duty.duties.areas.settle

    def sometimes(_self: object) -> list[tuple[str, str]]:
        looks.append(1)
        if len(looks) == 1:
            raise StoreError("the disk is full")
        if len(looks) == 2:
            raise ValueError("nobody thought of this")
        return settle()

    monkeypatch.setattr("services.console.acting.keeping.PERIOD", 0.001)
    monkeypatch.setattr("services.duty.area_book.AreaBook.settle", sometimes)

    async def until_begun() -> None:
        keeping = asyncio.ensure_future(keep(duty.desk, duty.database))
        for _ in range(2000):
            if duty.duties.works.get(number).state == "begun":
                break
            await asyncio.sleep(0.01)
        keeping.cancel()
        await asyncio.wait([keeping])

    asyncio.run(until_begun())
    assert duty.told("planned") == ["planned"]


def test_a_swap_to_somebody_who_has_left_the_rules_is_not_shown_as_if_it_held(duty: Duty) -> None:
    rules = duty.duties.rules.newest()
    assert rules is not None
    roster, now = rules.rules.rosters[0], duty.duties.now()
    duty.duties.changes.enter(Change(0, roster.id, "gone", now - HOUR, now + HOUR, "chief", "ill"))
    shown = duty.duties.look().rules
    assert shown is not None
    assert shown.on_duty((roster.id,), now) == roster.on_call(now)
