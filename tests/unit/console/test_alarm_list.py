"""The alarms page without a browser: what an address asks for, what it finds, what stays where, what a row says."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from services.access.accounts import Identity
from services.access.roles import Role
from services.console.acting import comments
from services.console.acting.acts import Act, Forbidden, do
from services.console.acting.comments import BadComment, Comments
from services.console.api import comments as api
from services.console.api.who import Who
from services.console.door.gate import Visitor
from services.console.pages.alarm_list import bars, dialogs, doing, rows, shelf, spark
from services.console.pages.alarm_list.found import find
from services.console.pages.alarm_list.order import Order
from services.console.pages.alarm_list.query import ROWS, Query, asked
from services.console.pages.moment import Moment
from services.console.view.alarms import Occurrence
from services.console.view.snapshots import Trend
from services.core.clock import HOUR, MINUTE, parse_time
from tests.control_room import ControlRoom, levels

ZONE = ZoneInfo("Asia/Shanghai")
HOSTILE = "<img src=x onerror=alert(1)>"
ENGINEER = Identity("engineer", "engineer", Role.ENGINEER)


def visitor(role: Role = Role.ENGINEER) -> Visitor:
    return Visitor(Identity(role.value, role.value, role), "en", "here")


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    """Four alarms stand, unacknowledged."""
    found = ControlRoom(tmp_path, levels(4, HOSTILE))
    for _ in range(2):
        found.measure([9.0] * 4)
    return found


def act(room: ControlRoom, action: str, *names: str, until: int = 0) -> None:
    asyncio.run(do(room.desk, ENGINEER, "here", Act(action, names, "seen", until)))


def moment(room: ControlRoom) -> Moment:
    return Moment("Test", room.view, room.status(), ZONE)


def names(found: tuple[Occurrence, ...]) -> list[str]:
    return sorted(one.first.point for one in found)


def said(markup: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup)).strip())


def shown(room: ControlRoom, role: Role = Role.ENGINEER, **known: object) -> str:
    (one,) = (one for one in room.view.listing().everything if one.first.point == "level1")
    return rows.row(moment(room), visitor(role), one, rows.Row(**known))  # type: ignore[arg-type]


# -- the address


def test_an_address_says_what_is_asked_for_and_comes_back_as_it_was():
    query = Query(site="no3", priority="high", state="shelved", text="tank 2 阀", sort="left", page=3)
    said = dict(pair.split("=") for pair in query.address.partition("?")[2].split("&"))
    assert set(said) == {"site", "priority", "state", "text", "sort", "page"}
    assert asked({"site": "no3", "priority": "high", "state": "shelved", "text": "tank 2 阀", "sort": "left",
                  "page": "3"}) == query  # fmt: skip
    assert Query().address == "/alarms"
    assert query.but(state="").page == 1


@pytest.mark.parametrize(
    "said",
    [{"state": "x"}, {"priority": "<b>"}, {"sort": "drop table"}, {"page": "-1"}, {"page": "9" * 50}, {"page": "٣"},
     {"more": "x"}, {"text": "\x00\ud800"}],
)  # fmt: skip
def test_what_an_address_cannot_say_is_passed_over(said):
    assert asked(said) == Query()


# -- what is found


def test_filters_count_what_each_other_would_find_and_nothing_unacknowledged_is_left_out_silently(room):
    standing = room.standing()
    act(room, "acknowledge", standing[0])
    act(room, "shelve", standing[1], until=room.now() + HOUR)
    act(room, "out_of_service", standing[2])
    assert names(find(room.view, Query()).rows) == ["level", "level3"]
    found = find(room.view, Query(state="active", text="OVERFLOWS level3"))
    assert names(found.rows) == ["level3"]
    everything = find(room.view, Query(state="shelved"))
    assert (everything.states["unacknowledged"], everything.states["shelved"], everything.states["out"]) == (1, 1, 1)
    assert (everything.states["all"], everything.outside, everything.unseen) == (4, 1, 1)
    assert "1 unacknowledged outside this filter" in said(bars.notices(Query(state="shelved"), everything, 0, False))
    assert find(room.view, Query(site="no9")).rows == ()
    assert find(room.view, Query(priority="critical")).priorities["high"] == 2


def test_a_search_sees_names_as_people_say_them_in_every_language(room):
    assert names(find(room.view, Query(text="清水池")).rows) == ["level"]
    assert names(find(room.view, Query(text="close VALVE 2")).rows) == ["level2"]
    assert find(room.view, Query(text="nothing of the kind")).rows == ()


def test_one_answer_serves_every_browser_until_something_changes(room):
    first = find(room.view, Query(page=2))
    assert find(room.view, Query()) is first
    act(room, "acknowledge", room.standing()[0])
    assert find(room.view, Query()) is not first


def test_what_is_short_of_time_comes_first_when_that_is_asked_for(room):
    act(room, "shelve", room.standing()[0], until=room.now() + HOUR)
    found = find(room.view, Query(state="all", sort="left"))
    assert found.rows[-1].first.point == "level"


# -- what stays where


def test_rows_that_are_held_stay_and_what_is_new_is_counted_until_it_is_asked_for(room):
    order, query = Order(), Query()
    all_rows = find(room.view, query).rows
    order.look(all_rows[:3], query, 0, ROWS, held=True)
    assert order.rows == list(all_rows[:3])
    order.look(all_rows[1:], query, 0, ROWS, held=True)
    assert (order.rows, order.new, order.moved) == (list(all_rows[:3]), 1, True)
    order.release()
    order.look(all_rows[1:], query, 0, ROWS, held=True)
    assert (order.rows, order.new) == (list(all_rows[1:]), 0)
    order.look(all_rows[:1], Query(state="active"), 0, ROWS, held=True)
    assert order.rows == list(all_rows[:1])


def test_what_is_not_held_follows_at_once_page_by_page(room):
    order, found = Order(), find(room.view, Query()).rows
    order.look(found, Query(), 0, 3, held=False)
    order.look(found[::-1], Query(), 0, 3, held=False)
    assert order.rows == list(found[::-1][:3])
    order.look(found, Query(page=2), 3, 3, held=False)
    assert order.rows == list(found[3:])
    told = bars.pages(Query(page=2), find(room.view, Query()), 1)
    assert "page=1" not in told
    assert 'href="/alarms"' in told


# -- what a row says


def test_a_row_says_how_it_stands_and_offers_what_the_role_may(room):
    row = shown(room)
    assert "B unacknowledged" in said(row)
    assert "9.00 m > 3" in said(row)
    assert "Tank 1 overflows → Close inlet valve 1" in said(row)
    assert 'data-do="acknowledge"' in row
    assert 'data-do="acknowledge"' not in shown(room, Role.VIEWER)
    assert rows.possible(room.view.listing().shown[0], visitor(Role.OPERATOR)) == ("acknowledge", "shelve")
    act(room, "acknowledge", room.standing()[1])
    assert re.search(r"C acknowledged by engineer \d\d:\d\d", said(shown(room)))
    act(room, "shelve", room.standing()[1], until=room.now() + HOUR)
    assert re.search(r"G shelved until \d\d:\d\d: engineer: seen", said(shown(room)))
    assert 'data-do="unshelve"' in shown(room)


def test_a_row_tells_what_an_act_came_to_in_the_same_height(room):
    act(room, "acknowledge", room.standing()[1])
    row = said(shown(room, outcome=("acknowledge", "refused", "is acknowledged already")))
    assert "Acknowledge: refused: is acknowledged already" in row
    assert "by engineer" not in row


def test_hostile_names_and_reasons_are_text(room):
    asyncio.run(do(room.desk, ENGINEER, "here", Act("out_of_service", [room.standing()[1]], HOSTILE)))
    row = shown(room)
    assert "<img" not in row
    assert row.count("&lt;img") >= 2
    assert "<img" not in bars.choices(moment(room), Query(site=HOSTILE), find(room.view, Query(site=HOSTILE)))


def test_what_was_never_raised_is_named_by_its_alarm(room):
    room.measure([1.0] * 4)
    room.measure([1.0] * 4)
    act(room, "acknowledge", *room.standing())
    act(room, "out_of_service", "no3/st/level1/high")
    (one,) = find(room.view, Query(state="out")).rows
    assert one.target == "no3/st/level1/high"
    act(room, "in_service", one.target)
    assert find(room.view, Query(state="all")).rows == ()


# -- what is asked first


def test_one_is_acknowledged_at_once_several_are_asked_for_and_critical_ones_are_counted(room, monkeypatch):
    frame: Any = SimpleNamespace(room=SimpleNamespace(moment=lambda: moment(room)))
    asked_for: list[tuple[str, int]] = []

    async def put_away(_frame: Any, found: Any, left_out: int) -> None:
        asked_for.append((dialogs.sure([replace(found[0], priority="critical"), *found[1:]]), left_out))

    monkeypatch.setattr(dialogs, "acknowledging", put_away)
    standing = list(room.view.listing().shown)
    order = asyncio.run(doing.asked(frame, "acknowledge", standing[:1], 0))
    assert order == Act("acknowledge", [standing[0].target], "")
    assert asyncio.run(doing.asked(frame, "acknowledge", standing, 2)) is None
    assert asked_for == [("Acknowledge 4, 1 critical among them", 2)]


# -- drawings and shelves


def test_a_drawing_has_the_limit_the_onset_and_gaps_where_nothing_is_known():
    trend = Trend((0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR), (1.0, 2.0, None, 3.0, 4.0))
    drawn = spark.spark(trend, 5.0, 4 * HOUR, 4 * HOUR, "x", onset=HOUR)
    assert drawn.count("<polyline") == 2
    assert 'class="limit"' in drawn
    assert 'class="onset"' in drawn
    assert spark.spark(Trend((0,), (None,)), 5.0, HOUR, HOUR, "x") == ""
    assert "nan" not in spark.spark(Trend((0, 1), (float("inf"), 2.0)), None, HOUR, HOUR, "x")


@pytest.mark.parametrize(
    ("at", "end"), [("07:59", "08:00"), ("08:00", "20:00"), ("19:59", "20:00"), ("20:00", "08:00"), ("23:30", "08:00")]
)
def test_a_shift_ends_at_eight_in_the_plants_own_time(at, end):
    day = "2023-04-19" if end < at else "2023-04-18"
    found = shelf.shift_end(parse_time(f"2023-04-18T{at}:00+08:00"), ZONE)
    assert found == parse_time(f"{day}T{end}:00+08:00")


def test_a_shelf_is_bounded_by_what_the_alarms_allow():
    now = parse_time("2023-04-18T19:30:00+08:00")
    assert shelf.until("1h", None, now, ZONE, 30 * MINUTE) is None
    assert shelf.until("15m", None, now, ZONE, 30 * MINUTE) == now + 15 * MINUTE
    assert shelf.until("shift", None, now, ZONE, 8 * HOUR) == now + 30 * MINUTE
    assert shelf.until("shift", None, now, ZONE, 20 * MINUTE) == now + 20 * MINUTE
    assert shelf.until("custom", 45, now, ZONE, HOUR) == now + 45 * MINUTE
    assert [shelf.until("custom", bad, now, ZONE, HOUR) for bad in (0, 61, -5, None, 1e12)] == [None] * 5


# -- comments


def test_a_comment_is_kept_with_who_and_when_and_is_in_the_audit(room):
    book, (name, *_) = Comments(room.database), room.standing()
    comments.write(room.desk, book, ENGINEER, "here", [name], f" {HOSTILE}\x07 ")
    (one,) = book.of(name)
    assert (one.user, one.text, one.time) == ("engineer", HOSTILE, room.now())
    assert book.counts([name, "other"]) == {name: 1}
    assert room.accounts.audit(1)[0].action == "comment"
    row = shown(room, comments=1)
    assert "1 comment" in said(row)


def test_a_comment_that_is_empty_too_long_or_a_viewers_is_refused(room):
    book = Comments(room.database)
    for text in ("", " \x00 ", "x" * 1001):
        with pytest.raises(BadComment):
            comments.write(room.desk, book, ENGINEER, "here", ["a"], text)
    with pytest.raises(Forbidden):
        comments.write(room.desk, book, Identity("viewer", "", Role.VIEWER), "here", ["a"], "x")
    assert book.of("a") == []


def test_programs_read_and_write_comments_as_their_role_allows(room):
    app = FastAPI()
    router = APIRouter(prefix="/api/v1")
    api.add(router, room.desk, Who(room.accounts), Comments(room.database))
    app.include_router(router)
    name = room.standing()[0]

    async def ask(method: str, role: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {room.tokens[role]}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, "/api/v1/comments", headers=headers, **more)

    def write(role: str, text: str) -> httpx.Response:
        return asyncio.run(ask("POST", role, json={"occurrence": name, "text": text}))

    assert write("viewer", "").status_code == 403
    assert write("operator", " ").status_code == 422
    assert write("operator", "\x07").status_code == 422
    assert write("operator", HOSTILE).json()["text"] == HOSTILE
    (one,) = asyncio.run(ask("GET", "viewer", params={"occurrence": name})).json()
    assert (one["user"], one["text"]) == ("operator", HOSTILE)
