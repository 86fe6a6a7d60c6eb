"""What a catalogue may name: the formulas of derived points, with what each needs (incidents: known_incidents.py).

Their code is elsewhere (services.alerts); a test holds this table to it. It stands here so that a misspelt name
or a missing value is found when the file is read, and not in the storm, by an alarm that does not come.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Formula:
    """inputs, parameters: labels that must be given, each parameter with the bounds of what makes sense.

    A `*` input stands for one or more, `head_loss_01` and so on; `least` says how many at least. optional: inputs that
    may be left out.
    """

    inputs: tuple[str, ...]
    parameters: dict[str, tuple[float, float]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    least: int = 1


_POSITIVE, _PERCENT, _ANY = (1e-9, 1e9), (0.0, 100.0), (-1e9, 1e9)
_AREA, _BIAS, _DAYS = (0.1, 1e6), (-3.0, 3.0), (0.01, 400.0)


FORMULAS: dict[str, Formula] = {
    "percent": Formula(("part", "whole"), {"least_whole": (0.0, 1e9)}),
    "flow_per_pump": Formula(("flow", "running"), {"rated_flow": _POSITIVE}),
    "drop_with_flow": Formula(("pressure", "flow"), {"seconds": (1.0, 110.0)}),
    "uncovered_trip": Formula(("trip", "standby")),
    "coagulant_reserve": Formula(("dose", "target", "pump"), {"least_ratio": _PERCENT, "pump_cap": _PERCENT}),
    "wash_queue": Formula(("flow", "head_loss*"), {"design_flow": _POSITIVE, "limit": _POSITIVE}),
    "balance_residual": Formula(
        ("raw", "filtered"), {"own_use": (0.0, 0.5), "hours": (0.05, 240.0), "least_flow": (0.0, 1e9)}
    ),
    "supply_hours": Formula(
        ("level", "inflow", "outflow"), {"area": _AREA, "minimum_level": _ANY, "demand_bias": _BIAS}
    ),
    "overflow_hours": Formula(
        ("level", "inflow", "outflow"), {"area": _AREA, "overflow_level": _ANY, "demand_bias": _BIAS}
    ),
    "of_usual": Formula(("value",), {"days": _DAYS}),
    "from_mean": Formula(("value",), {"days": _DAYS}),
    "deviation": Formula(("value", "reference")),
    "deviation_percent": Formula(("value", "reference"), {"least_reference": _POSITIVE}),
    "median_of": Formula(("value*",), {"least_good": (1.0, 99.0)}, least=2),
    "from_median": Formula(("one", "other*"), least=2),
    "spread": Formula(("value*",), least=2),
    "how_many": Formula(("on*",), {"least_good": (1.0, 99.0)}),
    "mismatch": Formula(("command", "feedback")),
    "running_hours": Formula(("running",), optional=("service",)),
    "starts": Formula(("running",), {"hours": (0.1, 48.0)}),
    "freeze_degree_hours": Formula(
        ("air", "water", "flow"), {"air_below": (-30.0, 10.0), "water_below": (-5.0, 20.0), "least_flow": (0.0, 1e9)}
    ),
    "surge_arrival": Formula(("gauge",), {"rise": _POSITIVE, "minutes": (1.0, 60.0), "travel_minutes": (1.0, 1439.0)}),
    "night_flow_rise": Formula(("flow",)),
    "burst_excess": Formula(("flow", "pressure"), {"drop": _POSITIVE}),
}
