"""What a catalogue may name: the formulas of derived points and the incidents, with what each needs of a site.

The code of both is elsewhere (services.alerts); a test holds this table to it. It stands here so that a misspelt name
or a missing value is found when the file is read, and not in the storm, by an alarm that does not come.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Formula:
    """inputs, parameters: labels that must be given. A `*` input stands for one or more, `head_loss_01` and so on."""

    inputs: tuple[str, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """phases: each needs a step in the playbook.  points: `station/point` that the site must have."""

    phases: tuple[str, ...]
    points: tuple[str, ...]


FORMULAS: dict[str, Formula] = {
    "percent": Formula(("part", "whole"), ("least_whole",)),
    "flow_per_pump": Formula(("flow", "running"), ("rated_flow",)),
    "drop_with_flow": Formula(("pressure", "flow"), ("seconds",)),
    "uncovered_trip": Formula(("trip", "standby")),
    "coagulant_reserve": Formula(("dose", "target", "pump"), ("least_ratio", "pump_cap")),
    "wash_queue": Formula(("flow", "head_loss*"), ("design_flow", "limit")),
    "balance_residual": Formula(("raw", "filtered"), ("own_use", "hours", "least_flow")),
    "supply_hours": Formula(("level", "inflow", "outflow"), ("area", "minimum_level", "demand_bias")),
    "of_usual": Formula(("value",), ("days",)),
}

INCIDENTS: dict[str, Incident] = {
    "intake-crisis": Incident(
        ("surge", "restricted", "threatened", "recovering", "closed"),
        (
            "intake/raw_turbidity", "intake/screen_head", "intake/raw_flow", "intake/flow_ratio", "clearwell/level",
            "clearwell/supply_hours_pessimistic",
        ),
    ),
}  # fmt: skip
