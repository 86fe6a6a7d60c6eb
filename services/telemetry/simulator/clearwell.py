"""The clear well: a mass balance and a dose of chlorine."""

from services.telemetry.simulator.parameters import Parameters


class ClearWell:
    """Level m, flows m³/h, chlorine mg/L. What cannot be held overflows."""

    def __init__(self, parameters: Parameters, level: float) -> None:
        self.p = parameters
        self.level = level
        self.inflow = 0.0
        self.outflow = 0.0
        self.wash = 0.0
        self.spilled = 0.0
        self.chlorine = 0.82

    @property
    def volume(self) -> float:
        """Water held, m³."""
        return self.level * self.p.clear_well_area

    def step(self, dt: float, inflow: float, outflow: float, wash: float, turbidity: float) -> None:
        """Moves on by dt s: dV = (inflow − outflow − wash water)·dt, never below empty."""
        p = self.p
        held = self.volume + (inflow - wash) * dt / 3600.0
        gone = min(outflow * dt / 3600.0, max(held, 0.0))
        self.inflow, self.wash = inflow, wash
        self.outflow = gone * 3600.0 / dt
        held = max(held - gone, 0.0)
        most = p.overflow_level * p.clear_well_area
        if held > most:
            self.spilled += held - most
            held = most
        self.level = held / p.clear_well_area
        # The doser follows flow; turbid water costs a little chlorine; the well mixes slowly.
        target = 0.82 - 0.35 * max(turbidity - 0.1, 0.0)
        self.chlorine += (target - self.chlorine) * min(dt / 7200.0, 1.0)
