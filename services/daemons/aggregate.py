"""`headworks aggregate`: the log of sites into windows of a minute to a day."""

from __future__ import annotations

from services.aggregator.processor import Aggregator
from services.aggregator.windows.warm import warm_up
from services.daemons.daemon import Daemon
from services.daemons.figures import Figures
from services.runtime.cluster.topics import AGGREGATOR_STATE
from services.runtime.cluster.worker import run_worker

NEEDED = ("kafka", "partitions")


async def work(daemon: Daemon) -> None:
    """Folds until asked to stop."""
    figures = Figures(daemon)
    await run_worker(
        daemon.settings, "aggregator", AGGREGATOR_STATE, Aggregator, figures, daemon.stopping, warm=warm_up
    )
