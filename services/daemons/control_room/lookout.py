"""The console's lookout: whether Kafka is there, and whether alarms are still raised, and people still paged."""

from __future__ import annotations

import asyncio
import json
import time

import structlog

from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.console.words import PAGE
from services.core.clock import SECOND
from services.core.codec import ALARM, INCIDENT
from services.daemons.control_room.feed import Feed
from services.daemons.control_room.standstill import Standstill
from services.daemons.daemon import Daemon
from services.runtime.cluster.client import Unreachable, unreachable
from services.runtime.cluster.places import Extent, extents, group_places, part_named, source_name
from services.runtime.cluster.reading import Part
from services.runtime.cluster.topics import SITES
from services.store.database import Database, StoreError
from services.store.tables import Progress

#: Seconds between two looks, and those that somebody may have something to do and not do it.
LOOK, BOUND = 5.0, 30.0

#: Seconds that Kafka has to answer: an operator should know soon.
PATIENCE = 8.0

#: What raises the alarms, as people know it and as its group is named.
ALERTS = "alerts"

_log = structlog.get_logger("headworks.console")


class Lookout:
    """Tells the pages how things stand."""

    def __init__(self, daemon: Daemon, view: LiveView, feed: Feed, people: Database) -> None:
        self._daemon, self._view, self._feed = daemon, view, feed
        self._settings, self._people = daemon.settings, people
        bound = max(BOUND, 5 * daemon.settings.flush_every)
        self._alerts = Standstill(bound)
        self._paging = Standstill(2 * bound)
        self._silent, self._away = False, ""

    def status(self) -> Status:
        """For the pages, in the language that is spoken. All of it is known already: nothing is waited for."""
        return Status(
            silence=0.0 if self._view.ended else self._view.silence(),
            stopped=(ALERTS,) if self._alerts.stands else (),
            problem=" ".join(filter(None, (self._problem(), self._of_paging()))),
            simulation=self._settings.player,
            counters={
                "messages": self._view.applied,
                "behind": self._alerts.behind,
                "passed over": self._view.passed_over + self._feed.undecodable,
            },
        )

    def _problem(self) -> str:
        feed = self._feed
        if self._away:
            return str(PAGE["kafka"].format(why=self._away))
        if not feed.loaded:
            return str(PAGE["loading"].format(share=f"{feed.share:.0%}"))
        if feed.older is None or not feed.older.done():
            share = feed.older.share if feed.older is not None else 0.0
            hours = f"{self._settings.alarm_hours:g}"
            return str(PAGE["loading_older"].format(hours=hours, share=f"{share:.0%}"))
        return ""

    def _of_paging(self) -> str:
        return str(PAGE["paging"]) if (self._paging.stands or self._silent) and not self._away else ""

    async def run(self) -> None:
        """Looks, until cancelled; LogError for what waiting does not mend."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._look()
            except (TimeoutError, Unreachable) as caught:
                error = caught if isinstance(caught, Unreachable) else unreachable(self._settings, caught)
                self._away = str(error)
                self._daemon.health.ill("kafka", str(error))
                self._daemon.metrics.errors.labels("kafka").inc()
            else:
                self._away = ""
                self._daemon.health.well("kafka")
                self._tell_health()
            await asyncio.sleep(LOOK)

    async def _look(self) -> None:
        """Places before ends: else somebody who is quick would seem to be behind, never ahead."""
        places = await group_places(self._settings, ALERTS)
        paged = self._paged()
        there = await extents(self._settings, (SITES, ALARM, INCIDENT))
        now = time.monotonic()
        sites = {part: one for part, one in there.items() if part[0] == SITES}
        self._alerts.look(_from_first(places, sites), {part: one.end for part, one in sites.items()}, now)
        if paged is not None:
            said = {part: there[part] for part in paged if part in there}
            self._paging.look(_from_first(paged, said), {part: one.end for part, one in said.items()}, now)

    def _paged(self) -> dict[Part, int] | None:
        """How far paging is; None where none has ever worked on this database."""
        try:
            with self._people.reading() as session:
                row = session.get(Progress, source_name(self._settings))
                found = None if row is None else (row.seen, json.loads(row.positions))
        except StoreError as error:
            self._daemon.health.ill("people", str(error))
            return None
        self._daemon.health.well("people")
        if found is None:
            return None
        seen, positions = found
        self._silent = bool(seen) and time.time_ns() - seen > 2 * BOUND * SECOND
        return {part_named(name): at + 1 for name, at in positions.items()}

    def _tell_health(self) -> None:
        if self._feed.loaded:
            self._daemon.health.well("log")
        else:
            self._daemon.health.ill("log", f"still loading: {self._feed.share:.0%}")
        metrics = self._daemon.metrics
        metrics.lag.labels("alerts").set(self._alerts.behind)
        if self._view.now is not None:
            metrics.event_time.labels("").set(self._view.now / 1e9)


def _from_first(places: dict[Part, int], there: dict[Part, Extent]) -> dict[Part, int]:
    """One that never committed begins where the log does, and so does one that retention has overtaken."""
    return {part: max(places.get(part, 0), one.first) for part, one in there.items()}
