"""What the main job is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

DEFAULT_EVENT = "liuyang-2023-04-18-storm-turbidity"
DEFAULT_DATA = Path("headworks-data")

#: What a data folder holds.
LOG_FILE, HISTORY = "site-log.sqlite", "history"


@dataclass(frozen=True, slots=True)
class Options:
    """speed: event seconds a wall second once the first alarm is up (before it: full speed); None: full speed.

    until_end: end with the event; otherwise stay until interrupted.  fresh: throw the data folder's run away.
    sites: another site file than the event's own; None: that one, where the folder has no catalogue yet.
    """

    event: str = DEFAULT_EVENT
    speed: float | None = 60.0
    until_end: bool = False
    console: bool = True
    data: Path = field(default=DEFAULT_DATA)
    fresh: bool = False
    seed: int | None = None
    sites: Path | None = None
    broker: Literal["auto", "mosquitto", "amqtt"] = "auto"
    mqtt_port: int = 1883
    console_port: int = 8080
