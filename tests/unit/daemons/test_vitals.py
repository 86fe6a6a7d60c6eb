"""What a service tells of itself: its figures as one line, and nothing where no InfluxDB is known."""

from __future__ import annotations

import asyncio

from services.aggregator.sinks.influx import Answer, Meaning
from services.core.settings import load_settings
from services.daemons.daemon import Daemon
from services.daemons.health import Health
from services.daemons.metrics import Metrics
from services.daemons.vitals import line_of, tell, vitals
from tests.unit.aggregator.influx import read


def test_the_figures_are_those_of_metrics_added_up_over_partitions_and_reasons():
    metrics = Metrics()
    metrics.lag.labels("0").set(5)
    metrics.lag.labels("sites/1").set(7)
    metrics.in_flight.set(3)
    metrics.rejected.labels("not records").inc(2)
    metrics.rejected.labels("catalogue").inc()
    metrics.errors.labels("kafka").inc(4)
    metrics.received.labels("readings").inc(1000)
    metrics.received.labels("messages").inc(20)
    metrics.ready.set(1)
    found = vitals(metrics.registry)
    assert found == {"ready": 1, "lag": 12, "in_flight": 3, "rejected": 3, "errors": 4, "readings": 1000}
    (point,) = read(line_of("sink", "a b", found, 42))
    assert (point.measurement, point.tags, point.time) == ("health", {"service": "sink", "worker": "a b"}, 42)
    assert point.fields == found


async def test_what_is_told_is_sent_again_and_again_and_a_server_that_is_away_is_waited_for(monkeypatch):
    said: list[bytes] = []

    class _Server:
        def __init__(self, *_: object) -> None: ...

        async def __aenter__(self) -> _Server:
            return self

        async def __aexit__(self, *_: object) -> None: ...

        async def write(self, data: bytes) -> Answer:
            said.append(data)
            return Answer(Meaning.LATER, "away") if len(said) == 1 else Answer(Meaning.ACCEPTED)

    monkeypatch.setattr("services.daemons.vitals.Server", _Server)
    daemon = Daemon("alerts", load_settings(influx_token="t"), Health(), Metrics(), asyncio.Event())
    telling = asyncio.create_task(tell(daemon, every=0.001))
    async with asyncio.timeout(10.0):
        while len(said) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    telling.cancel()
    assert {read(data)[0].tags["service"] for data in said} == {"alerts"}
