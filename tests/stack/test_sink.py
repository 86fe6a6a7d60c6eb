"""The sink on real servers: what is in Kafka is in InfluxDB, once, whoever was away or refused it meanwhile."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from aiokafka import AIOKafkaProducer

from deploy.native import Stack
from services.core.codec import encode_output, encode_record, encode_records
from services.core.frame import make_frame
from services.core.records import AlarmEvent, Derived
from services.runtime.cluster.partitioning import partition_of
from tests.stack.cluster import PARTITIONS, Cluster, until
from tests.stack.looking import _OPENER
from tests.unit.aggregator.influx import POINTS, config

_SECOND = 1_000_000_000
_START = 1_681_800_000 * _SECOND

SITES = ("no1", "no3", "upstream")


@pytest.fixture
def cluster(stack: Stack, tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(stack, tmp_path, services=()) as made:
        publish(made, [("catalogues", site, encode_record(config(name=site))) for site in SITES])
        made.add("sink")
        made.wait_ready()
        yield made


def publish(cluster: Cluster, messages: list[tuple[str, str, bytes]]) -> None:
    """(short topic, key, value), in order."""

    async def send() -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=cluster.environment["HEADWORKS_KAFKA"], max_request_size=8 << 20
        ) as producer:
            for topic, key, value in messages:
                await producer.send(f"{cluster.name}.{topic}", value, key.encode())
            await producer.flush()

    asyncio.run(send())


def frames(first: int, count: int, points: tuple[int, ...] = (0, 1, 3)) -> list[tuple[str, str, bytes]]:
    """`count` frames a site, of one second each; the value says which reading it is."""
    out = []
    for second in range(first, first + count):
        for n, site in enumerate(SITES):
            times = np.full(len(points), _START + second * _SECOND)
            values = np.array([second + 1000 * n + p / 10 for p in points])
            frame = make_frame(site, "intake", times, np.array(points), values)
            out.append(("sites", site, encode_records([frame])))
    return out


def stored(cluster: Cluster, index: int = 0) -> dict[str, list[float]]:
    """By site the values of a point, in order of time."""
    station, point = POINTS[index]
    found = cluster.influx.readings([(site, station, point) for site in SITES])
    return {site: found[site, station, point][1].tolist() for site in SITES if (site, station, point) in found}


def wanted(count: int, index: int = 0) -> dict[str, list[float]]:
    return {site: [s + 1000 * n + index / 10 for s in range(count)] for n, site in enumerate(SITES)}


def done(cluster: Cluster) -> bool:
    """Whether all that is in the sink's topics is committed."""
    ends = {part: end for part, end in cluster.kafka.ends("sites", "derived", "alarms").items() if end}
    held = cluster.kafka.committed("sink")
    return all(held.get(part) == end for part, end in ends.items())


def ready_page(cluster: Cluster) -> dict[str, dict[str, str]]:
    with _OPENER.open(f"http://127.0.0.1:{cluster.services['sink'].port}/readyz", timeout=2.0) as answer:
        found: dict[str, dict[str, str]] = json.load(answer)
    return found


def test_readings_derived_and_alarms_are_stored_and_the_figures_say_so(cluster):
    derived = make_frame("no3", "derived", np.array([_START]), np.array([2]), np.array([0.5]))
    alarm = AlarmEvent(_START, "no3", "intake", "raw_turbidity", "high", "no3/x@1", 1, "raised", "high", value=12.0)
    outputs = [(topic, "no3", data) for topic, data in (encode_output(Derived(derived)), encode_output(alarm))]
    publish(cluster, frames(0, 50) + outputs)
    until(lambda: done(cluster), 30.0, "not committed")
    for index in (0, 1, 3):
        assert stored(cluster, index) == wanted(50, index)
    assert cluster.influx.readings([("no3", "filters", "f1_flow")])["no3", "filters", "f1_flow"][1].tolist() == [0.5]
    (series,) = cluster.influx._query('SELECT * FROM "alarms"')
    row = dict(zip(series["columns"], series["values"][0], strict=True))
    assert len(series["values"]) == 1
    assert (row["time"], row["state"], row["occurrence"], row["value"]) == (_START, "raised", "no3/x@1", 12.0)
    figures = cluster.services["sink"].figures()
    assert figures['headworks_received_total{kind="readings"}'] == 451.0
    assert figures[f'headworks_lag_records{{partition="alarms/{partition_of("no3", PARTITIONS)}"}}'] == 0.0
    assert figures['headworks_last_event_time_seconds{site="no1"}'] == _START / _SECOND + 49
    assert cluster.services["sink"].stop() == 0


