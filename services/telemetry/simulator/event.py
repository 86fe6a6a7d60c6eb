"""What an event file may say: typed, bounded and without anything unknown in it."""

from typing import Annotated, Literal

from pydantic import Field

from services.telemetry.simulator.described import NS, Clock, Described, Fraction, Model, Name, Text

__all__ = ["NS", "Event"]


class Rain(Model):
    """Rain over the upper catchment from `at` until the next entry, mm/h."""

    at: Clock
    mm_h: Annotated[float, Field(ge=0, le=200)]


class RiverModel(Model):
    """Catchment, rating curve and sediment of the river that the main plant draws from."""

    base_flow: Annotated[float, Field(gt=0, le=10_000, description="m³/s before the rain")]
    flow_per_mm_h: Annotated[float, Field(gt=0, le=10_000, description="m³/s per mm/h of runoff")]
    infiltration_mm_h: Annotated[float, Field(ge=0, le=100)]
    reservoirs: Annotated[int, Field(ge=1, le=8)]
    reservoir_minutes: Annotated[float, Field(gt=0, le=600)]
    lag_minutes: Annotated[float, Field(ge=30, le=120, description="gauge to intake")]
    base_stage: Annotated[float, Field(gt=0, le=20, description="m at base flow, at the gauge")]
    rating_exponent: Annotated[float, Field(ge=0.2, le=1)]
    intake_level: Annotated[float, Field(gt=0, le=20, description="m above the bells, base flow")]
    turbidity_a: Annotated[float, Field(gt=0, le=1000, description="NTU at base flow")]
    turbidity_b: Annotated[float, Field(ge=1, le=2)]
    turbidity_c: Annotated[float, Field(ge=0, le=1e5, description="NTU per base flow and hour")]
    depletion: Annotated[float, Field(ge=0, le=10, description="1/h per base flow of excess")]
    temperature: Annotated[float, Field(ge=0, le=40, description="°C")]


class DebrisLoad(Model):
    """Debris from `at` on, linear to the next entry; 1 blinds an unattended screen 90 % in 1.8 h."""

    at: Clock
    load: Annotated[float, Field(ge=0, le=10)]


class Raft(Model):
    """A raft of driftwood that lodges on the screen and takes a share of the open area."""

    at: Clock
    minutes: Annotated[float, Field(gt=0, le=120)]
    takes: Annotated[float, Field(gt=0, lt=1)]


class Debris(Model):
    """What the river carries against the screen of the main plant."""

    load: Annotated[list[DebrisLoad], Field(min_length=1, max_length=500)]
    rafts: Annotated[list[Raft], Field(max_length=50)] = []


class DemandModel(Model):
    """The city's demand at full pressure: mean, m³/h, times a factor for each hour, 00 to 23."""

    mean: Annotated[float, Field(gt=0, le=100_000)]
    profile: Annotated[list[Annotated[float, Field(ge=0.05, le=3)]], Field(min_length=24, max_length=24)]
    pressure_exponent: Annotated[float, Field(ge=0, le=2)] = 0.5


class PlantSetting(Model):
    """One plant at the start of the event."""

    capacity: Annotated[float, Field(ge=1_000, le=1_000_000, description="m³/day")]
    role: Literal["main", "backup", "off"]
    clear_well_level: Annotated[float, Field(ge=0.5, le=4.0, description="m")]
    share: Fraction = 0.0
    pressure: Annotated[float, Field(ge=100, le=1000, description="kPa at discharge")] = 420.0


class Crew(Model):
    """People and grabs at the screen: raking added to the machine's, open-bar rate, 1/h."""

    do: Literal["crew"]
    at: Clock
    rate: Annotated[float, Field(ge=0, le=20)]
    note: Text


class Permit(Model):
    """The raw flow that the operators allow, % of required, approached in a straight line."""

    do: Literal["permit"]
    at: Clock
    percent: Annotated[float, Field(ge=10, le=110)]
    over_minutes: Annotated[float, Field(ge=0, le=600)]
    note: Text


class StartPlants(Model):
    """Backup plants start, and zones with this share of the city are switched to them."""

    do: Literal["start_plants"]
    at: Clock
    plants: Annotated[list[Name], Field(min_length=1, max_length=10)]
    share: Fraction
    over_minutes: Annotated[float, Field(gt=0, le=240)]
    note: Text


class Pressure(Model):
    """An ordered change of the discharge pressure of every plant, % of the usual setpoint."""

    do: Literal["pressure"]
    at: Clock
    percent: Annotated[float, Field(ge=40, le=110)]
    over_minutes: Annotated[float, Field(gt=0, le=240)]
    note: Text


Action = Annotated[Crew | Permit | StartPlants | Pressure, Field(discriminator="do")]


class SampleLineFault(Model):
    """An analyser's sample line blocks: its reading turns low, calm and false; its switch opens."""

    at: Clock
    until: Clock
    site: Name
    station: Name
    point: Name


class Event(Described):
    """A city's event: what drives its river, its plants and its people. It need not name its model: it has plants."""

    model: Literal["city"] = "city"
    rain: Annotated[list[Rain], Field(min_length=1, max_length=500)]
    river: RiverModel
    debris: Debris
    demand: DemandModel
    plants: Annotated[dict[Name, PlantSetting], Field(min_length=1, max_length=20)]
    gauge: Name
    actions: Annotated[list[Action], Field(max_length=500)] = []
    faults: Annotated[list[SampleLineFault], Field(max_length=100)] = []
