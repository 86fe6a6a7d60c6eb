"""Users, passwords, tokens: nobody is let in who should not be, and everything leaves a line."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from services.access.accounts import AccessError, Accounts, Identity, TooOften
from services.access.roles import NEEDS, Role, may
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
def accounts(tmp_path: Path, clock: Hands) -> Accounts:
    """One operator, one administrator."""
    found = Accounts(Database.in_folder(tmp_path), clock.now, clock.monotonic, QUICK)
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


def test_guessing_is_slowed_by_name_and_by_address_and_ends_with_time(accounts: Accounts, clock: Hands) -> None:
    for _ in range(5):
        assert accounts.sign_in("wang", "wrong", "10.0.0.1") is None
    with pytest.raises(TooOften):
        accounts.sign_in("wang", PASSWORD, "10.0.0.9")
    with pytest.raises(TooOften):
        accounts.sign_in("chief", PASSWORD, "10.0.0.1")
    assert accounts.sign_in("chief", PASSWORD, "10.0.0.9") is not None
    clock.seconds += 3
    assert accounts.sign_in("wang", PASSWORD, "10.0.0.1") is not None


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
