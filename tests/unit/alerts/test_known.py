"""What the catalogue may name is what the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from services.alerts.derived import FUNCTIONS
from services.alerts.detection.layout import KINDS
from services.alerts.incidents import INCIDENTS
from services.core.catalogue import known, known_incidents, load_catalogue
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
