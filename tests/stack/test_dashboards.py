"""Every query of every dashboard on a real InfluxDB at the height of the storm: rows that its panel can show, soon."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from influxdb_client.client.influxdb_client import InfluxDBClient

from services.aggregator.sinks.influx import Lines, Place, encode_events
from services.aggregator.sinks.influx.apply import Wanted, apply
from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.zones.fold import Held
from services.aggregator.zones.terms import QUARTER
from services.aggregator.zones.zone import zone_figures
from services.core.catalogue import load_catalogue
from services.core.clock import DAY, HOUR
from services.core.records import SiteStep, ZoneFigures
from services.daemons.vitals import line_of
from tests.stack import grafana
from tests.stack.told import tell, write

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
SITES = ROOT / "sites" / "liuyang.yaml"

#: Seconds that a panel may take.
SOON = 1.0

_LOCAL = ZoneInfo("Asia/Shanghai")
START = datetime(2023, 4, 18, 12, 0, tzinfo=_LOCAL)
#: The screens are blocked, the forecast is below eight hours, the clear well falls.
HEIGHT = datetime(2023, 4, 18, 22, 50, tzinfo=_LOCAL)

CHOSEN = {"bucket": "seen_replay", "plant": "no3", "gauge": "upstream", "station": "intake", "zone": "city"}


@pytest.fixture(scope="module")
def client(stack) -> Iterator[Any]:
    """InfluxDB with the evening of the storm in the three buckets of replays."""
    server, org = stack.influxdb, "headworks"
    token = server.token_file.read_text()
    apply(server.url, org, token, Wanted.of("seen", split=True))
    lines = tell("liuyang-2023-04-18-storm-turbidity", int(HEIGHT.timestamp()) * 10**9)
    write([*lines, *nights(), *vitals()], Buckets.split("seen_replay"), server.url, org, token)
    with InfluxDBClient(server.url, token, org=org, timeout=30_000) as made:
        yield made
        for bucket in made.buckets_api().find_buckets_iter():
            if bucket.name.startswith("seen"):
                made.buckets_api().delete_bucket(bucket)


def nights() -> list[Lines]:
    """Three nights before the storm, the second of them not known: told as the zones' fold tells them."""
    first = int(datetime(2023, 4, 16, 2, 0, tzinfo=_LOCAL).timestamp()) * 10**9
    city = next(zone for site in load_catalogue(SITES).sites for zone in site.zones if zone.id == "city")
    events: list[tuple[Place, ZoneFigures]] = []
    for number, flow in enumerate((1700.0, None, 1690.0)):
        held = Held()
        for at in range(first + number * DAY, first + number * DAY + 2 * HOUR, QUARTER):
            for name, sign in city.members:
                volume = (math.nan if flow is None else flow / 4 / len(city.members),) if sign else ()
                held.take(
                    SiteStep(
                        "zone/city",
                        name.split("/")[0],
                        QUARTER,
                        at,
                        at + QUARTER,
                        1,
                        "",
                        0,
                        (name,),
                        volume,
                        (0.0,),
                        (math.nan,),
                    )
                )
            said = [one for one in zone_figures(held, city, at) if one.kind == "night"]
            events += [(Place("zones", 0, 0), one) for one in said]
    return [encode_events(events)]


def vitals() -> list[Lines]:
    """What services told of themselves, every ten seconds for an hour before the height; in its last half one waits."""
    end = int(HEIGHT.timestamp())
    data = b""
    for at in range(end - 3600, end, 10):
        for service, worker in (("alerts", "0"), ("sink", "0"), ("sink", "1")):
            found = {"ready": 1.0, "lag": 30.0, "in_flight": 12.0, "rejected": 0.0, "errors": 0.0, "readings": 5e5}
            if (service, worker) == ("sink", "1") and at > end - 1800:
                found |= {"ready": 0.0, "lag": 20_000.0, "rejected": 40.0}
            data += line_of(service, worker, found, at * 10**9)
    return [Lines(data, (0,), (Place("health", 0, 0),))]


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
    # At the height the city draws less: the plants' own meters say it, and no member is silent.
    (city,) = shown["zones", "Zones now"]
    assert (city["zone"], city["verdict"], city["silent"]) == ("city", "known", "none")
    assert number("zones", "Flow, last quarter hour") == pytest.approx(city["flow"])
    assert 2500 < city["flow"] < 3500
    known = {row["_time"].astimezone(_LOCAL).day: row["verdict"] for row in shown["zones", "Nights of the zone"]}
    assert known == {16: "known", 17: "unknown", 18: "known"}
    assert number("zones", "Least night flow") == pytest.approx(1690)
    assert {row["verdict"] for row in shown["zones", "Balance of the plant, by the hour"]} <= {"closes", "unknown"}
    services = [(row["service"], row["worker"], row["ready"]) for row in shown["pipeline", "Services"]]
    assert services == [("sink", "1", 0.0), ("alerts", "0", 1.0), ("sink", "0", 1.0)]
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


def test_a_night_that_is_not_known_shows_no_older_one_in_its_place(client):
    (night,) = [q for q in grafana.queries(FOLDER) if q.title == "Least night flow"]
    stop = datetime(2023, 4, 17, 12, 0, tzinfo=_LOCAL)
    assert grafana.ask(client, grafana.interpolated(night.query, CHOSEN, stop - timedelta(days=2), stop)).rows == []


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


def test_the_alert_rules_ask_for_series_of_numbers_and_ring_for_a_silence_and_for_the_service_that_is_ill(client):
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
            if minutes and not rows:
                continue  # Grafana has an answer to that too: the rule's noDataState
            assert rows
            assert {"_time", "_value"} <= set(rows[0]) <= {"_time", "_value", "site", "station", "service", "worker"}
            rings[rule["title"], minutes] = sum((row["_value"] > limit) == more for row in rows)
    assert rings == {
        ("Nothing arrives in InfluxDB", 0): 0,
        ("Nothing arrives in InfluxDB", 20): 1,
        ("A station is not heard", 0): 0,
        ("A station is not heard", 20): 16,
        ("Many readings are not good", 0): 0,
        ("Many readings are not good", 20): 0,
        ("A service tells nothing", 0): 0,
        ("A service tells nothing", 20): 3,
        ("A service is not ready", 0): 1,
        ("Messages wait in Kafka", 0): 1,
        ("Dead letters grow", 0): 0,
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
