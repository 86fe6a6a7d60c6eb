"""The sizes of a plant: the table of one train of 50,000 m³/day, scaled by the number of trains."""

from dataclasses import dataclass
from math import ceil

TRAIN = 50_000.0
"""Capacity of the train that all areas, volumes and flows below belong to, m³/day."""


@dataclass(frozen=True)
class Parameters:
    """Sizes of one plant. All values are engineering judgement unless the event says otherwise.

    Flows m³/h, volumes m³, areas m², masses t, heads and levels m, times s unless named.
    """

    trains: float
    pumps_duty: int
    pumps_standby: int
    pump_flow: float
    filters: int
    raw_flow: float
    screen_flow: float
    wet_well_area: float
    raw_main_volume: float
    clarifier_volume: float
    sludge_removal: float
    sludge_capacity: float
    filter_area: float
    clear_well_area: float

    # Screen
    screen_clean_head: float = 0.05
    rake_start_head: float = 0.15
    rake_stop_head: float = 0.08
    rake_rate: float = 1.0  # 1/h of the blocked share, at low head
    rake_pinning_head: float = 0.25  # above it debris is pressed on to the bars
    screen_head_limit: float = 1.2  # the controller throttles to keep it; structure 1.0-1.5 m
    blinding_rate: float = 1.28  # 1/h: 90 % in 1.8 h at load 1

    # Wet well and pumps
    submergence_hold: float = 1.2
    submergence_trip: float = 1.1
    submergence_restart: float = 1.6
    derate_from: float = 1.3
    derate_to: float = 0.4
    fouling_worst: float = 0.15
    fouling_ntu_hours: float = 12_000.0
    ramp_per_hour: float = 0.60  # of required flow: the fastest rise that the filters forgive

    # Clarifier
    dose_base: float = 15.0
    dose_cap: float = 70.0
    dose_lag: float = 720.0
    cells: int = 4
    sludge_mg_per_ntu: float = 1.2
    sludge_draw: float = 0.03  # share of the raw flow that leaves with the sludge

    # Filters
    filter_rate: float = 7.8  # m/h
    head_clean: float = 0.35
    solids_per_head: float = 0.6  # kg/m² that cost 1 m
    wash_at_head: float = 1.6
    wash_volume_per_area: float = 130.0 / 35.0  # m
    wash_after_hours: float = 48.0

    # Clear well
    overflow_level: float = 4.1


def plant_parameters(capacity: float) -> Parameters:
    """Sizes of a plant of this capacity, m³/day: 100,000 is two trains, everything doubled.

    A plant smaller than half a train has small pumps and filters, 2 + 1 and 4, instead of few.
    """
    trains = capacity / TRAIN
    small = trains < 0.5
    duty = 2 if small else ceil(3 * trains)
    return Parameters(
        trains=trains,
        pumps_duty=duty,
        pumps_standby=1 if small else ceil(trains),
        pump_flow=760.0 * 3 * trains / duty,
        filters=4 if small else ceil(8 * trains),
        raw_flow=2190.0 * trains,
        screen_flow=2240.0 * trains,
        wet_well_area=60.0 * trains,
        raw_main_volume=800.0 * trains,
        clarifier_volume=4200.0 * trains,
        sludge_removal=2.75 * trains,
        sludge_capacity=25.0 * trains,
        filter_area=35.0 * 8 * trains,
        clear_well_area=2000.0 * trains,
    )
