"""The intake: wet well, pumps and the controller that throttles them.

The datum for levels is the pumps' suction bells, so that wet-well level is submergence. The wet
well is small against its flow (1 m in about 96 s without inflow): it moves in substeps of 1 s.
"""

from math import ceil

from services.telemetry.simulator.parameters import Parameters
from services.telemetry.simulator.screen import Screen, screen_flow

SUBSTEPS_PER_SECOND = 1
SLEW = 0.004
"""Fastest change of pumped flow, share of rated flow per second: drives ramp slowly."""
SETTLE = 240.0
"""Time in which the controller brings head or submergence to its limit, s."""
REACTION = 120.0
"""Lag of the controller, s: it filters the noise of two level meters."""


class Intake:
    """Wet well and pumps of one plant; flows m³/h, levels m above the bells."""

    def __init__(self, parameters: Parameters, river_level: float, running: bool) -> None:
        self.p = parameters
        self.screen = Screen(parameters)
        self.level = river_level - (0.055 if running else 0.0)
        self.flow = parameters.raw_flow if running else 0.0
        self.allowed = self.flow
        self.fouling = 0.0
        self.pumps = parameters.pumps_duty if running else 0
        self.tripped = False
        self.river_level = river_level
        self._river_rise = 0.0

    @property
    def head(self) -> float:
        """Differential head over the screen, m."""
        return self.river_level - self.level

    @property
    def per_pump(self) -> float:
        """Flow that one pump gives at full speed now, m³/h.

        Sand wears and fouls it; too little submergence derates it, to nothing at 0.4 m.
        """
        p = self.p
        grip = (self.level - p.derate_to) / (p.derate_from - p.derate_to)
        return p.pump_flow * (1.0 - self.fouling) * min(max(grip, 0.0), 1.0)

    @property
    def speed(self) -> float:
        """Pump speed, % of rated: by the affinity law flow is proportional to it."""
        full = self.pumps * self.per_pump
        return min(100.0 * self.flow / full, 100.0) if full > 0 and self.pumps else 0.0

    def step(
        self,
        dt: float,
        river_level: float,
        turbidity: float,
        debris: float,
        crew: float,
        wanted: float,
    ) -> None:
        """Moves on by dt s towards a wanted flow, m³/h, as far as water and screen allow."""
        p = self.p
        self._river_rise += ((river_level - self.river_level) / dt - self._river_rise) * 0.05
        self.river_level = river_level
        self._throttle(dt, wanted)
        self._stage_pumps()
        seconds = int(dt * SUBSTEPS_PER_SECOND)
        h = dt / seconds
        blockage = self.screen.blockage
        level, flow = self.level, self.flow
        most = SLEW * p.raw_flow * h
        for _ in range(seconds):
            limit = min(self.allowed, self.pumps * self.per_pump)
            flow += min(max(limit - flow, -most), most)
            inflow = screen_flow(river_level - level, blockage, p)
            level += (inflow - flow) / 3600.0 / p.wet_well_area * h
            level = min(max(level, 0.0), river_level + 0.5)
            self.level = level
        self.flow = max(flow, 0.0)
        worn = p.fouling_worst - self.fouling
        self.fouling += worn * turbidity * dt / 3600.0 / p.fouling_ntu_hours
        self.screen.step(dt, self.flow, self.head, debris, crew)

    def _throttle(self, dt: float, wanted: float) -> None:
        """Lowers the allowed flow so that head and submergence hold; lets it rise again slowly.

        The head moves by what the river rises less what the well does, so the flow that brings it
        to its limit within SETTLE is what the screen passes + area·((limit − head)/SETTLE − rise).
        """
        p = self.p
        if self.level < p.submergence_trip:
            self.tripped = True
        elif self.level > p.submergence_restart:
            self.tripped = False
        limit = min(p.screen_head_limit, self.river_level - p.submergence_hold)
        passes = screen_flow(self.head, self.screen.blockage, p)
        rate = (limit - self.head) / SETTLE - self._river_rise
        bearable = max(passes + p.wet_well_area * rate * 3600.0, 0.0)
        target = min(wanted, bearable)
        if self.tripped:
            self.allowed = 0.0
        elif target < self.allowed:
            self.allowed += (target - self.allowed) * min(dt / REACTION, 1.0)
        else:
            rise = p.ramp_per_hour * p.raw_flow * dt / 3600.0
            self.allowed = min(target, self.allowed + rise)

    def _stage_pumps(self) -> None:
        """Runs as many pumps as the flow needs at no more than 98 % speed, with hysteresis."""
        p = self.p
        each = max(self.per_pump, 1.0)
        need = ceil(self.allowed / (0.98 * each)) if self.allowed > 1.0 else 0
        most = p.pumps_duty + p.pumps_standby
        if need > self.pumps:
            self.pumps = min(self.pumps + 1, most)
        elif self.pumps > 0 and (need == 0 or self.allowed < 0.88 * each * (self.pumps - 1)):
            self.pumps -= 1
