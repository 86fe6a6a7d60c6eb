"""The quick commands, as a user sees them: help, check, replay, bench."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import app
from services.job.options import DEFAULT_EVENT
from services.job.places import PROJECT
from tests.local.command import environment, inside, one_object

COMMANDS = ["run", "simulate", "bridge", "alerts", "replay", "check", "apply", "journal", "kpi", "score", "bench"]
COMMANDS += ["notify", "why", "users"]

EVENT = PROJECT / "events" / DEFAULT_EVENT / "event.yaml"
LIUYANG, SLIGO = PROJECT / "sites" / "liuyang.yaml", PROJECT / "sites" / "sligo.yaml"


def test_help_of_every_command_has_an_example() -> None:
    for name in COMMANDS:
        done = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
        assert done.exit_code == 0, name
        assert f"headworks {name}" in done.stdout.partition("Example")[2], name


def test_the_command_line_loads_neither_the_model_nor_the_web_for_its_help() -> None:
    code = (
        "import sys, services.cli; print([m for m in ('numpy', 'pydantic', 'nicegui', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_check_of_right_files() -> None:
    done = inside("check", LIUYANG, EVENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 sites" in done.stdout
    assert f"event {DEFAULT_EVENT}, 17.5 h" in done.stdout


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A site file and an event file with faults, one that is neither, one that is not there."""
    folder = tmp_path_factory.mktemp("wrong")
    site, event, neither = folder / "site.yaml", folder / "event.yaml", folder / "neither.yaml"
    site.write_text(SLIGO.read_text(encoding="utf-8").replace("location: [38", "location: [938", 1), encoding="utf-8")
    text = EVENT.read_text(encoding="utf-8").replace("mm_h: 3.2", "mm_h: -3.2").replace("capacity: 7000", "capacity: x")
    event.write_text(text, encoding="utf-8")
    neither.write_text("one: 1\n", encoding="utf-8")
    return [site, event, neither, folder / "absent.yaml"]


def line_of(file: Path, text: str) -> int:
    """The line that has `text`."""
    return 1 + next(i for i, line in enumerate(file.read_text(encoding="utf-8").splitlines()) if text in line)


def test_check_says_every_fault_of_every_file(wrong: list[Path]) -> None:
    site, event, neither, absent = wrong
    done, as_json = inside("check", *wrong, LIUYANG), inside("check", *wrong, LIUYANG, "--json")
    assert (done.returncode, as_json.returncode) == (1, 1)
    said = done.stderr.splitlines()
    assert [line for line in said if line.startswith(f"{site}:{line_of(site, '[938')}: sites[0].location")]
    assert [line for line in said if line.startswith(f"{event}:{line_of(event, '-3.2')}: rain[1].mm_h: -3.2: ")]
    assert [line for line in said if line.startswith(f"{event}:{line_of(event, 'capacity: x')}: plants.no1.capacity")]
    assert [line for line in said if line.startswith(f"{neither}:1: ") and "`sites:`, `plants:`" in line]
    assert [line for line in said if line.startswith(f"{absent}:")]
    assert "Traceback" not in done.stderr
    assert str(LIUYANG) in done.stdout, "the right one is still said to be right"
    found = json.loads(as_json.stdout)
    assert as_json.stdout.count("\n") == 1
    assert as_json.stderr == ""
    assert found["ok"] is False
    assert [one["file"] for one in found["files"]] == [str(LIUYANG)]
    assert len(found["faults"]) == len(said)
    assert all(set(fault) == {"file", "line", "field", "value", "bound"} for fault in found["faults"])


RDB = """# Data provided for site 01650800
#
agency_cd\tsite_no\tdatetime\ttz_cd\t69929_00065\t69929_00065_cd\t69935_63680\t69935_63680_cd
5s\t15s\t20d\t6s\t14n\t10s\t14n\t10s
"""


def rdb(rows: int = 72) -> str:
    """Six hours of a small record: a surge in the middle, a blank cell, and one under ice."""
    lines = []
    for i in range(rows):
        cell = {5: "", 9: "Ice"}.get(i, "400" if 30 <= i < 50 else "6.5")
        lines.append(f"USGS\t01650800\t2019-05-01 {i // 12:02d}:{i % 12 * 5:02d}\tEDT\t1.06\tP\t{cell}\tP\n")
    return RDB + "".join(lines)


def two_methods() -> str:
    """Instantaneous values of one parameter by two methods."""

    def method(number: int, value: float) -> dict[str, object]:
        times = [f"2019-05-01T{i // 12:02d}:{i % 12 * 5:02d}:00.000-04:00" for i in range(36)]
        values = [{"value": str(value), "qualifiers": ["P"], "dateTime": time} for time in times]
        return {
            "value": values,
            "qualifier": [],
            "method": [{"methodID": number, "methodDescription": f"probe {number}"}],
        }

    series = {
        "sourceInfo": {"siteName": "SLIGO CREEK", "siteCode": [{"value": "01650800"}]},
        "variable": {"variableCode": [{"value": "63680"}], "unit": {"unitCode": "FNU"}, "noDataValue": -999999.0},
        "values": [method(69935, 7.0), method(69936, 9.0)],
        "name": "USGS:01650800:63680:00000",
    }
    return json.dumps({"name": "ns1:timeSeriesResponseType", "value": {"timeSeries": [series]}})


