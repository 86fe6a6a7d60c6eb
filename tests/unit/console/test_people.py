"""The people's own pages: one's password and sessions, and for administrators the users and the audit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.access.roles import Role
from tests.control_room import ROLES, password
from tests.unit.console.doors import Browser, Doors

NEW = "a quite new password"


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    """Of a plant of its own."""
    return Doors(tmp_path)


def signed_in(doors: Doors, role: str, address: str = "10.0.0.1") -> Browser:
    """A browser of that role."""
    browser = Browser(doors.app, address)
    assert browser.sign_in(role).status_code == 303
    return browser


def test_ones_own_password_is_changed_and_every_other_browser_is_signed_out(doors: Doors) -> None:
    here, there = signed_in(doors, "viewer"), signed_in(doors, "viewer", "10.0.0.2")
    old = password("viewer")
    for fields, status, words in (
        ({"old": "wrong", "new": NEW, "again": NEW}, 403, "not your password"),
        ({"old": old, "new": NEW, "again": "another one, alas"}, 422, "not the same"),
        ({"old": old, "new": "short", "again": "short"}, 422, "10 to 256"),
    ):
        answer = here.post("/account/password", **fields)
        assert (answer.status_code, words in answer.text) == (status, True), fields
    assert there.inside()
    assert here.post("/account/password", old=old, new=NEW, again=NEW).status_code == 303
    assert here.inside()
    assert not there.inside()
    assert Browser(doors.app).sign_in("viewer").status_code == 403
    assert Browser(doors.app).sign_in("viewer", NEW).status_code == 303
    assert NEW not in str(doors.accounts.audit(50))


def test_guessing_the_password_of_a_browser_that_was_left_open_is_slowed(doors: Doors) -> None:
    browser = signed_in(doors, "viewer")
    codes = [browser.post("/account/password", old="x", new=NEW, again=NEW).status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]


def test_where_one_is_signed_in_is_seen_and_ended_but_only_ones_own(doors: Doors) -> None:
    here, there = signed_in(doors, "operator"), signed_in(doors, "operator", "10.0.0.2")
    other = signed_in(doors, "engineer", "10.0.0.3")
    page = here.get("/account").text
    assert "10.0.0.2" in page
    assert "10.0.0.3" not in page
    (digest,) = [found for found in re.findall(r'name="digest" value="(\w+)"', page) if found]
    assert other.post("/account/sessions", digest=digest).status_code == 303
    assert there.inside()
    here.post("/account/sessions", digest=digest)
    assert not there.inside()
    assert here.inside()
    assert here.post("/account/sessions").headers["location"] == "/sign-in"
    assert not here.inside()
    assert other.inside()


def test_an_administrator_adds_changes_and_throws_out(doors: Doors) -> None:
    chief = signed_in(doors, "administrator")
    added = chief.post("/users", name="li.wei", shown="Li <b>Wei</b>", role="operator", password=NEW)
    assert added.headers["location"] == "/users?said=added"
    page = chief.get("/users?said=added").text
    assert "The user was added." in page
    assert "Li &lt;b&gt;Wei&lt;/b&gt;" in page
    li = Browser(doors.app)
    li.sign_in("li.wei", NEW)
    assert li.inside()
    chief.post("/users/li.wei", role="viewer")
    assert not li.inside(), "with another role they sign in anew"
    li.sign_in("li.wei", NEW)
    chief.post("/users/li.wei", password=NEW + "!")
    assert not li.inside()
    assert li.sign_in("li.wei", NEW + "!").status_code == 303
    chief.post("/users/li.wei", active="no")
    assert not li.inside()
    assert li.sign_in("li.wei", NEW + "!").status_code == 403
    chief.post("/users/li.wei", active="yes")
    assert li.sign_in("li.wei", NEW + "!").status_code == 303
    lines = [(one.user, one.action, one.target, one.detail) for one in doors.accounts.audit(20)]
    assert ("administrator", "add user", "li.wei", "operator") in lines
    assert ("administrator", "change user", "li.wei", "active: no") in lines
    assert NEW not in str(lines)


REFUSED: tuple[tuple[str, dict[str, str], str], ...] = (
    ("/users", {"name": "Li Wei", "role": "viewer", "password": NEW}, "must be up to 64"),
    ("/users", {"name": "li", "role": "king", "password": NEW}, "must be one of"),
    ("/users", {"name": "li", "role": "viewer", "password": "short"}, "10 to 256"),
    ("/users", {"name": "operator", "role": "viewer", "password": NEW}, "exists already"),
    ("/users/administrator", {"role": "viewer"}, "last administrator"),
    ("/users/administrator", {"active": "no"}, "last administrator"),
    ("/users/nobody", {"role": "viewer"}, "none of that name"),
    ("/users/%3Cscript%3E", {"role": "viewer"}, "none of that name"),
    ("/users/operator", {"role": "<script>x"}, "must be one of"),
)  # fmt: skip


def test_what_will_not_do_is_refused_in_words_and_stands_in_the_audit(doors: Doors) -> None:
    before, chief = doors.accounts.users(), signed_in(doors, "administrator")
    for path, fields, words in REFUSED:
        answer = chief.post(path, **fields)
        assert (answer.status_code, words in answer.text, "<script>x" in answer.text) == (422, True, False), path
        assert doors.accounts.audit(1)[0].outcome == "refused"
    assert doors.accounts.users() == before


@pytest.mark.parametrize("role", [role for role in ROLES if role != Role.ADMINISTRATOR.value])
def test_others_are_told_who_may_and_the_audit_has_it(doors: Doors, role: str) -> None:
    browser = signed_in(doors, role)
    for method, path in (("GET", "/users"), ("POST", "/users"), ("POST", "/users/viewer"), ("GET", "/audit")):
        answer = browser.ask(method, path)
        assert answer.status_code == 403
        assert f"you are {role}" in answer.text
        assert doors.accounts.audit(1)[0].outcome == "forbidden"
    assert 'href="/users"' not in browser.get("/account").text


def test_the_audit_is_shown_newest_first_in_parts_and_by_what_is_asked(doors: Doors) -> None:
    for n in range(130):
        doors.accounts.record("wang", "a", "shelve", f"no3/st/level/high@{n}", "done", "<i>rake</i>")
    doors.accounts.record("li", "a", "reset", "no3", "refused", "")
    chief = signed_in(doors, "administrator")
    first = chief.get("/audit?user=wang").text
    assert first.count("<tr>") == 1 + 100
    assert first.index("high@129") < first.index("high@128")
    assert "<i>rake" not in first
    assert chief.get("/audit?user=wang&page=1").text.count("<tr>") == 1 + 30
    assert chief.get("/audit?action=reset&outcome=refused").text.count("<tr>") == 1 + 1
    for hostile in (
        "/audit?page=-1",
        "/audit?page=x",
        "/audit?page=" + "9" * 50,
        "/audit?user=%00%27",
        "/audit?page=٣",
    ):
        assert chief.get(hostile).status_code == 200
    assert "There is no such line." in chief.get("/audit?user=zhao").text
