"""The cases that stand beside each incident's code (`cases.yaml`), as timelines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from services.alerts.incidents import INCIDENTS
from services.core.codec import canonical_json
from services.core.yaml_source import read_yaml
from tests.unit.alerts.incident_scripts import Script


def _cases() -> list[Any]:
    found = []
    for name, model in INCIDENTS.items():
        file = Path(str(sys.modules[model.__module__].__file__)).parent / "cases.yaml"
        data = read_yaml(file).data
        found += [pytest.param(name, data, case, id=f"{name}: {case['case']}") for case in data["cases"]]
    return found


def run(name: str, data: dict[str, Any], case: dict[str, Any]) -> Script:
    without = tuple(case.get("without", ()))
    script = Script(name, data["start"] | case.get("start", {}), case.get("use"), data.get("units", 0), without)
    for step in case["steps"]:
        script.go(**step)
    return script


@pytest.mark.parametrize(("name", "data", "case"), _cases())
def test_the_case_goes_as_it_is_written(name: str, data: dict[str, Any], case: dict[str, Any]) -> None:
    script = run(name, data, case)
    got = script.story()
    assert [phase for _, phase in got] == [phase for _, phase in case["phases"]], got
    for (minute, phase), (wanted, _) in zip(got, case["phases"], strict=True):
        assert abs(minute - wanted) <= case.get("within", 0.2), f"{phase} at {minute} min, not {wanted}"
    for words in case.get("says", []):
        assert any(words in event.cause for event in script.events), [event.cause for event in script.events]
    assert len(script.events) == case.get("events", len(script.events))
    for event in script.events:
        evidence: Any = event.evidence
        canonical_json(evidence)
        assert event.next_step == f"do {event.phase}"
        assert {"rank", "readings", "confidence", "time_left", "alarms", "claims"} <= evidence.keys()
    if script.events:
        for key, value in case.get("evidence", {}).items():
            found: Any = script.evidence
            for part in str(key).split("."):
                found = found[int(part)] if isinstance(found, list) else found[part]
            if isinstance(value, float):
                assert found == pytest.approx(value, rel=0.02), key
            elif isinstance(value, str) and isinstance(found, list):
                assert any(value in line for line in found), f"{key}: {found}"
            else:
                assert found == value, f"{key}: {found}"


@pytest.mark.parametrize("name", sorted(INCIDENTS))
def test_a_models_memory_can_be_stored_at_any_moment(name: str) -> None:
    """What is loaded in the middle goes on as if nothing had happened."""
    file = Path(str(sys.modules[INCIDENTS[name].__module__].__file__)).parent / "cases.yaml"
    data = read_yaml(file).data
    case = data["cases"][0]
    whole = run(name, data, case)
    broken = Script(name, data["start"] | case.get("start", {}), case.get("use"), data.get("units", 0))
    for step in case["steps"]:
        broken.go(**step)
        memory = broken.model.memory
        broken.model = INCIDENTS[name](broken.site, broken.site.incidents[0])
        broken.model.memory = type(memory)(**__import__("json").loads(canonical_json(memory.__dict__)))
    assert broken.events == whole.events
