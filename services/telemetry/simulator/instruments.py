"""Which points each kind of station has, with the instrument behind each.

Switches and states come first in every station. Ranges, periods and noise are usual for such
instruments (engineering judgement); a turbidity meter at the intake scatters by 5 %.
"""

from services.telemetry.simulator.filters import Filters
from services.telemetry.simulator.plant import Plant
from services.telemetry.simulator.sensors import Sensor, switch

FLOOR_BELOW_BELL = 0.8
"""Floor of the wet well under the suction bells, m: wet-well level less it is submergence."""


def flow(name: str, period: int = 10) -> Sensor:
    """A magnetic flow meter, m³/h."""
    return Sensor(name, period=period, relative=0.004, resolution=0.1, low=0.0)


def intake_sensors() -> list[Sensor]:
    """Points of an intake."""
    return [
        switch("state"),
        switch("raw_turbidity_sample_flow"),
        switch("rake_running"),
        switch("pumps_running"),
        Sensor("raw_turbidity", period=5, relative=0.05, resolution=0.1, low=0.0, high=4000.0),
        Sensor("river_level", period=5, noise=0.004, resolution=0.001),
        Sensor("screen_head", period=5, noise=0.003, resolution=0.001, low=0.0, high=2.0),
        Sensor("wetwell_level", period=5, noise=0.004, resolution=0.001, low=0.0),
        Sensor("submergence", period=5, noise=0.004, resolution=0.001),
        flow("raw_flow", period=5),
        Sensor("required_flow", period=5, resolution=0.1, deadband=1.0),
        Sensor("pump_speed", period=5, relative=0.0005, resolution=0.1, low=0.0, high=100.0),
        Sensor("water_temperature", period=30, noise=0.03, resolution=0.1, deadband=0.05),
    ]


def intake_values(plant: Plant, river_temperature: float) -> list[float]:
    """True values in the order of `intake_sensors`."""
    intake = plant.intake
    return [
        plant.state,
        1.0,
        float(intake.screen.raking),
        intake.pumps,
        plant.turbidity,
        intake.river_level + FLOOR_BELOW_BELL,
        intake.head,
        intake.level + FLOOR_BELOW_BELL,
        intake.level,
        intake.flow,
        plant.required,
        intake.speed,
        river_temperature,
    ]


def clarifier_sensors() -> list[Sensor]:
    """Points of a clarifier."""
    return [
        switch("state"),
        switch("settled_turbidity_sample_flow"),
        Sensor("coagulant_dose", relative=0.005, resolution=0.1, low=0.0),
        Sensor("coagulant_target", resolution=0.1, deadband=0.1),
        Sensor("coagulant_pump", relative=0.002, resolution=0.1, low=0.0, high=100.0),
        Sensor("settled_turbidity", relative=0.02, resolution=0.01, low=0.0, high=20.0),
        Sensor("sludge_blanket", period=30, noise=0.02, resolution=0.01, low=0.0),
        Sensor("ph", period=10, noise=0.01, resolution=0.01, low=0.0, high=14.0),
    ]


def clarifier_values(plant: Plant) -> list[float]:
    """True values in the order of `clarifier_sensors`; a standing plant doses nothing."""
    one = plant.clarifier
    running = plant.intake.flow > 1.0
    asked = min(one.asked, 100.0) if running else 0.0
    return [
        plant.state,
        1.0,
        one.dose if running else 0.0,
        asked,
        one.pump if running else 0.0,
        one.settled,
        one.blanket,
        one.ph,
    ]


def filter_sensors(count: int) -> list[Sensor]:
    """Points of a filter gallery of `count` filters."""
    names = [f"f{number:02d}" for number in range(1, count + 1)]
    return [
        switch("state"),
        *(switch(f"{name}_state") for name in names),
        switch("combined_turbidity_sample_flow"),
        *(Sensor(f"{name}_turbidity", 10, relative=0.02, resolution=0.001, low=0.0, high=5.0) for name in names),
        *(Sensor(f"{name}_head_loss", 30, noise=0.004, resolution=0.01, low=0.0, deadband=0.01) for name in names),
        Sensor("combined_turbidity", relative=0.02, resolution=0.001, low=0.0, high=5.0),
        flow("filtered_flow", period=5),
    ]


def filter_values(plant: Plant) -> list[float]:
    """True values in the order of `filter_sensors`."""
    one: Filters = plant.filters
    return [
        plant.state,
        *one.state.tolist(),
        1.0,
        *one.turbidity.tolist(),
        *one.head_loss.tolist(),
        one.combined,
        one.filtered,
    ]


def clear_well_sensors() -> list[Sensor]:
    """Points of a clear well."""
    return [
        switch("state"),
        switch("chlorine_sample_flow"),
        Sensor("level", period=5, noise=0.001, resolution=0.001, low=0.0, high=4.5),
        flow("inflow", period=5),
        flow("outflow", period=5),
        Sensor("chlorine", noise=0.008, resolution=0.01, low=0.0, high=5.0),
    ]


def clear_well_values(plant: Plant) -> list[float]:
    """True values in the order of `clear_well_sensors`."""
    one = plant.clear_well
    return [plant.state, 1.0, one.level, one.inflow, one.outflow, one.chlorine]


def high_lift_sensors() -> list[Sensor]:
    """Points of a high-lift station."""
    return [
        switch("state"),
        switch("pumps_running"),
        switch("pump_trip"),
        switch("standby_started"),
        Sensor("pressure", period=5, noise=1.2, resolution=0.1, low=0.0, high=1000.0),
        Sensor("pressure_setpoint", resolution=0.1, deadband=0.5),
        flow("flow", period=5),
        Sensor("bearing_temperature", period=30, noise=0.15, resolution=0.1, deadband=0.2),
        Sensor("winding_temperature", period=30, noise=0.2, resolution=0.1, deadband=0.2),
    ]


def high_lift_values(plant: Plant) -> list[float]:
    """True values in the order of `high_lift_sensors`."""
    one = plant.high_lift
    return [
        plant.state,
        one.pumps,
        0.0,
        0.0,
        one.pressure,
        one.setpoint,
        one.flow,
        one.bearing,
        one.winding,
    ]


def gauge_sensors() -> list[Sensor]:
    """Points of a river gauge."""
    return [
        switch("state"),
        Sensor("stage", noise=0.003, resolution=0.001, low=0.0),
        Sensor("rain", period=10, resolution=0.1, low=0.0, deadband=0.05),
    ]
