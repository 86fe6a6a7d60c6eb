"""Rain to river: stage at the gauge and at the intake, turbidity with a sediment supply that runs out.

The catchment is a Nash cascade of equal linear reservoirs (J. E. Nash, 1957). Stage follows a power
rating curve. Turbidity is a·q^b·supply + c·(dq/dt)⁺ with q the flow over base flow: a rating in
flow, times a supply of loose sediment that high flow uses up, plus what a rising limb mobilises.
So it peaks before the stage does, and is lower at the same flow on the way down (hysteresis).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.telemetry.simulator.event import Event

Floats = NDArray[np.float64]
GRID = 60.0
"""Step of the river's own integration, s; readings are interpolated."""


@dataclass(frozen=True)
class River:
    """The river over the whole event; arrays of one length on a grid of 60 s from start.

    `rain` mm/h, `gauge_stage` m, `intake_level` m above the pumps' suction bells, `flow` at the
    intake over base flow, `turbidity` NTU, `supply` 0-1, `debris` relative load.
    """

    rain: Floats
    gauge_stage: Floats
    intake_level: Floats
    flow: Floats
    turbidity: Floats
    supply: Floats
    debris: Floats

    def on_steps(self, series: Floats, step: float, count: int) -> Floats:
        """One series at 0, step, 2·step … s after start; float64[count]."""
        grid = np.arange(len(series)) * GRID
        found: Floats = np.interp(np.arange(count) * step, grid, series)
        return found


def run_river(event: Event) -> River:
    """Integrates the river through the event from the rain of the event file."""
    model = event.river
    count = int(event.seconds // GRID) + 2
    rain = np.zeros(count)
    for entry in event.rain:
        rain[int(event.after_start(entry.at) // GRID) :] = entry.mm_h
    flow_up = 1.0 + _cascade(rain, event) / model.base_flow
    flow = _delayed(flow_up, model.lag_minutes)
    rise = np.maximum(np.gradient(flow, GRID / 3600.0), 0.0)
    # The sediment of a small catchment is loosened within minutes: no further lag is modelled.
    excess = np.maximum(flow - 1.0, 0.0)
    supply = np.exp(-model.depletion * np.concatenate(([0.0], np.cumsum(excess)[:-1])) * GRID / 3600)
    turbidity = model.turbidity_a * flow**model.turbidity_b * np.where(excess > 0, supply, 1.0)
    # The bed always gives its base turbidity: depletion takes only what the storm had loosened.
    turbidity = np.maximum(turbidity, model.turbidity_a) + model.turbidity_c * rise
    climb = model.base_stage * (flow**model.rating_exponent - 1.0)
    grid = np.arange(count) * GRID
    at = [event.after_start(one.at) for one in event.debris.load]
    debris = np.interp(grid, at, [one.load for one in event.debris.load])
    return River(
        rain=rain,
        gauge_stage=model.base_stage * flow_up**model.rating_exponent,
        intake_level=model.intake_level + climb,
        flow=flow,
        turbidity=turbidity,
        supply=supply,
        debris=debris,
    )


def _cascade(rain: Floats, event: Event) -> Floats:
    model = event.river
    through = np.maximum(rain - model.infiltration_mm_h, 0.0) * model.flow_per_mm_h
    keep = np.exp(-GRID / (model.reservoir_minutes * 60.0))
    for _ in range(model.reservoirs):
        level = 0.0
        out = np.empty_like(through)
        for index, value in enumerate(through):
            level = keep * level + (1.0 - keep) * value
            out[index] = level
        through = out
    return through


def _delayed(series: Floats, minutes: float) -> Floats:
    grid = np.arange(len(series)) * GRID
    found: Floats = np.interp(grid - minutes * 60.0, grid, series)
    return found
