# ruff: noqa: E501
"""What makes no sense in a rule or a derived point is refused with file, line, field, value and bound."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from services.core.catalogue import from_json, load_catalogue, to_json
from services.core.catalogue.doubts import doubts
from services.core.catalogue.resolve import MAX_DEFINITIONS, read_catalogue
from services.core.catalogue.source import CatalogueSource
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
    "point: level, kind: high, limit: 4": ("4", "not at its end 4"),
    "point: level, kind: low, limit: 0": ("0", "not at its end 0"),
    "point: level, kind: high, limit: 3, deadband: 3.1": ("-0.1", "clear limit must be within"),
    "point: level, kind: rise_ratio, limit: 3, clear_ratio: 0.3, window: 10m": ("0.8999", "never clears"),
    "point: level, kind: equals, limit: 9": ("9", "within the point's range"),
    "point: level, kind: state, states: [9]": ("9", "within the point's range"),
    "point: level, kind: high, limit: 3.5": ("3.5", "says the same as one"),
    "point: level, kind: low, limit: 3.6": ("3.6", "below the limit 3.5 of two"),
    "point: level, kind: low, limit: 3, deadband: 0.6": ("3.6", "clears only above 3.5"),
    "point: level, kind: high, limit: 3, hidden_by: one": ("one", "in a circle"),
    "point: level, kind: high, limit: 3, hidden_by: six": ("six", "another alarm of the same point"),
    "point: state, kind: equals, limit: 3, hidden_by: two": ("two", "another alarm of the same point"),
    "point: level, kind: high, limit: 3, hidden_by: two, limits: [{months: [7], limit: 3.6}]": (
        "3.6",
        r"below the limit 3.5 of two.*\(month 7\)",
    ),
    "point: level, kind: high, limit: 3, hidden_by: two, limits: [{point: state, states: [3], limit: 3.4}]": (
        "3.4",
        r"deadband of 0.2.*state 3",
    ),
    "point: level, kind: low, limit: 1, limits: [{months: [12, 1], limit: 3.6}]": ("3.6", "below the limit 3.5"),
    "point: level, kind: high, limit: 3, limits: [{months: [1, 2], limit: 2}, {months: [2], point: state, states: [1], limit: 1}]": (
        "1",
        "never applies",
    ),
    "point: level, kind: high, limit: 3, chatter_shelf: 9h": ("9h", "at most longest_shelf, 8h"),
    "point: level, kind: high, limit: 3, gate: {point: nowhere, states: [1]}": ("nowhere", "same station"),
    "point: nowhere, kind: high, limit: 3": ("one", "must exist"),
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


#: alarms, what else the file says -> the note's value and bound
DOUBTS = {
    "severity: severe": ("high", "is critical by its severity"),
    "severity: minor, priority_because: no reason at all": ("", ""),
    "severity: serious, priority_because: no need": ("no need", "needs none"),
    "point: level": ("high", "has no `severity`"),
    "severity: serious, respond_within: 4m": ("4m", "the PLC must act"),
    "severity: serious, respond_within: 4m, response: see that the PLC has stopped it": ("", ""),
    "severity: serious, realarm: 2m": ("2m", "sounds again"),
    "severity: serious, limits: [{months: [1, 2, 3, 4, 5, 6], limit: 2}, {months: [7, 8, 9, 10, 11, 12], limit: 3}]": (
        "3.5",
        "cover the whole year",
    ),
    "severity: serious, point: flow, limit: 30, on_delay: 5m": ("5m", "unknown after 5m"),
    "severity: serious, kind: rise, limit: 1, window: 90s": ("1m30s", "less than two readings, if one comes every 1m"),
    "severity: serious, kind: flat, limit: 0, window: 30s": ("30s", "calm is not flat"),
    "severity: serious, gate: {point: flow, states: [1]}": ("flow", "no named `states`"),
    "severity: serious, priority: journal, priority_because: quiet, latching: true": ("journal", "nobody to reset"),
    "severity: serious, limit: 3.2": ("3.2", "stands beside two"),
}


@pytest.mark.parametrize("change", DOUBTS)
def test_what_is_doubtful_is_a_note_where_the_alarm_is_written(tmp_path: Path, change: str) -> None:
    path = tmp_path / "site.yaml"
    fields = {"point": "level", "kind": "high", "limit": "3.5", "priority": "high", "consequence": "c", "response": "r",
              "respond_within": "5m"}  # fmt: skip
    given = {"point": "level", "kind": "high", "limit": 3.5} | yaml.safe_load("{" + change + "}")
    one = HEAD.index("      - {rule: one")
    line = HEAD[one:].partition("\n")[0]
    fields |= {k: json.dumps(v) for k, v in given.items()}
    words = ", ".join(f"{k}: {v}" for k, v in fields.items())
    text = HEAD.replace(line, f"      - {{rule: one, {words}}}").replace("DERIVED", DERIVED)
    kept = "stands beside" in DOUBTS[change][1]
    second = text[text.index("      - {rule: two") :].partition("\n")[0]
    text = text.replace(second, second.replace("priority", "severity: serious, priority") if kept else "")
    path.write_text(text, encoding="utf-8")
    value, bound = DOUBTS[change]
    notes = doubts(read_catalogue(path))
    assert any(value in n.value and bound in n.bound for n in notes) or not value, notes
    assert len(notes) == bool(value)
    assert all((n.line, n.field.split("/")[0], n.field.split("/")[2]) == (13, "tank", "one") for n in notes)


def test_a_short_file_that_would_become_a_huge_site_is_refused_before_it_does(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    kinds = "abcdefghijk"
    repeats = "".join(f'      {k}: {{points: {{"{k}{{n}}_x": {{}}, "{k}{{n}}_y": {{}}}}}}\n' for k in kinds)
    units = ", ".join(f"{k}: 99" for k in kinds)
    stations = "".join(f"      - {{id: s{n}, type: many, units: {{{units}}}}}\n" for n in range(100))
    types = f"station_types:\n  - type: many\n    repeat:\n{repeats}"
    site = f"sites:\n  - id: p\n    name: P\n    kind: plant\n    stations:\n{stations}"
    path.write_text(f"group: g\nname: G\ntime_zone: UTC\n{types}{site}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(path)
    (fault,) = caught.value.faults
    assert f"at most {MAX_DEFINITIONS}" in fault.bound
    assert fault.field == "sites[0].stations[91]"


def test_a_forecast_of_overflow_needs_the_demand_as_one_of_loss_does(tmp_path: Path) -> None:
    made = "{function: overflow_hours, inputs: {level: level, inflow: flow, outflow: plain}, parameters: {area: 9, overflow_level: 4, demand_bias: 0}}"
    (fault,) = load(tmp_path, "point: made, kind: low, limit: 2", made)
    assert (fault.value, fault.bound) == ("'one'", "never has data: it needs the site's `demand`")


@pytest.mark.parametrize(
    ("more", "value", "bound"),
    [
        ("{cause: tank/level/two, hides: [tank/level/one, tank/*/two], because: b}", "tank/*/two", "the cause itself"),
        ("{cause: tank/level/two, hides: [tank/*/one], because: b}, {cause: tank/level/one, hides: [tank/level/two], because: b}", "tank/*/one", "another cause"),
        ("{cause: tank/level/six, hides: [tank/level/one], because: b}", "tank/level/six", "an alarm of the site"),
        ("{cause: tank/level/two, hides: [tank/*/six], because: b}", "tank/*/six", "must match"),
    ],
)  # fmt: skip
def test_causes_that_hide_themselves_or_each_other_are_refused(
    tmp_path: Path, more: str, value: str, bound: str
) -> None:
    path = tmp_path / "site.yaml"
    text = HEAD.replace("DERIVED", DERIVED).replace("RULE", RULE)
    path.write_text(text.replace("    stations:\n", f"    suppressions: [{more}]\n    stations:\n"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(path)
    assert any(value in f.value and bound in f.bound and f.line == 19 for f in caught.value.faults), caught.value


def test_suppressions_that_would_cost_minutes_to_look_up_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    one = f"{{cause: s0/state/none, hides: [{', '.join(f'x{n}/*/*' for n in range(100))}], because: b}}"
    stations = "".join(
        f"      - {{id: s{n}, type: filters, units: {{filter: 20}}, parameters: {{design_flow: 1}}}}\n"
        for n in range(5)
    )
    path.write_text(
        "group: g\nname: G\ntime_zone: UTC\nsites:\n  - id: p\n    name: P\n    kind: plant\n"
        f"    suppressions: [{', '.join([one] * 100)}]\n    stations:\n{stations}",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"site\.yaml:8: sites\[0\]\.suppressions\[0\]: \d+: .* at most 5000000"):
        load_catalogue(path)


def test_a_stations_own_alarms_are_judged_too(tmp_path: Path) -> None:
    text = HEAD.replace("DERIVED", DERIVED).replace("RULE", RULE)
    path = tmp_path / "site.yaml"
    for override, bound in (("longest_shelf: 1m", "at most longest_shelf"), ("off: no", "nobody would see it")):
        path.write_text(
            text.replace("type: tank}", f"type: tank, alarms: {{station-silent: {{{override}}}}}}}"), encoding="utf-8"
        )
        if override == "off: no":
            path.write_text(path.read_text().replace("off: no", '"off": "never mind"'), encoding="utf-8")
        with pytest.raises(ConfigError, match=bound):
            load_catalogue(path)


def test_more_sites_or_stations_than_a_file_may_have_are_refused() -> None:
    station = {"id": "a", "type": "tank"}
    site = {"id": "s", "name": "S", "kind": "plant", "stations": [station]}
    whole = {"group": "g", "name": "G", "time_zone": "UTC", "sites": [site]}
    CatalogueSource.model_validate(whole)
    for wrong in (whole | {"sites": [site] * 10_001}, whole | {"sites": [site | {"stations": [station] * 101}]}):
        with pytest.raises(ValidationError, match="at most"):
            CatalogueSource.model_validate(wrong)


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
