"""The bar screen in front of the pump house: blinding, raking and head loss."""

from math import sqrt

from services.telemetry.simulator.parameters import Parameters

LINEAR_BELOW = 0.002
"""Head, m, under which flow is taken as linear in head: the root would be infinitely steep."""


def screen_head(flow: float, blockage: float, p: Parameters) -> float:
    """Differential head, m, at a flow, m³/h: Δh = 0.05·(Q/Q₀)²/(1−b)², an orifice law."""
    return p.screen_clean_head * (flow / p.screen_flow / (1.0 - blockage)) ** 2


def screen_flow(head: float, blockage: float, p: Parameters) -> float:
    """Flow, m³/h, that a differential head, m, drives through the screen; backwards if negative."""
    root = head / sqrt(max(abs(head), LINEAR_BELOW))
    return p.screen_flow * (1.0 - blockage) * root / sqrt(p.screen_clean_head)


class Screen:
    """State of the screen. `blockage` is the share of the open area that is blinded, 0-1."""

    def __init__(self, parameters: Parameters, blockage: float = 0.03) -> None:
        self.p = parameters
        self.blockage = blockage
        self.raking = False

    def step(self, dt: float, flow: float, head: float, debris: float, crew: float) -> None:
        """Moves on by dt s at a flow, m³/h, and head, m, under a debris load and a crew's rate, 1/h.

        Debris comes with the water: it blinds what is still open. The rake starts and stops by
        head; a crew keeps it going. High head pins debris to the bars, so that raking loses grip.
        """
        p = self.p
        if crew > 0 or head >= p.rake_start_head:
            self.raking = True
        elif head <= p.rake_stop_head:
            self.raking = False
        hours = dt / 3600.0
        blinds = p.blinding_rate * debris * flow / p.raw_flow * (1.0 - self.blockage)
        grip = 1.0 / (1.0 + (head / p.rake_pinning_head) ** 2)
        rakes = (p.rake_rate * self.raking + crew) * grip * self.blockage
        self.blockage = min(max(self.blockage + (blinds - rakes) * hours, 0.02), 0.98)

    def lodge(self, share: float) -> None:
        """A raft takes a share of the area that is still open."""
        self.blockage = min(1.0 - (1.0 - self.blockage) * (1.0 - share), 0.98)
