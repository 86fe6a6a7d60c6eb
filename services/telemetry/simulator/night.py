"""The night in a table: key variables every ten minutes, and when limits are crossed."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.telemetry.simulator.city import City
from services.telemetry.simulator.demand import profile_factor
from services.telemetry.simulator.sensors import STEP

EMPTY_LEVEL = 1.2
PESSIMISM = 1.1
HORIZON_HOURS = 48


def supply_hours(city: City, inflow: float | None = None) -> float:
    """Hours until the main plant's clear well is at 1.2 m; `inf` if not within two days.

    Inflow is held at its present value; demand follows the daily profile times the present day
    factor (outflow now over the profile now), plus 10 %.
    """
    plant = city.plants[city.main]
    well = plant.clear_well
    profile = city.event.demand.profile
    hour = city.demand.hour((city.now - city.start) / 1e9)
    day = well.outflow / profile_factor(profile, hour)
    held = (well.level - EMPTY_LEVEL) * plant.p.clear_well_area
    supply = well.inflow if inflow is None else inflow
    step = 1.0 / 12.0
    for index in range(int(HORIZON_HOURS / step)):
        if held <= 0:
            return index * step
        factor = profile_factor(profile, (hour + (index + 0.5) * step) % 24.0)
        held += (supply - PESSIMISM * day * factor) * step
    return float("inf")


@dataclass
class Crossing:
    """First time at which something has held for `hold` s, and was so again after a break."""

    what: str
    hold: float
    since: float | None = None
    at: list[float] = field(default_factory=list)
    done: bool = False

    def see(self, seconds: float, holds: bool) -> None:
        """Takes the state at s after start."""
        if not holds:
            self.since, self.done = None, False
        elif self.since is None:
            self.since = seconds
        if self.since is not None and not self.done and seconds - self.since >= self.hold:
            self.done = True
            self.at.append(seconds)


class Night:
    """Runs a city and watches the true values behind the main plant's alarms."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.readings = 0
        self.crossings = {
            name: Crossing(name, hold)
            for name, hold in (
                ("stage rises ≥ 0.30 m/h", 600),
                ("raw turbidity ×3 and > 60", 300),
                ("raw turbidity > 200", 300),
                ("rake starts", 0),
                ("screen Δh > 0.30", 60),
                ("screen Δh > 0.60", 30),
                ("raw turbidity > 1000", 180),
                ("screen Δh > 1.0", 10),
                ("submergence < 2.0", 10),
                ("submergence < 1.3", 10),
                ("raw flow < 85 %", 300),
                ("raw flow < 60 %", 300),
                ("raw turbidity ≥ 4000", 0),
                ("raw turbidity < 4000 again", 0),
                ("forecast < 8 h", 300),
                ("coagulant at its cap", 300),
                ("coagulant < 80 % of target", 300),
                ("clear well < 2.2", 300),
                ("clear well < 1.5", 60),
                ("clear well rises", 1200),
                ("clear well falls", 1200),
                ("settled > 5", 600),
                ("settled > 10", 600),
                ("combined > 0.5", 300),
                ("a filter > 0.3", 900),
                ("sludge blanket < 1.0", 900),
                ("forecast < 2 h", 300),
                ("recovering: ≥ 85 %, Δh < 0.6, > 12 h", 1800),
                ("closed: ≥ 95 %, Δh < 0.15, rising", 1800),
            )
        }
        self._stage: deque[float] = deque(maxlen=31)
        self._raw: deque[float] = deque(maxlen=31)
        self._level: deque[float] = deque(maxlen=11)
        self._saturated = False
        self.extremes: dict[str, tuple[float, float]] = {}

    def minutes(self) -> Iterator[dict[str, float]]:
        """Runs minute by minute to the end and gives the key variables of each minute."""
        city = self.city
        while city.now < city.end:
            found = city.advance(60)
            self.readings += sum(len(one) for one in found.values())
            row = self._row()
            self._watch(row)
            yield row

    def _row(self) -> dict[str, float]:
        city = self.city
        plant = city.plants[city.main]
        seconds = (city.now - city.start) / 1e9
        step = int(seconds // STEP)
        river = city.river
        minute = min(int(seconds // 60), len(river.turbidity) - 1)
        serving = plant.filters.state == 1
        settled = plant.filters.turbidity[serving & (plant.filters.ripening < 0.02)]
        return {
            "seconds": seconds,
            "rain": float(river.rain[minute]),
            "stage": float(river.gauge_stage[minute]),
            "river": float(river.intake_level[minute]),
            "raw": float(river.turbidity[minute]),
            "blocked": plant.intake.screen.blockage,
            "head": plant.intake.head,
            "raking": float(plant.intake.screen.raking),
            "sub": plant.intake.level,
            "pumps": plant.intake.pumps,
            "flow": 100.0 * plant.intake.flow / max(plant.required, 1.0),
            "dose": plant.clarifier.dose,
            "asked": plant.clarifier.asked,
            "settled": plant.clarifier.settled,
            "blanket": plant.clarifier.blanket,
            "worst": float(settled.max()) if len(settled) else 0.0,
            "queue": plant.filters.queue,
            "loss": float(plant.filters.head_loss.max()),
            "combined": plant.filters.combined,
            "inflow": plant.clear_well.inflow,
            "outflow": plant.clear_well.outflow,
            "level": plant.clear_well.level,
            "hours": supply_hours(city),
            "balance": 100.0 * (0.95 * plant.intake.flow - plant.filters.filtered) / max(plant.intake.flow, 1.0),
            "step": float(step),
        }

    def _watch(self, row: dict[str, float]) -> None:
        self._stage.append(row["stage"])
        self._raw.append(row["raw"])
        self._level.append(row["level"])
        whole = len(self._raw) == 31
        slope = self._level[-1] - self._level[0]
        if row["raw"] >= 4000:
            self._saturated = True
        holds = {
            "stage rises ≥ 0.30 m/h": whole and self._stage[-1] - self._stage[0] >= 0.15,
            "raw turbidity ×3 and > 60": row["raw"] > 60 and row["raw"] > 3 * self._raw[0],
            "raw turbidity > 200": row["raw"] > 200,
            "rake starts": row["raking"] > 0,
            "screen Δh > 0.30": row["head"] > 0.30,
            "screen Δh > 0.60": row["head"] > 0.60,
            "raw turbidity > 1000": row["raw"] > 1000,
            "screen Δh > 1.0": row["head"] > 1.0,
            "submergence < 2.0": row["sub"] < 2.0,
            "submergence < 1.3": row["sub"] < 1.3,
            "raw flow < 85 %": row["flow"] < 85,
            "raw flow < 60 %": row["flow"] < 60,
            "raw turbidity ≥ 4000": row["raw"] >= 4000,
            "raw turbidity < 4000 again": self._saturated and row["raw"] < 4000,
            "forecast < 8 h": row["hours"] < 8,
            "coagulant at its cap": row["dose"] >= 66.5,
            "coagulant < 80 % of target": row["dose"] < 0.8 * row["asked"],
            "clear well < 2.2": row["level"] < 2.2,
            "clear well < 1.5": row["level"] < 1.5,
            "clear well rises": slope > 0.002,
            "clear well falls": slope < -0.002,
            "settled > 5": row["settled"] > 5,
            "settled > 10": row["settled"] > 10,
            "combined > 0.5": row["combined"] > 0.5,
            "a filter > 0.3": row["worst"] > 0.3,
            "sludge blanket < 1.0": row["blanket"] < 1.0,
            "forecast < 2 h": row["hours"] < 2,
            "recovering: ≥ 85 %, Δh < 0.6, > 12 h": (
                row["seconds"] > 6 * 3600 and row["flow"] >= 85 and row["head"] < 0.6 and row["hours"] > 12
            ),
            "closed: ≥ 95 %, Δh < 0.15, rising": (
                row["seconds"] > 6 * 3600 and row["flow"] >= 95 and row["head"] < 0.15 and slope > 0
            ),
        }
        for name, crossing in self.crossings.items():
            crossing.see(row["seconds"], bool(holds[name]))
        for name in ("raw", "head", "settled", "combined", "worst", "level", "loss", "river"):
            best = self.extremes.get(name)
            sign = -1.0 if name == "level" else 1.0
            if best is None or sign * row[name] > sign * best[1]:
                self.extremes[name] = (row["seconds"], row[name])
