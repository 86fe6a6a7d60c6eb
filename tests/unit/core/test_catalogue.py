# ruff: noqa: E501
"""The catalogue: what is wrong is refused by name, what is right is resolved, versioned and keeps its indices."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.catalogue import Site, from_json, keep_indices, load_catalogue, to_json, version_of
from services.core.clock import HOUR, MINUTE
from services.core.errors import ConfigError, Fault

ROOT = Path(__file__).parents[3]

FILE = """\
group: g
name: G
time_zone: Asia/Shanghai
station_types:
  - type: tank
    points:
      state: {states: {1: standby, 3: running}}
      level: {unit: m, range: [0, 4], sample_flow: flow}
      flow: {unit: m3/h, range: [0, 100]}
      ratio: {unit: "%", derived: {function: percent, inputs: {part: flow, whole: level}, parameters: {least_whole: 1}}}
    repeat:
      pump:
        points: {"p{n}_head": {unit: m, range: [0, 9]}}
        alarms:
          - {rule: head-high, point: "p{n}_head", kind: high, limit: 5, priority: high, consequence: "pump {n}", response: r, respond_within: 5m}
    alarms:
      - {rule: high, point: level, kind: high, limit: 3, deadband: 0.5, hidden_by: high-high, on_delay: 1m, priority: medium, consequence: c, response: r, respond_within: 5m, gate: {point: state, states: [3]}}
      - {rule: high-high, point: level, kind: high, limit: 3.5, priority: high, consequence: c, response: r, respond_within: 5m}
      - {rule: low, point: level, kind: low, limit: 1, clear_ratio: 1.5, priority: high, consequence: c, response: r, respond_within: 5m}
      - {rule: flat, point: flow, kind: flat, window: 1h, priority: high, consequence: c, response: r, respond_within: 5m}
sites:
  - id: one
    name: One
    kind: plant
    stations:
      - id: tank
        type: tank
        heartbeat: 2m
        units: {pump: 2}
        parameters: {least_whole: 2}
        alarms:
          high: {limit: 3.2}
