"""`headworks kpi` and `headworks score` on folders and files of a few lines."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from services.core.catalogue import Catalogue, load_catalogue, to_json, version_of
from services.core.clock import MINUTE, parse_time
from services.core.codec import encode_output
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Config, IncidentEvent, Tick
from services.job.options import DEFAULT_EVENT, LOG_FILE
from services.job.places import PROJECT, find_event
from services.replay.timeline import load_expectation
from services.runtime.local import LocalLog
from tests.local.command import Done, inside, one_object

LIUYANG = PROJECT / "sites" / "liuyang.yaml"
START = parse_time("2023-04-18T12:00:00Z")
EXPECTED = load_expectation(PROJECT / "events" / DEFAULT_EVENT / "expected.yaml")


def alarm(minutes: float, site: str = "no3", rule: str = "high") -> AlarmEvent:
    time = START + round(minutes * MINUTE)
    return AlarmEvent(time, site, "intake", "raw", rule, f"{site}/{rule}@{time}", 1, "raised", "medium", state="B")


ALARMS = [alarm(i * 0.5, rule=f"r{i}") for i in range(11)] + [alarm(90, "no1")]


async def write(
    folder: Path, catalogue: Catalogue, outputs: Sequence[AlarmEvent | IncidentEvent], end: int, run: str = ""
) -> Path:
    """A data folder that holds the catalogue, what the alarms said, and the time `end`."""
    os.makedirs(folder)
    log = LocalLog.open(folder / LOG_FILE)
    texts = {site.id: to_json(site) for site in catalogue.sites}
    await log.append([Config(name, version_of(text), text, START) for name, text in texts.items()])
    await log.append([Tick(end, end=True)])
    said = [(topic, out.site, data) for out in outputs for topic, data in (encode_output(out),)]
    await log.commit_step("alerts", log.head(), {}, said)
    await log.set_meta("run", run)
    log.close()
    return folder


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Three hours; plant no1 is another operator's."""
    found = load_catalogue(LIUYANG)
    sites = tuple(s.model_copy(update={"position": "north"}) if s.id == "no1" else s for s in found.sites)
    catalogue = found.model_copy(update={"sites": sites})
    return await write(tmp_path / "data", catalogue, ALARMS, START + 180 * MINUTE)


def lines(done: Done) -> list[dict[str, Any]]:
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_folder_knows_its_positions_its_beginning_and_its_end(folder: Path) -> None:
    dispatch, north = lines(inside("kpi", "--data", folder, "--json"))
    assert (dispatch["position"], dispatch["alarms"]) == ("dispatch", 11)
    assert (north["position"], north["alarms"]) == ("north", 1)
    assert (dispatch["from"], dispatch["until"]) == ("2023-04-18T12:00:00Z", "2023-04-18T15:00:00Z")
    assert dispatch["figures"]["per_hour"]["value"] == round(11 / 3, 3)
    assert [flood["total"] for flood in dispatch["floods"]] == [11]
    assert [one["rule"] if "rule" in one else one["alarm"] for one in dispatch["floods"][0]["first_out"]][:2] == [
        "no3/intake/raw/r0",
        "no3/intake/raw/r1",
    ]


def test_a_part_of_it_and_one_position(folder: Path) -> None:
    part = ("--from", "2023-04-18T20:05:00+08:00", "--until", "2023-04-18T13:00:00Z", "--position", "dispatch")
    found = one_object(inside("kpi", "--data", folder, *part, "--json"))
    assert (found["from"], found["alarms"]) == ("2023-04-18T12:05:00Z", 1)
    people = inside("kpi", "--data", folder, "--position", "dispatch")
    assert "no3/intake/raw/r0" in people.stdout
    assert "ISA-18.2" in people.stdout


def test_a_journal_from_a_file_or_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"{line}\n" for line in canonical_journal(ALARMS))
    file, north = tmp_path / "night.jsonl", tmp_path / "north.yaml"
    file.write_text(text)
    north.write_text(LIUYANG.read_text(encoding="utf-8").replace("- id: no1\n", "- id: no1\n    position: north\n"))
    found = lines(inside("kpi", "--journal", file, "--sites", north, "--json"))
    assert {one["position"]: one["alarms"] for one in found} == {"dispatch": 11, "north": 1}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert one_object(inside("kpi", "--journal", "-", "--json"))["alarms"] == 12


