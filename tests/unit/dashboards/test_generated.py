"""The dashboards in deploy/grafana are those of the code, fit the screen, and draw the catalogue's limits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from services.core.catalogue import load_catalogue
from services.dashboards.__main__ import FOLDER, SITES, main, stale
from services.dashboards.limits import greatest, limits, thresholds
from services.dashboards.parts import Look, Series, chart
from services.dashboards.sheet import Book, Sheet

BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (FOLDER / "dashboards").glob("*.json")}


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(SITES)


def test_the_files_are_those_of_the_code(capsys):
    assert main(["--check"]) == 0, capsys.readouterr().err
    assert len(BOARDS) >= 3


def test_what_is_out_of_date_is_said_and_put_right_and_others_files_are_left_alone(tmp_path, capsys):
    where = ["--folder", str(tmp_path)]
    assert main(where) == 0
    made = tmp_path / "dashboards" / "storm.json"
    made.write_text(made.read_text().replace("Raw turbidity", "Something"))
    (tmp_path / "dashboards" / "theirs.json").write_text('{"uid": "theirs"}')
    (tmp_path / "dashboards" / "old.json").write_text('{\n "uid": "headworks-old"\n}')
    assert main([*where, "--check"]) == 1
    said = capsys.readouterr().err
    assert "storm.json is out of date" in said
    assert "old.json" in said
    assert "theirs" not in said
    assert main(where) == 0
    assert main([*where, "--check"]) == 0
    assert {path.stem for path in made.parent.iterdir()} == {*BOARDS, "theirs"}
    assert stale(tmp_path, {"dashboards/storm.json": "x"}) != []


def test_every_dashboard_fits_the_grid_and_has_what_all_have():
    for name, board in BOARDS.items():
        assert board["uid"] == f"headworks-{name}"
        assert board["templating"]["list"][0]["name"] == "bucket"
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert at["x"] + at["w"] <= 24
            assert not taken & cells, f"{name}: {panel['title']} lies upon another"
            assert panel["datasource"] == {"type": "influxdb", "uid": "headworks"}
            taken |= cells


def test_every_variable_of_a_query_and_every_link_is_there():
    for name, board in BOARDS.items():
        text = json.dumps(board)
        known = {one["name"] for one in board["templating"]["list"]}
        asked = [target["query"] for panel in board["panels"] for target in panel["targets"]]
        asked += [one["target"]["query"] for one in board["annotations"].get("list", [])]
        for query in asked:
            assert set(re.findall(r"(?<!\\)\$\{(\w+)", query)) <= known, name
        for uid in re.findall(r'"/d/headworks-(\w+)', text):
            assert uid in BOARDS, f"{name} leads to {uid}, which is not there"


def test_limits_are_the_catalogues_and_what_is_calm_has_no_colour(catalogue):
    found = limits(catalogue, "intake", "screen_head")
    assert found == [(0.3, "medium", False), (0.6, "high", False), (1.0, "critical", False)]
    steps = [(one.value, one.color) for one in thresholds(found).build().steps]
    assert steps == [(None, "transparent"), (0.3, "yellow"), (0.6, "orange"), (1.0, "red")]
    chlorine = [(one.value, one.color) for one in thresholds(limits(catalogue, "clearwell", "chlorine")).build().steps]
    assert chlorine == [(None, "red"), (0.3, "yellow"), (0.4, "transparent"), (1.5, "yellow"), (2.0, "orange")]
    (panel,) = [one for one in BOARDS["storm"]["panels"] if one["title"] == "Time to supply loss"]
    drawn = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(one["value"], one["color"]) for one in drawn] == [(None, "red"), (2, "orange"), (8, "transparent")]
    assert panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "area"}


def test_a_limit_that_one_plant_has_otherwise_is_not_drawn_for_all(catalogue, tmp_path):
    text = Path(SITES).read_text(encoding="utf-8")
    mine = tmp_path / "sites.yaml"
    changed = "alarms: {screen-head-structural: {limit: 1.2}}, parameters: {rated_flow: 170}"
    assert "parameters: {rated_flow: 170}" in text
    mine.write_text(text.replace("parameters: {rated_flow: 170}", changed), encoding="utf-8")
    assert limits(load_catalogue(mine), "intake", "screen_head") == [(0.3, "medium", False), (0.6, "high", False)]


def test_an_instrument_that_is_full_says_at_least(catalogue):
    assert greatest(catalogue, "intake", "raw_turbidity") == 4000
    assert greatest(catalogue, "intake", "screen_head") is None
    (full,) = Book(catalogue).saturated("intake", "raw_turbidity", "NTU")
    assert json.loads(json.dumps(full.to_json(), default=lambda one: one.to_json()))["options"]["result"][
        "text"
    ] == "≥ 4,000 NTU"  # fmt: skip


def test_a_row_that_is_not_full_is_refused(catalogue):
    sheet = Sheet("x", "X", "", Book(catalogue))
    with pytest.raises(ValueError, match="24 columns"):
        sheet.row(3, [(8, chart("x", "m", [Series("x", "y")], Look()))])


def test_grafana_is_told_where_everything_is():
    provisioning = FOLDER / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "influxdb.yaml").read_text())["datasources"]
    assert (source["uid"], source["type"]) == ("headworks", "influxdb")
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "headworks.yaml").read_text())["providers"]
    compose = yaml.safe_load((FOLDER.parent / "compose" / "compose.yaml").read_text())
    volumes = compose["services"]["grafana"]["volumes"]
    assert f"../grafana/dashboards:{provider['options']['path']}:ro" in volumes
    assert "../grafana/provisioning:/etc/grafana/provisioning:ro" in volumes
    assert compose["services"]["sink"]["environment"]["HEADWORKS_INFLUX_SPLIT"] == "true"
    (group,) = yaml.safe_load((provisioning / "alerting" / "pipeline.yaml").read_text())["groups"]
    for rule in group["rules"]:
        names = [step["refId"] for step in rule["data"]]
        assert rule["condition"] == names[-1]
        assert {step["datasourceUid"] for step in rule["data"]} == {"headworks", "__expr__"}
