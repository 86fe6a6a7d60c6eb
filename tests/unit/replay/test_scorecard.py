"""The scorecard by hand-made alarms."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from services.core.clock import MINUTE, parse_time
from services.core.errors import ConfigError
from services.core.records import AlarmEvent, Output, Tick
from services.replay.expected import Expected, load_expected
from services.replay.scorecard import Scorecard, score
from services.replay.scorecard_table import table

YAML = """
event: test
site: creek
point: gauge/turbidity
grace: 10m
rules: [surge, high]
surges:
  - id: one
    onset: ["2020-01-01T01:00:00Z", "2020-01-01T01:20:00Z"]
    peak: {time: "2020-01-01T02:00:00Z", value: 300}
    until: "2020-01-01T04:00:00Z"
    why: the big one
  - id: two
    onset: ["2020-01-01T04:00:00Z", "2020-01-01T04:20:00Z"]
    peak: {time: 2020-01-01T05:00:00Z, value: 100}
    until: "2020-01-01T06:00:00Z"
    why: the next
tolerable:
  - {id: maybe, from: "2020-01-01T10:00:00Z", until: "2020-01-01T11:00:00Z", why: unclear}
quiet:
  - {id: leaves, from: "2020-01-01T12:00:00Z", until: "2020-01-01T13:00:00Z", why: leaves}
"""
START, END = parse_time("2020-01-01T00:00:00Z"), parse_time("2020-01-03T00:00:00Z")


@pytest.fixture
def expected(tmp_path: Path) -> Expected:
    path = tmp_path / "expected.yaml"
    path.write_text(YAML)
    return load_expected(path)


def alarm(at: str, rule: str = "surge", **other: object) -> AlarmEvent:
    fields: dict[str, object] = {
        "time": parse_time(f"2020-01-01T{at}:00Z"),
        "site": "creek",
        "station": "gauge",
        "point": "turbidity",
        "rule": rule,
        "occurrence": at + rule,
        "number": 1,
        "transition": "raised",
        "priority": "medium",
    }
    return AlarmEvent(**(fields | other))  # type: ignore[arg-type]


def card(expected: Expected, *alarms: Output) -> Scorecard:
    return score(alarms, expected, START, END)


def test_an_alarm_in_time_is_a_hit_with_its_lead(expected: Expected) -> None:
    result = card(expected, alarm("01:30"))
    one, two = result.surges
    assert (one.verdict, one.minutes_before_peak, one.minutes_after_onset) == ("hit", 30, 10)
    assert (two.verdict, two.alarm, two.minutes_before_peak) == ("miss", None, None)
    assert (result.hits, result.misses, len(result.false_alarms)) == (1, 1, 0)
    assert result.median_minutes_before_peak == 30
    assert (result.days, result.alarms_per_day) == (2, 0.5)


def test_two_alarms_in_a_surge_are_one_hit(expected: Expected) -> None:
    result = card(expected, alarm("01:40", "high"), alarm("01:30"), alarm("03:00"))
    one = result.surges[0]
    assert (result.hits, one.repeats, one.rule) == (1, 2, "surge")
    assert one.by_rule == {"surge": 30, "high": 20}
    assert not result.false_alarms


def test_an_alarm_before_the_first_sign_is_false(expected: Expected) -> None:
    result = card(expected, alarm("00:59"))
    assert result.hits == 0
    (stray,) = result.false_alarms
    assert (stray.rule, stray.period) == ("surge", "")


def test_an_alarm_shortly_after_the_peak_is_a_late_hit_and_then_a_miss(expected: Expected) -> None:
    late = card(expected, alarm("02:10")).surges[0]
    assert (late.verdict, late.minutes_before_peak) == ("hit", -10)
    too_late = card(expected, alarm("02:11"))
    assert too_late.surges[0].verdict == "miss"
    assert too_late.surges[0].minutes_before_peak == -11
    assert too_late.median_minutes_before_peak is None
    assert not too_late.false_alarms


def test_where_two_surges_meet_the_alarm_is_the_next_ones(expected: Expected) -> None:
    assert [s.verdict for s in card(expected, alarm("04:00")).surges] == ["miss", "hit"]


def test_tolerable_quiet_and_unnamed_times(expected: Expected) -> None:
    result = card(expected, alarm("10:30"), alarm("12:30"), alarm("20:00"))
    assert [s.period for s in result.tolerated] == ["maybe"]
    assert [s.period for s in result.false_alarms] == ["leaves", ""]


def test_only_annunciated_alarms_of_the_named_rules_and_site_count(expected: Expected) -> None:
    result = card(
        expected,
        alarm("01:30", annunciated=False),
        alarm("01:31", transition="cleared"),
        alarm("01:32", site="elsewhere"),
        alarm("12:33", "instrument"),
        Tick(END),  # type: ignore[arg-type]
    )
    assert (result.hits, result.alarms, len(result.false_alarms)) == (0, 0, 0)
    assert result.other_alarms == {"instrument": 1}
    assert result.alarms_per_day == 0.5


def test_json_and_table_say_the_same(expected: Expected) -> None:
    result = card(expected, alarm("01:30"), alarm("10:30"), alarm("12:30"))
    data = json.loads(json.dumps(result.to_json()))
    assert (data["hits"], data["misses"], data["false_alarms"]) == (1, 1, 1)
    assert data["surges"][0]["alarm"] == "2020-01-01T01:30:00Z"
    assert data["false"][0]["period"] == "leaves"
    text = StringIO()
    Console(file=text, width=200).print(table(result))
    for shown in ("1 of 2 surges", "+30", "missed (none)", "false alarm: leaves", "maybe"):
        assert shown in text.getvalue()


def test_a_record_without_length_is_refused(expected: Expected) -> None:
    with pytest.raises(ValueError, match="must have a length"):
        score([], expected, START, START)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("02:00:00Z", "00:30:00Z", r"expected\.yaml:9: surges\[0\]\.onset: .*must be in order"),
        ("04:00:00Z\", \"", "03:00:00Z\", \"", r"surges\[1\]\.onset: .*must not begin before"),
        ("id: two", "id: one", r"surges\[0\]\.id: .*must be unique"),
        ("id: leaves", "id: maybe", r"must be unique"),
        ("until: \"2020-01-01T11", "until: \"2020-01-01T09", r"tolerable\[0\]\.until"),
        ("value: 300", "value: .inf", r"finite"),
        ("2020-01-01T02:00:00Z", "2020-01-01T02:00:00", r"peak\.time"),
        ("why: the big one", "because: x", r"because"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in YAML
    path = tmp_path / "expected.yaml"
    path.write_text(YAML.replace(old, new, 1))
    with pytest.raises(ConfigError, match=says):
        load_expected(path)


def test_minutes_are_minutes(expected: Expected) -> None:
    assert expected.grace == 10 * MINUTE
