"""A journal from lines that nobody has looked at."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.performance.lines import LONGEST, read_lines
from services.core.errors import ConfigError
from services.core.journal import canonical_journal
from services.core.records import IncidentEvent, Output
from tests.unit.performance.journal import at, event

GOOD = json.loads(next(iter(canonical_journal([event(1, value=3.5, limit=2.0)]))))


def complaint(*lines: str) -> str:
    with pytest.raises(ConfigError) as error:
        list(read_lines(lines, "night.jsonl"))
    return str(error.value)


def test_what_was_written_is_read() -> None:
    events: list[Output] = [
        event(1, value=3.5, limit=2.0), event(2, "acknowledged", who="mei", number=2),
        IncidentEvent(at(3), "plant", "IntakeCrisis", "plant/IntakeCrisis@3", 1, "surge", "why", "next"),
    ]  # fmt: skip
    lines = list(canonical_journal(events))
    assert list(read_lines([lines[0], "\n", *lines[1:]], "x")) == events


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"time": "now"}, "night.jsonl:2: time: 'now': must be ns"),
        ({"time": 5}, "time: 5: must be ns"),
        ({"time": True}, "time: True"),
        ({"annunciated": 1}, "annunciated: 1: must be bool"),
        ({"value": "high"}, "value: 'high': must be int or float or null"),
        ({"site": None}, "site: None: must be str"),
        ({"colour": "red"}, "colour"),
        ({"type": "readings"}, "type: 'readings': must be an object with type alarm or incident"),
        ({"type": "incident"}, "incident: None: must be str"),
    ],
)
def test_a_wrong_field_is_named_with_line_value_and_bound(change: dict[str, object], said: str) -> None:
    assert said in complaint(json.dumps(GOOD), json.dumps(GOOD | change))


def test_what_is_missing_out_of_order_too_long_or_no_json() -> None:
    assert "night.jsonl:1: rule: is missing" in complaint(json.dumps({k: v for k, v in GOOD.items() if k != "rule"}))
    earlier = GOOD | {"time": GOOD["time"] - 1}
    assert "must not be before" in complaint(json.dumps(GOOD), json.dumps(earlier))
    assert "number: 1: must be another one" in complaint(json.dumps(GOOD), json.dumps(GOOD))
    assert f"at most {LONGEST}" in complaint("x" * (LONGEST + 1))
    assert "must be JSON" in complaint("{")
    assert "NaN is no number" in complaint(json.dumps(GOOD | {"value": float("nan")}))
    assert "must be JSON" in complaint("[" * 50_000)


@given(
    st.text(max_size=80) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_whatever_stands_there_is_read_or_refused_with_its_line(line: str) -> None:
    refused = ""
    try:
        list(read_lines([line], "x"))
    except ConfigError as error:
        refused = str(error)
    assert refused == "" or refused.startswith("x:1: ")