"""


def load(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(path)


def site_of(tmp_path: Path, text: str = FILE) -> Site:
    return load(tmp_path, text).sites[0]


def rules(site: Site, point: str) -> dict[str, Any]:
    return {r.id: r for r in site.points[site.point_index[point]].rules}


def test_types_are_expanded_and_the_sites_word_stands(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    assert [p.name for p in site.points] == ["state", "level", "flow", "p01_head", "p02_head", "ratio"]
    level = rules(site, "tank/level")
    assert (level["high"].limit, level["high"].clear) == (3.2, pytest.approx(2.7))
    assert (level["low"].clear, level["high-high"].clear) == (1.5, 3.5)
    assert rules(site, "tank/p02_head")["head-high"].consequence == "pump 02"
    derived = site.points[site.point_index["tank/ratio"]].derived
    assert derived is not None
    assert derived.inputs == {"part": "tank/flow", "whole": "tank/level"}
    assert derived.parameters == {"least_whole": 2}
    assert site.station("tank").stale_after == 6 * MINUTE
    assert site.station("tank").stale.kind == "stale"


def test_a_heartbeat_below_a_minute_still_allows_three_minutes_of_silence(tmp_path: Path) -> None:
    assert site_of(tmp_path, FILE.replace("heartbeat: 2m", "heartbeat: 10s")).stations[0].stale_after == 3 * MINUTE


def test_an_alarm_can_be_taken_away_with_a_reason_only(tmp_path: Path) -> None:
    without = FILE.replace("high: {limit: 3.2}", 'low: {off: "no outlet"}')
    assert set(rules(site_of(tmp_path, without), "tank/level")) == {"high", "high-high"}
    with pytest.raises(ConfigError):
        load(tmp_path, FILE.replace("high: {limit: 3.2}", 'low: {off: ""}'))


BAD = {
    "range upside down": ("range: [0, 4]", "range: [4, 0]", "", "points.level", "[4", "low < high"),
    "range NaN": ("range: [0, 4]", "range: [0, .nan]", "", "range", "nan", "finite"),
    "limit beyond the range": ("high: {limit: 3.2}", "high: {limit: 4.5}", "", "alarms.high", "4.5", "0..4"),
    "limit beyond the range, in the type": (
        "kind: low, limit: 1,", "kind: low, limit: -1,", "        type: tank", "type", "-1", "0..4",
    ),
    "limit NaN": ("high: {limit: 3.2}", "high: {limit: .nan}", "", "alarms.high.limit", "nan", "finite"),
    "limit infinite": ("high: {limit: 3.2}", "high: {limit: .inf}", "", "alarms.high.limit", "inf", "finite"),
    "limit is no number": ("high: {limit: 3.2}", "high: {limit: lots}", "", "alarms.high.limit", "lots", "number"),
    "deadband negative": ("high: {limit: 3.2}", "high: {deadband: -1}", "", "alarms.high.deadband", "-1", ">= 0|equal to 0"),
    "deadband NaN": ("high: {limit: 3.2}", "high: {deadband: .nan}", "", "alarms.high.deadband", "nan", "."),
    "high clears above": ("high: {limit: 3.2}", "high: {clear_ratio: 1.2}", "", "alarms.high", "3.59", "safe side"),
    "low clears below": ("high: {limit: 3.2}", "low: {clear_ratio: 0.5}", "", "alarms.low", "0.5", "safe side"),
    "hidden by a rule of another point": (
        "hidden_by: high-high", "hidden_by: flat", "high: {limit: 3.2}", "alarms.high", "flat", "same point",
    ),
    "hidden by itself": ("hidden_by: high-high", "hidden_by: high", "high: {limit: 3.2}", "alarms.high", "high", "hide each other"),
    "hidden by a lower limit": ("high: {limit: 3.2}", "high: {limit: 3.7}", "", "alarms.high", "3.7", "below the limit 3.5"),
    "gate unknown": ("gate: {point: state,", "gate: {point: valve,", "high: {limit: 3.2}", "alarms.high", "valve", "same station"),
    "gate state too large": ("states: [3]}}", "states: [63]}}", "high: {limit: 3.2}", "alarms.high", "63", "0 and 62"),
    "gate state negative": ("states: [3]}}", "states: [-1]}}", "high: {limit: 3.2}", "alarms.high", "-1", "0 and 62"),
    "gate without states": ("states: [3]}}", "states: []}}", "", "gate.states", "[]", "1 item"),
    "type unknown": ("        type: tank\n", "        type: tub\n", "        type: tank", "type", "tub", "must be one of"),
    "override of nothing": ("high: {limit: 3.2}", "hihg: {limit: 3.2}", "", "alarms.hihg", "hihg", "alarm of type tank"),
    "parameter of nothing": ("least_whole: 2", "least_hole: 2", "", "parameters.least_hole", "least_hole", "parameter of type"),
    "unit of nothing": ("{pump: 2}", "{pimp: 2}", "", "units.pimp", "pimp", "must be one of"),
    "units beyond": ("{pump: 2}", "{pump: 100}", "", "units.pump", "100", "99"),
    "unknown field": ("heartbeat: 2m", "heartbeet: 2m", "", "heartbeet", "2m", "is not a field here"),
    "duration without a unit": ("heartbeat: 2m", "heartbeat: soon", "", "heartbeat", "soon", "not a duration"),
    "duration as a number": ("heartbeat: 2m", "heartbeat: 15", "", "heartbeat", "15", "has no unit"),
    "duration too long": ("heartbeat: 2m", "heartbeat: 401d", "", "heartbeat", "401d", "400d"),
    "consequence missing": ("priority: medium, consequence: c,", "priority: medium,", "", "consequence", "", "is missing"),
    "consequence empty": (
        "priority: medium, consequence: c,", 'priority: medium, consequence: "",', "", "consequence", "''", "not be empty",
    ),
    "response missing": (
        "response: r, respond_within: 5m, gate", "respond_within: 5m, gate", "", "response", "", "is missing",
    ),
    "time to respond missing": ("respond_within: 5m, gate", "gate", "", "respond_within", "", "is missing"),
    "priority unknown": ("priority: medium", "priority: urgent", "", "priority", "urgent", "critical"),
    "kind unknown": ("kind: flat", "kind: flatt", "", "kind", "flatt", "high"),
    "window missing": ("kind: flat, window: 1h,", "kind: flat,", "        type: tank", "type", "0", "window above 0s"),
    "rule of no point": ("point: flow, kind: flat", "point: flaw, kind: flat", "        type: tank", "type", "flat", "must exist"),
    "rule twice on a point": ("{rule: low, point", "{rule: high-high, point", "        type: tank", "type", "high-high", "unique"),
    "sample flow of nothing": ("sample_flow: flow", "sample_flow: flaw", "        type: tank", "type", "flaw", "same station"),
    "input of nothing": ("whole: level", "whole: lavel", "        type: tank", "type", "lavel", "point of the site"),
    "time zone unknown": ("Asia/Shanghai", "Asia/Liuyang", "", "time_zone", "Liuyang", "IANA"),
    "identifier with a slash": ("id: one", "id: a/b", "", "id", "a/b", "pattern"),
    "kind of rule that is the station's": ("kind: flat, window: 1h", "kind: stale", "        type: tank", "type", "flat", "for the station"),
}  # fmt: skip


def _line(part: str) -> int:
    return FILE[: FILE.index(part)].count("\n") + 1


@pytest.mark.parametrize("name", BAD)
def test_each_contradiction_is_refused_with_line_field_value_and_bound(tmp_path: Path, name: str) -> None:
    old, new, at, field, value, bound = BAD[name]
    assert FILE.count(old) == 1
    line = _line(at or old)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, FILE.replace(old, new))

    def fits(f: Fault) -> bool:
        named = f.file.endswith("site.yaml") and f.line == line and field in f.field
        return named and value in f.value and bool(re.search(bound, f.bound))

    assert any(fits(f) for f in caught.value.faults), str(caught.value)


def test_ids_that_stand_twice_are_refused(tmp_path: Path) -> None:
    station = FILE + "      - {id: tank, type: tank}\n"
    with pytest.raises(ConfigError, match=r"site.yaml:33: sites\[0\].stations\[1\].id: 'tank': must be unique"):
        load(tmp_path, station)
    site = FILE + "  - {id: one, name: Again, kind: plant, stations: [{id: t, type: tank}]}\n"
    with pytest.raises(ConfigError, match=r"site.yaml:33: sites\[1\].id: 'one': must be unique"):
        load(tmp_path, site)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, FILE.replace("least_whole: 2", "least_hole: 2").replace("{pump: 2}", "{pimp: 2}"))
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("text", ["", "[]", "group: g", "a", "12"])
def test_a_file_that_is_no_catalogue_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, text)


SITES = sorted(ROOT.glob("sites/*.yaml"))


@pytest.mark.parametrize("path", SITES, ids=[p.stem for p in SITES])
def test_the_sites_that_come_with_headworks_load_and_survive_their_json(path: Path) -> None:
    for site in load_catalogue(path).sites:
        text = to_json(site)
        assert from_json(text) == site
        assert to_json(from_json(text)) == text
        for point in site.points:
            assert site.points[site.point_index[point.id]] is point


def test_liuyang_is_what_the_night_needs() -> None:
    sites = {s.id: s for s in load_catalogue(ROOT / "sites/liuyang.yaml").sites}
    assert {"no1", "no2", "no3", "no4", "upstream"} <= set(sites)
    no3 = sites["no3"]
    assert sum(p.name.endswith("_head_loss") for p in no3.points) == 16
    queue = no3.points[no3.point_index["filters/wash_queue"]].derived
    assert queue is not None
    assert len([k for k in queue.inputs if k.startswith("head_loss")]) == 16
    assert rules(no3, "intake/raw_turbidity")["turbidity-high"].off_delay == 30 * MINUTE
    assert rules(no3, "clearwell/supply_hours_pessimistic")["supply-threatened"].clear == 10
    assert no3.demand is not None
    assert set(no3.playbooks["intake-crisis"]) == {"surge", "restricted", "threatened", "recovering", "closed"}
    assert all(r.respond_within <= 8 * HOUR for p in no3.points for r in p.rules)


def test_the_version_hangs_on_what_is_said_and_on_nothing_else(tmp_path: Path) -> None:
    def version(text: str) -> str:
        return version_of(to_json(site_of(tmp_path, text)))

    base = version(FILE)
    reordered = yaml.safe_dump(yaml.safe_load(FILE), sort_keys=True, allow_unicode=True)
    assert version("# a comment\n" + FILE) == base
    assert version(FILE.replace("on_delay: 1m", "on_delay: 60s")) == base
    assert version(FILE.replace("limit: 3.2", "limit: 3.20")) == base
    assert load(tmp_path, reordered) is not None
    for old, new in (("3.2", "3.21"), ("on_delay: 1m", "on_delay: 2m"), ("name: One", "name: Two")):
        assert version(FILE.replace(old, new)) != base


GAUGE = load_catalogue(ROOT / "sites/sligo.yaml").sites[0]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10**12))
def test_no_delay_is_lost_in_the_json(ns: int) -> None:
    site = GAUGE
    rule = next(p for p in site.points if p.rules).rules[0].model_copy(update={"on_delay": ns})
    point = site.points[1].model_copy(update={"rules": (rule,)})
    changed = site.model_copy(update={"points": (site.points[0], point, *site.points[2:])})
    assert from_json(to_json(changed)) == changed


def names(site: Site) -> list[tuple[str, bool]]:
    return [(p.name, p.removed) for p in site.points]


def test_indices_are_only_ever_appended(tmp_path: Path) -> None:
    first = site_of(tmp_path)
    assert keep_indices(first, None) == first
    fewer = site_of(tmp_path, FILE.replace("{pump: 2}", "{pump: 1}"))
    second = keep_indices(fewer, first)
    assert names(second) == [(n, n == "p02_head") for n, _ in names(first)]
    gone = second.points[4]
    assert gone.rules == ()
    assert "tank/p02_head" not in second.point_index
    third = keep_indices(site_of(tmp_path, FILE.replace("{pump: 2}", "{pump: 3}")), second)
    assert names(third)[:6] == names(first)
    assert names(third)[6] == ("p03_head", False)
    assert third.points[4].rules != ()
    assert names(keep_indices(third, third)) == names(third)
