"""`headworks zones`: what sites say of their windows into zones' flows and nights and plants' balances."""

from __future__ import annotations

from services.aggregator.zones import ZoneFolds
from services.core.codec import STEPS
from services.daemons.daemon import Daemon
from services.daemons.figures import Figures
from services.runtime.cluster.topics import ZONES_STATE
from services.runtime.cluster.worker import run_worker

NEEDED = ("kafka", "partitions")


async def work(daemon: Daemon) -> None:
    """Folds until asked to stop."""
    figures = Figures(daemon)
    await run_worker(daemon.settings, "zones", ZONES_STATE, ZoneFolds, figures, daemon.stopping, source=STEPS)
