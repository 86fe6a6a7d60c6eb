"""Links in pages: one key an installation, nothing made up or altered, each used once with its wish or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.clock import HOUR
from services.duty.links import Link, Links, UsedUp, WrongLink
from services.duty.wishes import Wish, Wishes
from services.store.database import Database, StoreError

PAGE = "no3/intake/screen_head/structural@1681821895000000000#2.0.1.wang.voice"
NOW = 10**18


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database.in_folder(tmp_path_factory.mktemp("people"))
    yield found
    found.close()


def links(database: Database) -> Links:
    return Links(database, lambda: NOW)


def wish(link: Link, name: str = "") -> Wish:
    return Wish(name or f"link {link.digest}", NOW, link.person, "answer", {"problem": link.problem})


def test_a_token_says_what_it_was_made_of(database: Database) -> None:
    token = links(database).token(PAGE, 2, "wang", "zh", 12 * HOUR)
    link = links(database).read(token)
    assert (link.problem, link.round, link.person, link.language) == (PAGE.partition("#")[0], 2, "wang", "zh")
    assert link.expires == NOW + 12 * HOUR
    assert len(token) < 200  # it has to go into a text message


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_a_token_it_opens_nothing(database: Database, data: st.DataObject) -> None:
    token = links(database).token(PAGE, 2, "wang", "zh", HOUR)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(exclude_characters=token[place]))
    with pytest.raises(WrongLink):
        links(database).read(token[:place] + other + token[place + 1 :])


@given(st.text(max_size=2000))
@settings(max_examples=40, deadline=None)
def test_what_is_no_token_opens_nothing(database: Database, text: str) -> None:
    with pytest.raises(WrongLink):
        links(database).read(text)


def test_another_installations_link_opens_nothing(database: Database, tmp_path: Path) -> None:
    other = Database.in_folder(tmp_path)
    with pytest.raises(WrongLink):
        links(database).read(links(other).token(PAGE, 1, "wang", "en", HOUR))
    other.close()


def test_those_that_start_at_once_end_with_one_key(tmp_path: Path) -> None:
    Database.in_folder(tmp_path).close()
    opened = [Database.in_folder(tmp_path) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda one: links(one).token(PAGE, 1, "wang", "en", HOUR), opened))
    assert len(set(tokens)) == 1
    for one in opened:
        one.close()


def test_a_link_is_used_once_whatever_came_with_it(database: Database) -> None:
    mine = links(database)
    link = mine.read(mine.token(PAGE + ".once", 1, "li", "en", HOUR))
    assert mine.used(link) == 0
    mine.use(link, wish(link))
    with pytest.raises(UsedUp) as end:
        mine.use(link, wish(link, "another"))
    assert end.value.at == NOW == mine.used(link)
    assert Wishes(database).outcome("another") is None
    assert mine.used(mine.read(mine.token(PAGE + ".once", 1, "chief", "en", HOUR))) == 0


def test_many_at_the_same_moment_use_it_once(tmp_path: Path) -> None:
    Database.in_folder(tmp_path).close()
    opened = [Database.in_folder(tmp_path) for _ in range(4)]
    link = links(opened[0]).read(links(opened[0]).token(PAGE, 1, "wang", "en", HOUR))

    def use(i: int) -> bool:
        try:
            links(opened[i]).use(link, wish(link, f"wish {i}"))
        except UsedUp:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1
    assert len(Wishes(opened[0]).waiting()) == 1
    for one in opened:
        one.close()


def test_a_wish_that_cannot_be_written_leaves_the_link_unused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = links(database)
    link = mine.read(mine.token(PAGE + ".away", 1, "li", "en", HOUR))

    def away(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("services.duty.wishes.add", away)
        with pytest.raises(StoreError):
            mine.use(link, wish(link))
    assert mine.used(link) == 0
    mine.use(link, wish(link))
