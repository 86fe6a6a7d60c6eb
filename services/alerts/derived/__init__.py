"""Derived points: computed on the grid from measured ones, then judged by the same rules.

A function is one file's worth of process knowledge: it takes the inputs at the instants of a grid and gives values
with quality. `FUNCTIONS` is the one place where a catalogue's `function:` finds its code.
"""

from services.alerts.derived.balance import BalanceResidual
from services.alerts.derived.base import DerivedFunction, worst
from services.alerts.derived.compare import (
    Deviation,
    DeviationPercent,
    FromMedian,
    HowMany,
    MedianOf,
    Mismatch,
    Spread,
)
from services.alerts.derived.dosing import CoagulantReserve
from services.alerts.derived.duty import RunningHours, Starts
from services.alerts.derived.filters import WashQueue
from services.alerts.derived.pumps import DropWithFlow, FlowPerPump, UncoveredTrip
from services.alerts.derived.ratio import Percent
from services.alerts.derived.supply import OverflowHours, SupplyHours
from services.alerts.derived.usual import FromMean, OfUsual
from services.alerts.derived.weather import FreezeDegreeHours, SurgeArrival
from services.alerts.derived.zone import BurstExcess, NightFlowRise

FUNCTIONS: dict[str, type[DerivedFunction]] = {
    "percent": Percent,
    "flow_per_pump": FlowPerPump,
    "drop_with_flow": DropWithFlow,
    "uncovered_trip": UncoveredTrip,
    "coagulant_reserve": CoagulantReserve,
    "wash_queue": WashQueue,
    "balance_residual": BalanceResidual,
    "supply_hours": SupplyHours,
    "overflow_hours": OverflowHours,
    "of_usual": OfUsual,
    "from_mean": FromMean,
    "deviation": Deviation,
    "deviation_percent": DeviationPercent,
    "median_of": MedianOf,
    "from_median": FromMedian,
    "spread": Spread,
    "how_many": HowMany,
    "mismatch": Mismatch,
    "running_hours": RunningHours,
    "starts": Starts,
    "freeze_degree_hours": FreezeDegreeHours,
    "surge_arrival": SurgeArrival,
    "night_flow_rise": NightFlowRise,
    "burst_excess": BurstExcess,
}

__all__ = ["FUNCTIONS", "DerivedFunction", "worst"]
