"""All plants of a city through one event: who carries which demand, and what the operators do."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.telemetry.simulator import instruments as field
from services.telemetry.simulator.demand import Demand, Ramp
from services.telemetry.simulator.event import NS, Event
from services.telemetry.simulator.parameters import plant_parameters
from services.telemetry.simulator.plant import RUNNING, Plant
from services.telemetry.simulator.river import run_river
from services.telemetry.simulator.sensors import STEP, Floats, Samples, Sensor, SensorBank, stream

CLEAR_TURBIDITY = 6.0
CLEAR_LEVEL = 3.0
CLEAR_DEBRIS = 0.02
"""The backup plants draw on another, clearer source: NTU, m above the bells, relative load."""
PLANT_STATIONS = ("intake", "clarifier", "filters", "clearwell", "highlift")


class City:
    """Runs an event and gives the readings of every station.

    The same event and seed give the same readings, bit for bit, however `advance` is called.
    """

    def __init__(self, event: Event, seed: int | None = None) -> None:
        """Takes another seed than the event's own if one is given."""
        self.event = event
        self.seed = event.seed if seed is None else seed
        self.start, self.end = event.start_ns, event.end_ns
        self.now = self.start
        self.frame_seconds = 60
        self.demand = Demand(event)
        self.river = run_river(event)
        self._count = int(event.seconds // STEP) + 1
        river = self.river
        series = (river.rain, river.gauge_stage, river.intake_level, river.turbidity, river.debris)
        # Plain floats: indexing an array for one value at a time costs more than the physics.
        self._rain, self._stage, self._level, self._turbidity, self._debris = (
            river.on_steps(one, STEP, self._count).tolist() for one in series
        )
        self.plants: dict[str, Plant] = {}
        for name, setting in event.plants.items():
            if setting.role == "off":
                continue
            main = setting.role == "main"
            bits = np.random.Philox(key=stream(self.seed, name, "filters"))
            self.plants[name] = Plant(
                setting,
                self._level[0] if main else CLEAR_LEVEL,
                self._turbidity[0] if main else CLEAR_TURBIDITY,
                np.random.Generator(bits).random(plant_parameters(setting.capacity).filters),
                self._plan(name),
            )
        self._order_actions()
        self._lay_out()
        self._steps = 0
        self._warm_up()

    @property
    def sites(self) -> Mapping[str, list[str]]:
        """The stations of each site."""
        return self._sites

    def points(self, site: str, station: str) -> tuple[str, ...]:
        """Names of a station's points in the order of the index in `Samples.points`.

        Raises:
            KeyError: if the city has no such station.
        """
        return self._points[site, station]

    def advance(self, seconds: int = 60) -> dict[tuple[str, str], Samples]:
        """Moves on, and returns the readings after the previous `now` and up to the new one.

        The first call also gives a reading of every point at the start. Beyond the end of the
        event nothing happens any more.

        Raises:
            ValueError: if `seconds` is not positive.
        """
        if seconds <= 0:
            raise ValueError(f"seconds: value {seconds}, must be greater than 0")
        self.now = min(self.now + seconds * NS, self.end)
        first = self._steps
        last = min((self.now - self.start) // (STEP * NS), self._count - 1)
        rows = []
        while self._steps <= last:
            if self._steps > 0:
                self._step(self._steps)
            rows.append(self._truth(self._steps))
            self._steps += 1
        if not rows:
            return {key: Samples.none() for key in self._columns}
        truth = np.array(rows, dtype=np.float64)
        calm = self._apply_faults(first, truth)
        values, send = self._bank.read(first, truth, calm)
        times = self.start + (first + np.arange(len(rows), dtype=np.int64)) * (STEP * NS)
        found = {}
        for key, columns in self._columns.items():
            row, point = np.nonzero(send[:, columns])
            found[key] = Samples(times[row], point.astype(np.int32), values[:, columns][row, point])
        return found

    # -- what drives the plants --------------------------------------------------------------

    def _order_actions(self) -> None:
        event = self.event
        self.main = next(n for n, one in event.plants.items() if one.role == "main")
        self._crew, self._permit, self._pressure = Ramp(0.0), Ramp(1.0), Ramp(1.0)
        self._shares = {name: Ramp(event.plants[name].share) for name in self.plants}
        self._starts: list[tuple[float, str]] = []
        for action in event.actions:
            at = event.after_start(action.at)
            if action.do == "crew":
                self._crew.order(at, action.rate, 60.0)
            elif action.do == "permit":
                self._permit.order(at, action.percent / 100.0, action.over_minutes * 60.0)
            elif action.do == "pressure":
                self._pressure.order(at, action.percent / 100.0, action.over_minutes * 60.0)
            else:
                started = [name for name in action.plants if name in self.plants]
                whole = sum(event.plants[name].capacity for name in started)
                for name in started:
                    part = action.share * event.plants[name].capacity / whole
                    self._starts.append((at, name))
                    # Zones are switched over when the plant's first water is fit for them.
                    self._shares[name].order(at + 900.0, part, action.over_minutes * 60.0)
        # What other plants carry from the start is not in the main plant's plan.
        self._planned = 1.0 - sum(event.plants[name].share for name in self.plants if name != self.main)
        self._rafts = [(event.after_start(one.at), one.minutes * 60.0, one.takes) for one in event.debris.rafts]

    def _plan(self, name: str) -> float:
        """Share of full production that a plant runs at; what others carry is not the main's."""
        plants = self.event.plants
        if plants[name].role == "main":
            return 1.0 - sum(one.share for one in plants.values() if one.role == "backup")
        if plants[name].share == 0.0:
            return 1.0
        needed = plants[name].share * self.event.demand.mean * 1.05
        return min(needed / (plants[name].capacity / 24.0), 1.0)

    def share(self, name: str, seconds: float) -> float:
        """Share of the city's demand that a plant carries at s after start."""
        if name != self.main:
            return self._shares[name].at(seconds)
        others = (one.at(seconds) for other, one in self._shares.items() if other != name)
        return 1.0 - sum(others)

    def _step(self, step: int) -> None:
        seconds = float(step * STEP)
        for at, name in self._starts:
            if at <= seconds < at + STEP:
                self.plants[name].start(seconds)
        ratio = self._pressure.at(seconds)
        taken = self.demand.at(seconds, ratio)
        for name, plant in self.plants.items():
            main = name == self.main
            if main:
                for at, length, takes in self._rafts:
                    if at < seconds <= at + length:
                        plant.intake.screen.lodge(1.0 - (1.0 - takes) ** (STEP / length))
            plant.step(
                seconds,
                float(STEP),
                self._level[step] if main else CLEAR_LEVEL,
                self._turbidity[step] if main else CLEAR_TURBIDITY,
                self._debris[step] if main else CLEAR_DEBRIS,
                self._crew.at(seconds) if main else 0.0,
                self._permit.at(seconds) if main else 1.0,
                taken * self.share(name, seconds),
                plant.setting.pressure * ratio,
            )

    def _warm_up(self) -> None:
        """Lets slow states settle before the start, under the river and demand of the start."""
        taken = self.demand.at(0.0, 1.0)
        for name, plant in self.plants.items():
            main = name == self.main
            level = plant.clear_well.level
            for _ in range(720):
                plant.step(
                    0.0,
                    float(STEP),
                    self._level[0] if main else CLEAR_LEVEL,
                    self._turbidity[0] if main else CLEAR_TURBIDITY,
                    self._debris[0] if main else CLEAR_DEBRIS,
                    0.0,
                    1.0,
                    taken * self.share(name, 0.0),
                    plant.setting.pressure,
                )
            plant.clear_well.level = level

    # -- what the instruments see ------------------------------------------------------------

    def _lay_out(self) -> None:
        sensors: list[tuple[str, str, Sensor]] = []
        self._points: dict[tuple[str, str], tuple[str, ...]] = {}
        self._columns: dict[tuple[str, str], slice] = {}
        sites: dict[str, list[str]] = {}

        def add(site: str, station: str, found: list[Sensor]) -> None:
            sites.setdefault(site, []).append(station)
            begin = len(sensors)
            sensors.extend((site, station, one) for one in found)
            self._points[site, station] = tuple(one.name for one in found)
            self._columns[site, station] = slice(begin, len(sensors))

        for name, plant in self.plants.items():
            add(name, "intake", field.intake_sensors())
            add(name, "clarifier", field.clarifier_sensors())
            add(name, "filters", field.filter_sensors(plant.p.filters))
            add(name, "clearwell", field.clear_well_sensors())
            add(name, "highlift", field.high_lift_sensors())
        add(self.event.gauge, "gauge", field.gauge_sensors())
        self._sites = sites
        self._bank = SensorBank(sensors, self.seed)
        self._faults = []
        column = {(a, b, one.name): index for index, (a, b, one) in enumerate(sensors)}
        for fault in self.event.faults:
            place = (fault.site, fault.station)
            begin = self.event.after_start(fault.at)
            until = self.event.after_start(fault.until)
            reading = column[(*place, fault.point)]
            flow = column[(*place, f"{fault.point}_sample_flow")]
            self._faults.append((begin, until, reading, flow))

    def _truth(self, step: int) -> list[float]:
        row: list[float] = []
        for plant in self.plants.values():
            row += field.intake_values(plant, self.event.river.temperature)
            row += field.clarifier_values(plant)
            row += field.filter_values(plant)
            row += field.clear_well_values(plant)
            row += field.high_lift_values(plant)
        row += [RUNNING, self._stage[step], self._rain[step]]
        return row

    def _apply_faults(self, first: int, truth: Floats) -> NDArray[np.bool_]:
        """Blocked sample lines: the analyser sees the same water settle, and reads low and calm."""
        calm = np.zeros(truth.shape, dtype=np.bool_)
        seconds = (first + np.arange(len(truth))) * float(STEP)
        for begin, until, reading, flow in self._faults:
            rows = np.flatnonzero((seconds >= begin) & (seconds < until))
            settling = np.exp(-(seconds[rows] - begin) / 600.0)
            truth[rows, reading] *= 0.02 + 0.98 * settling
            truth[rows, flow] = 0.0
            calm[rows, reading] = True
        return calm
