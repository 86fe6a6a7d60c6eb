"""A simulated event's timeline: its file, and how hand-made nights do against it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from services.core.clock import HOUR, parse_time
from services.core.errors import ConfigError
from services.core.records import AlarmEvent, IncidentEvent, Output
from services.job.places import PROJECT
from services.replay.details import details
from services.replay.row import rows_table
from services.replay.timeline import Expectation, load_expectation
from services.replay.timeline_score import TimelineScore, score_timeline

YAML = """
event: night
time_zone: Asia/Shanghai
tolerance: 2m
alarms:
  - {at: "2023-04-18T20:00:00Z", site: no3, station: intake, point: raw, rule: high, priority: medium}
  - {at: "2023-04-18T20:30:00Z", site: no3, station: intake, point: raw, rule: high-high, priority: high, tolerance: 5m}
phases:
  - {at: "2023-04-18T20:00:00Z", phase: surge, kind: IntakeCrisis}
at_most: {alarms: 2, within: 10m}
must_not:
  - {site: no1, why: a start is no alarm}
tolerable:
  - {rule: maybe, from: "2023-04-18T20:00:00Z", until: "2023-04-18T21:00:00Z", why: it depends}
warning:
  - {consequence: dry, at: "2023-04-18T22:00:00Z", first: {priority: high}, least: 1h, why: the crew takes an hour}
  - {consequence: clogged, at: "2023-04-18T21:00:00Z", first: {phase: surge}, why: rakes}
