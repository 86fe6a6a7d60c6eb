"""Areas of responsibility: one holder or nobody, and no hand-over ever makes a site nobody's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.access.accounts import Accounts
from services.access.roles import Role
from services.duty.area_book import AreaBook
from services.duty.areas import Areas, NotDone, Offer
from services.store.database import Database

PEOPLE, SITES = ("ann", "bo", "cy"), ("no1", "no2", "no3")
STEP = st.tuples(
    st.sampled_from(["take", "offer", "accept", "end", "take over", "leave"]),
    st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.sets(st.sampled_from(SITES)), st.integers(1, 8),
)  # fmt: skip


@given(steps=st.lists(STEP, max_size=30))
def test_only_somebody_who_leaves_makes_a_site_nobodys(steps: list[tuple[str, str, str, set[str], int]]) -> None:
    areas, offered = Areas(), 0
    for what, who, other, sites, number in steps:
        before = areas
        try:
            match what:
                case "take":
                    areas = areas.taken(who, sorted(sites))
                case "offer":
                    areas = areas.offered(Offer(offered + 1, who, other, tuple(sorted(sites))))
                    offered += 1
                    assert areas.holders == before.holders
                case "accept":
                    areas = areas.accepted(number, who)
                    given_away = before.offers[number]
                    assert given_away.taker == who
                    assert all(before.holders[site] == given_away.giver for site in given_away.sites)
                case "end":
                    areas = areas.ended(number, who)
                    assert areas.holders == before.holders
                case "take over":
                    areas = areas.taken_over(who, sorted(sites))
                case _:
                    areas = areas.among([one for one in PEOPLE if one != who])
                    assert areas.of(who) == ()
        except NotDone:
            assert areas is before
        if what != "leave":
            assert set(before.holders) <= set(areas.holders)
        for one in areas.offers.values():
            assert all(areas.holders[site] == one.giver for site in one.sites)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """With two operators, an engineer and a viewer."""
    found = Database.in_folder(tmp_path)
    accounts = Accounts(found, lambda: 1, lambda: 0.0)
    for name, role in (("ann", Role.OPERATOR), ("bo", Role.OPERATOR), ("eve", Role.ENGINEER), ("vic", Role.VIEWER)):
        accounts.add(name, role)
    yield found
    found.close()


@pytest.fixture
def book(database: Database) -> AreaBook:
    """At ever later moments."""
    moments = iter(range(10, 1000))
    return AreaBook(database, lambda: next(moments))


def test_the_giver_answers_for_the_sites_until_the_taker_has_accepted(book: AreaBook) -> None:
    book.take("ann", ["no1", "no2"])
    number = book.offer("ann", "bo", ["no1"], "pump 2 is open")
    assert book.read().areas.holders == {"no1": "ann", "no2": "ann"}
    with pytest.raises(NotDone, match="offered to bo"):
        book.accept(number, "ann")
    assert book.accept(number, "bo").note == "pump 2 is open"
    assert book.read().areas.holders == {"no1": "bo", "no2": "ann"}
    with pytest.raises(NotDone, match="not open any more"):
        book.accept(number, "bo")
    assert [(one.outcome, one.offer.taker) for one in book.ended()] == [("accepted", "bo")]


def test_a_hand_over_is_declined_or_withdrawn_and_nothing_moves(book: AreaBook) -> None:
    book.take("ann", ["no1"])
    assert book.end(book.offer("ann", "bo", ["no1"], ""), "bo")[1] == "declined"
    assert book.end(book.offer("ann", "bo", ["no1"], ""), "ann")[1] == "withdrawn"
    with pytest.raises(NotDone, match="cannot answer"):
        book.offer("ann", "vic", ["no1"], "")
    with pytest.raises(NotDone, match="does not answer"):
        book.offer("bo", "ann", ["no1"], "")
    assert book.read().areas.holders == {"no1": "ann"}


def test_whoever_leaves_makes_orphans_that_are_told_once_and_can_be_taken(book: AreaBook, database: Database) -> None:
    book.take("ann", ["no1", "no2"])
    number = book.offer("ann", "bo", ["no2"], "")
    Accounts(database, lambda: 1, lambda: 0.0).change("ann", active=False)
    read = book.read()
    assert (read.areas.orphans(SITES), read.was) == (SITES, {"no1": "ann", "no2": "ann"})
    with pytest.raises(NotDone):
        book.accept(number, "bo")
    book.take("bo", ["no1"])
    assert book.settle() == [("no2", "ann")]
    assert book.settle() == []
    assert book.read().areas.orphans(SITES) == ("no2", "no3")
    assert book.ended()[0].outcome == "void"


def test_an_engineer_takes_over_from_somebody_who_is_gone_and_what_was_offered_ends(book: AreaBook) -> None:
    book.take("ann", ["no1"])
    number = book.offer("ann", "bo", ["no1"], "")
    assert book.take_over("eve", ["no1", "no3"]) == {"no1": "ann", "no3": ""}
    assert book.read().areas.holders == {"no1": "eve", "no3": "eve"}
    with pytest.raises(NotDone):
        book.accept(number, "bo")


def test_of_two_who_take_at_once_one_wins_and_the_other_is_told(database: Database) -> None:
    book, told = AreaBook(database, lambda: 1), list[str]()
    ready = threading.Barrier(2)

    def taking(who: str) -> Callable[[], None]:
        def take() -> None:
            ready.wait(10)
            try:
                book.take(who, ["no1"])
                told.append(f"{who} holds it")
            except Exception as error:
                told.append(type(error).__name__)

        return take

    threads = [threading.Thread(target=taking(who)) for who in ("ann", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(told) in (["NotDone", "ann holds it"], ["NotDone", "bo holds it"])
    (holder,) = book.read().areas.holders.values()
    assert f"{holder} holds it" in told
