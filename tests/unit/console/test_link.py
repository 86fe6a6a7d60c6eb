"""The page behind a page's link: looking changes nothing, the button does it once, and nobody else gets in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.access.roles import Role
from services.alerts.oncall.decisions import Kind, Why
from services.console.acting.acts import Act, do
from services.core.clock import HOUR
from services.core.records import IncidentEvent
from services.duty.log import Store
from services.notify.sources import Happening
from services.store.database import StoreError
from tests.control_room import levels
from tests.unit.console.paged import PagedRoom


@pytest.fixture
def room(tmp_path: Path) -> PagedRoom:
    """One alarm stands, and one message went out."""
    found = PagedRoom(tmp_path, levels(2))
    for _ in range(2):
        found.measure([9.0, 0.0])
    found.page()
    return found


def seen_by(room: PagedRoom, name: str) -> None:
    """Somebody acknowledges at the console."""
    user = next(one for one, _ in room.accounts.users() if one.name == name)
    asyncio.run(do(room.desk, user, "", Act("acknowledge", room.standing(), "on site")))


def state(room: PagedRoom) -> str:
    """Of the alarm that stands."""
    return room.events[-1].state


def test_the_message_carries_a_link_that_shows_what_is_wrong_in_the_persons_language(room: PagedRoom) -> None:
    (path,) = room.phone.links
    answer = room.ask("GET", path)
    assert answer.status_code == 200
    for words in ("清水池液位", "Close inlet valve 0", "9.00 m", "限值 3 m", "现为 9.00 m", "我来处理", "未确认"):
        assert words in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]


def test_looking_changes_nothing_however_often(room: PagedRoom) -> None:
    (path,) = room.phone.links
    before, lines = len(room.log), room.accounts.audit(10)
    assert [room.ask("GET", path).status_code for _ in range(8)] == [200] * 8
    assert (len(room.log), room.accounts.audit(10), state(room)) == (before, lines, "B")
    assert room.page() == []


def test_the_button_acknowledges_as_the_person_and_stops_the_paging(room: PagedRoom) -> None:
    answer = room.press(room.phone.links[0])
    assert answer.status_code == 200
    assert "已由您处理" in answer.text
    last = room.events[-1]
    assert (last.transition, last.who, last.cause) == ("acknowledged", "operator", "by a page's link")
    lines = {(one.user, one.action, one.outcome) for one in room.accounts.audit(10)}
    assert {("operator", "acknowledge", "done"), ("operator", "answer", "done")} <= lines
    assert Why.ACKNOWLEDGED in [d.why for d in room.page()]
    for _ in range(3):
        room.measure([9.0, 0.0], after=600)
        room.page()
    assert len(room.phone.bodies) == 1
    again = room.ask("GET", room.phone.links[0])
    assert again.status_code == 410
    assert "operator 已于" in again.text


def test_a_person_whom_only_the_rules_know_takes_it_on_under_their_own_name(tmp_path: Path) -> None:
    steps = [{"id": "all", "because": "a test", "steps": [{"to": ["wang"]}]}]
    room = PagedRoom(tmp_path, policies=steps)
    for _ in range(2):
        room.measure([9.0])
    room.page()
    assert "I take it" in room.ask("GET", room.phone.links[0]).text
    assert room.press(room.phone.links[0]).status_code == 200
    assert room.events[-1].who == "wang"


@pytest.mark.parametrize("change", [{"active": False}, {"role": Role.VIEWER}])
def test_an_account_that_was_closed_or_may_not_does_nothing(room: PagedRoom, change: dict[str, Any]) -> None:
    room.accounts.change("operator", **change)
    assert room.press(room.phone.links[0]).status_code == 403
    assert state(room) == "B"


def test_a_link_works_once_though_the_message_went_out_twice(room: PagedRoom) -> None:
    (path,) = room.phone.links
    (decision,) = [d for d in Store(room.database).decisions(room.standing()[0]) if d.kind is Kind.PAGE]
    room.wall += HOUR
    twin = room.notifier._link(decision, room.rules.people[0]).removeprefix("http://test")
    assert twin != path
    assert room.press(path).status_code == 200
    for used in (path, twin):
        assert room.ask("GET", used).status_code == 410
        assert room.ask("POST", used, data={"seen": "2 0 0 1"}).status_code == 410
    assert sum(e.transition == "acknowledged" for e in room.events) == 1


def test_the_button_pressed_twice_at_the_same_moment_is_done_once(room: PagedRoom) -> None:
    (path,) = room.phone.links

    async def both() -> list[httpx.Response]:
        return list(await asyncio.gather(*(room._ask("POST", path, data={"seen": "2 0 0 1"}) for _ in range(2))))

    assert sorted(one.status_code for one in asyncio.run(both())) == [200, 410]
    assert sum(e.transition == "acknowledged" for e in room.events) == 1
    assert len([d for d in room.page() if d.kind is Kind.STOP]) == 1


def test_an_expired_link_does_nothing(tmp_path: Path) -> None:
    room = PagedRoom(tmp_path, levels(2))
    room.wall -= 12 * HOUR
    for _ in range(2):
        room.measure([9.0, 0.0])
    room.page()
    (path,) = room.phone.links
    for answer in (room.ask("GET", path), room.ask("POST", path, data={"seen": "2 0 0 1"})):
        assert answer.status_code == 410
        assert "过期" in answer.text
        assert "9.00 m" not in answer.text
    assert state(room) == "B"


@pytest.mark.parametrize("change", ["", "x", "é", "A" * 3000, ".", "%00"])
def test_an_altered_link_opens_nothing_and_guessing_is_slowed(room: PagedRoom, change: str) -> None:
    (path,) = room.phone.links
    wrong = f"{path[:-4]}{change}"
    codes = [room.ask("POST" if i % 2 else "GET", wrong).status_code for i in range(7)]
    assert codes == [403] * 5 + [429] * 2
    assert room.ask("GET", path).status_code == 200  # a right one opens all the same
    assert state(room) == "B"


def test_what_somebody_else_answered_says_who_and_when(room: PagedRoom) -> None:
    seen_by(room, "engineer")
    room.page()
    answer = room.ask("GET", room.phone.links[0])
    assert answer.status_code == 409
    assert "engineer" in answer.text


def test_what_is_over_says_so(room: PagedRoom) -> None:
    seen_by(room, "engineer")
    for _ in range(2):
        room.measure([0.0, 0.0])
    room.page()
    answer = room.ask("GET", room.phone.links[0])
    assert answer.status_code == 410
    assert "结束" in answer.text


def test_what_became_worse_while_it_was_looked_at_is_shown_again_first(room: PagedRoom) -> None:
    (path,) = room.phone.links
    answer = room.ask("POST", path, data={"seen": "1 0 0"})
    assert answer.status_code == 409
    assert "恶化" in answer.text
    assert state(room) == "B"
    assert room.press(path).status_code == 200


def test_an_alarm_that_came_while_it_was_looked_at_is_not_acknowledged_unseen(room: PagedRoom) -> None:
    (path,) = room.phone.links
    shown = room.ask("GET", path).text
    seen = shown.partition('name="seen" value="')[2].partition('"')[0]
    for _ in range(2):
        room.measure([9.0, 9.0])  # as bad as the first
    room.page()
    assert room.ask("POST", path, data={"seen": seen}).status_code == 200
    states = {one.occurrence: one.state for one in room.events}
    assert sorted(states.values()) == ["B", "C"]
    room.page()
    assert [p.status for p in room.notifier.dispatch.problems.open.values()] == ["answered"]


@pytest.mark.parametrize("seen", ["", "2 0 0", "2 0 0 x", "2 0 0 -1", "2 0 0 1 1", "\u0663 0 0 1"])
def test_a_form_that_nobody_was_shown_is_shown_first(room: PagedRoom, seen: str) -> None:
    assert room.ask("POST", room.phone.links[0], data={"seen": seen}).status_code == 409
    assert state(room) == "B"


def test_a_log_that_takes_nothing_loses_nothing_and_the_link_still_works(room: PagedRoom) -> None:
    (path,) = room.phone.links
    room.full = True
    assert room.press(path).status_code == 503
    room.full = False
    assert room.press(path).status_code == 200
    assert state(room) == "C"


def test_a_database_that_is_away_loses_nothing(room: PagedRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = room.phone.links

    def away(*_: object) -> None:
        raise StoreError("the disk is full")

    for gone in ("Links.use", "Links.used", "board"):
        with monkeypatch.context() as patch:
            patch.setattr(f"services.console.door.link.{gone}", away)
            assert room.ask("POST", path, data={"seen": "2 0 0 1"}).status_code == 503
    assert room.press(path).status_code == 200
    assert sum(e.transition == "acknowledged" for e in room.events) == 1


def test_a_worse_problem_needs_the_newest_message(tmp_path: Path) -> None:
    room = PagedRoom(tmp_path, levels(2))
    for _ in range(2):
        room.measure([9.0, 0.0])
    room.page()
    (old,) = room.phone.links
    room.notifier.dispatch.answer(room.standing()[0], "wang", room.now())
    problem = room.notifier.dispatch.problems.open[room.standing()[0]]
    problem.rank = 2  # as an incident's phase would
    room.measure([9.0, 9.0])
    room.measure([9.0, 9.0])
    room.page()
    new = room.phone.links[-1]
    assert room.ask("GET", old).status_code == 409
    assert room.press(new).status_code == 200


def test_a_wish_that_was_on_its_way_when_it_became_worse_answers_nothing_worse(room: PagedRoom) -> None:
    assert room.press(room.phone.links[0]).status_code == 200
    problem = room.notifier.dispatch.problems.open[room.standing()[0]]
    problem.rank = 2
    assert Kind.RESUME in [d.kind for d in room.notifier.listen()]


def test_hostile_names_are_shown_as_text(tmp_path: Path) -> None:
    plant = levels(1, name="<script>alert(1)</script>")
    room = PagedRoom(tmp_path, plant)
    for _ in range(2):
        room.measure([9.0])
    room.page()
    text = room.ask("GET", room.phone.links[0]).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_of_an_incident_it_shows_the_phase_the_steps_and_the_worst_alarm(room: PagedRoom) -> None:
    claims: dict[str, object] = {"rank": 2, "claims": ["st/level/high"]}
    event = IncidentEvent(
        room.now(),
        room.site.id,
        "IntakeCrisis",
        "no3/IntakeCrisis@1",
        1,
        "restricted",
        "",
        "Rake; call the crew",
        claims,
    )
    room.notifier.take([Happening("log", 1000, event)])
    text = room.ask("GET", room.phone.links[0]).text
    for words in ("取水危机 · 取水受限", ">Rake<", ">call the crew<", "清水池液位 · 9.00 m · 限值 3 m"):
        assert words in text
