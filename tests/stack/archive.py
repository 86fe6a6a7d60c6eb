"""`python -m tests.stack.archive`: `headworks archive`, writing every second, not every ten minutes.

So the files grow while a test strikes, and a full disk is noticed before the test is over.
"""

from __future__ import annotations

import asyncio
from functools import partial

from services.aggregator.sinks.parquet.archive import Limits
from services.cli.interrupt import normal_end
from services.cli.terminal import set_up_logs
from services.core.settings import load_settings
from services.daemons.archive import NEEDED, work
from services.daemons.daemon import run_daemon


def main() -> None:
    """Until SIGTERM."""
    normal_end()
    settings = load_settings()
    set_up_logs(level=settings.log_level)
    asyncio.run(run_daemon("archive", settings, partial(work, limits=Limits(seconds=1.0)), *NEEDED))


if __name__ == "__main__":
    main()
