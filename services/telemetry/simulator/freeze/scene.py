"""A cold snap: the weather, the exposed meters, and the hotline."""

from __future__ import annotations

from services.telemetry.simulator.freeze.event import FreezeEvent
from services.telemetry.simulator.freeze.hotline import Calls
from services.telemetry.simulator.freeze.pipes import Pipes
from services.telemetry.simulator.sensors import Sensor
from services.telemetry.simulator.series import Series
from services.telemetry.simulator.stepped import Layout, Stepped

STEP = 60
"""Physics step, s: a pipe's time constant is hours."""
FRAME = 300
"""A meter with a battery sends every five minutes, s."""
FORECAST = 86_400.0
"""The lowest temperature is forecast for a day, s; the forecast is right (assumption)."""
LONGEST_SILENCE = 900
"""A point that reports by exception reports at least this often, s."""


def _layout(event: FreezeEvent) -> Layout:
    meters = [
        (
            event.site,
            f"m{number:02d}",
            [
                Sensor("flow", FRAME, relative=0.01, resolution=0.001, low=0.0, deadband=0.02),
                Sensor("water_temperature", FRAME, noise=0.03, resolution=0.1, low=-10.0, high=45.0, deadband=0.2),
            ],
        )
        for number in range(1, event.meters.count + 1)
    ]
    return [
        (
            event.site,
            "weather",
            [
                Sensor("air_temperature", FRAME, noise=0.05, resolution=0.1, deadband=0.1),
                Sensor("forecast_low", 3600, resolution=0.1, deadband=0.1),
            ],
        ),
        (
            event.site,
            "hotline",
            [
                Sensor("frozen_calls", FRAME, relative=0.05, resolution=1.0, low=0.0, deadband=1.0),
                Sensor("frozen_calls_total", FRAME, resolution=1.0, low=0.0, deadband=0.0),
                Sensor("burst_calls", FRAME, relative=0.05, resolution=1.0, low=0.0, deadband=1.0),
            ],
        ),
        *meters,
    ]


class Freeze(Stepped):
    """Runs an event and gives the readings of weather, hotline and every meter."""

    def __init__(self, event: FreezeEvent, seed: int | None = None) -> None:
        """Takes another seed than the event's own if one is given."""
        super().__init__(event, seed, _layout(event), step=STEP, longest_silence=LONGEST_SILENCE, frame=FRAME)
        self._air = Series(event, [(one.at, one.c) for one in event.air])
        self._seconds = 0.0
        self.air = self._air.at(0.0)
        self.pipes = Pipes(event.meters, self.seed, self.air)
        self.frozen_calls, self.burst_calls = Calls(event.hotline), Calls(event.hotline)
        begin = event.clock(0.0)
        self._hour = begin.hour + begin.minute / 60.0
        # Flows are those of the hour from the first reading on.
        self.pipes.step(STEP / 3600.0, self.air, self._hour)

    def _move(self, seconds: float) -> None:
        hour = (self._hour + seconds / 3600.0) % 24.0
        self.air = self._air.at(seconds)
        self.pipes.step(self.step / 3600.0, self.air, hour)
        self.frozen_calls.step(self.step / 3600.0, float(self.pipes.ever_frozen.mean()), hour)
        self.burst_calls.step(self.step / 3600.0, float(self.pipes.ever_burst.mean()), hour)
        self._seconds = seconds

    def summary(self) -> dict[str, float]:
        """State of all meters together."""
        pipes = self.pipes
        return {
            "air °C": self.air,
            "coldest °C": float(pipes.temperature.min()),
            "frozen": float(pipes.frozen.sum()),
            "ever": float(pipes.ever_frozen.sum()),
            "bursts": float(pipes.burst.sum()),
            "flow m³/h": float(pipes.flow.sum()),
            "calls /h": self.frozen_calls.rate,
            "calls": self.frozen_calls.made,
        }

    def _truth(self) -> list[float]:
        low = self._air.least(self._seconds, self._seconds + FORECAST)
        frozen, burst = self.frozen_calls, self.burst_calls
        row = [self.air, low, frozen.rate, float(round(frozen.made)), burst.rate]
        for flow, temperature in zip(self.pipes.flow.tolist(), self.pipes.temperature.tolist(), strict=True):
            row += [flow, temperature]
        return row
