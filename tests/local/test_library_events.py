"""The drill, the cold snap and a lost link, folded without any wire: what is announced, when, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from services.core.clock import parse_time
from services.core.records import AlarmEvent, IncidentEvent, Output
from services.job.headless import headless
from services.job.places import PROJECT, catalogue_for, find_event
from services.replay.timeline import load_expectation
from services.replay.timeline_score import TimelineScore, score_timeline
from services.telemetry.simulator.scene import scene_of


@dataclass(frozen=True)
class Told:
    """One event's outputs, and how they did."""

    outputs: Sequence[Output]
    score: TimelineScore

    def alarms(self, transition: str, **fields: object) -> list[AlarmEvent]:
        return [
            one
            for one in self.outputs
            if isinstance(one, AlarmEvent)
            and one.transition == transition
            and all(getattr(one, name) == value for name, value in fields.items())
        ]

    @property
    def incidents(self) -> list[IncidentEvent]:
        return [one for one in self.outputs if isinstance(one, IncidentEvent)]


def told(name: str) -> Told:
    scene = scene_of(find_event(name))
    outputs = list(headless(scene, catalogue_for(scene)))
    expected = load_expectation(PROJECT / "events" / name / "expected.yaml")
    return Told(outputs, score_timeline(outputs, expected, scene.start, scene.end))


@pytest.fixture(scope="module")
def drill() -> Told:
    return told("dongtai-station-power-loss-flooding")


@pytest.fixture(scope="module")
def frost() -> Told:
    return told("qingdao-2016-01-freeze")


@pytest.fixture(scope="module")
def link() -> Told:
    return told("liuyang-link-loss")


@pytest.mark.parametrize("event", ["drill", "frost", "link"])
def test_what_is_expected_comes_in_time_and_nothing_else(event: str, request: pytest.FixtureRequest) -> None:
    score = request.getfixturevalue(event).score
    assert [one for one in (*score.alarms, *score.phases) if not one.hit] == []
    assert score.false_alarms == score.violations == ()
    assert [one for one in score.warnings if not one.enough] == []
    assert bool(score.warnings) == (event != "link")
    assert not score.too_many


def test_the_wet_floor_that_nobody_saw_is_history_and_waits_to_be_seen(drill: Told) -> None:
    (wet,) = drill.alarms("raised", rule="floor-wet")
    assert (wet.lane, wet.annunciated) == ("historical", False)
    (missed,) = drill.alarms("missed")
    assert (missed.rule, missed.state, missed.annunciated) == ("floor-wet", "D", False)
    assert parse_time("2026-01-14T22:10:00+08:00") < missed.time < parse_time("2026-01-14T22:20:00+08:00")


def test_the_dead_link_is_a_consequence_of_the_dead_power(drill: Told) -> None:
    (silent,) = drill.alarms("raised", rule="station-silent")
    assert not silent.annunciated
    assert "power" in silent.cause


def test_the_alarms_that_stood_are_held_through_the_dark_and_clear_on_readings_of_after_it(drill: Told) -> None:
    lost, back = (parse_time(f"2026-01-14T22:{minute}:00+08:00") for minute in ("00", "31"))
    (high,) = drill.alarms("raised", rule="sump-high-high")
    of_it = [one for one in drill.outputs if isinstance(one, AlarmEvent) and one.occurrence == high.occurrence]
    assert [one.transition for one in of_it] == ["raised", "uncertain", "certain", "cleared"]
    assert lost < of_it[1].time < back <= of_it[2].time <= of_it[3].time


def test_a_plant_s_lost_link_is_one_problem_and_not_one_a_station(link: Told) -> None:
    silent = link.alarms("raised", rule="station-silent", site="no3")
    assert {one.station for one in silent} == {"intake", "clarifier", "filters", "clearwell", "highlift"}
    assert [one.station for one in silent if one.annunciated] == ["intake"]
    assert len(link.alarms("cleared", rule="station-silent", site="no3")) == 5


def test_a_flooding_is_one_incident_that_says_when_it_goes_blind(drill: Told) -> None:
    assert {one.incident for one in drill.incidents} == {drill.incidents[0].incident}
    dark = [one for one in drill.incidents if "blind" in one.cause]
    assert dark
    assert all(one.phase == "rising" for one in dark)


def test_frozen_meters_are_one_problem(frost: Told) -> None:
    stopped = frost.alarms("raised", rule="flow-stopped")
    assert len({one.station for one in stopped}) == 19
    assert not any(one.annunciated for one in stopped)
    assert all("frost" in one.cause for one in stopped)
    assert {one.incident for one in frost.incidents} == {frost.incidents[0].incident}
    counted = max((one for one in frost.incidents if one.phase == "freezing"), key=lambda one: one.number)
    assert "16 of 40" in counted.cause


def test_the_journals_are_of_few_lines_however_long_the_frost(frost: Told) -> None:
    assert sum(isinstance(one, AlarmEvent) for one in frost.outputs) < 200
    assert frost.score.annunciated == len(frost.score.alarms)
