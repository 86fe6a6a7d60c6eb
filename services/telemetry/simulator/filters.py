"""Rapid filters: head loss, staggered washing, ripening and what gets through. Vectorised."""

import numpy as np
from numpy.typing import NDArray

from services.telemetry.simulator.parameters import Parameters

Floats = NDArray[np.float64]
STANDBY, FILTERING, WASHING, RIPENING, DRAINING = 0, 1, 2, 3, 4
SECONDS = {DRAINING: 480.0, WASHING: 720.0, RIPENING: 1500.0}
AFTER = {DRAINING: WASHING, WASHING: RIPENING, RIPENING: FILTERING}
SOLIDS_MG_PER_NTU = 1.3
WINDOW = 600.0
"""Rate steps are judged over 10 min."""


class Filters:
    """All filters of a plant; arrays are float64[filters], one entry for each filter."""

    def __init__(self, parameters: Parameters, running: bool, spread: Floats) -> None:
        """`spread` is a fixed value in 0-1 for each filter: no two filters are quite alike."""
        p = self.p = parameters
        n = p.filters
        self.area = p.filter_area / n
        self.state = np.full(n, FILTERING if running else STANDBY, dtype=np.int64)
        # Staggered runs: the solids held at start are spread evenly over a run, in mixed order.
        order = (np.arange(n) * 7) % n
        self.solids = (order + 0.5) / n * (p.wash_at_head - p.head_clean) * p.solids_per_head * 0.93
        self.hours = (order + 0.5) / n * p.wash_after_hours * 0.93
        self.timer = np.zeros(n)
        self.quality = 0.9 + 0.2 * spread
        self.ripening = np.zeros(n)
        self.spike = np.zeros(n)
        self.turbidity = 0.08 * self.quality
        self.rate = np.zeros(n)
        self.combined = 0.08
        self.wash_flow = 0.0
        self.filtered = 0.0
        self._past: list[float] = []

    @property
    def head_loss(self) -> Floats:
        """Head loss at the present rate, m, of each filter: laminar, so in proportion to rate."""
        held = self.p.head_clean + self.solids / self.p.solids_per_head
        return held * self.rate / self.p.filter_rate

    @property
    def queue(self) -> int:
        """Filters that are due for a wash and wait for the one that is being washed."""
        return int(np.count_nonzero(self._due()))

    def step(self, dt: float, flow: float, settled: float) -> None:
        """Moves on by dt s: shares a flow, m³/h, of settled turbidity, NTU, among the filters."""
        p = self.p
        self._wash(dt, flow > 1.0)
        passing = (self.state == FILTERING) | (self.state == RIPENING)
        count = int(np.count_nonzero(passing))
        each = flow / count / self.area if count else 0.0
        self.rate = np.where(passing, each, 0.0)
        solids = SOLIDS_MG_PER_NTU * settled * 1e-3 * self.rate * dt / 3600.0
        self.solids += solids
        self.hours += np.where(passing & (flow > 1.0), dt / 3600.0, 0.0)
        self._shake(dt, each)
        self.ripening *= np.exp(-dt / 420.0)
        gets_through = 0.052 + 0.034 * settled * (0.6 + 0.4 * each / p.filter_rate)
        target = gets_through * self.quality + self.spike + self.ripening
        moved = min(dt / 240.0, 1.0) if flow > 1.0 else 0.0
        self.turbidity += (target - self.turbidity) * moved * passing
        to_supply = self.state == FILTERING
        serving = int(np.count_nonzero(to_supply))
        # What ripens goes back to the inlet: it costs turbidity room, not water.
        self.filtered = flow if serving else 0.0
        if serving and flow > 1.0:
            mixed = float(self.turbidity[to_supply].mean())
            self.combined += (mixed - self.combined) * min(dt / 180.0, 1.0)

    def start(self) -> None:
        """Puts all filters from standby into service, through ripening, in pairs of age."""
        waiting = self.state == STANDBY
        self.state[waiting] = RIPENING
        self.timer[waiting] = 600.0 + 60.0 * np.arange(np.count_nonzero(waiting))
        self.ripening[waiting] = 0.15

    def _due(self) -> NDArray[np.bool_]:
        p = self.p
        held = p.head_clean + self.solids / p.solids_per_head
        ready = (held >= p.wash_at_head) | (self.hours >= p.wash_after_hours)
        due: NDArray[np.bool_] = ready & (self.state == FILTERING)
        return due

    def _wash(self, dt: float, running: bool) -> None:
        """One filter at a time: drain, wash, ripen with its water returned, back to filtering."""
        self.wash_flow = 0.0
        if (self.timer > 0).any():
            for busy in np.flatnonzero(self.timer > 0):
                self._turn(int(busy), dt)
        elif running:
            due = self._due()
            if due.any():
                index = int(np.argmax(np.where(due, self.solids, -1.0)))
                self.state[index] = DRAINING
                self.timer[index] = SECONDS[DRAINING]

    def _turn(self, index: int, dt: float) -> None:
        if self.state[index] == WASHING:
            volume = self.p.wash_volume_per_area * self.area
            self.wash_flow += volume / (SECONDS[WASHING] / 3600.0)
        self.timer[index] -= dt
        if self.timer[index] > 1e-9:
            return
        after = AFTER[int(self.state[index])]
        self.state[index] = after
        self.timer[index] = SECONDS.get(after, 0.0)
        if after == RIPENING:
            self.solids[index] = 0.0
            self.hours[index] = 0.0
            self.ripening[index] = 0.45

    def _shake(self, dt: float, each: float) -> None:
        """A rate step of more than 20 % in 10 min shakes held solids loose."""
        self._past.append(each)
        keep = int(WINDOW / dt) + 1
        if len(self._past) > keep:
            del self._past[0]
        before = self._past[0]
        jump = each / before - 1.2 if before > 0.5 else 0.0
        self.spike *= np.exp(-dt / 900.0)
        if jump > 0:
            self.spike += 0.4 * jump * (self.solids / 0.75) * dt / WINDOW
