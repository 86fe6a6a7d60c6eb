"""The sink with three buckets and a token that may only write them: each line is where it is kept long enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from deploy.native import Stack
from services.core.codec import encode_output, encode_record
from services.core.records import Aggregates, AlarmEvent, Output
from tests.stack.cluster import Cluster, until
from tests.stack.test_sink import _START, SITES, done, frames, publish
from tests.unit.aggregator.influx import config

_MINUTE = 60 * 10**9


@pytest.fixture
def cluster(stack: Stack, tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(stack, tmp_path, services=(), influx_split="true") as made:
        made.environment["HEADWORKS_INFLUX_BUCKET"] = f"{made.name}_live"
        token = tmp_path / "sink-token"
        made.headworks("influx", "apply", "--sink-token", str(token), "--grafana-token", str(tmp_path / "grafana"))
        publish(made, [("catalogues", site, encode_record(config(name=site))) for site in SITES])
        # Live buckets keep 30 days and a year; what is told here is of 2023, as in a replay.
        made.environment["HEADWORKS_INFLUX_BUCKET"] = f"{made.name}_live_replay"
        made.add("sink", influx_token_file=str(token))
        made.wait_ready()
        yield made
        secret = stack.influxdb.token_file.read_text()
        with InfluxDBClient(stack.influxdb.url, secret, org="headworks") as client:
            for bucket in client.buckets_api().find_buckets_iter():
                if bucket.name.startswith(f"{made.name}_"):
                    client.buckets_api().delete_bucket(bucket)
            for one in client.authorizations_api().find_authorizations():
                if f": {made.name}_" in one.description:
                    client.authorizations_api().delete_authorization(one)


def window(width: int) -> Aggregates:
    """One point's, of `width` ns."""
    one = np.ones(1)
    return Aggregates(
        "no3", _START // width * width, width, np.array([1], np.int32), one, one, one, np.ones(1, int), one
    )


def test_each_measurement_is_in_its_bucket_and_nowhere_else(cluster):
    alarm = AlarmEvent(_START, "no3", "intake", "raw_turbidity", "high", "no3/x@1", 1, "raised", "high", value=12.0)
    told: list[Output] = [alarm, window(_MINUTE), window(15 * _MINUTE), window(60 * _MINUTE)]
    publish(cluster, frames(0, 20) + [(topic, "no3", data) for topic, data in map(encode_output, told)])
    until(lambda: done(cluster), 30.0, lambda: f"not committed: {cluster.services['sink'].tail()}")
    name, secret = cluster.environment["HEADWORKS_INFLUX_BUCKET"], cluster.stack.influxdb.token_file.read_text()
    with InfluxDBClient(cluster.stack.influxdb.url, secret, org="headworks") as client:
        found = {
            end: {
                record.get_value()
                for table in client.query_api().query(
                    'import "influxdata/influxdb/schema"\n'
                    f'schema.measurements(bucket: "{name}{end}", start: 2023-01-01T00:00:00Z)'
                )
                for record in table.records
            }
            for end in ("", "_1m", "_long")
        }
    assert found == {
        "": {"readings"},
        "_1m": {"aggregates_1m", "aggregates_15m", "health"},
        "_long": {"aggregates_1h", "alarms"},
    }
    assert not cluster.kafka.messages("rejected")
