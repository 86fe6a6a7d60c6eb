"""The field of a simulated run: an event's stations behind their gateways, and the player who owns the clock."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
import structlog

from services.core.catalogue import Catalogue
from services.core.clock import SECOND
from services.core.ports import Position
from services.telemetry.access import PLAYER, Access
from services.telemetry.gateway.gateway import Gateway
from services.telemetry.gateway.player import PlayerClock
from services.telemetry.link import Server
from services.telemetry.simulator.scene import Scene
from services.telemetry.simulator.sending import Sending

#: Frames of a station that the field may be ahead of what the log has.
_LEAD = 8

#: Seconds that the player waits for a bridge to say that a word is in its log: the last of the event, or of a silence.
_LAST_WORD = 60.0

_log = structlog.get_logger("headworks.field")


def epoch_of(run: str) -> int:
    """A run numbers its frames the same on every start, so its epoch is made of its name (56 bits, not 0)."""
    return int.from_bytes(hashlib.blake2b(run.encode(), digest_size=7).digest()) or 1


@dataclass
class Pace:
    """Event seconds a wall second; None: as fast as the log takes it. May be changed while it plays."""

    speed: float | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """What the field published since the event's start; what a restart skipped is counted too."""

    published: int
    messages: int


async def play(
    scene: Scene,
    catalogue: Catalogue,
    server: Server | Access,
    pace: Pace,
    *,
    run: str,
    progress: Callable[[int], None] = lambda _time: None,
) -> Played:
    """Plays the event from where it stands to its end, and returns when the log has it all.

    A restart plays from the start again: the frames come out the same, and those that the log has are not sent.
    """
    published = messages = 0
    epoch = epoch_of(run)
    access = server if isinstance(server, Access) else Access(server)
    indices = {
        (site, station): np.array(
            [catalogue.site(site).point_index[f"{station}/{name}"] for name in scene.points(site, station)],
            np.int32,
        )
        for site, stations in scene.sites.items()
        for station in stations
    }
    async with AsyncExitStack() as stack:
        gateways = {
            site: await stack.enter_async_context(Gateway(catalogue.site(site), epoch, access.of(site)))
            for site in scene.sites
        }
        clock = await stack.enter_async_context(PlayerClock(catalogue.group, run, access.of(PLAYER)))
        behind: deque[dict[str, int]] = deque()
        anchor: tuple[float, float, int] | None = None
        sending = Sending(scene)
        while scene.now < scene.end:
            before, parcels = scene.now, list(sending.advance())
            if any(parcel.through <= before for parcel in parcels):
                # A link is back. Its silence has to be in the log before what ends it, however fast the run is.
                while not await clock.until_heard(before, _LAST_WORD):
                    _log.warning("no bridge has said that it heard the clock", waited_seconds=_LAST_WORD)
            for parcel in parcels:
                samples = parcel.samples
                points = indices[parcel.site, parcel.station][samples.points]
                quality = np.zeros(len(points), np.uint8)
                await gateways[parcel.site].publish(
                    parcel.station, samples.times, points, samples.values, quality, parcel.through
                )
                published += len(points)
                messages += 1
            marks = {site: gateway.counters.last for site, gateway in gateways.items()}
            clock.say(scene.now, {s: Position(epoch, n) for s, n in marks.items()}, end=scene.now >= scene.end)
            progress(scene.now)
            behind.append(marks)
            while behind and all(gateways[s].counters.committed >= n for s, n in behind[0].items()):
                behind.popleft()
            if len(behind) > _LEAD:
                for site, number in behind[0].items():
                    await gateways[site].until_committed(number)
            # What the log already has is passed over without waiting for the clock.
            if pace.speed is None or not behind:
                anchor = None
                continue
            if anchor is None or anchor[0] != pace.speed:
                anchor = (pace.speed, time.monotonic(), scene.now)
            due = anchor[1] + (scene.now - anchor[2]) / SECOND / anchor[0]
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        for gateway in gateways.values():
            await gateway.drain()
        # No later word covers the last one: without it in the log the event does not end.
        if not await clock.until_heard(scene.now, _LAST_WORD):
            _log.warning("no bridge has said that it heard the end of the event", waited_seconds=_LAST_WORD)
    return Played(published, messages)
