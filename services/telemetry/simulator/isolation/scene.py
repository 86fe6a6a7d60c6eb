"""An isolation station through one event: feeds, sump, circuit, battery, and what the crew brings."""

from __future__ import annotations

from services.telemetry.simulator.described import NS
from services.telemetry.simulator.isolation.event import Feed, Generator, IsolationEvent
from services.telemetry.simulator.isolation.parts import BatteryModel, CircuitModel, SumpModel
from services.telemetry.simulator.sensors import STEP, Sensor, switch
from services.telemetry.simulator.series import Series
from services.telemetry.simulator.stepped import Stepped

OFF, STARTING, RUNNING = 0.0, 2.0, 3.0
START_SECONDS = 300.0
"""From power to a running circulation (assumption: valves, make-up, then the pumps in turn)."""


def sensors() -> list[Sensor]:
    """Instruments of an isolation station; they report by exception, and at least once a minute."""
    return [
        switch("state"),
        switch("feed_1"),
        switch("feed_2"),
        switch("sump_pump"),
        switch("floor_water"),
        switch("generator"),
        switch("portable_pump"),
        Sensor("sump_level", 10, noise=0.002, resolution=0.001, low=0.0, high=3.0, deadband=0.01),
        Sensor("static_pressure", 10, noise=0.5, resolution=0.1, low=0.0, high=1600.0, deadband=2.0),
        Sensor("static_setpoint", 10, resolution=0.1, deadband=0.5),
        Sensor("flow", 10, relative=0.004, resolution=0.1, low=0.0, deadband=4.0),
        Sensor("water_temperature", 30, noise=0.05, resolution=0.1, deadband=0.2),
        Sensor("air_temperature", 30, noise=0.05, resolution=0.1, deadband=0.2),
        Sensor("battery_voltage", 10, noise=0.03, resolution=0.1, low=0.0, deadband=0.1),
        Sensor("battery_hours", 10, resolution=0.01, low=0.0, deadband=0.02),
    ]


class IsolationStation(Stepped):
    """Runs an event and gives the readings of its one station."""

    def __init__(self, event: IsolationEvent, seed: int | None = None) -> None:
        """Takes another seed than the event's own if one is given."""
        layout = [(event.site, event.station, sensors())]
        super().__init__(event, seed, layout, step=STEP, longest_silence=60, frame=60)
        self.sump, self.circuit = SumpModel(event.sump), CircuitModel(event.circuit)
        self.battery = BatteryModel(event.battery)
        self.feeds = {1: True, 2: True}
        self.generator, self.portable = False, 0.0
        self.state = RUNNING
        self._setpoint, self._outside = event.circuit.static, event.circuit.air
        self._powered_at = -START_SECONDS
        self._inflow = Series(event, [(one.at, one.m3_h) for one in event.inflow])
        self._actions = [(event.after_start(one.at), one) for one in event.actions]

    def _move(self, seconds: float) -> None:
        before = any(self.feeds.values())
        while self._actions and self._actions[0][0] <= seconds:
            action = self._actions.pop(0)[1]
            if isinstance(action, Feed):
                self.feeds[action.feed] = action.present
            elif isinstance(action, Generator):
                self.generator = action.running
            else:
                self.portable = action.m3_h
        powered = any(self.feeds.values())
        if powered and not before:
            self._powered_at = seconds
        started = seconds - self._powered_at >= START_SECONDS
        self.state = OFF if not powered else RUNNING if started else STARTING
        self.sump.step(float(self.step), self._inflow.at(seconds), powered or self.generator, self.portable)
        self.circuit.step(float(self.step), powered)
        self.battery.step(float(self.step), powered or self.generator)

    def summary(self) -> dict[str, float]:
        """State of the one station."""
        return {
            "feeds": float(sum(self.feeds.values())),
            "generator": float(self.generator),
            "in m³/h": self._inflow.at((self.now - self.start) / NS),
            "sump m": self.sump.level,
            "pumping": float(self.sump.pumping),
            "wet": float(self.sump.wet),
            "flow m³/h": self.circuit.flow,
            "static kPa": self.circuit.pressure,
            "battery V": self.battery.voltage,
            "left h": self.battery.hours,
        }

    def _truth(self) -> list[float]:
        return [
            self.state,
            float(self.feeds[1]),
            float(self.feeds[2]),
            float(self.sump.pumping),
            float(self.sump.wet),
            float(self.generator),
            float(self.portable > 0.0),
            self.sump.level,
            self.circuit.pressure,
            self._setpoint,
            self.circuit.flow,
            self.circuit.temperature,
            self._outside,
            self.battery.voltage,
            self.battery.hours,
        ]
