"""Every query of every dashboard on a real InfluxDB at the height of the storm: rows that its panel can show, soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from influxdb_client.client.influxdb_client import InfluxDBClient

from services.aggregator.sinks.influx.apply import Wanted, apply
from services.aggregator.sinks.influx.buckets import Buckets
from tests.stack import grafana
from tests.stack.told import tell, write

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "dashboards"

#: Seconds that a panel may take.
SOON = 1.0

_LOCAL = ZoneInfo("Asia/Shanghai")
START = datetime(2023, 4, 18, 12, 0, tzinfo=_LOCAL)
#: The screens are blocked, the forecast is below eight hours, the clear well falls.
HEIGHT = datetime(2023, 4, 18, 22, 50, tzinfo=_LOCAL)

CHOSEN = {"bucket": "seen_replay", "plant": "no3", "gauge": "upstream", "station": "intake"}


@pytest.fixture(scope="module")
def client(stack) -> Iterator[Any]:
    """InfluxDB with the evening of the storm in the three buckets of replays."""
    server, org = stack.influxdb, "headworks"
    token = server.token_file.read_text()
    apply(server.url, org, token, Wanted.of("seen", split=True))
    lines = tell("liuyang-2023-04-18-storm-turbidity", int(HEIGHT.timestamp()) * 10**9)
    write(lines, Buckets.split("seen_replay"), server.url, org, token)
    with InfluxDBClient(server.url, token, org=org, timeout=30_000) as made:
        yield made
        for bucket in made.buckets_api().find_buckets_iter():
            if bucket.name.startswith("seen"):
                made.buckets_api().delete_bucket(bucket)


@pytest.fixture(scope="module")
def answers(client) -> list[tuple[grafana.Asked, grafana.Answered]]:
    """Of every query, after each was asked once: a screen is looked at for hours."""
    out = []
    for asked in grafana.queries(FOLDER):
        query = grafana.interpolated(asked.query, CHOSEN, START, HEIGHT)
        grafana.ask(client, query)
        out.append((asked, grafana.ask(client, query)))
    return out


def test_every_panel_variable_and_annotation_is_given_what_it_shows_within_a_second(answers):
    print(*table(answers), sep="\n")
    assert len({asked.dashboard for asked, _ in answers}) >= 3
    assert {str(asked): lack for asked, answer in answers if (lack := grafana.lacks(asked, answer.rows))} == {}
    assert {str(asked): answer.seconds for asked, answer in answers if answer.seconds > SOON} == {}


def test_what_is_shown_at_the_height_of_the_storm_is_what_is_so(answers):
    shown = {(asked.dashboard, asked.title): answer.rows for asked, answer in answers}
    print(*values(answers), sep="\n")

    def number(dashboard: str, title: str) -> float:
        (row,) = shown[dashboard, title]
        return float(row["_value"])

    assert shown["storm", "Incident phase"][-1]["phase"] == "threatened"
    assert 2.0 < number("storm", "Supply lost in, at worst") < number("storm", "… as forecast") < 8.5
    assert number("storm", "Clear-well level") == pytest.approx(2.1, abs=0.1)
    assert number("storm", "Raw flow of required") < 40
    assert number("storm", "Screen head") == pytest.approx(1.2, abs=0.05)
    assert number("city", "Standing, critical") == 2
    assert number("alarms", "Worst 10 minutes") <= 3
    phases = [row["title"] for row in shown["storm", "Incident phases"]]
    assert phases == ["IntakeCrisis: surge", "IntakeCrisis: restricted", "IntakeCrisis: threatened"]
    plants = {row["site"]: row for row in shown["city", "Plants now"]}
    assert plants["no3"]["age"] < 60
    assert plants["no1"]["supply"] > 100  # the backup plants run
    standing = [row["rule"] for row in shown["storm", "Standing alarms"]]
    assert standing[:2] == ["screen-head-structural", "flow-low-low"]
    # What a worse alarm of the point hides is not in the operator's list.
    assert "flow-low" not in standing
    assert [row["_value"] for row in shown["storm", "plant"]] == ["no1", "no2", "no3"]
    assert [row["_value"] for row in shown["storm", "gauge"]] == ["upstream"]


def test_a_calm_hour_shows_noughts_and_not_nothing(client):
    start, stop = datetime(2023, 4, 18, 17, 0, tzinfo=_LOCAL), datetime(2023, 4, 18, 17, 40, tzinfo=_LOCAL)
    found = {}
    for asked in grafana.queries(FOLDER):
        if asked.kind == "stat":
            rows = grafana.ask(client, grafana.interpolated(asked.query, CHOSEN, start, stop)).rows
            found[asked.dashboard, asked.title] = rows
    assert [row["_value"] for row in found["city", "Standing, critical"]] == [0]
    assert [row["_value"] for row in found["alarms", "Worst 10 minutes"]] == [0]
    assert [row["_value"] for row in found["alarms", "Stale"]] == [0]
    assert found["storm", "Incident phase"] == []
    assert found["storm", "Clear-well level"][0]["_value"] > 3.0


def test_an_old_reading_is_not_shown_as_if_it_were_of_now(client):
    start, stop = HEIGHT, datetime(2023, 4, 18, 23, 30, tzinfo=_LOCAL)
    (level,) = [q for q in grafana.queries(FOLDER) if (q.dashboard, q.title) == ("storm", "Clear-well level")]
    assert grafana.ask(client, grafana.interpolated(level.query, CHOSEN, start, stop)).rows == []


def test_the_line_ends_where_nothing_came_and_is_whole_where_all_came_however_long_the_time_shown(client):
    (asked,) = [q for q in grafana.queries(FOLDER) if q.title == "Screens and wet well" and '"screen_head"' in q.query]
    custom = asked.panel["fieldConfig"]["defaults"]["custom"]
    assert (custom["insertNulls"], custom["spanNulls"]) == (False, 5 * 60 * 1000)
    first = datetime(2023, 4, 18, 18, 0, tzinfo=_LOCAL)
    for start, stop in ((first, first + timedelta(minutes=30)), (HEIGHT - timedelta(days=14), HEIGHT)):
        rows = grafana.ask(client, grafana.interpolated(asked.query, CHOSEN, start, stop)).rows
        told = [row["_time"] for row in rows if row["_value"] is not None]
        within = [row["_value"] for row in rows if told[0] <= row["_time"] <= told[-1]]
        assert None not in within
        assert len(told) > 5
    late = [row["_value"] for row in grafana.ask(
        client, grafana.interpolated(asked.query, CHOSEN, HEIGHT - timedelta(hours=1), HEIGHT + timedelta(hours=1))
    ).rows]  # fmt: skip
    assert late[10] is not None
    assert late[-10:] == [None] * 10


def test_the_alert_rules_ask_for_series_of_numbers_and_only_a_silence_would_ring(client):
    rings = {}
    (group,) = yaml.safe_load((FOLDER.parent / "provisioning" / "alerting" / "pipeline.yaml").read_text())["groups"]
    for rule in group["rules"]:
        back = timedelta(seconds=rule["data"][0]["relativeTimeRange"]["from"])
        query = rule["data"][0]["model"]["query"].replace('"telemetry_', '"seen_replay_')
        (condition,) = rule["data"][-1]["model"]["conditions"]
        (limit,), more = condition["evaluator"]["params"], condition["evaluator"]["type"] == "gt"
        for minutes in (0, 20):
            stop = HEIGHT + timedelta(minutes=minutes)
            rows = grafana.ask(client, grafana.interpolated(query, CHOSEN, stop - back, stop)).rows
            assert rows
            assert {"_time", "_value"} <= set(rows[0]) <= {"_time", "_value", "site", "station"}
            rings[rule["title"], minutes] = sum((row["_value"] > limit) == more for row in rows)
    assert rings == {
        ("Nothing arrives in InfluxDB", 0): 0,
        ("Nothing arrives in InfluxDB", 20): 1,
        ("A station is not heard", 0): 0,
        ("A station is not heard", 20): 16,
        ("Many readings are not good", 0): 0,
        ("Many readings are not good", 20): 0,
    }


def table(answers: list[tuple[grafana.Asked, grafana.Answered]]) -> Iterator[str]:
    """dashboard, panels, queries, rows, slowest."""
    yield f"\n{'dashboard':<12} {'panels':>6} {'queries':>8} {'rows':>7} {'slowest':>9}"
    for name in sorted({asked.dashboard for asked, _ in answers}):
        mine = [(asked, answer) for asked, answer in answers if asked.dashboard == name]
        panels = {asked.title for asked, _ in mine if asked.kind not in ("variable", "annotation")}
        rows, slowest = sum(len(answer.rows) for _, answer in mine), max(answer.seconds for _, answer in mine)
        yield f"{name:<12} {len(panels):>6} {len(mine):>8} {rows:>7} {slowest * 1000:>6.0f} ms"


def values(answers: list[tuple[grafana.Asked, grafana.Answered]]) -> Iterator[str]:
    """What each panel shows, as a dispatcher reads it: the number, the last of a course, the rows of a table."""
    for asked, answer in answers:
        if asked.kind in ("timeseries", "stat"):
            last = answer.rows[-1] if answer.rows else {}
            where = "/".join(str(last[name]) for name in ("site", "station", "_field") if name in last)
            yield f"{asked.dashboard:<8} {asked.title:<28} {last.get('phase', last.get('_value'))!s:<22} {where}"
        elif asked.kind == "table":
            yield f"{asked.dashboard:<8} {asked.title}:"
            yield from ("         " + " | ".join(str(value) for value in row.values()) for row in answer.rows[:8])
