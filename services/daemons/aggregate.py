"""`headworks aggregate`: the log of sites into windows of a minute."""

from __future__ import annotations

from services.aggregator.windows.minute import MinuteAggregator
from services.daemons.daemon import Daemon
from services.daemons.figures import Figures
from services.runtime.cluster.topics import AGGREGATOR_STATE
from services.runtime.cluster.worker import run_worker

NEEDED = ("kafka", "partitions")


async def work(daemon: Daemon) -> None:
    """Folds until asked to stop."""
    figures = Figures(daemon)
    await run_worker(daemon.settings, "aggregator", AGGREGATOR_STATE, MinuteAggregator, figures, daemon.stopping)
