"""The storm of 2023-04-18 as a timeline: what must be announced, when, and nothing else (expected.yaml)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.aggregator.sinks.parquet import History
from services.alerts.processor import AlertProcessor
from services.core.clock import parse_duration, parse_time
from services.core.codec import decode_record
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import Config, Output, Tick
from services.job.options import DEFAULT_EVENT
from services.job.run import LOG_FILE
from services.runtime.local import SITES, LogView
from tests.local.command import inside, one_object
from tests.local.storm import EXPECTED, direct_journal, finish, journal, start, storm

TOLERANCE = parse_duration(EXPECTED["tolerance"])


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Data folder and summary of one undisturbed run through the broker that this machine has."""
    folder = tmp_path_factory.mktemp("storm")
    data = folder / "data"
    return data, finish(start(storm(data), folder), folder)


def test_every_expected_alarm_comes_in_order_and_near_its_time(night: tuple[Path, dict[str, Any]]) -> None:
    got = [(a["site"], a["station"], a["point"], a["rule"], a["priority"]) for a in night[1]["alarms"]]
    wanted = [(a["site"], a["station"], a["point"], a["rule"], a["priority"]) for a in EXPECTED["alarms"]]
    assert got == wanted, "missing, additional or out of order"
    for alarm, expected in zip(night[1]["alarms"], EXPECTED["alarms"], strict=True):
        difference = parse_time(alarm["time"]) - parse_time(expected["at"])
        assert abs(difference) <= TOLERANCE, f"{expected['rule']}: {alarm['time']}, expected {expected['at']}"


def test_the_model_stays_near_the_assumed_night() -> None:
    for entry in EXPECTED["alarms"] + EXPECTED["phases"]:
        hour, minute = map(int, entry["storm"].split(":"))
        at = entry["at"]
        model = int(at[11:13]) * 60 + int(at[14:16])
        assert abs(model - hour * 60 - minute) <= 10, entry


def test_never_more_alarms_than_an_operator_can_take(night: tuple[Path, dict[str, Any]]) -> None:
    times = [parse_time(a["time"]) for a in night[1]["alarms"]]
    span, most = parse_duration(EXPECTED["at_most"]["within"]), EXPECTED["at_most"]["alarms"]
    assert max(sum(t <= other < t + span for other in times) for t in times) <= most


def test_what_a_good_system_does_not_raise(night: tuple[Path, dict[str, Any]]) -> None:
    for unwanted in EXPECTED["must_not"]:
        fields = {name: value for name, value in unwanted.items() if name != "why"}
        found = [a for a in night[1]["alarms"] if all(a[name] == value for name, value in fields.items())]
        assert not found, f"{found}: {unwanted['why']}"


def test_the_incident_passes_its_phases_once_and_does_not_relax_at_night(night: tuple[Path, dict[str, Any]]) -> None:
    (incident,) = night[1]["incidents"]
    assert (incident["kind"], incident["site"]) == ("IntakeCrisis", "no3")
    assert [p["phase"] for p in incident["phases"]] == [p["phase"] for p in EXPECTED["phases"]]
    for phase, expected in zip(incident["phases"], EXPECTED["phases"], strict=True):
        assert abs(parse_time(phase["time"]) - parse_time(expected["at"])) <= TOLERANCE


def test_no_reading_is_lost_or_refused_and_the_messages_are_few(night: tuple[Path, dict[str, Any]]) -> None:
    data, summary = night
    assert summary["lost"] == 0
    assert summary["published"] == summary["received"] > 500_000
    assert summary["rejected"] == 0
    assert summary["messages"] <= 60_000
    assert set(summary) >= {"event", "wall_seconds", "readings_per_second", "peak_rss_mb"}
    with History(data) as history:
        rows = history.sql("SELECT count(*) AS n, count(DISTINCT (site, station, point, time)) AS d FROM readings")
        assert rows.to_pylist() == [{"n": summary["published"], "d": summary["published"]}]
        kept = history.sql("SELECT count(*) AS n FROM alarms WHERE transition = 'raised' AND annunciated").to_pylist()
        assert kept == [{"n": len(summary["alarms"])}]


def test_the_journal_is_that_of_the_model_folded_without_any_wire(night: tuple[Path, dict[str, Any]]) -> None:
    said = journal(night[0])
    assert said == direct_journal()
    assert all(a <= b for a, b in pairwise(int(line.split('"time":')[1].split(",")[0].rstrip("}\n"))
                                           for line in said.splitlines()))  # fmt: skip


def test_a_replay_of_the_recorded_log_gives_the_same_journal(night: tuple[Path, dict[str, Any]]) -> None:
    processor, out = AlertProcessor(), list[Output]()
    sites: list[str] = []
    with LogView.open(night[0] / LOG_FILE) as view:
        after = 0
        while entries := view.read(SITES, after, 137):
            after = entries[-1].offset
            for entry in entries:
                record = decode_record(entry.data)
                if isinstance(record, Config):
                    sites.append(record.site)
                if isinstance(record, Tick):
                    out += [o for site in sites for o in processor.step(site, [record])]
                elif isinstance(record, Frame | Config):
                    out += processor.step(record.site, [record])
    assert "".join(f"{line}\n" for line in canonical_journal(out)) == journal(night[0])


def test_the_scorecard_of_the_night(night: tuple[Path, dict[str, Any]]) -> None:
    found = one_object(inside("score", DEFAULT_EVENT, "--data", night[0], "--json"))
    assert (found["hits"], found["misses"], found["false_alarms"], found["violations"]) == (
        len(EXPECTED["alarms"]),
        0,
        0,
        0,
    )
    assert found["incident_phases_hit"] == found["incident_phases"] == len(EXPECTED["phases"])
    assert (found["worst_10_minutes"], found["floods"]) == (3, 0)
    assert found["least_minutes_of_warning"] >= 45


def test_the_performance_of_the_alarms_in_the_night(night: tuple[Path, dict[str, Any]]) -> None:
    found = one_object(inside("kpi", "--data", night[0], "--json"))
    figures = found["figures"]
    assert (found["position"], found["alarms"]) == ("dispatch", len(night[1]["alarms"]))
    assert figures["worst_sliding"]["value"] == 3
    assert figures["chattering"]["value"] == figures["fleeting"]["value"] == 0
    assert figures["flood_time"]["verdict"] == "too little record"
