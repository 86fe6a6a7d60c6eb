"""High-lift pumps: they give what the zones take, at the ordered pressure."""

from math import ceil

from services.telemetry.simulator.parameters import Parameters


class HighLift:
    """Pressure kPa, flow m³/h, temperatures °C."""

    def __init__(self, parameters: Parameters, pressure: float, running: bool) -> None:
        self.each = 1000.0 * parameters.trains if parameters.trains < 0.5 else 1000.0
        self.most = max(ceil(3200.0 * parameters.trains / self.each), 2)
        self.setpoint = pressure
        self.pressure = pressure if running else 0.92 * pressure
        self.flow = 0.0
        self.pumps = 0
        self.bearing = 45.0
        self.winding = 60.0

    def step(self, dt: float, setpoint: float, wanted: float, supplied: float) -> None:
        """Moves on by dt s: an ordered setpoint, the flow that zones want and the one there is.

        A clear well run dry gives less than is wanted, and pressure falls with the square of it.
        """
        self.setpoint = setpoint
        self.flow = supplied
        need = ceil(supplied / (0.95 * self.each)) if supplied > 1.0 else 0
        if need > self.pumps:
            self.pumps = min(need, self.most)
        elif supplied < 0.85 * self.each * (self.pumps - 1) or need == 0:
            self.pumps = max(need, 0)
        share = (supplied / wanted) ** 2 if wanted > 1.0 else 1.0
        # Behind closed zones a standing plant shows the network's pressure, a little lower.
        target = setpoint * share if self.pumps else 0.92 * setpoint
        self.pressure += (target - self.pressure) * min(dt / 60.0, 1.0)
        load = supplied / (self.pumps * self.each) if self.pumps else 0.0
        self.bearing += (38.0 + 24.0 * load - self.bearing) * min(dt / 2400.0, 1.0)
        self.winding += (42.0 + 40.0 * load - self.winding) * min(dt / 1800.0, 1.0)
