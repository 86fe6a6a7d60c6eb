"""Sessions: how long they last, for whom, and that the database never holds what opens one."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from services.access.accounts import Accounts, Identity
from services.access.roles import Role
from services.access.sessions import IDLE, IDLE_VIEWER, LONGEST, LONGEST_VIEWER, Sessions
from services.core.clock import HOUR, MINUTE
from services.store.database import Database

WANG, WALL = Identity("wang", "Wang Wei", Role.OPERATOR), Identity("wall", "Wall", Role.VIEWER)


class People:
    """An operator and a wall display; `now` (ns) is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = 10**18
        self.database = Database.in_folder(folder)
        self.accounts = Accounts(self.database, lambda: self.now, lambda: 0.0, PasswordHasher(1, 64, 1))
        self.sessions = Sessions(self.database, lambda: self.now)
        for one in (WANG, WALL):
            self.accounts.add(one.name, one.role, one.shown)


@pytest.fixture
def people(tmp_path: Path) -> People:
    """Anew for each test."""
    return People(tmp_path)


@pytest.mark.parametrize(
    ("who", "idle", "longest"), [(WANG, IDLE, LONGEST), (WALL, IDLE_VIEWER, LONGEST_VIEWER)], ids=["operator", "wall"]
)
def test_a_session_ends_when_nobody_looks_and_at_last_in_any_case(
    people: People, who: Identity, idle: int, longest: int
) -> None:
    begun, left = people.now, people.sessions.begin(who, "a")
    people.now += idle - 1
    assert people.sessions.of(left) is not None
    people.now += idle
    assert people.sessions.of(left) is None, "idle"
    cookie, begun = people.sessions.begin(who, "a"), people.now
    while people.now < begun + longest - HOUR:
        people.now += HOUR
        found = people.sessions.of(cookie)
        assert found is not None
        assert found.user == who
    people.now += HOUR
    assert people.sessions.of(cookie) is None, "longest"


def test_that_somebody_looks_is_written_down_now_and_then_only(people: People) -> None:
    cookie = people.sessions.begin(WANG, "a")
    (begun,) = people.sessions.open("wang")
    people.now += MINUTE
    people.sessions.of(cookie)
    assert people.sessions.open("wang") == [begun]
    people.now += 5 * MINUTE
    people.sessions.open("wang")
    assert people.sessions.open("wang") == [begun], "to list them is not to look"
    people.sessions.of(cookie)
    assert people.sessions.open("wang")[0].seen == people.now


def test_a_viewer_who_becomes_an_operator_has_no_operators_session_for_a_month(people: People) -> None:
    cookie = people.sessions.begin(WALL, "a")
    people.accounts.change("wall", role=Role.OPERATOR)
    assert people.sessions.of(cookie) is None
    cookie = people.sessions.begin(WALL, "a")  # as if it had begun while the role was changed
    for _ in range(8):
        people.now += 2 * HOUR
        found = people.sessions.of(cookie)
    assert found is None


def test_ending_one_ends_that_alone_and_nobody_elses(people: People) -> None:
    here, there = people.sessions.begin(WANG, "a"), people.sessions.begin(WANG, "b")
    wall = people.sessions.begin(WALL, "c")
    (digest,) = [one.digest for one in people.sessions.open("wang") if one.address == "b"]
    assert people.sessions.end_of("wall", digest) == 0
    assert people.sessions.end_of("wang", digest) == 1
    assert people.sessions.of(there) is None
    assert people.sessions.of(here) is not None
    people.sessions.end(here)
    assert people.sessions.of(here) is None
    assert people.sessions.of(wall) is not None


@pytest.mark.parametrize("cookie", ["", "x", "x" * 43, "x" * 5000, "\u6c34" * 43, "' or 1=1 --"])
def test_a_made_up_cookie_opens_nothing(people: People, cookie: str) -> None:
    people.sessions.begin(WANG, "a")
    assert people.sessions.of(cookie) is None


def test_what_opens_a_session_is_not_in_the_file(people: People, tmp_path: Path) -> None:
    cookie = people.sessions.begin(WANG, "a")
    assert cookie.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert people.sessions.open("wang")[0].digest != cookie