def test_what_influxdb_refuses_is_a_dead_letter_and_all_else_is_stored(cluster):
    # Somebody else has made a field of this name that holds text.
    line = f'readings,site=no3,station=intake river_level="high" {_START}'
    where = f"org={cluster.environment['HEADWORKS_INFLUX_ORG']}&bucket={cluster.name}"
    request = urllib.request.Request(
        f"{cluster.environment['HEADWORKS_INFLUX_URL']}/api/v2/write?{where}",
        line.encode(),
        {"Authorization": f"Token {cluster.stack.influxdb.token_file.read_text()}"},
        method="POST",
    )
    _OPENER.open(request, timeout=5.0).close()
    publish(cluster, [*frames(0, 20), ("sites", "no3", b"\xff\xff"), *frames(20, 20)])
    until(lambda: done(cluster), 30.0, "not committed")
    for index in (0, 3):
        assert stored(cluster, index) == wanted(40, index)
    letters = cluster.kafka.messages("rejected")
    refused = [line for m in letters if m.key == b"sites" for line in m.value.decode("latin-1").splitlines()]
    assert sorted(line for line in refused if "river_level" in line) == sorted(
        f"readings,site={site},station=intake river_level={value} {_START + s * _SECOND}"
        for site in SITES
        for s, value in enumerate(wanted(40, 1)[site])
    )
    assert b"\xff\xff" in {m.value for m in letters}
    assert cluster.services["sink"].figures()['headworks_rejected_total{reason="field type"}'] == 120.0
    page = ready_page(cluster)
    assert page["ready"]
    assert "dead letters" in page["warnings"]["influxdb"]


def test_influxdb_away_and_the_sink_killed_lose_nothing(cluster):
    sink = cluster.services["sink"]
    publish(cluster, frames(0, 100))
    until(lambda: done(cluster), 30.0, "not committed")
    cluster.stack.influxdb.kill()
    publish(cluster, frames(100, 100))
    until(lambda: "influxdb" in (sink.problems() or {}), 15.0, "it is ready without InfluxDB")
    assert "tried again" in (sink.problems() or {})["influxdb"]
    before = len(sink.lives)
    assert not done(cluster)
    sink.kill()
    publish(cluster, frames(200, 100))
    until(lambda: len(sink.lives) > before, 10.0, "it is not started again")
    cluster.stack.influxdb.start()
    until(lambda: done(cluster) and sink.ready, 40.0, lambda: f"not committed: {sink.problems()} {sink.tail()}")
    assert stored(cluster) == wanted(300)
    assert not cluster.kafka.messages("rejected")


def test_a_sink_that_was_paused_beyond_its_session_goes_on_and_another_may_come_and_go(cluster):
    sink = cluster.services["sink"]
    publish(cluster, frames(0, 100))
    sink.pause()
    publish(cluster, frames(100, 100))
    other = cluster.add("sink", "other")
    until(lambda: done(cluster), 40.0, lambda: f"not committed: {other.problems()} {other.tail()}")
    sink.resume()
    publish(cluster, frames(200, 100))
    until(lambda: done(cluster), 40.0, lambda: f"not committed: {sink.tail()} {other.tail()}")
    assert other.stop() == 0
    publish(cluster, frames(300, 100))
    until(lambda: done(cluster), 40.0, lambda: f"not committed: {sink.tail()}")
    assert stored(cluster) == wanted(400)
    assert len(sink.lives) == 1
    assert sink.ready


def test_a_site_that_is_applied_while_it_runs_is_named_even_when_its_outputs_come_first(cluster):
    derived = make_frame("late", "derived", np.array([_START]), np.array([2]), np.array([0.5]))
    publish(
        cluster,
        [
            ("catalogues", "late", encode_record(config(name="late"))),
            ("derived", "late", encode_output(Derived(derived))[1]),
        ],
    )
    until(lambda: done(cluster), 30.0, "not committed")
    found = cluster.influx.readings([("late", "filters", "f1_flow")])
    assert found["late", "filters", "f1_flow"][1].tolist() == [0.5]


def test_a_wrong_token_is_said_and_nothing_is_dropped(cluster, tmp_path):
    wrong = tmp_path / "token"
    wrong.write_text("wrong")
    cluster.services["sink"].stop()
    other = cluster.add("sink", "wrong", influx_token_file=str(wrong))
    publish(cluster, frames(0, 10))
    until(lambda: "INFLUX" in (other.problems() or {}).get("influxdb", ""), 20.0, lambda: str(other.problems()))
    assert not done(cluster)
    other.stop()
    cluster.add("sink", "right")
    until(lambda: done(cluster), 40.0, "not committed")
    assert stored(cluster) == wanted(10)
