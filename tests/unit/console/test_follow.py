"""The console follows a log: all of it in order, damaged entries counted, then what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.console.follow import follow
from services.console.live import LiveView
from services.core.codec import encode_output, encode_record
from services.core.frame import Frame
from services.core.ports import Entry
from services.core.records import Config, Tick
from tests.browser import storm


class Log:
    """A log in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.grown = asyncio.Event()

    def put(self, topic: str, data: bytes) -> None:
        self.entries.append(Entry(len(self.entries) + 1, topic, "no3", data))
        self.grown.set()

    def read(self, topics: str | Sequence[str] | None, after: int, limit: int = 1000,
             max_bytes: int = 1 << 24) -> list[Entry]:  # fmt: skip
        assert topics is not None
        return [e for e in self.entries if e.offset > after and e.topic in topics][:limit]

    def head(self, topic: str | None = None) -> int:
        return len(self.entries)

    async def wait_beyond(self, offset: int, within: float | None = None,
                          topics: str | Sequence[str] | None = None) -> bool:  # fmt: skip
        self.grown.clear()
        await self.grown.wait()
        return True

    def configs(self) -> Mapping[str, Config]:
        return {}

    def load_cursor(self, name: str) -> int:
        return 0

    async def commit_cursor(self, name: str, cursor: int) -> None:
        raise AssertionError("the view is made anew at each start and keeps no cursor")


async def settle() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


async def test_the_log_becomes_the_view_and_stays_it():
    catalogue, until = storm.city(), storm.clock("21:00")
    log, view, whole = Log(), LiveView(catalogue.sites), LiveView(catalogue.sites)
    for entry in storm.night(catalogue, until):
        whole.apply(entry)
        if isinstance(entry, Frame | Tick):
            log.put("sites", encode_record(entry))
        else:
            log.put(*encode_output(entry))  # type: ignore[arg-type]
    log.put("alarms", b"\xff\xff")
    log.put("aggregates", b"not for the console")
    following = asyncio.ensure_future(follow(view, log))
    await settle()
    assert view.now == until
    assert view.active() == whole.active() != ()
    assert view.incidents() == whole.incidents() != ()
    assert view.passed_over == 1
    log.put("sites", encode_record(Tick(until + 1)))
    await settle()
    assert view.now == until + 1
    following.cancel()
