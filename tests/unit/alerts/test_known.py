"""What the catalogue may name is what the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from services.alerts.derived import FUNCTIONS
from services.alerts.detection.layout import KINDS
from services.alerts.incidents import INCIDENTS
from services.core.catalogue import from_json, known, known_incidents, load_catalogue, to_json
from services.core.catalogue.model import RuleKind
from services.core.catalogue.wording import condition
from services.core.errors import ConfigError
from services.job.places import PROJECT
from tests.unit.alerts.build import rule

SOURCES = "        other_sources:"
LIUYANG = PROJECT / "sites" / "liuyang.yaml"


def test_every_formula_and_incident_of_the_code_is_known_and_no_other() -> None:
    assert set(known.FORMULAS) == set(FUNCTIONS)
    assert set(known_incidents.INCIDENTS) == set(INCIDENTS)


@pytest.mark.parametrize("name", sorted(INCIDENTS))
def test_an_incidents_roles_parameters_and_phases_are_those_of_its_code(name: str) -> None:
    model, entry = INCIDENTS[name], known_incidents.INCIDENTS[name]
    folder = Path(str(__import__("sys").modules[model.__module__].__file__)).parent
    source = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    assert model.name == name
    assert set(model.weights) <= set(entry.roles)
    assert set(model.ranks) == set(entry.phases)
    assert all(f'"{phase}"' in source for phase in entry.phases)
    used = set(re.findall(r'parameters\["(\w+)"\]', source)) - {"area", "minimum_level"}  # of the forecast
    assert used <= set(entry.parameters)
    read = set(re.findall(r"""\[["'](\w+)["']\]""", source))
    assert set(entry.parameters) <= read, "a parameter that nobody reads"
    rules = {rule for role in entry.roles.values() for rule in role.rules}
    assert all(rule in rules for rule in re.findall(r', "([a-z]+(?:-[a-z]+)+)"\)', source)), "a rule nobody listens to"
    for file in ("README.md", "cases.yaml"):
        assert (folder / file).is_file(), f"{folder.name} has no {file}"


def test_a_formula_reads_no_parameter_that_the_table_does_not_ask_for() -> None:
    for name, function in FUNCTIONS.items():
        module = Path(str(__import__("sys").modules[function.__module__].__file__)).read_text(encoding="utf-8")
        body = module[module.index(f"class {function.__name__}(") :].split("\nclass ", 1)[0]
        assert set(re.findall(r'parameters\["(\w+)"\]', body)) == set(known.FORMULAS[name].parameters), name


def test_the_guide_tells_of_every_kind_and_function() -> None:
    guide = (PROJECT / "docs" / "guide" / "rules.md").read_text(encoding="utf-8")
    for name in (*KINDS, *FUNCTIONS):
        assert f"`{name}`" in guide, name
    for name, formula in known.FORMULAS.items():
        row = next(line for line in guide.splitlines() if line.startswith(f"| `{name}` |"))
        assert all(label.rstrip("*") in row for label in (*formula.inputs, *formula.optional, *formula.parameters)), row


def test_every_kind_of_the_catalogue_is_known_to_the_kernel_and_can_be_told() -> None:
    assert set(get_args(RuleKind)) == set(KINDS)
    for kind in KINDS:
        given = rule("r", kind, 1, window=60, states=(1,), reference=2, slack=3, count=4)
        assert condition(given, "m", {1: "on"}), kind


@pytest.mark.parametrize(
    ("old", "new", "line_with", "words"),
    [
        ("model: intake-crisis", "model: intake-crises", "intake-crises", ["incidents", "intake-crises"]),
        (SOURCES, "        roles: {screen: intake/screen_head}\n" + SOURCES, "roles: {screen",
         ["roles.screen", "screen_head", "must be one of"]),
        (SOURCES, "        roles: {level: clearwell/depth}\n" + SOURCES, "roles: {level",
         ["roles.level", "clearwell/depth", "must be a point of the site"]),
        (SOURCES, "        roles: {level: '*/level'}\n" + SOURCES, "roles: {level",
         ["roles.level", "one point"]),
        (SOURCES, "        roles: {level: intake/river_level}\n" + SOURCES, "roles: {level",
         ["intake/river_level", "level-low"]),
        (SOURCES, "        parameters: {floor: 1}\n" + SOURCES, "parameters: {floor",
         ["parameters.floor", "none"]),
        ("capacity: 625", "capacity: -625", "capacity: -625", ["capacity", "-625"]),
        ("parameters: {area: 4000, minimum_level: 1.2}", "parameters: {minimum_level: 1.2}",
         "parameters: {minimum_level: 1.2}", ["area", "supply_hours"]),
        ("        threatened:", "        thretened:", "thretened", ["thretened", "must be one of", "threatened"]),
        ("      intake-crisis:\n", "      intake-krisis:\n", "intake-krisis", ["intake-krisis", "intake-crisis"]),
    ],
)  # fmt: skip
def test_a_slip_that_would_silence_a_plant_is_a_fault(
    tmp_path: Path, old: str, new: str, line_with: str, words: list[str]
) -> None:
    text = LIUYANG.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "liuyang.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(file)
    line = 1 + next(i for i, row in enumerate(file.read_text(encoding="utf-8").splitlines()) if line_with in row)
    found = [fault for fault in caught.value.faults if fault.line == line]
    assert found, caught.value
    for word in words:
        assert word in str(found[0])


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ("{model: power-loss-flooding, parameters: {floor: 0.4}}", ["floor", "above pump_start, 0.5"]),
        ("{model: power-loss-flooding, parameters: {battery_trust: 2}}", ["battery_trust", "between 0.1 and 1"]),
        (
            "{model: power-loss-flooding, other_sources: [{name: a, capacity: 1, start_minutes: 1}]}",
            ["no use for other"],
        ),
        ("power-loss-flooding, power-loss-flooding", ["listed once"]),
        ("{model: power-loss-flooding, roles: {feeds: exchange/feed_1}}", ["exchange/feed_1", "power-lost"]),
        ("power-loss-flooding, intake-crisis", ["needs a point as raw_turbidity"]),
        ("{model: power-loss-flooding, roles: {feeds: nowhere}}", ["roles.feeds", "nowhere"]),
    ],
)
def test_an_incident_that_could_not_work_is_a_fault_with_its_line(tmp_path: Path, use: str, words: list[str]) -> None:
    text = (PROJECT / "sites" / "dongtai.yaml").read_text(encoding="utf-8")
    file = tmp_path / "dongtai.yaml"
    file.write_text(text.replace("[power-loss-flooding]", f"[{use}]"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(file)
    line = 1 + next(i for i, row in enumerate(text.splitlines()) if "[power-loss-flooding]" in row)
    told = [str(fault) for fault in caught.value.faults if fault.line == line]
    assert any(all(word in one for word in words) for one in told), caught.value


def test_a_use_by_name_alone_stays_a_name_and_any_other_is_what_was_written() -> None:
    plain = load_catalogue(PROJECT / "sites" / "dongtai.yaml").sites[0]
    assert '"incidents":["power-loss-flooding"]' in to_json(plain)
    assert from_json(to_json(plain)).incidents == plain.incidents
    no3 = load_catalogue(LIUYANG).site("no3")
    assert from_json(to_json(no3)).incidents == no3.incidents
    assert [source.available for source in no3.incidents[0].other_sources] == [True, False]
