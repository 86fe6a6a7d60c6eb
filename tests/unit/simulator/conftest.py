"""The storm of 2023-04-18, read once and run once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from services.telemetry.simulator import City, Event, load_event
from services.telemetry.simulator.night import Night

STORM = Path(__file__).parents[3] / "events" / "liuyang-2023-04-18-storm-turbidity" / "event.yaml"


@dataclass
class Played:
    """The whole night, minute by minute."""

    event: Event
    night: Night
    rows: list[dict[str, float]]

    def first(self, what: str) -> str:
        """Local time at which something was first so for its delay, or `never`."""
        at = self.night.crossings[what].at
        return f"{self.event.clock(at[0]):%H:%M}" if at else "never"

    def at(self, clock: str) -> dict[str, float]:
        """Key variables at a local time."""
        return self.rows[round(self.event.after_start(clock) / 60) - 1]


@pytest.fixture(scope="session")
def storm_path() -> Path:
    return STORM


@pytest.fixture(scope="session")
def storm() -> Event:
    return load_event(STORM)


@pytest.fixture(scope="session")
def played(storm: Event) -> Played:
    night = Night(City(storm))
    return Played(storm, night, list(night.minutes()))