def test_replay_of_small_records_and_of_what_is_none(tmp_path: Path, wrong: list[Path]) -> None:
    ice, two, other = tmp_path / "ice.rdb", tmp_path / "two.json", tmp_path / "other.txt"
    ice.write_text(rdb())
    two.write_text(two_methods())
    other.write_text("a letter\n")
    first = inside("replay", ice, "--site", SLIGO, "--data", tmp_path / "kept", "--json")
    second = inside("replay", two, "--site", SLIGO)
    no_record = inside("replay", other, "--site", SLIGO, "--json")
    bad_site = inside("replay", ice, "--site", wrong[0])
    absent = inside("replay", tmp_path / "none.rdb", "--site", SLIGO)
    found = one_object(first)
    assert found["readings"] == found["received"] == 2 * 72 - 1, "a blank cell is no reading; ice is a bad one"
    rules = {alarm["rule"] for alarm in found["alarms"]}
    assert rules >= {"turbidity-high", "turbidity-high-high"}, "400 for an hour and a half"
    assert (tmp_path / "kept" / "history").is_dir()
    assert (second.returncode, second.stderr) == (0, "")
    assert "36 readings of series 69935" in second.stdout
    assert "left out: 69936" in second.stdout
    assert "36 readings, 0 alarms" in second.stdout
    missing = tmp_path / "none.rdb"
    for refused, path in ((no_record, other), (bad_site, wrong[0]), (absent, missing)):
        assert refused.returncode == 1
        assert refused.stdout == ""
        assert str(path) in refused.stderr
        assert "Traceback" not in refused.stderr
    again = inside("replay", ice, "--site", SLIGO, "--data", tmp_path / "kept")
    assert again.returncode == 1
    assert "holds a run already" in again.stderr


def test_bench_names_what_it_knows_and_refuses_another() -> None:
    known, unknown = inside("bench"), inside("bench", "nonsense")
    assert known.returncode == 0
    assert "detect" in known.stdout.split()
    assert unknown.returncode == 2
    assert unknown.stdout == ""
    assert "nonsense" in unknown.stderr
    assert "detect" in unknown.stderr


def test_check_takes_on_call_files_and_phrases(tmp_path: Path) -> None:
    right = inside("check", PROJECT / "sites/oncall/liuyang.yaml", PROJECT / "sites/zh/liuyang.yaml")
    assert right.returncode == 0
    assert "people 3, rosters 1" in right.stdout
    assert "phrases in the language zh" in right.stdout
    wrong = tmp_path / "oncall.yaml"
    text = (PROJECT / "sites/oncall/liuyang.yaml").read_text(encoding="utf-8")
    wrong.write_text(text.replace("language: zh", "language: fr", 1), encoding="utf-8")
    done = inside("check", wrong)
    assert done.returncode == 1
    assert f"{wrong}:" in done.stderr
    assert "must be one of en, zh, or have `texts`" in done.stderr


def test_rules_are_put_in_force_once_and_shown(tmp_path: Path) -> None:
    nothing = inside("oncall", "show", "--data", tmp_path)
    first = inside("oncall", "apply", PROJECT / "sites/oncall/liuyang.yaml", "--data", tmp_path, "--json")
    again = inside("oncall", "apply", PROJECT / "sites/oncall/liuyang.yaml", "--data", tmp_path, "--json")
    shown = inside("oncall", "show", "--data", tmp_path, "--at", "2023-04-18T21:00:00+08:00")
    assert nothing.returncode == 1
    assert "headworks oncall apply FILE" in nothing.stderr
    assert (json.loads(first.stdout)["new"], json.loads(again.stdout)["new"]) == (True, False)
    assert "First engineer until 2023-04-24 08:00, then Second engineer" in shown.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "screen-head-high: {deadband: 0.7}",
            "-0.4: limit and deadband: the clear limit must be within",
        ),
        ("screen-head-high: {limit: 600}", "limit must be within the point's range 0..2 m"),
        ('turbidity-high: {response: ""}', "response: '': must not be empty"),
        ("turbidty-high: {limit: 150}", "must be an alarm of type intake: a rule's name, or point/name"),
    ],
)
def test_what_an_engineer_mistypes_is_told_in_the_engineers_words(tmp_path: Path, change: str, said: str) -> None:
    text, old = LIUYANG.read_text(encoding="utf-8"), "          pump-no-flow: {response:"
    assert text.count(old) == 1
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace(old, f"          {change}\n{old}"), encoding="utf-8")
    done = inside("check", wrong)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_cause_that_is_no_path_is_told_how_to_write_it(tmp_path: Path) -> None:
    wrong, text = tmp_path / "wrong.yaml", LIUYANG.read_text(encoding="utf-8")
    wrong.write_text(text.replace("cause: intake/station/station-silent", "cause: station-silent", 1), encoding="utf-8")
    assert "'station-silent': must be written as station/point/rule" in inside("check", wrong).stderr


def test_check_knows_what_is_expected_of_a_record() -> None:
    done = CliRunner().invoke(app, ["check", str(PROJECT / "events/usgs-01650800-2019-05/expected.yaml")])
    assert done.exit_code == 0
    assert "7 surges" in done.stdout
