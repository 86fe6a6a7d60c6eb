"""Event files: each fault names file, line, field, value and bound."""

import re
from pathlib import Path

import pytest

from services.core.errors import ConfigError, Fault
from services.telemetry.simulator import load_event
from services.telemetry.simulator.__main__ import main
from services.telemetry.simulator.event_file import MAX_BYTES, MAX_DEPTH


def faults(tmp_path: Path, text: str | bytes) -> list[Fault]:
    path = tmp_path / "event.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load_event(path)
    assert all(one.file == str(path) for one in caught.value.faults)
    return caught.value.faults


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    found = [str(one) for one in faults(tmp_path, text)]
    start = f"{tmp_path / 'event.yaml'}:"
    assert all(one.startswith(start) for one in found)
    return [one.removeprefix(start) for one in found]


def line_of(text: str, part: str) -> int:
    lines = list(enumerate(text.splitlines(), 1))
    exact = [i for i, line in lines if line == part]
    return exact[0] if exact else next(i for i, line in lines if part in line)


@pytest.fixture
def text(storm_path: Path) -> str:
    return storm_path.read_text(encoding="utf-8")


def test_the_storm_is_valid_and_says_what_is_documented(storm):
    assert storm.group == "liuyang"
    assert storm.documented
    assert {fact.source for fact in storm.documented} <= set(storm.sources)
    assert storm.sources["report-2023-07"] == "a report of July 2023"
    assert all(one.why for one in storm.assumptions)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("base_flow: 60.0", "base_flow: -3", ["river.base_flow", "-3", "greater than 0"]),
        ("lag_minutes: 105.0", "lag_minutes: 200", ["river.lag_minutes", "200", "120"]),
        ("seed: 20230418", "seed: later", ["seed", "'later'", "integer"]),
        ("temperature: 16.5", "temperature: .nan", ["river.temperature", "nan", "finite"]),
        ("gauge: upstream", "gauge: no3", ["gauge", "'no3'", "plant"]),
        ("id: liu", "gouge: 3\nid: liu", ["gouge", "3", "not a field"]),
        ("role: main", "role: chief", ["plants.no3.role", "'chief'", "'main'"]),
        ('"20:50", rate: 0.4', '"20:50", rate: 99', ["actions[0].rate", "99", "20"]),
        ('"20:50", rate: 0.4', '"16:50", rate: 0.4', ["actions[0].at", "'16:50'", "between"]),
        ('"20:50", rate: 0.4', '"25:50", rate: 0.4', ["actions[0].at", "'25:50'", "pattern"]),
        ('"20:50", rate: 0.4', "20:50, rate: 0.4", ["actions[0].at", "1250", "quotes", '"20:50"']),
        ("plants: [no1, no2]", "plants: [no1, no9]", ["actions[1].plants[1]", "'no9'", "no2"]),
        ("share: 0.15", "share: 0.99", ["actions[1].share", "0.99", "0.95"]),
        ("do: pressure", "do: dance", ["actions[2]", "dance", "'pressure'"]),
        ("time_zone: Asia/Shanghai", "time_zone: Mars/Base", ["time_zone", "'Mars/Base'", "IANA"]),
        ("end: 2023-04-19", "end: 2023-05-19", ["end", "2023-05-19", "24 h"]),
        ("end: 2023-04-19", "end: 2023-04-17", ["end", "2023-04-17", "after start"]),
    ],
)
def test_a_fault_names_line_field_value_and_bound(tmp_path, text, old, new, expected):
    assert old in text
    changed = text.replace(old, new, 1)
    (found,) = faults(tmp_path, changed)
    assert found.line == line_of(changed, new.splitlines()[0])
    field, value, *bound = expected
    assert found.field == field
    assert value in found.value
    for part in bound:
        assert part in found.bound


def test_exactly_one_plant_carries_the_city(tmp_path, text):
    changed = text.replace("role: main", "role: backup")
    (found,) = problems(tmp_path, changed)
    assert found.startswith(f"{line_of(changed, 'plants:')}: plants: []: exactly one")


def test_all_faults_are_told_at_once(tmp_path, text):
    changed = text.replace("base_flow: 60.0", "base_flow: 0").replace("seed: 20", "seed: -20")
    assert len(problems(tmp_path, changed)) == 2


def test_a_missing_field_is_told_at_its_parent(tmp_path, text):
    changed = re.sub(r"  base_flow:.*\n", "", text)
    assert problems(tmp_path, changed) == [f"{line_of(changed, 'river:')}: river.base_flow: is missing"]


def test_a_missing_field_of_an_action_is_named_as_the_file_has_it(tmp_path, text):
    changed = text.replace('at: "20:50", rate: 0.4', 'at: "20:50"')
    (found,) = problems(tmp_path, changed)
    line = line_of(changed, 'do: crew, at: "20:50"')
    assert found == f"{line}: actions[0].rate: is missing"


def test_a_key_named_twice_is_refused(tmp_path, text):
    changed = text.replace("gauge: upstream", "gauge: upstream\ngauge: downstream")
    line = line_of(changed, "gauge: downstream")
    assert problems(tmp_path, changed) == [f"{line}: gauge: 'gauge': must stand only once"]


def test_entries_out_of_order_are_refused(tmp_path, text):
    changed = text.replace('at: "00:00", rate: 0.6', 'at: "20:00", rate: 0.6')
    (found,) = problems(tmp_path, changed)
    assert "before the entry above" in found


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("site: no4, station: intake, point: raw_turbidity", "plant in use"),
        ("site: no3, station: intake, point: raw_flow", "must be an analyser"),
    ],
)
def test_a_fault_of_an_instrument_that_is_not_there(tmp_path, text, fault, expected):
    changed = text + f'\nfaults:\n  - {{at: "18:00", until: "18:30", {fault}}}\n'
    (found,) = problems(tmp_path, changed)
    assert expected in found


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "1: file: is empty"),
        (b"a: [1, 2", "must be valid YAML"),
        (b"a: 1\nb: \xff\xfe", "2: file: not UTF-8"),
        (b"a: &x 1\nb: *x\n", "2: b: an alias: aliases are not taken"),
        (b"a: !!python/object:os.system x", "must be valid YAML"),
        (b"a: " + b"[" * 5000, f"nested more than {MAX_DEPTH} deep"),
        (b"# " + b"x" * MAX_BYTES, f"{MAX_BYTES + 2} bytes: at most {MAX_BYTES} bytes"),
        (b"- 1\n- 2\n", "1: file: [1, 2]: input should be a valid dictionary"),
        (b"a: 2023-13-45\n", "a: '2023-13-45': must be valid: month must be"),
    ],
)
def test_what_is_no_event_file_at_all(tmp_path, raw, expected):
    assert expected in " ".join(problems(tmp_path, raw))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="file: No such file or directory: must be readable"):
        load_event(tmp_path / "none.yaml")


def test_the_printer_tells_faults_on_stderr(tmp_path, capsys):
    path = tmp_path / "event.yaml"
    path.write_text("id: x\nplants: {}\n")
    assert main([str(path)]) == 2
    shown = capsys.readouterr()
    assert "river: is missing" in shown.err
    assert shown.out == ""
