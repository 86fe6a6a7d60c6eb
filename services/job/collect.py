"""Parts of the main job alone: the bridge into a log, and the processors over one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from services.core.catalogue import Catalogue, from_json
from services.core.errors import LogError
from services.job.configure import configure
from services.job.folds import Folds
from services.job.follower import Follower
from services.job.options import LOG_FILE
from services.job.summary import Tally, alarm_lines, incident_lines
from services.job.timeline import Timeline
from services.runtime.local import LocalLog
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.bridge.digest import WallClock
from services.telemetry.link import Server


async def collect(
    catalogue: Catalogue, host: str, port: int, data: Path, player: bool, counted: dict[str, Any]
) -> None:
    """MQTT into the log of `data` until cancelled; `counted` gets the bridge's counters."""
    async with AsyncExitStack() as stack:
        log = LocalLog.open(data / LOG_FILE)
        stack.callback(log.close)
        clock = WallClock()
        # A player's time is not known before it speaks: to a log without a tick the versions come before all time.
        configured = await configure(log, catalogue, log.last_tick() or (0 if player else clock.now()))
        sites = {name: (one.site, one.version) for name, one in configured.items()}
        bridge = await stack.enter_async_context(Bridge(sites, log, Server(host, port), clock=clock, player=player))
        stack.callback(lambda: counted.update(bridge.counters.as_dict()))
        await bridge.wait()


async def fold(data: Path, out: Console) -> dict[str, Any]:
    """Runs the processors over the log of `data` to its end. LogError when there is no log or no site in it."""
    tally = Tally()
    async with AsyncExitStack() as stack:
        log = LocalLog.open(data / LOG_FILE, create=False)
        stack.callback(log.close)
        sites = tuple(from_json(config.catalogue_json) for config in log.configs().values())
        if not sites:
            raise LogError(f"{data / LOG_FILE} has no configured site: `headworks apply` a site file first")
        timeline = Timeline(out, Catalogue(group=sites[0].group, name=sites[0].group, sites=sites))
        shell = await stack.enter_async_context(Folds(log))
        await shell.drain()
        follower = await stack.enter_async_context(Follower(log, [tally.take, timeline.take]))
        await follower.reach(log.head())
    return {
        "readings": tally.received,
        "alarms": alarm_lines(tally.raised),
        "incidents": incident_lines(tally.incidents),
    }
