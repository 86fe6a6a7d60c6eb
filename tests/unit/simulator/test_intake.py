"""Screen, wet well, pumps and the raw main."""

import pytest

from services.telemetry.simulator.intake import Intake
from services.telemetry.simulator.parameters import plant_parameters
from services.telemetry.simulator.rawmain import RawMain
from services.telemetry.simulator.screen import Screen, screen_flow, screen_head

P = plant_parameters(50_000)
TWO = plant_parameters(100_000)


def run(intake: Intake, minutes: float, river: float = 2.6, debris: float = 0.0, crew: float = 0.0):
    for _ in range(int(minutes * 12)):
        intake.step(5.0, river, 20.0, debris, crew, intake.p.raw_flow)


def test_two_trains_double_flows_volumes_and_areas():
    for name in ("raw_flow", "screen_flow", "wet_well_area", "raw_main_volume", "filters"):
        assert getattr(TWO, name) == 2 * getattr(P, name)
    assert (TWO.pumps_duty, TWO.pumps_standby, TWO.filters) == (6, 2, 16)


@pytest.mark.parametrize(("flow", "blockage", "head"), [(2240, 0.0, 0.05), (2240, 0.5, 0.2), (1120, 0.5, 0.05)])
def test_head_follows_the_square_of_flow_through_what_is_open(flow, blockage, head):
    assert screen_head(flow, blockage, P) == pytest.approx(head)
    assert screen_flow(head, blockage, P) == pytest.approx(flow)


def test_water_flows_back_through_the_screen_when_the_river_is_lower():
    assert screen_flow(-0.1, 0.2, P) == -screen_flow(0.1, 0.2, P)


def test_unattended_screen_blinds_by_ninety_percent_in_under_two_hours():
    screen = Screen(P, 0.0)
    for _ in range(int(1.8 * 720)):
        screen.step(5.0, P.raw_flow, 0.0, 1.0, 0.0)
    assert screen.blockage == pytest.approx(0.9, abs=0.01)
    assert not screen.raking


def test_rake_starts_and_stops_by_head_and_lowers_blockage():
    screen = Screen(P, 0.6)
    raking, blockage = [], []
    for head in (0.10, 0.16, 0.10, 0.07):
        screen.step(5.0, P.raw_flow, head, 0.0, 0.0)
        raking.append(screen.raking)
        blockage.append(screen.blockage)
    assert raking == [False, True, True, False]
    assert blockage[0] == 0.6 > blockage[1] > blockage[2] == blockage[3]


def test_a_crew_rakes_faster_and_high_head_pins_the_debris():
    def left(head: float, crew: float) -> float:
        screen = Screen(P, 0.8)
        for _ in range(360):
            screen.step(5.0, P.raw_flow, head, 0.0, crew)
        return screen.blockage

    assert left(0.2, 1.0) < left(0.2, 0.0) < 0.8
    assert left(1.2, 1.0) > left(0.2, 1.0)


def test_without_inflow_the_wet_well_falls_a_metre_in_about_96_seconds():
    intake = Intake(P, 3.0, True)
    intake.screen.blockage = 0.98
    start, pumped, seconds = intake.level, 0.0, 0
    while pumped < P.wet_well_area:
        intake.step(1.0, 3.0, 20.0, 0.0, 0.0, P.raw_flow)
        pumped += intake.flow / 3600.0
        intake.allowed = P.raw_flow
        seconds += 1
    # A little still comes through the 2 % that are open.
    assert seconds == pytest.approx(98, abs=4)
    assert start - intake.level == pytest.approx(1.0, abs=0.1)


def test_the_controller_holds_the_head_under_any_debris():
    intake = Intake(TWO, 2.6, True)
    run(intake, 240, river=4.0, debris=2.0)
    assert intake.head == pytest.approx(1.2, abs=0.03)
    assert 0 < intake.flow < 0.6 * TWO.raw_flow


def test_the_controller_holds_submergence_at_low_river():
    intake = Intake(TWO, 2.2, True)
    run(intake, 240, river=2.2, debris=2.0)
    assert intake.level == pytest.approx(1.2, abs=0.03)
    assert not intake.tripped


def test_pumps_trip_when_the_wet_well_is_lost_and_come_back():
    intake = Intake(TWO, 2.6, True)
    run(intake, 10, river=1.0)
    assert intake.flow < 10
    run(intake, 200, river=2.6)
    assert intake.flow == pytest.approx(TWO.raw_flow, rel=0.01)


def test_submergence_derates_the_pumps():
    intake = Intake(P, 3.0, True)
    full = intake.per_pump
    intake.level = 0.85
    assert intake.per_pump == pytest.approx(full / 2)
    intake.level = 0.4
    assert intake.per_pump == 0.0


def test_flow_comes_back_no_faster_than_the_ramp():
    intake = Intake(TWO, 2.6, True)
    run(intake, 240, river=4.0, debris=2.0)
    low = intake.flow
    intake.screen.blockage = 0.1
    run(intake, 10, river=4.0)
    assert low < intake.flow <= low + TWO.ramp_per_hour * TWO.raw_flow / 6 + 5


def test_plug_flow_delay_follows_the_flow():
    def minutes(flow: float) -> float:
        main = RawMain(800.0, 10.0)
        for step in range(2000):
            if main.step(5.0, flow, 500.0) > 255:
                return step * 5.0 / 60.0
        return float("inf")

    assert minutes(2190) == pytest.approx(21.9, abs=0.3)
    assert minutes(0.35 * 2190) == pytest.approx(62.6, abs=0.5)


def test_plug_flow_loses_no_sediment():
    main = RawMain(100.0, 7.0)
    held, given, taken = 700.0, 0.0, 0.0
    for step in range(500):
        flow = 300.0 + 200.0 * (step % 7)
        given += flow * 5 / 3600 * step
        taken += flow * 5 / 3600 * main.step(5.0, flow, float(step))
    left = sum(volume * value for volume, value in main._parcels)
    assert held + given == pytest.approx(taken + left)
    assert sum(volume for volume, _ in main._parcels) == pytest.approx(100.0)