"""
START, END = parse_time("2023-04-18T12:00:00Z"), parse_time("2023-04-19T12:00:00Z")


@pytest.fixture
def expected(tmp_path: Path) -> Expectation:
    return load(tmp_path, YAML)


def load(folder: Path, text: str) -> Expectation:
    file = folder / "expected.yaml"
    file.write_text(text)
    return load_expectation(file)


def alarm(clock: str, rule: str = "high", priority: str = "medium", **other: Any) -> AlarmEvent:
    fields: dict[str, Any] = {
        "time": parse_time(f"2023-04-18T{clock}:00Z"), "site": "no3", "station": "intake", "point": "raw",
        "rule": rule, "occurrence": f"{rule}@{clock}", "number": 1, "transition": "raised", "priority": priority,
    }  # fmt: skip
    return AlarmEvent(**(fields | other))


def phase(clock: str, name: str = "surge", kind: str = "IntakeCrisis") -> IncidentEvent:
    return IncidentEvent(parse_time(f"2023-04-18T{clock}:00Z"), "no3", kind, f"no3/{kind}@1", 1, name, "", "")


NIGHT: list[Output] = [alarm("20:01"), phase("20:01"), alarm("20:34", "high-high", "high")]


def scored(night: list[Output], expected: Expectation) -> TimelineScore:
    return score_timeline(night, expected, START, END)


def test_a_good_night(expected: Expectation) -> None:
    card = scored(NIGHT, expected)
    row = card.row()
    assert (row.hits, row.misses, row.false_alarms, row.violations) == (2, 0, 0, 0)
    assert (row.phases_hit, row.phases) == (1, 1)
    assert list(row.minutes) == [86, 59]
    assert (row.median_minutes, row.least_minutes) == (72.5, 59)
    assert (row.worst_10_minutes, row.floods) == (1, 0)
    assert json.loads(json.dumps(card.to_json()))["expected"][1] == {
        "name": "no3/intake/raw/high-high", "verdict": "hit", "at": "2023-04-18T20:30:00Z",
        "came": "2023-04-18T20:34:00Z", "nearest": None,
    }  # fmt: skip


def test_what_comes_outside_its_time_is_a_miss_and_a_false_alarm(expected: Expectation) -> None:
    card = scored([alarm("20:03"), NIGHT[1], NIGHT[2]], expected)
    assert [one.hit for one in card.alarms] == [False, True]
    assert card.alarms[0].nearest == parse_time("2023-04-18T20:03:00Z")
    assert card.row().false_alarms == 1
    assert card.row().false_alarms_per_day == 1


def test_an_alarm_hits_once_and_with_its_own_priority(expected: Expectation) -> None:
    assert scored([*NIGHT, alarm("20:00")], expected).row().false_alarms == 1
    assert not scored([alarm("20:00", priority="high"), *NIGHT[1:]], expected).alarms[0].hit


def test_what_is_not_annunciated_or_late_counts_for_nothing(expected: Expectation) -> None:
    quiet = [
        alarm("20:10", "x", annunciated=False),
        alarm("20:11", "y", lane="historical"),
        alarm("20:12", "z", transition="cleared"),
    ]
    assert scored([*NIGHT, *quiet], expected) == scored(NIGHT, expected)


def test_tolerable_unwanted_and_too_many(expected: Expectation) -> None:
    assert scored([*NIGHT, alarm("20:50", "maybe")], expected).row().false_alarms == 0
    assert scored([*NIGHT, alarm("21:50", "maybe")], expected).row().false_alarms == 1
    bad = scored([*NIGHT, alarm("20:50", "any", site="no1")], expected)
    assert (bad.row().violations, bad.row().false_alarms) == (1, 1)
    crowd = scored([*NIGHT, alarm("20:05", "maybe"), alarm("20:06", "maybe", occurrence="2")], expected)
    assert crowd.too_many
    assert crowd.row().violations == 1


def test_too_little_warning_or_none_is_a_violation(expected: Expectation) -> None:
    longer = expected.warning[0].model_copy(update={"least": 2 * HOUR})
    late = expected.model_copy(update={"warning": (longer,)})
    assert [one.enough for one in scored(NIGHT, late).warnings] == [False]
    silent = scored(NIGHT[:1], expected)
    assert [one.minutes for one in silent.warnings] == [None, None]
    assert silent.row().violations == 2
    assert silent.row().median_minutes is None


def test_a_phase_must_be_of_its_incident(expected: Expectation) -> None:
    other = scored([NIGHT[0], phase("20:01", kind="FreezeUp"), NIGHT[2]], expected)
    assert [one.hit for one in other.phases] == [False]
    late = scored([NIGHT[0], phase("20:09"), NIGHT[2]], expected)
    assert late.phases[0].nearest == parse_time("2023-04-18T20:09:00Z")


def test_floods_and_the_worst_ten_minutes(expected: Expectation) -> None:
    row = scored([*NIGHT, *(alarm("22:00", f"r{i}") for i in range(12))], expected).row()
    assert (row.worst_10_minutes, row.floods) == (12, 1)


def test_what_people_read(expected: Expectation) -> None:
    card = scored([alarm("20:05"), alarm("20:50", "any", site="no1")], expected)
    text = "\n".join(details(card))
    for words in ("missed", "came at 2023-04-18T20:05:00Z", "must not be", "nobody was told", "false"):
        assert words in text
    out = StringIO()
    Console(file=out, width=200).print(rows_table([card.row()]))
    assert "night" in out.getvalue()
    assert "0/2" in out.getvalue()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tolerance: 2m\n", "tolerance: 2x\n", ":4: tolerance: '2x'"),
        ("rule: high-high", "rule: HIGH", ":7: alarms[1].rule: 'HIGH'"),
        ("at: \"2023-04-18T20:30:00Z\"", "at: \"2023-04-18T19:30:00Z\"", ":7: alarms[1].at: '2023-04-18T19:"),
        ("Asia/Shanghai", "Asia/Atlantis", ":3: time_zone: 'Asia/Atlantis': must be a time zone"),
        ("{site: no1, why", "{why", "must name at least one of site"),
        ("{site: no1, why", "{rule: high, why", "alarms[0].rule: 'high': must not be under must_not"),
        ("first: {phase: surge}", "first: {phase: surge, rule: high}", "warning[1].first"),
        ("first: {phase: surge}", "first: {}", "must name at least one of"),
        ("until: \"2023-04-18T21:00:00Z\"", "until: \"2023-04-18T19:00:00Z\"", "tolerable[0].until"),
        ("why: rakes", "why: rakes, colour: red", "is not a field here"),
        ("alarms: 2", "alarms: -2", "at_most.alarms: -2"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_line_value_and_bound(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in YAML
    with pytest.raises(ConfigError) as error:
        load(tmp_path, YAML.replace(old, new))
    assert said in str(error.value)


def test_a_run_needs_a_length(expected: Expectation) -> None:
    with pytest.raises(ValueError, match="length"):
        score_timeline([], expected, END, END)


def test_the_library_s_timelines_are_right_and_warn() -> None:
    files = [f for f in (PROJECT / "events").glob("*/expected.yaml") if "\nsurges:" not in f.read_text()]
    assert files
    for file in files:
        assert load_expectation(file).event == file.parent.name
