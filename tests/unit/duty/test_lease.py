"""One service pages at a time: another is refused, what is left behind is taken over, who was stopped calls nobody."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.core.clock import SECOND
from services.core.errors import HeadworksError
from services.duty.lease import LASTS, Lease, Superseded
from services.duty.log import Store
from services.store.database import Database

HERE, GONE = "elsewhere 12 34", f"{socket.gethostname()[:60]} 4194399 1"


class Wall:
    """A clock that goes on by a second whenever it is looked at."""

    now = 10**18

    def __call__(self) -> int:
        self.now += SECOND
        return self.now


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A source that somebody pages by."""
    monkeypatch.setattr("services.duty.lease._TRY", 0.0)
    found = Database.in_folder(tmp_path)
    Store(found).advance("log", {"log": 1}, 0, {}, [])
    yield found
    found.close()


async def test_what_runs_out_is_taken_and_not_before(database: Database) -> None:
    wall = Wall()
    await Lease(database, "log", wall, HERE).take()
    begun = wall.now
    await Lease(database, "log", wall, "second").take()
    assert begun + LASTS <= wall.now <= begun + LASTS + 4 * SECOND


async def test_a_second_one_is_refused_while_the_first_lives(database: Database) -> None:
    wall = Wall()
    first = Lease(database, "log", wall, HERE)
    await first.take()

    class Living(Wall):
        """The first one says that it lives meanwhile."""

        def __call__(self) -> int:
            first.renew()
            return wall.now

    with pytest.raises(HeadworksError, match=r"another `headworks notify` \(elsewhere 12 34\)"):
        await Lease(database, "log", Living(), "second").take()


async def test_one_that_was_killed_on_this_machine_or_has_ended_is_followed_at_once(database: Database) -> None:
    wall = Wall()
    for before in (Lease(database, "log", wall, GONE), Lease(database, "log", wall)):
        await before.take()
        if before.owner != GONE:
            before.release()
        begun = wall.now
        await Lease(database, "log", wall, "next").take()
        assert wall.now - begun < LASTS // 2
        Lease(database, "log", wall, "next").release()


async def test_one_that_was_stopped_and_wakes_up_writes_and_sends_nothing(database: Database) -> None:
    wall, store = Wall(), Store(database)
    store.lease = Lease(database, "log", wall, HERE)
    await store.lease.take()
    store.advance("log", {"log": 2}, 0, {}, [])
    wall.now += LASTS
    await Lease(database, "log", wall, "second").take()
    for act in (
        lambda: store.advance("log", {"log": 3}, 0, {}, []), lambda: store.begun("page", 1), store.lease.renew,
    ):  # fmt: skip
        with pytest.raises(Superseded):
            act()
    found = Store(database).progress("log")
    assert found is not None
    assert found[0] == {"log": 2}
    store.lease.release()  # what it has not got it cannot give away
    with pytest.raises(Superseded):
        store.lease.renew()


async def test_a_source_that_is_new_has_nobody(database: Database) -> None:
    await Lease(database, "new", Wall()).take()


async def test_one_that_died_before_the_clock_was_set_back_is_followed_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Lease(database, "log", lambda: 2 * 10**18, HERE).take()
    monkeypatch.setattr("services.duty.lease.LASTS", SECOND // 20)
    second = Lease(database, "log", lambda: 10**18, "second")
    await asyncio.wait_for(second.take(), 10)
    second.renew()
