"""The figures that every service shows at /metrics, under the same names everywhere."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

#: Seconds: from a millisecond to what an operator would call broken.
_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """A registry of a service's own. `kind`: messages, records, readings, outputs, rows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.ready = Gauge("headworks_ready", "1 when /readyz says so, else 0.", registry=self.registry)
        self.received = Counter(
            "headworks_received", "Taken and done with, since the start.", ["kind"], registry=self.registry
        )
        self.rejected = Counter(
            "headworks_rejected", "Set apart as dead letters, since the start.", ["reason"], registry=self.registry
        )
        self.lag = Gauge(
            "headworks_lag_records", "Messages of the log not yet done with.", ["partition"], registry=self.registry
        )
        self.in_flight = Gauge("headworks_in_flight", "Taken and not yet done with.", registry=self.registry)
        self.latency = Histogram(
            "headworks_latency_seconds",
            "How long a stage takes.",
            ["stage"],
            buckets=_LATENCY,
            registry=self.registry,
        )
        self.event_time = Gauge(
            "headworks_last_event_time_seconds",
            "Event time of the last reading, seconds since 1970.",
            ["site"],
            registry=self.registry,
        )
        self.errors = Counter(
            "headworks_errors", "Failures that were tried again, since the start.", ["part"], registry=self.registry
        )
