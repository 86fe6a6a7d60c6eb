"""Coagulant dosing and clarification, with the sludge that it makes."""

from services.telemetry.simulator.parameters import Parameters

PASS = 0.0038
"""Share of the raw turbidity that a clarifier at design rate lets through, 0.3-0.5 %."""
FLOOR = 1.15
"""Settled turbidity from water that carries no sediment, NTU."""


class Clarifier:
    """Dosing, four cells in series and the sludge blanket. Low flow settles better."""

    def __init__(self, parameters: Parameters, turbidity: float) -> None:
        self.p = parameters
        self.dose = self.target(turbidity)
        self.asked = self.dose
        first = FLOOR + PASS * turbidity
        self.cells = [first] * parameters.cells
        self.sludge = 0.25 * parameters.sludge_capacity
        self.settled = first
        self.out_flow = 0.0

    def target(self, turbidity: float) -> float:
        """Coagulant that jar tests ask for at a raw turbidity, mg/L; 4,000 NTU asks for the cap."""
        p = self.p
        reach = min(turbidity, 4000.0) / 4000.0
        return p.dose_base + 1.02 * (p.dose_cap - p.dose_base) * float(reach**0.62)

    @property
    def ph(self) -> float:
        """pH after coagulant: each 10 mg/L takes about 0.1."""
        return 7.62 - 0.0105 * self.dose

    @property
    def pump(self) -> float:
        """Stroke of the dosing pump, % of its cap; its speed is paced by flow."""
        return 100.0 * self.dose / self.p.dose_cap

    @property
    def blanket(self) -> float:
        """Depth of the sludge blanket below the weir, m."""
        return 3.2 - 2.4 * self.sludge / self.p.sludge_capacity

    def step(self, dt: float, flow: float, metered: float, arriving: float) -> None:
        """Moves on by dt s at a flow, m³/h; turbidity at the intake meter and arriving, NTU."""
        p = self.p
        self.asked = self.target(metered)
        self.dose += (min(self.asked, p.dose_cap) - self.dose) * min(dt / p.dose_lag, 1.0)
        load = flow / p.raw_flow
        short = max(1.0 - self.dose / max(self.target(arriving), 1.0), 0.0)
        carry = max(1.0 - self.blanket, 0.0) * 4.0 * load
        clear = PASS * (0.25 + 0.75 * load) * (1.0 + 2.0 * short)
        value = FLOOR + clear * arriving + carry
        share = min(flow * dt / 3600.0 / (p.clarifier_volume / p.cells), 1.0)
        for index, held in enumerate(self.cells):
            self.cells[index] = held + (value - held) * share
            value = held
        self.settled = self.cells[-1]
        made = p.sludge_mg_per_ntu * arriving * flow * 1e-6
        usual = min(max(self.sludge / (0.25 * p.sludge_capacity), 0.0), 1.0)
        self.sludge += (made - p.sludge_removal * usual) * dt / 3600.0
        # The blanket is kept for flocculation: desludging stops at a quarter of what it can hold.
        self.sludge = min(max(self.sludge, 0.25 * p.sludge_capacity), p.sludge_capacity)
        self.out_flow = flow * (1.0 - p.sludge_draw)
