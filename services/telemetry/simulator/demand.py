"""What the city takes through the day."""

from bisect import bisect_right

from services.telemetry.simulator.event import DemandModel, Event

HOUR = 3600.0


def profile_factor(profile: list[float], hour: float) -> float:
    """Factor at an hour of the day, 0-24, linear between the hourly values."""
    low = int(hour) % 24
    part = hour - int(hour)
    return profile[low] * (1.0 - part) + profile[(low + 1) % 24] * part


class Demand:
    """The city's demand in event time, m³/h; pressure reduction lowers it."""

    def __init__(self, event: Event) -> None:
        self.model: DemandModel = event.demand
        local = event.clock(0)
        self._offset = local.hour + local.minute / 60.0 + local.second / HOUR

    def hour(self, seconds: float) -> float:
        """Local hour of the day, 0-24, at s after start."""
        return (self._offset + seconds / HOUR) % 24.0

    def factor(self, seconds: float) -> float:
        """Factor of the daily profile at s after start."""
        return profile_factor(self.model.profile, self.hour(seconds))

    def at(self, seconds: float, pressure_ratio: float) -> float:
        """Demand, m³/h: leaks and taps give less at lower pressure, by a power of the ratio."""
        less = float(pressure_ratio**self.model.pressure_exponent)
        return self.model.mean * self.factor(seconds) * less


class Ramp:
    """A value that moves in straight lines from one ordered value to the next."""

    def __init__(self, value: float) -> None:
        self._times = [0.0]
        self._values = [value]

    def order(self, at: float, value: float, over: float) -> None:
        """From `at` s on, go to a value within `over` s; orders come in order of time."""
        now = self.at(at)
        keep = bisect_right(self._times, at)
        self._times, self._values = self._times[:keep], self._values[:keep]
        self._times += [at, at + max(over, 1e-6)]
        self._values += [now, value]

    def at(self, seconds: float) -> float:
        """The value at s after start."""
        times, values = self._times, self._values
        index = bisect_right(times, seconds)
        if index == len(times):
            return values[-1]
        if index == 0:
            return values[0]
        t0, t1 = times[index - 1], times[index]
        part = (seconds - t0) / (t1 - t0) if t1 > t0 else 1.0
        return values[index - 1] + part * (values[index] - values[index - 1])
