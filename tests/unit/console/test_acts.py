"""Acts on alarms: of two the second is told, what is late is told later, and nothing is pretended or left out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.access.accounts import Identity
from services.console.acting.acts import Act, Desk, Forbidden, NeedsEnd, do, later
from services.console.acting.answers import Answers
from services.core.clock import HOUR
from services.core.errors import LogError
from services.core.records import Record
from services.store.database import StoreError
from tests.control_room import ROLES, ControlRoom, levels
from tests.unit.console.doors import Doors

LI, WANG, ZHAO = (Identity(role, role, ROLES[role]) for role in ("operator", "engineer", "viewer"))


async def until(met: Callable[[], bool]) -> None:
    """Waits for it, a generous while."""
    async with asyncio.timeout(30):
        while not met():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.005)


class Room(ControlRoom):
    """Three alarms stand. held: what was sent waits there until `let_go`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, levels(3))
        for _ in range(2):
            self.measure([9.0] * 3)
        self.held: list[Record] | None = None

    async def send(self, commands: Sequence[Record]) -> None:
        if self.held is None or self.full:
            await super().send(commands)
        else:
            self.held += commands

    def let_go(self) -> None:
        """What was held is processed now."""
        held, self.held = self.held or [], None
        self.feed(held)

    def act(self, action: str = "acknowledge", count: int = 1, **more: Any) -> Act:
        """On the first alarms that stand."""
        return replace(Act(action, tuple(self.standing()[:count]), "seen"), **more)

    def impatient(self) -> Desk:
        """It waits hardly at all."""
        return replace(self.desk, patience=0.01)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Of a plant of its own."""
    return Room(tmp_path)


async def test_of_two_who_press_at_the_same_moment_one_does_it_and_the_other_is_told_who_did(room: Room) -> None:
    room.held = []
    both = asyncio.gather(do(room.desk, LI, "a", room.act()), do(room.desk, WANG, "b", room.act()))
    await until(lambda: len(room.held or []) == 2)
    first = getattr(room.held[0], "who", "")
    room.let_go()
    results = {one.outcome: one for (one,) in await both}
    assert set(results) == {"done", "refused"}
    assert "acknowledged already" in results["refused"].reason
    assert results["refused"].by == first != ""
    assert sum(event.transition == "acknowledged" for event in room.events) == 1


async def test_one_who_presses_twice_has_pressed_once(room: Room) -> None:
    results = await asyncio.gather(*(do(room.desk, LI, "a", room.act(key="k")) for _ in range(2)))
    assert [one.outcome for (one,) in results] == ["done", "done"]
    assert sum(event.transition == "acknowledged" for event in room.events) == 1


async def test_a_shelved_alarm_is_not_acknowledged_and_it_is_said_why(room: Room) -> None:
    await do(room.desk, LI, "a", room.act("shelve", until=room.now() + HOUR))
    (result,) = await do(room.desk, WANG, "b", room.act())
    assert result.outcome == "refused"
    assert "shelved" in result.reason


async def test_of_many_each_has_an_answer_of_its_own(room: Room) -> None:
    await do(room.desk, WANG, "b", room.act())
    names = (*room.standing(), room.standing()[1], "no9/a/b/c", "no3/st/<script>", "no3/../x", "")
    results = await do(room.desk, LI, "a", Act("acknowledge", names, "seen"))
    assert [one.outcome for one in results] == ["refused", "done", "done", *["refused"] * 4]
    assert len(room.accounts.audit(100)) == 1 + 7


async def test_a_full_log_takes_nothing_and_nothing_is_pretended(room: Room) -> None:
    room.full = True
    before = len(room.log)
    with pytest.raises(LogError):
        await do(room.desk, LI, "a", room.act(count=3))
    assert len(room.log) == before
    assert [(one.outcome, one.detail) for one in room.accounts.audit(3)] == [
        ("not taken", "seen (the disk is full)")
    ] * 3
    room.full = False
    assert [one.outcome for one in await do(room.desk, LI, "a", room.act(count=3))] == ["done"] * 3


async def test_what_is_answered_after_the_patience_is_pending_and_told_when_it_is_done(room: Room) -> None:
    room.held = []
    results = await do(room.impatient(), LI, "a", room.act(count=2))
    assert [one.outcome for one in results] == ["pending", "pending"]
    assert [one.outcome for one in room.accounts.audit(2)] == ["pending", "pending"]
    waiting = asyncio.ensure_future(later(room.desk, results))
    await asyncio.sleep(0)
    room.let_go()
    assert [(one.outcome, one.state) for one in await waiting] == [("done", "C"), ("done", "C")]
    # The audit hears of it too.
    await until(lambda: [one.outcome for one in room.accounts.audit(2)] == ["done", "done"])


async def test_what_is_never_answered_stays_pending(room: Room) -> None:
    room.held = []
    results = await do(room.impatient(), LI, "a", room.act())
    assert [one.outcome for one in await later(room.desk, results, 0.01)] == ["pending"]


async def test_several_may_wait_for_one_answer_and_nothing_is_left_of_those_who_gave_up(room: Room) -> None:
    answers = Answers()
    short, long = (asyncio.ensure_future(answers.wait("c1", within)) for within in (0.01, 20.0))
    assert await short is None
    event = replace(room.events[0], command="c1")
    answers.take(event)
    assert await long == event
    assert await answers.wait("c1", 0.0) == event
    assert await answers.wait("c2", 0.01) is None
    assert answers._asked == {}


async def test_what_is_forbidden_or_without_an_end_is_not_sent(room: Room) -> None:
    before = len(room.log)
    with pytest.raises(Forbidden, match="operator"):
        await do(room.desk, ZHAO, "a", room.act())
    with pytest.raises(Forbidden, match="nobody"):
        await do(room.desk, WANG, "a", room.act("explode"))
    with pytest.raises(NeedsEnd):
        await do(room.desk, LI, "a", room.act("shelve"))
    assert len(room.log) == before
    assert [one.outcome for one in room.accounts.audit(9)] == ["forbidden", "forbidden"]


async def test_what_cannot_be_written_into_the_audit_is_not_done(tmp_path: Path) -> None:
    room = Doors(tmp_path)
    room.lose_the_database()
    before = len(room.log)
    with pytest.raises(StoreError):
        await do(room.desk, LI, "a", Act("acknowledge", ("no3/st/level/high",), "seen"))
    assert len(room.log) == before


async def test_what_was_done_is_told_although_the_audit_was_lost_meanwhile(tmp_path: Path) -> None:
    room = Doors(tmp_path)
    for _ in range(2):
        room.measure([9.0])
    sent = room.desk.send

    async def send(commands: Sequence[Record]) -> None:
        room.lose_the_database()
        await sent(commands)  # type: ignore[arg-type]

    desk = replace(room.desk, send=send)
    (result,) = await do(desk, LI, "a", Act("acknowledge", (room.standing()[0],), "seen"))
    assert result.outcome == "done"
