"""The sensor of the monthly test of paging: calm until its hour comes, then one for as long as the test lasts.

It takes the way of every reading (gateway, broker, bridge, log, alarm), so that what is tested is the way from sensor
to telephone and not the telephone alone. Between two tests its heartbeat tells that the way is open.
"""

from __future__ import annotations

import asyncio
import calendar
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from services.core.catalogue import Site
from services.core.clock import SECOND, to_datetime, to_ns
from services.core.errors import HeadworksError
from services.telemetry.gateway.gateway import Gateway
from services.telemetry.link import Server

#: The one point that the sensor has, of a station of any name.
SIGNAL = "test_signal"

#: Seconds between two readings.
HEARTBEAT = 30.0

WEEKDAYS = tuple(name[:3].lower() for name in calendar.day_name)


@dataclass(frozen=True, slots=True)
class Monthly:
    """The first `weekday` (1 Monday to 7 Sunday) of each month at `at`, in `zone`, for `lasts` ns."""

    weekday: int
    at: time
    zone: ZoneInfo
    lasts: int

    def __post_init__(self) -> None:
        if not 1 <= self.weekday <= 7:
            raise ValueError(f"weekday {self.weekday}: must be 1 (Monday) to 7 (Sunday)")
        if not 60 * SECOND <= self.lasts <= 24 * 3600 * SECOND:
            raise ValueError(f"a test of {self.lasts / SECOND:g} s: must last from a minute to a day")

    def begins(self, year: int, month: int) -> int:
        """When the test of that month begins, ns."""
        first = date(year, month, 1)
        day = first + timedelta(days=(self.weekday - first.isoweekday()) % 7)
        return to_ns(datetime.combine(day, self.at, self.zone))

    def signal(self, now: int) -> float:
        """What the sensor measures at `now` (ns): 1 during a test, else 0."""
        local = to_datetime(now).astimezone(self.zone).date()
        yesterday = local - timedelta(days=1)  # a test may pass midnight, and a month's end
        months = {(local.year, local.month), (yesterday.year, yesterday.month)}
        return float(any(0 <= now - self.begins(*one) < self.lasts for one in months))


@dataclass(frozen=True, slots=True)
class Once:
    """A test from `start` for `lasts` (both ns)."""

    start: int
    lasts: int

    def signal(self, now: int) -> float:
        """What the sensor measures at `now` (ns): 1 during the test, else 0."""
        return float(0 <= now - self.start < self.lasts)


async def measure(
    site: Site, server: Server, signal: Callable[[int], float], now: Callable[[], int],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, until: Callable[[], bool] = lambda: False,
) -> None:  # fmt: skip
    """Publishes the signal each heartbeat and at each change, until `until` says so or it is cancelled.

    `now`: ns UTC, the machine's. HeadworksError for a site without a test sensor.
    """
    found = [point for point in site.points if point.name == SIGNAL]
    if len(found) != 1 or found[0].station not in {station.id for station in site.stations}:
        raise HeadworksError(f"site {site.id}: has no station with the point {SIGNAL}, and only that")
    station, index = found[0].station, np.array([site.point_index[f"{found[0].station}/{SIGNAL}"]], np.int32)
    epoch = max(1, now() // 1000 % 2**56)
    async with Gateway(site, epoch, server, now=now) as gateway:
        told, at = -1.0, 0
        while not until():
            moment = now()
            value = signal(moment)
            if value != told or not 0 <= moment - at < HEARTBEAT * SECOND:  # a clock may be set back
                times, good = np.array([moment], np.int64), np.zeros(1, np.uint8)
                await gateway.publish(station, times, index, np.array([value]), good, moment)
                told, at = value, moment
            await sleep(1.0)
        await gateway.drain()