def test_what_is_wrong_is_said_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    good = next(iter(canonical_journal(ALARMS)))
    for bad, said in ((b'{"type": 3}', "bad.jsonl:2: type: 3"), (b"\xff\n", "bad.jsonl:2: line: not UTF-8"),
                      (b"x" * 70_000, "at most 64000")):  # fmt: skip
        file.write_bytes(good.encode() + b"\n" + bad)
        done = inside("kpi", "--journal", file)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    for arguments, said in (
        (("--data", folder, "--from", "yesterday"), "--from 'yesterday'"),
        (("--data", folder, "--until", "2023-04-18T10:00:00Z"), "--until must be after"),
        (("--data", folder, "--position", "moon"), "there are dispatch, north"),
        (("--data", tmp_path / "none"), "none"),
        (("--journal", file, "--cluster"), "name only one"),
    ):
        done = inside("kpi", *arguments)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr


async def storm(folder: Path, without: int = 0) -> Path:
    """A folder whose run said what is expected of the storm, but for the first `without` alarms."""
    said: list[AlarmEvent | IncidentEvent] = [
        AlarmEvent(a.at, a.site, a.station, a.point, a.rule, f"{a.rule}@{a.at}", 1, "raised", a.priority)
        for a in EXPECTED.alarms[without:]
    ]
    said += [
        IncidentEvent(p.at, "no3", "IntakeCrisis", "no3/IntakeCrisis@1", i, p.phase, "", "")
        for i, p in enumerate(EXPECTED.phases)
    ]
    end = find_event(DEFAULT_EVENT).end_ns
    return await write(folder, load_catalogue(LIUYANG), said, end, f"{DEFAULT_EVENT}/1/x")


async def test_the_scorecard_of_a_run_that_is_there(tmp_path: Path) -> None:
    data = await storm(tmp_path / "good")
    found = one_object(inside("score", DEFAULT_EVENT, "--data", data, "--json"))
    assert (found["hits"], found["misses"], found["false_alarms"], found["incident_phases_hit"]) == (15, 0, 0, 5)
    assert found["least_minutes_of_warning"] > 60
    people = inside("score", DEFAULT_EVENT, "--data", data)
    assert "15/15" in people.stdout
    assert "min of warning" in people.stdout


async def test_a_miss_ends_with_one(tmp_path: Path) -> None:
    done = inside("score", DEFAULT_EVENT, "--data", await storm(tmp_path / "bad", 1))
    assert done.returncode == 1
    assert "missed" in done.stdout
    assert "upstream/gauge/stage/stage-rising" in done.stdout


def test_an_event_whose_record_is_not_there_is_skipped_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sites", "events"):
        (tmp_path / "home" / name).mkdir(parents=True)
    event = PROJECT / "events" / "usgs-01650800-2019-05"
    copied = tmp_path / "home" / "events" / event.name
    copied.mkdir()
    for file in event.glob("*.yaml"):
        (copied / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    done = inside("score", "--all", "--json", HEADWORKS_HOME=str(tmp_path / "home"))
    assert done.returncode == 1
    assert "its record usgs-01650800-2019-05.rdb is not in" in json.loads(done.stdout)["skipped"]


def test_score_says_what_does_not_go_together(tmp_path: Path) -> None:
    for arguments, said in (
        ((), "name events, or --all"),
        (("no-such-event",), "must be one of"),
        (("--all", "--data", tmp_path), "go with one event"),
        ((DEFAULT_EVENT, "--record", tmp_path), "--record goes with a recorded event"),
    ):
        done = inside("score", *arguments)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_check_takes_a_timeline_and_names_its_faults(tmp_path: Path) -> None:
    file = PROJECT / "events" / DEFAULT_EVENT / "expected.yaml"
    assert "15 alarms, 5 phases" in inside("check", file).stdout
    wrong = tmp_path / "expected.yaml"
    wrong.write_text(file.read_text(encoding="utf-8").replace("tolerance: 2m", "tolerance: soon"))
    done = inside("check", wrong)
    assert done.returncode == 1
    assert "expected.yaml:5: tolerance: 'soon'" in done.stderr
