"""Users, passwords, tokens: nobody is let in who should not be, and everything leaves a line."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from services.access.accounts import AccessError, Accounts, Identity
from services.access.guesses import FREE_AT_ADDRESS, TooOften
from services.access.roles import NEEDS, Role, may
from services.access.sessions import Sessions
from services.access.throttle import FORGOTTEN, FREE
from services.core.clock import DAY
from services.store.database import Database

PASSWORD = "rain on the river"

#: As argon2 is, only quick.
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> int:
        """ns."""
        return round(self.seconds * 1e9)

    def monotonic(self) -> float:
        """s; a little later at every look, as clocks are."""
        self.seconds += 1e-6
        return self.seconds


@pytest.fixture
def clock() -> Hands:
    """Begins anywhere."""
    return Hands()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Of people."""
    return Database.in_folder(tmp_path)


@pytest.fixture
def sessions(database: Database, clock: Hands) -> Sessions:
    """Of the same people."""
    return Sessions(database, clock.now)


@pytest.fixture
def accounts(database: Database, clock: Hands) -> Accounts:
    """One operator, one administrator."""
    found = Accounts(database, clock.now, clock.monotonic, QUICK)
    found.add("wang", Role.OPERATOR, "Wang Wei", PASSWORD)
    found.add("chief", Role.ADMINISTRATOR, "", PASSWORD)
    return found


def test_name_and_password_open(accounts: Accounts) -> None:
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") == Identity("wang", "Wang Wei", Role.OPERATOR)


@pytest.mark.parametrize(
    ("name", "password"), [("wang", "wrong"), ("wang", ""), ("nobody", PASSWORD), ("wang' --", PASSWORD), ("", "")]
)
def test_anything_else_does_not(accounts: Accounts, name: str, password: str) -> None:
    assert accounts.sign_in(name, password, "10.0.0.1") is None
    (line,) = accounts.audit(1)
    assert (line.action, line.outcome, line.address) == ("sign in", "refused", "10.0.0.1")
    assert password not in line.detail or not password


def test_guessing_is_slowed_by_name_wherever_it_comes_from_and_ends_with_time(accounts: Accounts, clock: Hands) -> None:
    for last in range(5):
        assert accounts.sign_in("wang", "wrong", f"10.0.0.{last}") is None
    with pytest.raises(TooOften):
        accounts.sign_in("wang", PASSWORD, "10.0.0.9")
    assert accounts.sign_in("chief", PASSWORD, "10.0.0.9") is not None
    clock.seconds += 3
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.9") is not None


def test_whoever_guesses_on_and_on_keeps_nobody_from_the_place_where_they_work(accounts: Accounts) -> None:
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") is not None
    for _ in range(5):
        assert accounts.sign_in("wang", "wrong", "10.66.0.1") is None
    with pytest.raises(TooOften):
        accounts.sign_in("wang", PASSWORD, "10.66.0.2")
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") is not None
    with pytest.raises(TooOften):
        accounts.sign_in("wang", PASSWORD, "10.66.0.2")


def test_guessing_many_names_from_one_address_is_slowed_and_one_right_guess_is_no_pardon(
    accounts: Accounts, clock: Hands
) -> None:
    for n in range(FREE_AT_ADDRESS):
        assert accounts.sign_in(f"name{n}", "wrong", "10.0.0.1") is None
        if n % 4 == 0:
            assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") is not None
    with pytest.raises(TooOften):
        accounts.sign_in("chief", PASSWORD, "10.0.0.1")
    assert accounts.sign_in("chief", PASSWORD, "10.0.0.2") is not None
    clock.seconds += FORGOTTEN
    for _ in range(2):
        accounts.sign_in("nobody", "wrong", "10.0.0.1")
    assert accounts.sign_in("chief", PASSWORD, "10.0.0.1") is not None, "after so long it begins anew"


def test_who_came_in_from_an_address_before_is_not_kept_out_by_somebody_who_guesses_there(accounts: Accounts) -> None:
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") is not None
    for n in range(FREE_AT_ADDRESS):
        accounts.sign_in(f"name{n}", "wrong", "10.0.0.1")
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") is not None
    for _ in range(FREE):
        accounts.sign_in("wang", "wrong", "10.0.0.1")
    with pytest.raises(TooOften):
        accounts.sign_in("wang", PASSWORD, "10.0.0.1")


def test_a_guess_that_was_never_looked_at_is_not_counted(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.access.guesses._LONGEST_WAIT", 0.0)
    checking = accounts._guesses._checking
    while checking.acquire(blocking=False):
        pass  # somebody floods the sign-in
    for _ in range(2 * FREE):
        with pytest.raises(TooOften):
            accounts.sign_in("wang", PASSWORD, "10.0.0.1")
    checking.release()
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") is not None


def test_guesses_at_the_same_moment_are_counted_one_by_one(accounts: Accounts) -> None:
    def guess(_: int) -> bool:
        try:
            return accounts.sign_in("wang", "wrong", "10.0.0.1") is None
        except TooOften:
            return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(guess, range(48))) <= 5 + 2  # two may have looked before either was counted


def test_what_was_typed_in_place_of_a_name_is_not_written_down(accounts: Accounts) -> None:
    accounts.sign_in(PASSWORD, "", "10.0.0.1")
    assert PASSWORD not in str(accounts.audit(10))


def test_characters_that_turn_the_writing_round_are_marks_in_the_audit(accounts: Accounts) -> None:
    accounts.record("wang", "a", "shelve", "no3/a\u202eb", "done", "one\ntwo\x1b[2J")
    (line,) = accounts.audit(1)
    assert (line.target, line.detail) == ("no3/a\ufffdb", "one\ufffdtwo\ufffd[2J")


