"""`headworks rationalize` and `headworks check --strict`, as they are called."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from services.cli.app import main
from services.core.yaml_source import read_yaml

SITES = Path(__file__).parents[2] / "sites"


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """(code, stdout, stderr)."""
    sys.argv = ["headworks", *words]
    with pytest.raises(SystemExit) as caught:
        main()
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


@pytest.fixture(autouse=True)
def arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setenv("COLUMNS", "200")  # a table is cut to the terminal


def test_the_master_alarm_database_of_a_plant(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "rationalize", str(SITES / "liuyang.yaml"), "--site", "no3", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["alarms"] == len(told["rows"]) > 100
    assert told["disagree"] == 0
    (row,) = (r for r in told["rows"] if (r["station"], r["rule"]) == ("intake", "screen-head-structural"))
    assert (row["limit"], row["clear"], row["priority"], row["priority_derived"]) == (1.0, 0.85, "critical", "critical")
    assert (row["severity"], row["respond_within"], row["on_delay"]) == ("severe", "5m", "10s")
    assert row["defined"].startswith("types/intake.yaml:")
    for person in ("consequence", "response", "source"):
        assert row[person]


def test_people_read_how_the_priorities_are_spread(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "rationalize", str(SITES / "sligo.yaml"))
    assert code == 0
    last = out.strip().splitlines()[-1]
    assert last.startswith("10 alarms: 0 critical (0%; EEMUA 191: 5%), 1 high (10%; EEMUA 191: 15%), 9 medium (90%;")
    assert "turbidity-surge" in out


def test_to_a_spreadsheet_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site, table = tmp_path / "sligo.yaml", tmp_path / "alarms.csv"
    site.write_bytes((SITES / "sligo.yaml").read_bytes())
    before = site.read_text(encoding="utf-8")
    assert called(capsys, "rationalize", str(site), "--csv", str(table))[0] == 0
    assert "0 changes, nothing written" in called(capsys, "rationalize", str(site), "--import", str(table))[1]
    with table.open(encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f))
    for row in rows:
        if row["rule"] == "turbidity-high":
            row["limit"] = "120"
    with table.open("w", encoding="utf-8-sig", newline="") as f:
        writer = csv.DictWriter(f, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    code, out, _ = called(capsys, "rationalize", str(site), "--import", str(table), "--dry-run")
    assert (code, out) == (0, "sligo/gauge/turbidity/turbidity-high limit: 100 → 120\n1 change, nothing written\n")
    assert site.read_text(encoding="utf-8") == before
    code, out, _ = called(capsys, "rationalize", str(site), "--import", str(table), "--json")
    assert json.loads(out)["written"] is True
    assert site.read_text(encoding="utf-8") == before.replace("limit: 100 ", "limit: 120 ")
    table.write_text(table.read_text(encoding="utf-8").replace(";120;", ";5000;"), encoding="utf-8")
    code, _, err = called(capsys, "rationalize", str(site), "--import", str(table))
    assert code == 1
    assert "limit: 5000.0: limit must be within the point's range 0..4000" in err


@pytest.mark.parametrize(
    "words",
    [
        ("--dry-run",),
        ("--import", "x.csv", "--csv", "y.csv"),
        ("--site", "nowhere"),
        ("--csv", str(SITES / "sligo.yaml")),
    ],
)
def test_what_does_not_go_together_is_said(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = called(capsys, "rationalize", str(SITES / "sligo.yaml"), *words)
    assert code == 1
    assert err


def test_a_doubt_is_a_note_and_with_strict_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "sligo.yaml"
    text = (SITES / "sligo.yaml").read_text(encoding="utf-8")
    site.write_text(
        text.replace("            on_delay: 6m\n", "            on_delay: 6m\n            priority: journal\n", 1)
    )
    line = read_yaml(site).line(("sites", 0, "stations", 0, "alarms", "turbidity-high"))
    code, out, _ = called(capsys, "check", str(site))
    assert code == 0
    assert "ok " in out
    assert f"note {site}:{line}: gauge/turbidity/turbidity-high: 'journal': is medium by its severity" in out
    code, _, err = called(capsys, "check", "--strict", str(site))
    assert (code, "is medium by its severity" in err) == (1, True)
    told = json.loads(called(capsys, "check", "--json", str(site))[1])
    assert (told["ok"], [n["line"] for n in told["notes"]]) == (True, [line])
