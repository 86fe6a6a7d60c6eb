# ruff: noqa: E501
"""What makes no sense in a rule or a derived point is refused with file, line, field, value and bound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.core.catalogue import from_json, load_catalogue, to_json
from services.core.clock import MINUTE
from services.core.errors import ConfigError, Fault

HEAD = """\
group: g
name: G
time_zone: Asia/Shanghai
station_types:
  - type: tank
    points:
      state: {states: {1: standby, 3: running}}
      level: {unit: m, range: [0, 4]}
      flow: {unit: m3/h, range: [0, 100], stale_after: 5m}
      plain: {unit: m3/h}
      made: {range: [-10, 10], derived: DERIVED}
    alarms:
      - {rule: one, priority: high, consequence: c, response: r, respond_within: 5m, RULE}
      - {rule: two, priority: high, consequence: c, response: r, respond_within: 5m, point: level, kind: high, limit: 3.5, deadband: 0.2}
sites:
  - id: one
    name: One
    kind: plant
    stations:
      - {id: tank, type: tank}
"""
DERIVED = "{function: deviation, inputs: {value: level, reference: flow}}"
RULE = "point: level, kind: high, limit: 3"


def load(tmp_path: Path, rule: str = RULE, derived: str = DERIVED) -> list[Fault]:
    path = tmp_path / "site.yaml"
    path.write_text(HEAD.replace("DERIVED", derived).replace("RULE", rule), encoding="utf-8")
    try:
        site = load_catalogue(path).sites[0]
    except ConfigError as error:
        return list(error.faults)
    assert from_json(to_json(site)) == site
    return []


SENSE = [
    "point: level, kind: cusum_high, limit: 1, deadband: 0.5, reference: 2, slack: 0.1, window: 10m",
    "point: level, kind: ewma_low, limit: 1, deadband: 0.5, window: 10m",
    "point: level, kind: drift, limit: 1, window: 10m",
    "point: level, kind: spike, limit: 1, count: 3, window: 10m",
    "point: level, kind: slope_down, limit: 1, window: 10m",
    "point: level, kind: rise_ratio, limit: 3, clear_ratio: 0.5, floor: 1, window: 10m",
    "point: level, kind: saturated",
    "point: flow, kind: silent, on_delay: 1m, certain_after: 2m",
    "point: state, kind: state, states: [1]",
    "point: state, kind: not_equals, limit: 3",
    "point: level, kind: high, limit: 3, deadband: 0.2, hidden_by: two, limits: [{months: [12, 1, 2], limit: 2.5}, {point: state, states: [1], limit: 3.2, deadband: 0.5}]",
    "point: made, kind: equals, limit: 1",
]


@pytest.mark.parametrize("rule", SENSE)
def test_what_makes_sense_is_taken(tmp_path: Path, rule: str) -> None:
    assert load(tmp_path, rule) == []


#: rule -> the value and the bound that are told
NONSENSE = {
    "point: level, kind: cusum_high, limit: 1, reference: 2, slack: 0, window: 10m": ("0", "slack must be above 0"),
    "point: level, kind: cusum_high, limit: 1, reference: 5, slack: 1, window: 10m": ("5", "reference must be within"),
    "point: level, kind: cusum_high, limit: 1, reference: 2, slack: 1": ("0", "window above 0s"),
    "point: level, kind: cusum_low, limit: 1, deadband: 2, reference: 2, slack: 1, window: 1m": ("-1", "never clears"),
    "point: level, kind: ewma_high, limit: 5, window: 1m": ("5", "within the point's range"),
    "point: level, kind: ewma_low, limit: 1, clear_ratio: 0.5, window: 1m": ("0.5", "safe side"),
    "point: level, kind: drift, limit: -1, window: 1m": ("-1", "above 0"),
    "point: level, kind: drift, limit: 5, window: 1m": ("5", "span of the point's range, 4"),
    "point: level, kind: spike, limit: 0, window: 1m": ("0", "above 0"),
    "point: level, kind: spike, limit: 1, count: 0, window: 1m": ("0", "equal to 1|>= 1"),
    "point: level, kind: rise, limit: 1, window: -5m": ("-5m", "not a duration"),
    "point: level, kind: rise, limit: 1, window: 401d": ("401d", "400d"),
    "point: level, kind: slope_up, limit: 1": ("0", "window above 0s"),
    "point: level, kind: rise_ratio, limit: 0.5, window: 1m": ("0.5", "above 1"),
    "point: level, kind: rise_ratio, limit: 2, floor: 9, window: 1m": ("9", "floor must be within"),
    "point: level, kind: low, limit: 3.5, deadband: 1": ("4.5", "clear limit must be within"),
    "point: level, kind: high, limit: 3, window: 5m": ("300", "no use for window"),
    "point: level, kind: high, limit: 3, slack: 5": ("5", "no use for slack"),
    "point: level, kind: high, limit: 3, states: [1]": ("1", "no use for states"),
    "point: level, kind: high, limit: 3.4, hidden_by: two": ("3.4", "deadband of 0.2"),
    "point: level, kind: high, limit: 3.6, hidden_by: two": ("3.6", "below the limit 3.5"),
    "point: level, kind: silent": ("one", "stale_after"),
    "point: made, kind: silent": ("one", "never silent"),
    "point: plain, kind: saturated": ("one", "range"),
    "point: state, kind: state": ("", "needs states"),
    "point: state, kind: state, states: [2]": ("2", r"of state: \[1, 3\]"),
    "point: plain, kind: state, states: [63]": ("63", "0 and 62"),
    "point: state, kind: equals, limit: 2": ("2", r"one of the point's states \[1, 3\]"),
    "point: level, kind: high, limit: 3, gate: {point: state, states: [2]}": ("2", r"of state: \[1, 3\]"),
    "point: level, kind: high, limit: 3, gate: {point: made, states: [2]}": ("made", "measured"),
    "point: level, kind: flat, window: 5m, limits: [{months: [1], limit: 2}]": ("flat", "one limit"),
    "point: level, kind: high, limit: 3, limits: [{limit: 2}]": ("2", "must say when"),
    "point: level, kind: high, limit: 3, limits: [{months: [13], limit: 2}]": ("13", "12"),
    "point: level, kind: high, limit: 3, limits: [{months: [1, 1], limit: 2}]": ("1", "named once"),
    "point: level, kind: high, limit: 3, limits: [{months: [1], limit: 5}]": ("5", "within the point's range"),
    "point: level, kind: high, limit: 3, limits: [{months: [1], limit: 2, clear_ratio: 2}]": ("4", "safe side"),
    "point: level, kind: high, limit: 3, limits: [{point: state, limit: 2}]": ("state", "a point and its states"),
    "point: level, kind: high, limit: 3, limits: [{states: [1], limit: 2}]": ("1", "a point and its states"),
    "point: level, kind: high, limit: 3, limits: [{point: mood, states: [1], limit: 2}]": ("mood", "same station"),
    "point: level, kind: high, limit: 3, limits: [{point: state, states: [2], limit: 2}]": ("2", "of state"),
    "point: level, kind: high, limit: 3, limits: [{point: state, states: [1], limit: 2}, {point: plain, states: [1], limit: 1}]": (
        "one",
        "one point",
    ),
    "point: level, kind: high, limit: 3, limits: [{months: [1], limit: 2}, {months: [1], limit: 1}]": (
        "1",
        "never applies",
    ),
    "point: level, kind: high, limit: 3, limits: [{months: [1], limit: .nan}]": ("nan", "finite"),
    "point: level, kind: high, limit: 3, on_delay: -1s": ("-1s", "not a duration"),
}


@pytest.mark.parametrize("rule", NONSENSE)
def test_a_rule_that_makes_no_sense_is_refused(tmp_path: Path, rule: str) -> None:
    value, bound = NONSENSE[rule]
    faults = load(tmp_path, rule)
    assert any(value in f.value and re.search(bound, f.bound) and f.line in (13, 20) for f in faults), faults
    assert all(f.file.endswith("site.yaml") and f.field for f in faults)


FORMULAS = {
    "{function: deviation, inputs: {value: level}}": ("reference", "must be given"),
    "{function: deviation, inputs: {value: level, reference: flow, third: plain}}": (
        "third",
        "must be one of value, reference",
    ),
    "{function: deviation, inputs: {value: level, reference: flaw}}": ("flaw", "point of the site"),
    "{function: deviation, inputs: {value: level, reference: made}}": ("made", "measured"),
    "{function: deviatoin, inputs: {value: level, reference: flow}}": ("deviatoin", "must be one of"),
    "{function: deviation, inputs: {value: level, reference: flow}, parameters: {gain: 2}}": (
        "gain",
        "parameter of deviation",
    ),
    "{function: starts, inputs: {running: state}, parameters: {hours: 0}}": ("0", "between 0.1 and 48"),
    "{function: starts, inputs: {running: state}, parameters: {hours: .inf}}": ("inf", "finite"),
    "{function: starts, inputs: {running: state}}": ("starts", "parameters: {hours"),
    "{function: median_of, inputs: {value_01: level}, parameters: {least_good: 1}}": ("value", "2 times"),
    "{function: from_mean, inputs: {value: level}, parameters: {days: 500}}": ("500", "between 0.01 and 400"),
}


@pytest.mark.parametrize("derived", FORMULAS)
def test_a_derived_point_that_makes_no_sense_is_refused(tmp_path: Path, derived: str) -> None:
    value, bound = FORMULAS[derived]
    faults = load(tmp_path, derived=derived)
    assert any(value in f.value and bound in f.bound for f in faults), faults


def test_limits_take_the_rules_deadband_unless_they_have_their_own(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(HEAD.replace("DERIVED", DERIVED).replace("RULE", SENSE[10]), encoding="utf-8")
    rule = load_catalogue(path).sites[0].points[1].rules[0]
    assert [(one.limit, round(one.clear, 9)) for one in rule.limits] == [(2.5, 2.3), (3.2, 2.7)]
    assert rule.certain_after == 5 * MINUTE


def test_a_site_may_give_its_own_limits_by_season(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    text = HEAD.replace("DERIVED", DERIVED).replace("RULE", RULE)
    text = text.replace(
        "{id: tank, type: tank}", "{id: tank, type: tank, alarms: {one: {limits: [{months: [7, 8], limit: 3.4}]}}}"
    )
    path.write_text(text, encoding="utf-8")
    rule = load_catalogue(path).sites[0].points[1].rules[0]
    assert [(one.months, one.limit, one.clear) for one in rule.limits] == [((7, 8), 3.4, 3.4)]
