"""`headworks alerts`: the log of sites into alarms, incidents, derived points and the windows of these."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Gauge

from services.alerts.processor import AlertProcessor
from services.alerts.warm import warm_up
from services.daemons.daemon import Daemon
from services.daemons.figures import Figures
from services.runtime.cluster.topics import ALERTS_STATE
from services.runtime.cluster.worker import run_worker

NEEDED = ("kafka", "partitions")


async def work(daemon: Daemon) -> None:
    """Folds until asked to stop."""
    figures, make = Figures(daemon), counted(daemon.metrics.registry)
    await run_worker(daemon.settings, "alerts", ALERTS_STATE, make, figures, daemon.stopping, warm=warm_up)


def counted(registry: CollectorRegistry) -> Callable[[], AlertProcessor]:
    """Makes processors, of which those that work now are counted in what they refused."""
    made: WeakSet[AlertProcessor] = WeakSet()

    def make() -> AlertProcessor:
        processor = AlertProcessor()
        made.add(processor)
        return processor

    gauge = Gauge(
        "headworks_refused_readings",
        "Readings of this worker's sites that broke the contract of frames and were not judged.",
        registry=registry,
    )
    gauge.set_function(lambda: float(sum(one.refused_in_all for one in list(made))))
    return make
