"""Events of every model: reproducible in any portions, and refused with file, line, field, value and bound."""

from pathlib import Path

import pytest

from services.core.errors import ConfigError
from services.telemetry.simulator import City
from services.telemetry.simulator.__main__ import main
from services.telemetry.simulator.freeze.scene import Freeze
from services.telemetry.simulator.isolation.scene import IsolationStation
from services.telemetry.simulator.scene import load_scene, read_event, scene_of
from tests.unit.simulator.conftest import STORM
from tests.unit.simulator.test_city import digest, play, shortened

EVENTS = STORM.parents[1]
DRILL = EVENTS / "dongtai-station-power-loss-flooding" / "event.yaml"
FREEZE = EVENTS / "qingdao-2016-01-freeze" / "event.yaml"


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "event.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_event(path)
    assert all(one.file == str(path) for one in caught.value.faults)
    return [str(one) for one in caught.value.faults]


def test_the_model_is_picked_by_what_the_file_says():
    assert isinstance(load_scene(STORM), City)
    assert isinstance(load_scene(DRILL), IsolationStation)
    assert isinstance(load_scene(FREEZE), Freeze)


def test_a_city_may_name_its_model_and_need_not(tmp_path):
    named = tmp_path / "event.yaml"
    named.write_text("model: city\n" + STORM.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_event(named) == read_event(STORM)


@pytest.mark.parametrize("path", [DRILL, FREEZE])
def test_same_seed_same_bytes_and_any_portions(path):
    event = read_event(path)
    event = shortened(event, min(event.seconds / 3600, 24))
    once = digest(play(scene_of(event), 60))
    assert digest(play(scene_of(event), 7, 300, 1, 61, 3600)) == once
    assert digest(play(scene_of(event), 1_000_000)) == once
    assert digest(play(scene_of(event, seed=1), 3600)) != once
    assert scene_of(event, seed=0).seed == 0
    assert scene_of(event).seed == event.seed


@pytest.mark.parametrize("path", [DRILL, FREEZE])
def test_the_first_call_reads_every_point_at_the_start_and_the_end_is_the_end(path):
    scene = load_scene(path)
    first = scene.advance(1)
    assert set(first) == {(site, station) for site, stations in scene.sites.items() for station in stations}
    for (site, station), samples in first.items():
        assert samples.points.tolist() == list(range(len(scene.points(site, station))))
        assert set(samples.times.tolist()) == {scene.start}
    scene.advance(10**6)
    assert scene.now == scene.end
    assert not any(len(one) for one in scene.advance(60).values())
    with pytest.raises(ValueError, match="-1"):
        scene.advance(-1)
    with pytest.raises(KeyError):
        scene.points("nowhere", "no")


@pytest.mark.parametrize("path", [STORM, DRILL, FREEZE])
def test_what_is_documented_has_a_source_and_what_is_assumed_a_reason(path):
    event = read_event(path)
    assert event.documented
    assert {fact.source for fact in event.documented} <= set(event.sources)
    assert all(one.why for one in event.assumptions)
    assert event.id == path.parent.name


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        (DRILL, "model: isolation-station", "model: boiler", ["model", "'boiler'", "isolation-station"]),
        (DRILL, "model: isolation-station\n", "", ["no `model:`", "freeze"]),
        (DRILL, "stop: 0.25", "stop: 0.6", ["sump.stop", "0.6", "0.5"]),
        (DRILL, "floor: 1.50", "floor: 0.4", ["sump.start", "0.5", "0.4"]),
        (DRILL, "hours_said: 4.0", "hours_said: 0.5", ["battery.hours_said", "0.5", "0.87"]),
        (DRILL, "leaks_to: 120.0", "leaks_to: 400.0", ["circuit.leaks_to", "400", "350"]),
        (DRILL, '"22:25", running', '"19:25", running', ["actions[3].at", "'19:25'", "between"]),
        (DRILL, '"22:25", running', '"22:05", running', ["actions[3].at", "'22:05'", "above"]),
        (DRILL, 'until: "22:31"', 'until: "21:31"', ["link_loss[0].until", "'21:31'", "'22:00'"]),
        (DRILL, "site: dongtai, at", "site: nowhere, at", ["link_loss[0].site", "'nowhere'", "dongtai"]),
        (DRILL, "source: heating-company", "source: hearsay", ["documented[0].source", "'hearsay'"]),
        (DRILL, "end: 2026-01-15", "end: 2026-01-17", ["end", "24 h"]),
        (DRILL, "time_zone: Asia/Shanghai", "time_zone: Asia/Nowhere", ["time_zone", "IANA"]),
        (FREEZE, "exposure: {least: 0.50", "exposure: {least: 0.99", ["meters.exposure.most", "0.95", "0.99"]),
        (FREEZE, "most: 0.95", "most: 1.95", ["meters.exposure.most", "1.95", "at most 1"]),
        (FREEZE, "lag_hours: {least: 2.0", "lag_hours: {least: 0.0", ["meters.lag_hours.least", "0", "0.1"]),
        (FREEZE, "2016-01-24T14:00", "2016-02-30T14:00", ["air[5].at", "2016-02-30"]),
        (FREEZE, "2016-01-24T14:00", "2016-01-23T14:30", ["air[5].at", "above"]),
        (FREEZE, "end: 2016-01-26", "end: 2016-01-29", ["end", "96 h"]),
        (FREEZE, "count: 40", "count: 400", ["meters.count", "400", "99"]),
    ],
)
def test_faults_are_named(tmp_path, path, old, new, expected):
    text = path.read_text(encoding="utf-8")
    assert old in text
    found = faults(tmp_path, text.replace(old, new, 1))
    assert any(all(part in one for part in expected) for one in found), found


def test_the_course_of_an_event_is_printed(capsys):
    assert main([str(DRILL), "--every", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "sump m" in lines[0]
    assert lines[3].startswith("01-14 22:00")
    assert main([str(EVENTS / "usgs-01650800-2019-05" / "event.yaml")]) == 2
