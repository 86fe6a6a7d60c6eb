"""The station types' alarms: what happens at a station, and which alarms come of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, load_catalogue, to_json
from services.core.catalogue.resolve import load_types
from services.core.clock import MINUTE, SECOND
from services.core.errors import ConfigError
from services.core.frame import make_frame
from services.core.records import AlarmEvent, Config, Record, Tick
from tests.unit.alerts.test_derived import MIDNIGHT

NORMAL: dict[str, dict[str, float]] = {
    "booster": {
        "state": 3, "suction_pressure": 250, "discharge_pressure": 600, "discharge_setpoint": 600, "flow": 40,
        "pumps_running": 1, "pump_command": 1, "pump_feedback": 1, "mains": 1, "floor_water": 0, "door": 0,
    },
    "dma_meter": {"inflow": 100, "inlet_pressure": 300, "critical_pressure": 220, "chlorine": 0.2},
    "spring": {
        "state": 3, "turbidity": 0.2, "turbidity_sample_flow": 1, "conductivity": 500, "uv_intensity": 95, "flow": 20,
    },
    "isolation_station": {
        "state": 3, "feed_1": 1, "feed_2": 1, "sump_level": 0.4, "sump_pump": 0, "static_pressure": 400,
        "static_setpoint": 400, "flow": 200, "water_temperature": 50, "air_temperature": -10,
    },
}  # fmt: skip


def station(tmp_path: Path, kind: str) -> Site:
    path = tmp_path / "site.yaml"
    path.write_text(
        f"{{group: g, name: G, time_zone: Asia/Shanghai, sites: [{{id: s, name: S, kind: booster, stations: "
        f"[{{id: st, type: {kind}}}]}}]}}",
        encoding="utf-8",
    )
    return load_catalogue(path).sites[0]


def raised(site: Site, *spells: tuple[int, dict[str, float]], step: int = 10, start: int = MIDNIGHT) -> set[str]:
    """The alarms of spells of (seconds, what differs from normal; NaN: not sent), after an hour of normal."""
    normal = NORMAL[site.stations[0].type]
    records: list[Record] = [Config("s", "v", to_json(site), start)]
    now = start
    for seconds, other in ((3600, {}), *spells):
        sent = {k: v for k, v in (normal | other).items() if v == v}
        index = np.array([site.point_index[f"st/{name}"] for name in sent], np.int32)
        times = now + np.arange(seconds // step, dtype=np.int64) * step * SECOND
        values = np.tile(np.array(list(sent.values()), float), len(times))
        records.append(make_frame("s", "st", np.repeat(times, len(index)), np.tile(index, len(times)), values))
        now += seconds * SECOND
        records.append(Tick(now))
    out = AlertProcessor().step("s", records)
    return {e.rule for e in out if isinstance(e, AlarmEvent) and e.transition == "raised"}


NAN = float("nan")
CASES: dict[str, tuple[int, dict[str, float], set[str]]] = {
    "booster, quiet": (600, {}, set()),
    "booster, street main drawn down": (600, {"suction_pressure": 40}, {"suction-low", "suction-low-low"}),
    "booster, mains lost": (60, {"mains": 0}, {"mains-lost"}),
    "booster, floor wet": (60, {"floor_water": 1}, {"floor-wet"}),
    "booster, pump does not start": (120, {"pump_feedback": 0}, {"pump-does-not-follow"}),
    "booster, burst": (300, {"discharge_pressure": 500}, {"pressure-off-setpoint"}),
    "booster, transmitter silent": (900, {"suction_pressure": NAN}, {"suction-silent"}),
    "dma_meter, upper floors dry": (900, {"critical_pressure": 100}, {"critical-pressure-low"}),
    "dma_meter, no chlorine": (2400, {"chlorine": 0.01}, {"chlorine-low"}),
    "spring, surface water": (1800, {"turbidity": 1.5}, {"turbidity-high"}),
    "spring, lamp": (120, {"uv_intensity": 60}, {"uv-low"}),
    "spring, sample lost": (120, {"turbidity_sample_flow": 0}, {"turbidity-instrument"}),
    "isolation_station, quiet in the cold": (7200, {}, set()),
    "isolation_station, both feeds": (60, {"feed_1": 0, "feed_2": 0}, {"power-lost"}),
    "isolation_station, one feed": (120, {"feed_2": 0}, {"feed-lost"}),
    "isolation_station, water comes": (120, {"sump_level": 1.45}, {"sump-high", "sump-high-high"}),
    "isolation_station, steam": (120, {"static_pressure": 340}, {"static-pressure-low"}),
    "isolation_station, frozen": (4 * 3600, {"flow": 0, "water_temperature": 2}, {"frost"}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_happens_raises_what_tells_of_it(tmp_path: Path, name: str) -> None:
    seconds, other, expected = CASES[name]
    assert raised(station(tmp_path, name.partition(",")[0]), (seconds, other)) == expected


def test_a_pump_that_starts_too_often(tmp_path: Path) -> None:
    hunting: list[tuple[int, dict[str, float]]] = [(60, {"pumps_running": n % 2}) for n in range(30)]
    assert raised(station(tmp_path, "booster"), *hunting) == {"pump-starts-often"}


def test_another_water_in_the_spring_after_two_days(tmp_path: Path) -> None:
    site = station(tmp_path, "spring")
    assert raised(site, (2 * 86400, {}), (1800, {"conductivity": 430}), step=60) == {"conductivity-down"}
    assert raised(site, (2 * 86400, {}), (1800, {"conductivity": 560}), step=60) == {"conductivity-up"}


@pytest.mark.parametrize("kind", sorted(load_types()))
def test_every_alarm_of_every_type_says_what_to_do(kind: str) -> None:
    for rule in load_types()[kind].alarms:
        assert rule.respond_within >= 2 * MINUTE, rule.rule
        assert rule.source, rule.rule


def test_a_forecast_without_a_demand_is_an_alarm_without_data(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        "group: g\nname: G\ntime_zone: UTC\nsites:\n  - id: s\n    name: S\n    kind: plant\n    stations:\n"
        "      - {id: clearwell, type: clearwell, parameters: {area: 400}, points: {balance_residual: "
        "{derived: {function: balance_residual, inputs: {raw: inflow, filtered: outflow}, parameters: "
        "{own_use: 0, hours: 1, least_flow: 50}}}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load_catalogue(path)
    told = {(f.line, f.value, f.bound) for f in caught.value.faults}
    assert {(9, f"'{rule}'", "never has data: it needs the site's `demand`") for rule in (
        "supply-threatened", "supply-loss-near")} == told  # fmt: skip
