"""The physical parts of an isolation station: sump, heating circuit, battery."""

from __future__ import annotations

import math

from services.telemetry.simulator.isolation.event import Battery, Circuit, Sump

FLOAT_VOLTAGE, FULL_VOLTAGE, EMPTY_VOLTAGE = 54.0, 51.0, 42.0
"""Of a 48 V lead battery: on charge, at the start of a discharge, and where its cells are cut off (usual values)."""


class SumpModel:
    """Mass balance of the pit, and of the room once water stands on its floor."""

    def __init__(self, sump: Sump) -> None:
        self._sump = sump
        self.level = sump.level
        self.pumping = False

    @property
    def wet(self) -> bool:
        """Whether water stands on the room's floor."""
        return self.level > self._sump.floor

    def step(self, seconds: float, inflow: float, powered: bool, portable: float) -> None:
        """`inflow`, `portable`: m³/h. The portable pump draws down to the stop level of the sump's own."""
        sump = self._sump
        if not powered or self.level <= sump.stop:
            self.pumping = False
        elif self.level >= sump.start:
            self.pumping = True
        out = (sump.pump if self.pumping else 0.0) + (portable if self.level > sump.stop else 0.0)
        volume = self._volume(self.level) + (inflow - out) * seconds / 3600.0
        self.level = self._level(max(volume, 0.0))

    def _volume(self, level: float) -> float:
        sump = self._sump
        return sump.area * min(level, sump.floor) + sump.room_area * max(level - sump.floor, 0.0)

    def _level(self, volume: float) -> float:
        sump = self._sump
        full = sump.area * sump.floor
        return volume / sump.area if volume <= full else sump.floor + (volume - full) / sump.room_area


class CircuitModel:
    """First-order answers of circulation, static pressure and temperature to power and its loss."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self.flow, self.pressure, self.temperature = circuit.flow, circuit.static, circuit.temperature

    def step(self, seconds: float, powered: bool) -> None:
        """With power the make-up pump restores the pressure within minutes."""
        one = self._circuit
        self.flow = _towards(self.flow, one.flow if powered else 0.0, seconds, one.run_down)
        wanted, lag = (one.static, 180.0) if powered else (one.leaks_to, one.leak_minutes * 60.0)
        self.pressure = _towards(self.pressure, wanted, seconds, lag)
        # Standing water cools to a cellar's temperature, not to that of the street.
        wanted, lag = (one.temperature, 900.0) if powered else (max(one.air, 8.0), one.cooling_hours * 3600.0)
        self.temperature = _towards(self.temperature, wanted, seconds, lag)


class BatteryModel:
    """Charge from 1 to 0. What is said of the hours left comes true only as the voltage sags."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self.charge = 1.0
        self.charging = True

    def step(self, seconds: float, charging: bool) -> None:
        """`charging`: by a feed or the generator."""
        one, self.charging = self._battery, charging
        if charging:
            self.charge = min(1.0, self.charge + seconds / 3600.0 / one.charge_hours)
        else:
            self.charge = max(0.0, self.charge - seconds / 3600.0 / one.hours)

    @property
    def voltage(self) -> float:
        """V: falls slowly at first and steeply at the end, as a lead battery's does."""
        if self.charging:
            return EMPTY_VOLTAGE + (FLOAT_VOLTAGE - EMPTY_VOLTAGE) * math.sqrt(self.charge)
        return EMPTY_VOLTAGE + (FULL_VOLTAGE - EMPTY_VOLTAGE) * math.sqrt(self.charge)

    @property
    def hours(self) -> float:
        """Hours left, as the charger says."""
        one = self._battery
        return self.charge * (one.hours + (one.hours_said - one.hours) * self.charge)


def _towards(value: float, wanted: float, seconds: float, lag: float) -> float:
    return wanted + (value - wanted) * math.exp(-seconds / lag)
