"""What a console says of Kafka, of the alarms' processor and of paging, in the language of whoever looks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.console.acting.answers import Answers
from services.console.view.live import LiveView
from services.console.words import speaking
from services.core.clock import SECOND
from services.core.codec import ALARM
from services.core.settings import Settings
from services.daemons.control_room import lookout as module
from services.daemons.control_room.feed import Feed
from services.daemons.control_room.load import Load
from services.daemons.control_room.lookout import Lookout
from services.daemons.daemon import Daemon
from services.daemons.health import Health
from services.daemons.metrics import Metrics
from services.runtime.cluster.client import unreachable
from services.runtime.cluster.places import Extent
from services.runtime.cluster.reading import Part
from services.runtime.cluster.topics import SITES
from services.store.database import Database
from services.store.tables import Progress

SETTINGS = Settings(partitions=1)


class World:
    """A Kafka as the lookout sees it, and a clock."""

    def __init__(self) -> None:
        self.there: dict[Part, Extent] = {(SITES, 0): Extent(0, 100), (ALARM, 0): Extent(0, 10)}
        self.folded, self.now, self.away = 100, 0.0, False

    async def extents(self, *_: object) -> dict[Part, Extent]:
        if self.away:
            raise unreachable(SETTINGS)
        return self.there

    async def group_places(self, *_: object) -> dict[Part, int]:
        return {(SITES, 0): self.folded}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(module, "extents", made.extents)
    monkeypatch.setattr(module, "group_places", made.group_places)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: made.now, time_ns=time.time_ns))
    monkeypatch.setattr(module, "LOOK", 3600.0)
    return made


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Database]:
    database = Database.in_folder(tmp_path)
    yield database
    database.close()


def made(people: Database) -> tuple[Lookout, Feed]:
    daemon = Daemon("console", SETTINGS, Health(), Metrics(), asyncio.Event())
    view = LiveView((), monotonic=lambda: 0.0)
    feed = Feed(daemon, view, Answers())
    feed.readings = feed.alarms = feed.older = Load({}, {})
    return Lookout(daemon, view, feed, people), feed


async def look(one: Lookout) -> None:
    """Once."""
    running = asyncio.create_task(one.run())
    await asyncio.sleep(0.01)
    assert not running.done(), running
    running.cancel()


async def test_a_kafka_that_is_away_is_said_in_both_languages(world: World, people: Database) -> None:
    one, _ = made(people)
    await look(one)
    assert one.status().problem == ""
    world.away = True
    await look(one)
    assert "cannot be reached" in one.status().problem
    assert "not the present" in one.status().problem
    with speaking("zh"):
        assert "并非当前状态" in one.status().problem
    world.away = False
    await look(one)
    assert one.status().problem == ""


async def test_alarms_that_nobody_raises_any_more(world: World, people: Database) -> None:
    one, _ = made(people)
    world.folded = 60
    await look(one)
    assert (one.status().stopped, one.status().counters["behind"]) == ((), 40)
    world.now = 31.0
    await look(one)
    assert one.status().stopped == ("alerts",)


def test_what_is_not_read_yet_is_said(world: World, people: Database) -> None:
    one, feed = made(people)
    feed.alarms = Load({(ALARM, 0): 0}, {(ALARM, 0): 10})
    assert one.status().problem == "Still loading, 50% read. What you see is not complete."
    feed.older, feed.alarms = feed.alarms, feed.older
    feed.alarms = Load({}, {})
    assert "more than 24 h ago are still being read, 0%" in one.status().problem


@pytest.mark.parametrize(("seen", "taken", "pages"), [(0.0, 9, True), (90.0, 9, False), (0.0, 8, False)])
async def test_paging_that_does_not_live_or_leaves_an_alarm_alone(
    world: World, people: Database, seen: float, taken: int, pages: bool
) -> None:
    one, _ = made(people)
    with people.writing() as session:
        session.add(
            Progress(
                source="kafka headworks", positions=json.dumps({"alarms/0@x": taken}), now=0, state=b"{}",
                seen=time.time_ns() - round(seen * SECOND),
            )
        )  # fmt: skip
    await look(one)
    world.now = 61.0
    await look(one)
    assert ("nobody is called" in one.status().problem) is not pages