def test_a_change_signs_out_everywhere(accounts: Accounts, sessions: Sessions) -> None:
    wang = Identity("wang", "Wang Wei", Role.OPERATOR)
    changes: list[dict[str, Any]] = [{"password": PASSWORD + "!"}, {"role": Role.VIEWER}, {"active": False}]
    for change in changes:
        cookie = sessions.begin(wang, "a")
        assert sessions.of(cookie) is not None
        accounts.change("wang", **change)
        assert sessions.of(cookie) is None, change
        with pytest.raises(AccessError):
            accounts.change("chief", active=False)


def test_ones_own_password_is_changed_with_the_old_one_alone(accounts: Accounts, sessions: Sessions) -> None:
    cookie = sessions.begin(Identity("wang", "Wang Wei", Role.OPERATOR), "a")
    assert not accounts.change_own_password("wang", "wrong", "a new long one", "a")
    with pytest.raises(AccessError, match="10 to 256"):
        accounts.change_own_password("wang", PASSWORD, "short", "a")
    assert sessions.of(cookie) is not None
    assert accounts.change_own_password("wang", PASSWORD, "a new long one", "a")
    assert sessions.of(cookie) is None
    assert accounts.sign_in("wang", PASSWORD, "a") is None
    assert accounts.sign_in("wang", "a new long one", "a") is not None
    assert [line.action for line in accounts.audit(4)] == ["sign in", "sign in", "change password", "change password"]


def test_guessing_the_old_password_is_slowed_too(accounts: Accounts) -> None:
    for _ in range(5):
        assert not accounts.change_own_password("wang", "wrong", "a new long one", "a")
    with pytest.raises(TooOften):
        accounts.change_own_password("wang", PASSWORD, "a new long one", "a")


def test_who_has_left_is_not_let_in_by_password_or_token(accounts: Accounts) -> None:
    token = accounts.new_token("wang", "tablet", 30)
    accounts.change("wang", active=False)
    assert accounts.sign_in("wang", PASSWORD, "a") is None
    assert accounts.by_token(token, "a") is None


def test_a_token_opens_until_it_expires_or_is_revoked(accounts: Accounts, clock: Hands) -> None:
    token, other = accounts.new_token("wang", "tablet", 30), accounts.new_token("wang", "phone", 400)
    found = accounts.by_token(token, "a")
    assert found is not None
    assert found.role is Role.OPERATOR
    assert token not in str(accounts.tokens("wang"))
    clock.seconds += 31 * DAY / 1e9
    assert accounts.by_token(token, "a") is None
    assert accounts.by_token(other, "a") is not None
    accounts.revoke(accounts.tokens("wang")[1][0])
    assert accounts.by_token(other, "a") is None


@pytest.mark.parametrize("wrong", ["", "hw_", "hw_0123456789abcdef_" + "x" * 43, "Bearer", "hw_%_%"])
def test_a_made_up_token_opens_nothing(accounts: Accounts, wrong: str) -> None:
    assert accounts.by_token(wrong, "a") is None


def test_an_altered_token_opens_nothing_and_guessing_is_slowed(accounts: Accounts) -> None:
    token = accounts.new_token("wang", "tablet", 30)
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    for _ in range(5):
        assert accounts.by_token(altered, "a") is None
    with pytest.raises(TooOften):
        accounts.by_token(altered, "a")
    assert accounts.by_token(token, "a") is not None, "an old token of a program locks nobody out"
    assert accounts.sign_in("wang", PASSWORD, "a") is not None


def test_the_last_administrator_stays(accounts: Accounts) -> None:
    for change in ({"active": False}, {"role": Role.VIEWER}):
        with pytest.raises(AccessError, match="last administrator"):
            accounts.change("chief", **change)
    accounts.add("second", Role.ADMINISTRATOR, "", PASSWORD)
    accounts.change("chief", role=Role.VIEWER)
    assert {one.name: one.role for one, _ in accounts.users()}["chief"] is Role.VIEWER


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [("Wang", PASSWORD, "must be up to 64"), ("x" * 65, PASSWORD, "must be up to 64"), ("li", "short", "10 to 256"),
     ("li", "x" * 257, "10 to 256"), ("wang", PASSWORD, "exists already")],
)  # fmt: skip
def test_what_will_not_do_is_said_with_its_bound(accounts: Accounts, name: str, password: str, says: str) -> None:
    with pytest.raises(AccessError, match=says):
        accounts.add(name, Role.VIEWER, "", password)


def test_passwords_are_not_in_the_file(tmp_path: Path, clock: Hands) -> None:
    accounts = Accounts(Database.in_folder(tmp_path), clock.now, clock.monotonic, QUICK)
    accounts.add("wang", Role.OPERATOR, "", PASSWORD)
    token = accounts.new_token("wang", "tablet", 1)
    stored = b"".join(f.read_bytes() for f in tmp_path.iterdir())
    assert PASSWORD.encode() not in stored
    assert token.split("_", 2)[2].encode() not in stored


def test_each_role_may_do_what_the_one_before_it_may_and_nobody_what_is_not_known() -> None:
    order = list(Role)
    for act in NEEDS:
        allowed = [may(role, act) for role in order]
        assert allowed == sorted(allowed)
        assert allowed[-1]
    assert not any(may(role, "drop tables") for role in order)
    assert not may(Role.VIEWER, "acknowledge")
    assert not may(Role.OPERATOR, "out_of_service")
