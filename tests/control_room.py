"""A control room for tests: a small plant with real alarms behind the console and its API; the log is a list."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher
from sqlalchemy import event

from services.access.accounts import Accounts
from services.access.roles import Role
from services.alerts.processor import AlertProcessor
from services.console.acting.acts import Desk
from services.console.acting.answers import Answers
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.catalogue.model import Catalogue, Point, Site
from services.core.clock import SECOND
from services.core.errors import LogError
from services.core.frame import make_frame
from services.core.records import AlarmEvent, Record, Tick
from services.store.database import STORE_FILE, Database
from tests.unit.alerts.build import point, rule, site
from tests.unit.alerts.plants import T0, config

#: The site, its station, and when it begins (ns).
SITE, STATION, START = "no3", "st", T0 * SECOND

ROLES = {role.value: role for role in Role}


def password(name: str) -> str:
    """Of a user of that name."""
    return f"{name}-of-the-plant"


def levels(count: int, name: str = "n") -> Site:
    """So many levels, each with one high alarm above 3 m after 10 s."""
    return site(*_levels(count)).model_copy(update={"name": name})


def _levels(count: int) -> Iterator[Point]:
    for i in range(count):
        words = {"consequence": f"Tank {i} overflows", "response": f"Close inlet valve {i}"}
        high = rule("high", "high", 3, clear=3, on_delay=10, **words)
        yield point(f"level{i}" if i else "level", high, description=f"Level of tank {i}", unit="m", low=0, high=20)


@functools.cache
def _people(users: bool) -> tuple[bytes, dict[str, str]]:
    """A database with users of every role, and their tokens: made once, since the tables take their time."""
    tokens: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        database = Database.in_folder(Path(folder))
        accounts = _accounts(database)
        for name, role in ROLES.items() if users else ():
            accounts.add(name, role, password=password(name))
            tokens[name] = accounts.new_token(name, "test", 30)
        database.close()
        return (Path(folder) / STORE_FILE).read_bytes(), tokens


def _accounts(database: Database) -> Accounts:
    return Accounts(database, lambda: 10**18, lambda: 0.0, PasswordHasher(1, 64, 1))


class ControlRoom:
    """Users of every role, named after it; `tokens` are theirs.

    full: the log takes nothing.  now: the run's clock.  skipped: wall seconds that are said to have passed.
    """

    def __init__(self, folder: Path, plant: Site | None = None, *, users: bool = True) -> None:
        self.site, self.folder = plant or levels(1), folder
        self.processor, self.answers = AlertProcessor(), Answers()
        self.catalogue = Catalogue(group="test", name="Test waterworks", sites=(self.site,))
        self.skipped = 0.0
        self.view = LiveView(self.catalogue.sites, monotonic=lambda: time.monotonic() + self.skipped)
        self.log: list[Record] = []
        self.events: list[AlarmEvent] = []
        self.full = False
        self.stopped: tuple[str, ...] = ()
        self.feed([config(self.site)])
        stored, self.tokens = _people(users)
        if not (folder / STORE_FILE).exists():  # else they were here before
            (folder / STORE_FILE).write_bytes(stored)
        self.database = Database.in_folder(folder)
        # What a disk takes its time for is tried where it matters; here hundreds of these are made.
        event.listen(self.database._engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF").close())
        self.database.close()
        self.accounts = _accounts(self.database)
        self.desk = Desk(self.view, self.status, self.accounts, self.answers, self.send, self.now)

    def now(self) -> int:
        """The run's clock, ns."""
        return self.view.now or 0

    def status(self) -> Status:
        """As the job tells it."""
        return Status(silence=self.view.silence(), stopped=self.stopped, simulation=True)

    def feed(self, records: Sequence[Record]) -> None:
        """Through the log, the processor, and to everybody who follows."""
        self.log += records
        for entry in [*records, *self.processor.step(self.site.id, records)]:
            self.view.apply(entry)
            self.answers.take(entry)
            if isinstance(entry, AlarmEvent):
                self.events.append(entry)

    async def send(self, commands: Sequence[Record]) -> None:
        """As the site log."""
        if self.full:
            raise LogError("the disk is full")
        self.feed(commands)

    def measure(self, values: Sequence[float], after: float = 60.0) -> None:
        """A reading of each of the first points, `after` s later, and the tick that follows it."""
        at = max(self.now(), START) + round(after * SECOND)
        count = len(values)
        times, quality = np.full(count, at, np.int64), np.zeros(count, np.uint8)
        points = np.arange(count, dtype=np.int32)
        frame = make_frame(self.site.id, STATION, times, points, np.array(values, float), quality)
        self.feed([frame, Tick(at)])

    def standing(self) -> list[str]:
        """The occurrences that were raised, the first first."""
        return [e.occurrence for e in self.events if e.transition == "raised"]
