"""One plant, wired from river to high-lift."""

from dataclasses import replace

from services.telemetry.simulator.clarifier import Clarifier
from services.telemetry.simulator.clearwell import ClearWell
from services.telemetry.simulator.demand import Ramp
from services.telemetry.simulator.event import PlantSetting
from services.telemetry.simulator.filters import Filters, Floats
from services.telemetry.simulator.highlift import HighLift
from services.telemetry.simulator.intake import Intake
from services.telemetry.simulator.parameters import Parameters, plant_parameters
from services.telemetry.simulator.rawmain import RawMain

OFF, STANDBY, STARTING, RUNNING, STOPPING = 0, 1, 2, 3, 4
STARTING_SECONDS = 900.0
FILTER_EVERY = 2
"""Filters are slow: they move once for so many steps of the plant."""
FULL_LEVEL, TOP_LEVEL = 3.75, 3.88
"""Between these levels of the clear well, m, the plan lowers production to what is taken."""


class Plant:
    """State of one plant; `step` moves it on. Flows m³/h, levels m, turbidity NTU."""

    def __init__(
        self,
        setting: PlantSetting,
        river_level: float,
        turbidity: float,
        spread: Floats,
        plan: float = 1.0,
    ) -> None:
        """`plan` is the share of full production that is planned while the plant runs."""
        p: Parameters = plant_parameters(setting.capacity)
        self.running = setting.role == "main" or setting.share > 0
        if setting.role != "main":
            # Their own clearer source needs no careful ramp.
            p = replace(p, ramp_per_hour=3.0)
        self.p = p
        self.setting = setting
        self.intake = Intake(p, river_level, self.running)
        self.main = RawMain(p.raw_main_volume, turbidity)
        self.clarifier = Clarifier(p, turbidity)
        self.filters = Filters(p, self.running, spread)
        self.clear_well = ClearWell(p, setting.clear_well_level)
        self.high_lift = HighLift(p, setting.pressure, self.running)
        self.state = RUNNING if self.running else STANDBY
        self.required = p.raw_flow * plan if self.running else 0.0
        self.turbidity = turbidity
        self._plan = Ramp(plan if self.running else 0.0)
        self._started = 0.0
        self._steps = 0

    def start(self, at: float) -> None:
        """Starts a plant in standby at s after start of the event."""
        if self.state != STANDBY:
            return
        self.state = STARTING
        self._started = at
        self._plan.order(at, 1.0, STARTING_SECONDS)
        self.filters.start()

    def step(
        self,
        seconds: float,
        dt: float,
        river_level: float,
        turbidity: float,
        debris: float,
        crew: float,
        permit: float,
        wanted: float,
        setpoint: float,
    ) -> None:
        """Moves on by dt s to `seconds` after start of the event.

        Takes the river at the intake, a crew's raking rate, 1/h, the share of the required flow
        that operators permit, the flow that the plant's zones want and the ordered pressure, kPa.
        """
        if self.state == STARTING and seconds - self._started >= STARTING_SECONDS:
            self.state = RUNNING
        level = self.clear_well.level
        room = min(max((TOP_LEVEL - level) / (TOP_LEVEL - FULL_LEVEL), 0.3), 1.0)
        self.required = self.p.raw_flow * self._plan.at(seconds) * room
        self.turbidity = turbidity
        self.intake.step(dt, river_level, turbidity, debris, crew, self.required * permit)
        flow = self.intake.flow
        arriving = self.main.step(dt, flow, turbidity)
        self.clarifier.step(dt, flow, turbidity, arriving)
        self._steps += 1
        if self._steps % FILTER_EVERY == 0:
            self.filters.step(dt * FILTER_EVERY, self.clarifier.out_flow, self.clarifier.settled)
        if self.state not in (STARTING, RUNNING):
            wanted = 0.0
        self.clear_well.step(dt, self.filters.filtered, wanted, self.filters.wash_flow, self.filters.combined)
        self.high_lift.step(dt, setpoint, wanted, self.clear_well.outflow)
