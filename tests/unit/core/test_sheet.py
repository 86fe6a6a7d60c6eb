# ruff: noqa: E501
"""The master alarm database goes to a spreadsheet and comes back: as it was, or with what was edited, or refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.catalogue.resolve import read_catalogue
from services.core.catalogue.sheet import plan_import, read_table, rows_of, summary_of, write_plan, write_table
from services.core.catalogue.sheet.columns import COLUMNS, duration_text, is_number, number_text
from services.core.catalogue.sheet.table import guarded, unguarded
from services.core.clock import SECOND, parse_duration
from services.core.errors import ConfigError, HeadworksError

FILE = """\
# The tank and its pumps.
group: g
name: G
time_zone: Asia/Shanghai
station_types:
  - type: tank
    points:
      state: {states: {1: standby, 3: running}}
      level: {unit: m, range: [0, 4]}
    repeat:
      pump:
        points: {"p{n}_head": {unit: m, range: [0, 9]}}
        alarms:
          - {rule: head-high, point: "p{n}_head", kind: high, limit: 5, severity: serious, consequence: "pump {n}", response: r, respond_within: 5m}
    alarms:
      - {rule: high, point: level, kind: high, limit: 3, deadband: 0.5, hidden_by: high-high, severity: minor, consequence: "=1+1", response: r, respond_within: 5m, limits: [{months: [7], limit: 3.1}]}
      - {rule: high-high, point: level, kind: high, limit: 3.6, clear_ratio: 0.9, priority: high, severity: severe, priority_because: "the PLC acts", consequence: c, response: r, respond_within: 5m, gate: {point: state, states: [3]}}
      - {rule: mode, point: state, kind: state, states: [1], priority: journal, consequence: c, response: r, respond_within: 9h}
