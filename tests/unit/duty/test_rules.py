"""The on-call rules in force: versions by content, secrets' paths, swaps on top."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.alerts.oncall.policy import OnCall
from services.core.clock import HOUR
from services.core.errors import HeadworksError
from services.duty.changes import Change, Changes
from services.duty.rules import Rules, in_force, read, version_of
from services.store.database import Database
from services.store.tables import OncallRules

LIUYANG = Path(__file__).parents[3] / "sites/oncall/liuyang.yaml"
NOW = 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database.open(f"sqlite:///{tmp_path_factory.mktemp('duty') / 'people.sqlite'}")
    yield found
    found.close()


@pytest.fixture
def rules(database: Database) -> Rules:
    with database.writing() as session:
        session.query(OncallRules).delete()
    return Rules(database, lambda: NOW)


def test_nothing_is_in_force_before_a_file_was_applied(database: Database, rules: Rules) -> None:
    assert rules.newest() is None
    assert rules.in_force(NOW) is None
    assert in_force(database) is None


def test_what_was_applied_last_is_in_force_and_the_same_again_is_no_new_version(rules: Rules) -> None:
    first = rules.apply(read(LIUYANG, NOW), "chief")
    mark = rules.mark()
    again = rules.apply(read(LIUYANG, NOW), "somebody")
    assert (again.number, again.who, rules.mark()) == (first.number, "chief", mark)

    other = first.rules.model_copy(update={"digest_to": ("director",)})
    second = rules.apply(other, "somebody")
    newest = rules.newest()
    assert newest is not None
    assert newest.rules == other
    assert newest.version == second.version == version_of(other) != first.version
    assert rules.mark() != mark


def test_a_relative_path_of_a_secret_is_of_the_file_s_folder(tmp_path: Path) -> None:
    text = LIUYANG.read_text().replace('url: "http://127.0.0.1:9390/mail"', "url_file: secrets/mail")
    file = tmp_path / "oncall.yaml"
    file.write_text(text)

    assert read(file, NOW).channels["mail"].url_file == str(tmp_path / "secrets/mail")


def test_a_swap_puts_another_person_on_call_and_a_withdrawn_one_does_not(database: Database, rules: Rules) -> None:
    applied = rules.apply(read(LIUYANG, NOW), "chief").rules
    roster = applied.roster("plants")
    assert roster is not None
    (due,) = roster.on_call(NOW)
    other = "engineer-2" if due == "engineer-1" else "engineer-1"
    before = rules.mark()
    swap = Changes(database, lambda: NOW).enter(Change(0, "plants", other, NOW - HOUR, NOW + HOUR, "chief", "ill"))

    now = rules.in_force(NOW)
    assert now is not None
    assert now.on_duty(("plants",), NOW) == (other,)
    assert now.on_duty(("plants",), NOW + 2 * HOUR) == applied.on_duty(("plants",), NOW + 2 * HOUR)
    assert rules.mark() != before
    entered = rules.mark()
    Changes(database, lambda: NOW).withdraw(swap.number)
    now = rules.in_force(NOW)
    assert now is not None
    assert now.on_duty(("plants",), NOW) == (due,)
    assert rules.mark() != entered


def test_a_swap_to_somebody_who_has_left_leaves_no_hole_and_is_told(database: Database, rules: Rules) -> None:
    applied = rules.apply(read(LIUYANG, NOW), "chief").rules
    changes = Changes(database, lambda: NOW)
    swap = changes.enter(Change(0, "plants", "gone", NOW - HOUR, NOW + HOUR, "chief", "ill"))

    now = rules.in_force(NOW)
    assert now is not None
    assert now.on_duty(("plants",), NOW) == applied.on_duty(("plants",), NOW) != ()
    assert [one.number for one in rules.lost(applied, NOW)] == [swap.number]
    changes.withdraw(swap.number)
    assert rules.lost(applied, NOW) == []


def test_stored_rules_that_are_not_taken_say_what_to_do(database: Database, rules: Rules) -> None:
    with database.writing() as session:
        session.add(OncallRules(version="old", time=NOW, who="chief", body='{"people": []}'))

    with pytest.raises(HeadworksError, match="apply the file anew"):
        rules.newest()

    applied = rules.apply(read(LIUYANG, NOW), "chief")
    newest = rules.newest()
    assert newest is not None
    assert newest.version == applied.version


def test_a_withdrawal_is_noticed_though_the_clock_was_set_back(database: Database, rules: Rules) -> None:
    first, second = (
        Changes(database, lambda: NOW).enter(Change(0, "plants", "engineer-1", NOW, NOW + HOUR, "chief", "ill"))
        for _ in range(2)
    )
    Changes(database, lambda: NOW).withdraw(first.number)
    mark = rules.mark()
    Changes(database, lambda: NOW - HOUR).withdraw(second.number)
    assert rules.mark() != mark


def test_a_restart_with_an_unchanged_file_does_not_undo_what_was_applied_since(rules: Rules) -> None:
    file = read(LIUYANG, NOW)
    changed, ours, third = (file.model_copy(update={"digest_to": to}) for to in ((), ("director",), ("engineer-1",)))

    def now() -> OnCall:
        newest = rules.newest()
        assert newest is not None
        return newest.rules

    assert rules.started_with(file, "a.yaml")
    rules.apply(ours, "chief")
    assert not rules.started_with(file, "a.yaml")
    assert now() == ours
    assert rules.started_with(changed, "a.yaml"), "the file is another now"
    assert rules.started_with(file, "a.yaml"), "and is what it was"
    assert rules.started_with(third, "b.yaml")
    assert rules.started_with(file, "a.yaml"), "another file was asked for"
    assert now() == file
