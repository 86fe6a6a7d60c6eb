"""`headworks alerts`: the log of sites into alarms, incidents and derived points."""

from __future__ import annotations

from services.alerts.processor import AlertProcessor
from services.alerts.warm import warm_up
from services.daemons.daemon import Daemon
from services.daemons.figures import Figures
from services.runtime.cluster.topics import ALERTS_STATE
from services.runtime.cluster.worker import run_worker

NEEDED = ("kafka", "partitions")


async def work(daemon: Daemon) -> None:
    """Folds until asked to stop."""
    figures = Figures(daemon)
    await run_worker(daemon.settings, "alerts", ALERTS_STATE, AlertProcessor, figures, daemon.stopping, warm=warm_up)
