"""Priority follows from severity and time to respond; overrides count from the site to the point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from services.core.catalogue import load_catalogue
from services.core.catalogue.doubts import doubts
from services.core.catalogue.model import Severity
from services.core.catalogue.priority import MATRIX, derive_priority
from services.core.catalogue.resolve import load_types, read_catalogue
from services.core.catalogue.source import RuleSource
from services.core.clock import DAY, HOUR, MINUTE
from services.core.errors import ConfigError
from tests.unit.core.test_catalogue_rules import DERIVED, HEAD, RULE


def test_the_guide_has_the_matrix_and_an_override_that_loads(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide" / "rules.md").read_text(encoding="utf-8")
    for severity, priorities in MATRIX.items():
        row = next(line for line in guide.splitlines() if line.startswith(f"| `{severity}` |"))
        assert [cell.strip() for cell in row.split("|")[3:6]] == list(priorities)
    sample = next(block for block in guide.split("```yaml\n") if block.startswith("alarms:")).partition("```")[0]
    site = yaml.safe_load(sample)
    site["stations"][0]["parameters"] = {"design_flow": 1000}
    whole = {
        "group": "g",
        "name": "G",
        "time_zone": "UTC",
        "sites": [{"id": "s", "name": "S", "kind": "plant", **site}],
    }
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    points = {p.name: {r.id: r for r in p.rules} for p in load_catalogue(path).sites[0].points}
    assert [points[f"f0{n}_head_loss"]["head-loss-high"].limit for n in (1, 2, 3)] == [1.6, 1.6, 1.4]
    assert points["wash_queue"] == {}
    assert points["f01_turbidity"]["turbidity-instrument"].respond_within == 30 * MINUTE


def test_overrides_count_from_the_site_to_the_point(tmp_path: Path) -> None:
    text = HEAD.replace("DERIVED", DERIVED).replace("RULE", RULE + ", on_delay: 1s").replace(
        "      - {id: tank, type: tank}",
        "      - {id: tank, type: tank, alarms: {one: {on_delay: 3s}, level/one: {on_delay: 4s}}}\n"
        "      - {id: tonk, type: tank, alarms: {one: {on_delay: 5s}}}\n      - {id: tunk, type: tank}\n"
        "    alarms: {one: {on_delay: 2s, off_delay: 7s}, station-silent: {off_delay: 9s}}",
    )  # fmt: skip
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    site = load_catalogue(path).sites[0]
    rules = {p.station: p.rules[0] for p in site.points if p.name == "level"}
    assert {k: (r.on_delay // 10**9, r.off_delay // 10**9) for k, r in rules.items()} == {
        "tank": (4, 7), "tonk": (5, 7), "tunk": (2, 7),
    }  # fmt: skip
    assert {s.stale.off_delay // 10**9 for s in site.stations} == {9}
    path.write_text(text.replace("station-silent", "station-silenced"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"alarms.station-silenced: .*one of the site's stations"):
        load_catalogue(path)


@pytest.mark.parametrize("severity", MATRIX)
def test_priority_follows_from_severity_and_time_and_never_falls_with_haste(severity: Severity) -> None:
    order = ["journal", "medium", "high", "critical"]
    times = [MINUTE, 30 * MINUTE, 30 * MINUTE + 1, 8 * HOUR, 8 * HOUR + 1, 400 * DAY]
    got = [derive_priority(severity, t) for t in times]
    assert got == [MATRIX[severity][n] for n in (0, 0, 1, 1, 2, 2)]
    assert [order.index(p) for p in got] == sorted((order.index(p) for p in got), reverse=True)


def test_a_priority_that_is_not_given_follows_the_sites_own_time_to_respond(tmp_path: Path) -> None:
    text = (
        HEAD.replace("DERIVED", DERIVED)
        .replace("RULE", RULE)
        .replace("rule: one, priority: high", "rule: one, severity: severe")
    )
    path = tmp_path / "site.yaml"
    for override, priority in (("", "critical"), ("respond_within: 2h", "high"), ("severity: minor", "medium")):
        path.write_text(text.replace("type: tank}", f"type: tank, alarms: {{one: {{{override}}}}}}}"), encoding="utf-8")
        assert load_catalogue(path).sites[0].points[1].rules[0].priority == priority


def test_every_shipped_alarm_has_a_severity_and_every_other_priority_a_reason() -> None:
    for kind in load_types().values():
        units = json.dumps([a for unit in kind.repeat.values() for a in unit.alarms]).replace("{n}", "01")
        repeated = [RuleSource.model_validate(a) for a in json.loads(units)]
        for alarm in [*kind.alarms, *repeated]:
            assert alarm.severity is not None, (kind.type, alarm.rule)
            other = derive_priority(alarm.severity, alarm.respond_within) != alarm.priority
            assert other == bool(alarm.priority_because), (kind.type, alarm.rule)


def test_the_shipped_sites_leave_no_doubt() -> None:
    for path in (Path(__file__).parents[3] / "sites").glob("*.yaml"):
        assert doubts(read_catalogue(path)) == [], path.name


def test_an_override_that_says_nothing_is_refused_not_taken_for_the_types(tmp_path: Path) -> None:
    text = HEAD.replace("DERIVED", DERIVED).replace("RULE", RULE)
    text = text.replace("- {id: tank, type: tank}", "- {id: tank, type: tank, alarms: {one: {response: }}}")
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="must not be empty"):
        load_catalogue(file)
