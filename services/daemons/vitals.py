"""What a service tells of itself: every ten seconds a line of `health` in InfluxDB, where InfluxDB is known to it.

Telling must never hold a service up: what cannot be told is forgotten, and the gap says it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from services.aggregator.sinks.influx import Meaning, Server
from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.words import fields, tags

if TYPE_CHECKING:
    from services.daemons.daemon import Daemon

#: Seconds between two lines, and that InfluxDB has to take one.
EVERY, _WITHIN = 10.0, 5.0

_log = structlog.get_logger("headworks.vitals")


def vitals(registry: CollectorRegistry) -> dict[str, float]:
    """ready: 1 or 0.  lag, in_flight: messages now.  rejected, errors, readings: since the start."""
    found = {"ready": 0.0, "lag": 0.0, "in_flight": 0.0, "rejected": 0.0, "errors": 0.0, "readings": 0.0}
    for sample in _samples(registry):
        match sample.name:
            case "headworks_ready":
                found["ready"] = sample.value
            case "headworks_lag_records":
                found["lag"] += sample.value
            case "headworks_in_flight":
                found["in_flight"] += sample.value
            case "headworks_rejected_total":
                found["rejected"] += sample.value
            case "headworks_errors_total":
                found["errors"] += sample.value
            case "headworks_received_total" if sample.labels.get("kind") == "readings":
                found["readings"] += sample.value
    return found


def _samples(registry: CollectorRegistry) -> Iterator[Sample]:
    for metric in registry.collect():
        yield from metric.samples


def line_of(service: str, worker: str, found: dict[str, float], now: int) -> bytes:
    """`now`: ns of the wall clock."""
    return f"health{tags(service=service, worker=worker)} {fields(**found)} {now}\n".encode()


async def tell(daemon: Daemon, every: float = EVERY) -> None:
    """Tells until it is cancelled."""
    settings = daemon.settings
    token = settings.influx_token.get_secret_value()
    make = Buckets.split if settings.influx_split else Buckets.one
    bucket = make(settings.influx_bucket).of(b"health")
    troubled = False
    async with Server(settings.influx_url, settings.influx_org, bucket, token) as server:
        while True:
            line = line_of(daemon.name, settings.worker, vitals(daemon.metrics.registry), time.time_ns())
            problem = f"no answer within {_WITHIN:g} s"
            with suppress(TimeoutError):
                async with asyncio.timeout(_WITHIN):
                    answer = await server.write(line)
                    problem = "" if answer.meaning is Meaning.ACCEPTED else answer.detail
            if problem and not troubled:
                _log.warning("InfluxDB does not take what this service tells of itself", problem=problem)
            troubled = bool(problem)
            await asyncio.sleep(every)
