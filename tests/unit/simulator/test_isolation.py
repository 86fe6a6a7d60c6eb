"""An isolation station: mass balance of the sump, power and its loss, a battery that promises too much."""

from dataclasses import dataclass
from itertools import pairwise

import pytest

from services.telemetry.simulator.isolation.event import Battery, Sump
from services.telemetry.simulator.isolation.parts import EMPTY_VOLTAGE, BatteryModel, SumpModel
from services.telemetry.simulator.isolation.scene import IsolationStation
from services.telemetry.simulator.scene import load_scene
from tests.unit.simulator.test_scene import DRILL

PIT = Sump(area=6.0, level=0.3, stop=0.25, start=0.5, floor=1.5, room_area=80.0, pump=15.0)


@dataclass
class Played:
    """Key variables every minute, by local clock."""

    rows: dict[str, dict[str, float]]

    def first(self, what: str, above: float) -> str:
        return next(clock for clock, row in self.rows.items() if row[what] > above)


@pytest.fixture(scope="module")
def drill() -> Played:
    scene = load_scene(DRILL)
    assert isinstance(scene, IsolationStation)
    rows = {}
    while scene.now < scene.end:
        scene.advance(60)
        rows[f"{scene.event.clock((scene.now - scene.start) / 1e9):%H:%M}"] = scene.summary()
    return Played(rows)


def test_the_sump_fills_by_area_then_spreads_over_the_room():
    one = SumpModel(PIT)
    for _ in range(3600):
        one.step(1.0, 6.0, False, 0.0)
    assert one.level == pytest.approx(1.3)
    for _ in range(3600):
        one.step(1.0, 6.0, False, 0.0)
    # 0.2 m · 6 m² fills the pit, the rest of the hour's 6 m³ stands in the room.
    assert one.wet
    assert one.level == pytest.approx(1.5 + 4.8 / 80.0)


def test_the_pump_starts_and_stops_at_its_levels_and_only_with_power():
    one = SumpModel(PIT)
    seen = []
    for _ in range(7200):
        one.step(1.0, 3.0, True, 0.0)
        seen.append((one.pumping, one.level))
    starts = [b[1] for a, b in pairwise(seen) if b[0] and not a[0]]
    stops = [a[1] for a, b in pairwise(seen) if a[0] and not b[0]]
    assert all(level == pytest.approx(0.5, abs=0.01) for level in starts)
    assert all(level == pytest.approx(0.25, abs=0.01) for level in stops)
    assert len(starts) >= 2
    one.level = 0.8
    one.step(1.0, 3.0, False, 0.0)
    assert not one.pumping


def test_the_portable_pump_needs_no_power():
    one = SumpModel(PIT)
    one.level = 1.4
    for _ in range(600):
        one.step(1.0, 6.0, False, 30.0)
    assert one.level == pytest.approx(1.4 - 24.0 / 6.0 / 6.0, abs=0.001)


def test_an_aged_battery_promises_more_than_it_holds_until_it_sags():
    one = BatteryModel(Battery(hours=1.0, hours_said=4.0, charge_hours=5.0))
    assert one.hours == 4.0
    volts = []
    for minute in range(60):
        one.step(60.0, False)
        volts.append(one.voltage)
        assert one.hours >= 1.0 - (minute + 1) / 60.0 - 1e-9
    assert one.hours == pytest.approx(0.0, abs=1e-9)
    assert volts == sorted(volts, reverse=True)
    assert volts[-1] == pytest.approx(EMPTY_VOLTAGE, abs=0.1)
    one.step(3600.0, True)
    assert one.charge == pytest.approx(0.2)


def test_the_drill_goes_as_it_is_described(drill):
    assert drill.rows["21:07"]["feeds"] == 1
    assert drill.rows["21:09"]["feeds"] == 0
    assert "21:26" <= drill.first("sump m", 0.8) <= "21:31"
    assert "21:54" <= drill.first("sump m", 1.4) <= "22:00"
    # After the link is lost and before the crew is there: nobody sees the water on the floor.
    assert "22:00" < drill.first("wet", 0) < "22:10"
    assert drill.rows["22:30"]["wet"] == 0
    assert drill.rows["21:45"]["static kPa"] < 200 < drill.rows["23:59"]["static kPa"]
    assert drill.rows["21:45"]["flow m³/h"] < 1
    assert drill.rows["21:59"]["left h"] < 0.1
    assert max(row["sump m"] for clock, row in drill.rows.items() if "22:40" <= clock <= "23:59") < 0.52
