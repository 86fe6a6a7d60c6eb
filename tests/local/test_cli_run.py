"""`headworks run`, as a user sees it: its object and its words, ports, Ctrl-C, going on, at its end."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.job.places import PROJECT
from tests.local.command import (
    FAST,
    HANGS,
    Done,
    command,
    has_tick,
    inside,
    one_object,
    short_event,
    start,
    stop,
    taken_ports,
    until,
)
from tests.local.storm import direct_journal

FIELDS = {
    "event", "published", "received", "rejected", "lost", "alarms", "incidents",
    "wall_seconds", "readings_per_second", "peak_rss_mb",
}  # fmt: skip
RISING = "upstream/gauge/stage/stage-rising"


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> str:
    return short_event(tmp_path_factory.mktemp("event"))


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory, event: str) -> tuple[Path, dict[str, Any], float, str]:
    """A run that Ctrl-C ended on its way: its folder, its object, how long that took, and what it said."""
    folder = tmp_path_factory.mktemp("played")
    data = folder / "data"
    run = start("run", "--event", event, "--data", data, *FAST, out=folder / "first", group=True)
    until(lambda: has_tick(data), run)
    seconds = stop(run, group=True)
    return data, json.loads((folder / "first.txt").read_text()), seconds, (folder / "first.err").read_text()


@pytest.fixture(scope="module")
def played(halfway: tuple[Path, dict[str, Any], float, str], event: str) -> tuple[Path, Done, list[int]]:
    """The same run taken to its end, beside others that have its ports."""
    data = halfway[0]
    with taken_ports(2) as ports:
        done = command(
            "run", "--event", event, "--data", data, "--speed", "max", "--until-end", "--json",
            "--broker", "amqtt", "--mqtt-port", str(ports[0]), "--console-port", str(ports[1]),
        )  # fmt: skip
    return data, done, ports


@pytest.fixture(scope="module")
def summary(played: tuple[Path, Done, list[int]]) -> dict[str, Any]:
    return one_object(played[1])


@pytest.fixture(scope="module")
def journal(played: tuple[Path, Done, list[int]]) -> str:
    return inside("journal", "--data", played[0]).stdout


def test_one_object_with_what_was_asked_for(summary: dict[str, Any]) -> None:
    assert set(summary) >= FIELDS
    assert summary["lost"] == 0
    assert summary["published"] == summary["received"] > 90_000
    assert summary["readings_per_second"] > 0
    assert summary["peak_rss_mb"] > 50
    (alarm,) = summary["alarms"]
    assert set(alarm) == {"time", "site", "station", "point", "rule", "priority", "occurrence"}
    assert alarm["occurrence"].startswith(RISING + "@")


def test_a_port_in_use_gets_another_and_a_line_that_says_so(played: tuple[Path, Done, list[int]]) -> None:
    _, done, (mqtt, console) = played
    lines = [json.loads(line) for line in done.stderr.splitlines()]  # no terminal: JSON lines, all of them
    said = [line["event"] for line in lines]
    assert any(f"port {mqtt} is in use" in words for words in said), said
    assert any(f"port {console} is in use" in words for words in said), said
    (address,) = [words for words in said if words.startswith("console: http://127.0.0.1:")]
    assert str(console) not in address
    assert any(f"headworks users add NAME --role operator --data {played[0]}`" in words for words in said), said


def test_the_end_is_the_end(played: tuple[Path, Done, list[int]], summary: dict[str, Any], event: str) -> None:
    again = one_object(inside("run", "--event", event, "--data", played[0], *FAST))
    same = FIELDS - {"wall_seconds", "readings_per_second", "peak_rss_mb"}
    assert {name: again[name] for name in same} == {name: summary[name] for name in same}
    assert again["readings_per_second"] == 0, "nothing was played"


def test_a_finished_run_without_an_end_stays_until_it_is_told_to_stop(
    tmp_path: Path, played: tuple[Path, Done, list[int]], event: str
) -> None:
    said = tmp_path / "run.txt"
    run = start("run", "--event", event, "--data", played[0], "--no-console", out=said)
    until(lambda: b"the event has ended" in said.read_bytes(), run)
    assert stop(run, signal.SIGTERM) < HANGS
    text = said.read_text()
    assert "0 readings lost" in text
    assert "stage rising" in text, "the timeline is shown"


def test_a_folder_belongs_to_its_run(tmp_path: Path, played: tuple[Path, Done, list[int]], event: str) -> None:
    longer = tmp_path / "longer.yaml"
    longer.write_text(Path(event).read_text(encoding="utf-8").replace("18:50:00+08:00", "18:52:00+08:00"))
    assert longer.read_text() != Path(event).read_text()
    refused = [
        inside("run", "--event", event, "--data", played[0], "--seed", "7", *FAST),
        inside("run", "--event", longer, "--data", played[0], *FAST),
    ]
    for done in refused:
        assert done.returncode == 1
        assert done.stdout == ""
        assert f"{played[0]} holds the run" in done.stderr
        assert "--fresh" in done.stderr
        assert "Traceback" not in done.stderr


def test_ctrl_c_halfway_then_on_to_the_same_end(
    halfway: tuple[Path, dict[str, Any], float, str], summary: dict[str, Any], journal: str, event: str
) -> None:
    _, interrupted, seconds, said = halfway
    assert seconds < HANGS
    # Another test's broker may have the port; nothing else is to be said.
    assert [line for line in said.splitlines() if "1883 is in use" not in line] == []
    assert interrupted["interrupted"] is True
    assert 0 < interrupted["received"] < summary["received"]
    assert journal == direct_journal(event)


def test_apply_changes_a_limit_closes_what_was_raised_by_the_old_one_and_stays(
    tmp_path: Path, played: tuple[Path, Done, list[int]], journal: str, event: str
) -> None:
    data = tmp_path / "data"
    shutil.copytree(played[0], data)
    file = tmp_path / "liuyang.yaml"
    shutil.copy(PROJECT / "sites" / "liuyang.yaml", file)
    untouched = one_object(inside("apply", file, "--data", data, "--json"))
    assert (untouched["changed"], untouched["left_out"]) == ({}, ["no4"]), "the event leaves that plant out"
    assert "nothing has changed" in inside("apply", file, "--data", data).stdout
    city = yaml.safe_load(file.read_text(encoding="utf-8"))
    (upstream,) = [site for site in city["sites"] if site["id"] == "upstream"]
    upstream["stations"][0]["alarms"] = {"stage-rising": {"limit": 0.2}}
    file.write_text(yaml.safe_dump(city, allow_unicode=True), encoding="utf-8")
    said = one_object(inside("apply", file, "--data", data, "--json"))
    assert list(said["changed"]) == ["upstream"]
    one_object(inside("alerts", "--data", data, "--json"))
    lines = inside("journal", "--data", data).stdout.splitlines()
    new = [json.loads(line) for line in lines if line not in journal.splitlines()]
    assert [(line["occurrence"].split("@")[0], line["transition"], line["cause"]) for line in new] == [
        (RISING, "cleared", "rule changed")
    ]
    again = inside("run", "--event", event, "--data", data, *FAST)
    assert "was applied to this folder and stays" in again.stderr
    assert inside("journal", "--data", data).stdout.splitlines() == lines
