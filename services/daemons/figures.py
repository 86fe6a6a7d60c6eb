"""How a worker is and how it goes, on its health pages."""

from __future__ import annotations

from collections.abc import Sequence

from services.core.clock import SECOND
from services.core.ports import Reject
from services.daemons.daemon import Daemon
from services.runtime.fold import Step


class Figures:
    """A worker's Observer: tells the daemon's health and metrics. Latencies: fold, send, flush, log to output."""

    def __init__(self, daemon: Daemon) -> None:
        self._health, self._metrics = daemon.health, daemon.metrics
        self.well, self.ill = daemon.health.well, daemon.health.ill
        self.beat, self.rest = daemon.health.beat, daemon.health.rest
        self._lags: set[int] = set()

    def folded(self, partition: int, step: Step, messages: int, seconds: float) -> None:
        """Messages of a partition have been folded."""
        received = self._metrics.received
        received.labels("messages").inc(messages)
        received.labels("records").inc(step.records)
        received.labels("readings").inc(step.readings)
        self._metrics.latency.labels("fold").observe(seconds)

    def acknowledged(self, outputs: int, rejects: Sequence[Reject], since_logged: float, seconds: float) -> None:
        """What came of a round is in Kafka; `since_logged`: since Kafka took the oldest message of the round, s."""
        self._metrics.received.labels("outputs").inc(outputs)
        for reject in rejects:
            self._metrics.rejected.labels(reject.reason).inc()
        self._metrics.latency.labels("send").observe(seconds)
        self._metrics.latency.labels("log to output").observe(since_logged)

    def flushed(self, rows: int, seconds: float) -> None:
        """State is in Kafka, and committed."""
        self._metrics.received.labels("rows").inc(rows)
        self._metrics.latency.labels("flush").observe(seconds)

    def in_hand(self, messages: int) -> None:
        """Messages taken from the log whose outputs are not yet in Kafka."""
        self._metrics.in_flight.set(messages)

    def lagging(self, behind: dict[int, int], event_times: dict[str, int]) -> None:
        """By partition messages to come; by site the event time (ns) that has been reached."""
        for partition in self._lags - behind.keys():
            self._metrics.lag.remove(str(partition))
        self._lags = set(behind)
        for partition, messages in behind.items():
            self._metrics.lag.labels(str(partition)).set(messages)
        for site, moment in event_times.items():
            self._metrics.event_time.labels(site).set(moment / SECOND)
