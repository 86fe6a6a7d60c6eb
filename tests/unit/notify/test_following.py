"""The paging service as a whole, over a source that is a list: rules that change, a log that is away, a second one."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.core.errors import HeadworksError
from services.core.records import AlarmEvent
from services.duty.log import Store
from services.duty.rules import Rules
from services.duty.wishes import Wish, Wishes
from services.notify import following
from services.notify.following import Told, notify
from services.notify.known import SiteWords
from services.notify.sources import Clock, Happening
from services.store.database import Database, StoreError
from tests.unit.oncall.desk import rules


class Listed:
    """A source of events that a test adds to."""

    def __init__(self) -> None:
        self.name, self.lost, self.clock = "log", 0, Clock(player=False)
        self.names: dict[str, SiteWords] = {}
        self.events: list[AlarmEvent] = []
        self._given = 0

    async def begin(self, positions: Mapping[str, int] | None, whole: bool) -> Mapping[str, int]:
        """See Source."""
        return {"log": -1} if positions is None else positions

    async def follow(self) -> None:
        """See Source."""
        await asyncio.Event().wait()

    async def caught_up(self) -> None:
        """See Source."""

    def taken(self) -> list[Happening]:
        """See Source."""
        new = [Happening("log", i, one) for i, one in enumerate(self.events)][self._given :]
        self._given = len(self.events)
        return new

    def raised(self, station: str) -> str:
        """A critical alarm now."""
        now = time.time_ns()
        name = f"no3/{station}/p/high@{now}"
        self.events.append(AlarmEvent(now, "no3", station, "p", "high", name, 1, "raised", "critical", state="B"))
        return name


class Plant:
    """A web server that takes messages, and the database of people."""

    def __init__(self, folder: Path, port: int) -> None:
        self.database, self.source, self.told = Database.in_folder(folder), Listed(), Told()
        self.rules = Rules(self.database, time.time_ns)
        self.titles: list[tuple[str, str]] = []
        self.port = port

    def apply(self, person: str) -> None:
        """Rules in which that one is paged, by a channel of that name."""
        url = f"http://127.0.0.1:{self.port}/{person}"
        self.rules.apply(rules(
            channels={person: {"kind": "webhook", "url": url}}, rosters=[], digest_to=[],
            people=[{"id": person, "name": person, "reach": [{"channel": person, "urgency": "wake"}]}],
            policies=[{"id": "all", "because": "a test", "steps": [{"to": [person]}]}],
        ), "test")  # fmt: skip

    def reached(self, person: str, problem: str) -> bool:
        """Whether a message on the problem came to them."""
        return any(to == person and page.startswith(problem) for to, page in self.titles)

    def heard(self, problem: str) -> bool:
        """Whether a message on the problem came to anybody."""
        return any(page.startswith(problem) for _, page in self.titles)

    @asynccontextmanager
    async def paging(self) -> AsyncIterator[asyncio.Task[None]]:
        """The service runs."""
        task = asyncio.ensure_future(notify(None, self.source, self.database, False, self.told))
        try:
            await until(lambda: task.done() or Store(self.database).progress("log") is not None)
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], Any]) -> None:
    """It will be so."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (what it waits for is in a database, which wakes nobody)
            await asyncio.sleep(0.02)


@pytest.fixture
async def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Plant]:
    """Nobody pages yet."""
    monkeypatch.setattr(following, "_SAY", 0.25)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line.partition(":")[2]) for line in head.splitlines() if line.lower().startswith("content-l"))
        page = json.loads(await reader.readexactly(length))["page"]
        found.titles.append((head.split()[1].strip("/"), page))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    found = Plant(tmp_path, server.sockets[0].getsockname()[1])
    yield found
    server.close()
    found.database.close()


async def test_rules_that_come_into_force_page_the_others_from_then_on(plant: Plant) -> None:
    plant.apply("wang")
    async with plant.paging():
        first = plant.source.raised("intake")
        await until(lambda: plant.reached("wang", first))
        plant.apply("li")
        for number in itertools.count():
            second = plant.source.raised(f"clearwell{number}")
            await until(partial(plant.heard, second))
            if plant.reached("li", second):
                break
        assert not plant.reached("wang", second)
        third = plant.source.raised("filters")
        await until(lambda: plant.reached("li", third))


async def test_without_rules_it_does_not_start(plant: Plant) -> None:
    with pytest.raises(HeadworksError, match="no on-call rules are in force"):
        await notify(None, plant.source, plant.database, False, plant.told)


async def test_a_log_that_is_away_for_a_while_loses_nothing(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.apply("wang")
    advance, failures = Store.advance, 0

    def away(self: Store, *arguments: Any) -> None:
        nonlocal failures
        if plant.source.events and failures < 2:
            failures += 1
            raise StoreError("the disk is full")
        advance(self, *arguments)

    monkeypatch.setattr(Store, "advance", away)
    async with plant.paging():
        problem = plant.source.raised("intake")
        Wishes(plant.database).ask(Wish("later", 1, "li", "unsilence", {"silence": "never"}))
        await until(lambda: plant.reached("wang", problem))
        await until(lambda: Wishes(plant.database).outcome("later"))
    assert failures == 2
    assert [page for _, page in plant.titles] == sorted({page for _, page in plant.titles})


async def test_a_second_one_is_refused_and_the_first_says_that_it_lives(plant: Plant) -> None:
    plant.apply("wang")
    async with plant.paging() as first:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("services.duty.lease._this_process", lambda: "elsewhere 1 2")
            with pytest.raises(HeadworksError, match="end it first"):
                await notify(None, Listed(), plant.database, False, Told())
        assert not first.done()
    async with plant.paging():  # one that ended leaves it free
        problem = plant.source.raised("intake")
        await until(lambda: plant.reached("wang", problem))
