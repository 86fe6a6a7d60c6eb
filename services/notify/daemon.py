"""`headworks notify --cluster`: paging over a cluster's topics, with health and metrics as the other services."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.daemons.daemon import Daemon, Work
from services.daemons.people import open_people
from services.daemons.phrases import phrases_of
from services.notify.following import Told, notify
from services.notify.kafka import READ, ClusterSource

NEEDED = ("kafka", "people", READ)

#: Seconds between two showings of the figures.
_SHOW = 1.0


def paging(file: Path | None, whole: bool, told: Told) -> Work:
    """The service's work: it pages by the rules in `file`, else by those in force, until it is asked to stop.

    whole: see notify.
    """

    async def work(daemon: Daemon) -> None:
        phrases = phrases_of(daemon.settings)
        people = open_people(daemon.settings)
        try:
            daemon.health.well("people")
            source = ClusterSource(daemon.settings, daemon.health)
            async with source:
                await daemon.together({
                    "paging": notify(file, source, people, whole, told, phrases),
                    "figures": _show(daemon, source, told),
                })  # fmt: skip
        finally:
            people.close()

    return work


def counters(registry: CollectorRegistry) -> tuple[Counter, Counter, Gauge]:
    """Decisions by kind; events that were lost; problems of which nobody knows."""
    decided = Counter(
        "headworks_paging_decisions", "What paging decided, since the start.", ["kind"], registry=registry
    )
    lost = Counter("headworks_paging_lost", "Events that were gone before paging could read them.", registry=registry)
    unreached = Gauge("headworks_paging_unreached", "Open problems of which nobody could be told.", registry=registry)
    return decided, lost, unreached


async def _show(daemon: Daemon, source: ClusterSource, told: Told) -> None:
    decided, lost, unreached = counters(daemon.metrics.registry)
    shown: dict[str, int] = {}
    missing = 0
    while True:
        for kind, number in told.counts.items():
            decided.labels(kind).inc(number - shown.get(kind, 0))
        shown = dict(told.counts)
        unreached.set(told.unreached)
        lost.inc(source.lost - missing)
        missing = source.lost
        daemon.metrics.lag.labels("alarms").set(source.behind)
        await asyncio.sleep(_SHOW)