sites:
  - id: one
    name: One
    kind: plant
    alarms:
      head-high: {limit: 5.5}   # all pumps of the site
    suppressions:
      - {cause: two/level/high-high, hides: ["two/*/head-high"], because: full}
    stations:
      - {id: flow, type: tank, units: {pump: 2}}   # in one line
      - id: two
        type: tank
        units: {pump: 2}
        alarms:
          # the maker's word
          p02_head/head-high: {limit: 6}  # since 2021
          high:
            deadband: 0.25
            source: |
              measured
              by hand
      # behind it
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def exported(path: Path) -> list[dict[str, str]]:
    text = write_table(rows_of(read_catalogue(path)))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def saved(path: Path, rows: list[dict[str, str]], delimiter: str = ",") -> Path:
    out = path.with_suffix(".csv")
    with out.open("w", encoding="utf-8-sig", newline="") as f:
        writer = csv.DictWriter(f, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return out


def planned(path: Path, rows: list[dict[str, str]], delimiter: str = ",") -> Any:
    table = saved(path, rows, delimiter)
    return plan_import(path, read_catalogue(path), table.name, read_table(table))


def row(rows: list[dict[str, str]], name: str) -> dict[str, str]:
    return next(r for r in rows if "/".join((r["station"], r["point"], r["rule"])) == name)


def test_a_row_says_all_of_an_alarm(file: Path) -> None:
    rows = exported(file)
    assert len(rows) == 2 * (2 + 3 + 2)
    high = row(rows, "two/level/high-high")
    told = {
        k: high[k] for k in ("type", "unit", "kind", "limit", "deadband", "clear_ratio", "clear", "gate", "priority")
    }
    assert told == {
        "type": "tank", "unit": "m", "kind": "high", "limit": "3.6", "deadband": "", "clear_ratio": "0.9",
        "clear": "3.24", "gate": "state in 3, settled for 0s", "priority": "high",
    }  # fmt: skip
    assert (high["priority_derived"], high["priority_agrees"]) == ("critical", "no")
    assert high["suppresses"] == "two/p01_head/head-high; two/p02_head/head-high"
    head = row(rows, "two/p02_head/head-high")
    assert (head["suppressed_by"], head["limit"], head["consequence"]) == ("two/level/high-high", "6", "pump 02")
    assert head["defined"] == f"{file}:14"
    assert head["overridden"] == f"{file}:24; {file}:34"
    assert row(rows, "flow/p02_head/head-high")["limit"] == "5.5"
    assert row(rows, "flow/level/high")["limits"] == "months=7 limit=3.1 clear=2.6"
    assert row(rows, "two/level/high")["deadband"] == "0.25"
    assert row(rows, "two/station/station-silent")["kind"] == "stale"
    summary = summary_of(list(rows_of(read_catalogue(file))))
    assert (summary["alarms"], summary["priorities"]["journal"], summary["with_reason"]) == (14, 2, 2)


def test_what_would_be_run_as_a_formula_is_not(file: Path) -> None:
    assert row(exported(file), "two/level/high")["consequence"] == "'=1+1"
    rows = exported(file)
    row(rows, "two/level/high")["response"] = "'@home"
    plan = planned(file, rows)
    assert [(c.column.name, c.new) for c in plan.changes] == [("response", "@home")]


@given(st.text(max_size=9) | st.sampled_from(["=1", "+1", "-1", "-x", "@a", "'", "'=", "\t=", "＝1"]))
def test_guarded_texts_begin_no_formula_and_come_back(text: str) -> None:
    cell = guarded(text)
    assert unguarded(cell) == text
    assert is_number(cell) or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


@given(st.integers(0, 400 * 86400).map(lambda s: s * SECOND) | st.integers(0, 10**7).map(lambda m: m * 10**6))
def test_times_and_numbers_come_back(time: int) -> None:
    assert parse_duration(duration_text(time)) == time
    for number in (time / 7e9, -time / 3e3):
        assert float(number_text(number)) == number


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_nobody_edited_changes_nothing(file: Path, delimiter: str) -> None:
    before = file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino
    plan = planned(file, exported(file), delimiter)
    assert plan.changes == ()
    write_plan(plan)
    assert (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_the_shipped_sites_come_back_as_they_were(tmp_path: Path) -> None:
    for shipped in (Path(__file__).parents[3] / "sites").glob("*.yaml"):
        copy = tmp_path / shipped.name
        copy.write_bytes(shipped.read_bytes())
        assert planned(copy, exported(copy)).changes == (), shipped.name


def test_what_is_computed_is_not_read_and_that_is_told(file: Path) -> None:
    rows = exported(file)
    row(rows, "flow/p01_head/head-high")["limit"] = "4.5"
    row(rows, "two/level/high-high")["clear"] = "9"
    plan = planned(file, rows)
    assert (plan.unread, [str(c) for c in plan.changes]) == (1, ["one/flow/p01_head/head-high limit: 5.5 → 4.5"])


def test_what_was_edited_is_what_is_exported_then(file: Path) -> None:
    rows = exported(file)
    edits = {
        "flow/p01_head/head-high": ("limit", "4.5"), "flow/level/high": ("respond_within", "10m"),
        "two/p02_head/head-high": ("limit", "6.5"), "two/level/high": ("source", 'the "maker"'),
        "two/station/station-silent": ("off_delay", "1m30s"), "two/state/mode": ("off", "no mode here"),
        "flow/level/high-high": ("latching", "TRUE"), "flow/state/mode": ("states", "1 3"),
    }  # fmt: skip
    for name, (column, value) in edits.items():
        row(rows, name)[column] = value
    file.chmod(0o640)
    plan = planned(file, rows)
    assert len(plan.changes) == len(edits)
    write_plan(plan)
    after = exported(file)
    for name, (column, value) in edits.items():
        assert row(after, name)[column] == value.replace("TRUE", "yes"), name
    assert file.stat().st_mode & 0o777 == 0o640
    text = file.read_text(encoding="utf-8")
    assert (
        "      - {id: flow, type: tank, units: {pump: 2}, alarms: {high: {respond_within: 10m}, high-high: "
        "{latching: true}, mode: {states: [1, 3]}, p01_head/head-high: {limit: 4.5}}}   # in one line\n" in text
    )
    assert "          p02_head/head-high: {limit: 6.5}  # since 2021\n" in text
    assert (
        '            source: "the \\"maker\\""\n          station-silent: {off_delay: 1m30s}\n          mode: {"off": "no mode here"}\n      # behind it\n'
        in text
    )
    assert [line for line in FILE.splitlines() if "#" in line and line not in text.splitlines()] == [
        "      - {id: flow, type: tank, units: {pump: 2}}   # in one line",
        "          p02_head/head-high: {limit: 6}  # since 2021",
    ]
    assert sorted(p.name for p in file.parent.iterdir()) == ["site.csv", "site.yaml"]


def test_a_ratio_takes_the_place_of_a_deadband(file: Path) -> None:
    rows = exported(file)
    row(rows, "two/level/high").update(deadband="", clear_ratio="0.9")
    row(rows, "flow/level/high-high").update(deadband="0.2", clear_ratio="")
    write_plan(planned(file, rows))
    after = exported(file)
    assert row(after, "two/level/high")["deadband"] == ""
    assert row(after, "two/level/high")["clear"] == "2.7"
    assert row(after, "flow/level/high-high")["clear"] == "3.4"


HOSTILE: dict[str, tuple[str, str, str, str]] = {
    # alarm, column, cell: what is told
    "a decimal comma": ("two/level/high", "limit", "2,9", "decimal point"),
    "no number": ("two/level/high", "limit", "three", "must be a number"),
    "not a number": ("two/level/high", "limit", "NaN", "must be a number"),
    "infinity": ("two/level/high", "limit", "1e999", "must be between"),
    "a formula": ("two/level/high", "limit", "=1+1", "must be a number"),
    "outside the range": ("two/level/high-high", "limit", "4.5", "within the point's range 0..4"),
    "the wrong order": ("two/level/high", "limit", "3.7", "below the limit 3.6"),
    "a deadband below 0": ("two/level/high", "deadband", "-1", "greater than or equal to 0"),
    "a deadband wider than the gap": ("two/level/high-high", "clear_ratio", "0.5", "deadband of 1.8"),
    "a time without a unit": ("two/level/high", "on_delay", "5", "write 30s"),
    "a time beyond all bounds": ("two/level/high", "on_delay", "500d", "400d"),
    "a state that is none": ("two/state/mode", "states", "2", "must be of state"),
    "states that are none": ("two/state/mode", "states", "a b", "whole number"),
    "a priority that is none": ("two/level/high", "priority", "urgent", "must be one of critical"),
    "no yes or no": ("two/level/high", "latching", "maybe", "yes or no"),
    "an over-long text": ("two/level/high", "response", "x" * 501, "at most 500"),
    "a cell without end": ("two/level/high", "response", "x" * 2001, "at most 2000"),
    "no response": ("two/level/high", "response", "", "must not be emptied"),
    "another kind": ("two/level/high", "kind", "low", "station type's: 'high'"),
    "another gate": ("two/level/high-high", "gate", "", "station type's"),
    "a deadband beside a ratio": ("two/level/high-high", "deadband", "0.1", "beside clear_ratio"),
    "no deadband": ("two/level/high", "deadband", "", "0 is no deadband"),
    "what hides another goes": ("two/level/high-high", "off", "gone", "hidden_by must be"),
    "a silence taken away": ("two/station/station-silent", "off", "gone", "nobody would see it"),
    "an alarm that is none": ("two/level/high", "rule", "hihg", "must be an alarm of the catalogue"),
    "the same alarm twice": ("two/level/high", "rule", "high-high", "must stand only once"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_makes_no_sense_is_refused_with_line_and_column_and_nothing_is_written(file: Path, name: str) -> None:
    alarm, column, cell, bound = HOSTILE[name]
    rows = exported(file)
    row(rows, "flow/level/high")["on_delay"] = "1m"  # right by itself, but not written either
    before = rows[: rows.index(row(rows, alarm))]
    line = 2 + len(before) + sum(cell.count("\n") for one in before for cell in one.values())
    row(rows, alarm)[column] = cell
    with pytest.raises(ConfigError) as caught:
        write_plan(planned(file, rows))
    assert any(bound in f.bound and f.file.endswith("site.csv") and f.field == column for f in caught.value.faults), (
        caught.value
    )
    twice = 3 * (name == "the same alarm twice")  # a text of three lines stands between
    assert any(f.line == line + twice for f in caught.value.faults), caught.value
    assert file.read_text(encoding="utf-8") == FILE


TABLES: dict[str, tuple[bytes, int, str]] = {
    "an unknown column": (b"site,station,point,rule,limmit\n", 1, "is no column here"),
    "a column twice": (b"site,station,point,rule,limit,Limit\n", 1, "must stand only once"),
    "no key": (b"site,station,point,limit\n", 1, "is missing"),
    "nothing": (b"", 1, "is missing"),
    "another code": ("site,station,point,rule\nä".encode("latin-1"), 2, "UTF-8"),
    "two bytes a letter": ("site,station,point,rule\n".encode("utf-16"), 1, "UTF-8"),
    "too many cells": (b"site,station,point,rule\none,two,level,high,9\n", 2, "5 cells, the header 4"),
    "an open quote": (b'site,station,point,rule\none,"two\n', 2, "must be CSV"),
    "a cell without end": (b"site,station,point,rule\n" + b"x" * 200_000, 2, "must be CSV"),
    "another divider": (b"sep=|\nsite|station\n", 1, "comma, semicolon or tab"),
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str) -> None:
    raw, line, bound = TABLES[name]
    path = tmp_path / "t.csv"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        read_table(path)
    assert any(f.line == line and bound in f.bound for f in caught.value.faults), caught.value


def test_what_spreadsheets_add_is_taken(file: Path) -> None:
    path = file.with_suffix(".csv")
    path.write_text(
        "sep=;\r\nSite; station ;point;rule;limit;;\r\n;;;;;;\r\none;two;level;high;2.75;;\r\n",
        encoding="utf-8",
        newline="",
    )
    plan = plan_import(file, read_catalogue(file), "x.csv", read_table(path))
    assert [(c.line, c.column.name, c.new) for c in plan.changes] == [(4, "limit", 2.75)]


def test_a_file_that_changed_meanwhile_is_not_overwritten(file: Path) -> None:
    rows = exported(file)
    row(rows, "two/level/high")["limit"] = "2.5"
    plan = planned(file, rows)
    text = FILE.replace("limit: 6}  # since", "limit: 7}  # since")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HeadworksError, match="two/p02_head/head-high"):
        write_plan(plan)
    assert file.read_text(encoding="utf-8") == text
    assert sorted(p.name for p in file.parent.iterdir()) == ["site.csv", "site.yaml"]


EDITS = st.one_of(
    st.tuples(st.sampled_from(["flow/p01_head/head-high", "two/p02_head/head-high"]), st.just("limit"), st.floats(1, 8.9).map(number_text)),
    st.tuples(st.just("two/level/high"), st.just("deadband"), st.floats(0, 0.4).map(number_text)),
    st.tuples(
        st.sampled_from(["flow/level/high", "two/state/mode", "two/station/station-silent"]),
        st.sampled_from(["consequence", "response", "source"]),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=30).filter(lambda t: t.strip() == t),
    ),
    st.tuples(
        st.sampled_from(["flow/level/high-high", "two/station/station-silent"]),
        st.sampled_from(["on_delay", "off_delay", "realarm", "respond_within"]),
        st.integers(1, 10**6).map(lambda s: duration_text(s * SECOND)),
    ),
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EDITS, min_size=1, max_size=3, unique_by=lambda e: e[:2]))
def test_an_edited_export_is_the_next_export(file: Path, edits: list[tuple[str, str, str]]) -> None:
    file.write_text(FILE, encoding="utf-8")
    rows = exported(file)
    for name, column, value in edits:
        row(rows, name)[column] = guarded(value)
    write_plan(planned(file, rows))
    editable = [c.name for c in COLUMNS if c.use != "made" and c.name != "limits"]
    assert [[r[c] for c in editable] for r in exported(file)] == [[r[c] for c in editable] for r in rows]
    assert planned(file, exported(file)).changes == ()
