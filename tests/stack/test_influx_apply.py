"""Buckets, retention and tokens on a real InfluxDB: made once, checked often, no token may more than it must."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from deploy.compose.__main__ import TOKENS, least
from services.aggregator.sinks.influx.apply import Wanted, apply
from services.core.errors import HeadworksError

NAME = "applied"
WANTED = Wanted.of(NAME, split=True)


@pytest.fixture
def server(stack) -> Iterator[tuple[str, str, str]]:
    """(url, org, operator's token), and afterwards no trace."""
    token = stack.influxdb.token_file.read_text()
    yield stack.influxdb.url, "headworks", token
    with InfluxDBClient(stack.influxdb.url, token, org="headworks") as client:
        for bucket in client.buckets_api().find_buckets_iter():
            if bucket.name.startswith(NAME):
                client.buckets_api().delete_bucket(bucket)
        for one in client.authorizations_api().find_authorizations():
            if one.description.endswith(NAME):
                client.authorizations_api().delete_authorization(one)


def test_it_makes_what_is_missing_once_and_the_tokens_may_no_more_than_they_must(server, tmp_path):
    url, org, token = server
    before = apply(url, org, token, WANTED, check=True)
    assert not before.done
    assert len(before.drift) == 8  # six buckets, two tokens
    files = {name: tmp_path / name for name in WANTED.tokens}
    made = apply(url, org, token, WANTED, files=files)
    assert (len(made.done), made.drift) == (8, [])
    secrets = {name: path.read_text() for name, path in files.items()}
    assert not any(secret in "".join(made.done) for secret in secrets.values())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files.values())
    again = apply(url, org, token, WANTED, files=files)
    assert (again.done, again.drift) == ([], [])
    assert apply(url, org, token, WANTED, check=True).drift == []
    with InfluxDBClient(url, token, org=org) as client:
        keeps = {b.name: b.retention_rules for b in client.buckets_api().find_buckets_iter() if NAME in b.name}
    days = {name: rules[0].every_seconds / 86400 for name, rules in keeps.items() if rules and rules[0].every_seconds}
    assert days == {NAME: 30, NAME + "_1m": 365}
    assert len(keeps) == 6
    line, query = "readings,site=a,station=b c=1", f'from(bucket: "{NAME}_long") |> range(start: -1h)'
    with InfluxDBClient(url, secrets["sink"], org=org) as client:
        client.write_api(write_options=SYNCHRONOUS).write(NAME + "_long", org, line)
        with pytest.raises(ApiException):
            client.query_api().query(query)
        with pytest.raises(ApiException):
            client.write_api(write_options=SYNCHRONOUS).write("telemetry", org, line)
    with InfluxDBClient(url, secrets["grafana"], org=org) as client:
        assert client.query_api().query(query)[0].records[0].get_value() == 1.0
        with pytest.raises(ApiException):
            client.write_api(write_options=SYNCHRONOUS).write(NAME + "_long", org, line)


def test_drift_is_said_and_nothing_is_deleted_unasked(server, tmp_path):
    url, org, token = server
    apply(url, org, token, WANTED, files={name: tmp_path / name for name in WANTED.tokens})
    with InfluxDBClient(url, token, org=org) as client:
        buckets = client.buckets_api()
        short, long = buckets.find_bucket_by_name(NAME), buckets.find_bucket_by_name(NAME + "_1m")
        short.retention_rules[0].every_seconds = 86400
        long.retention_rules[0].every_seconds = 0
        buckets.update_bucket(short)
        buckets.update_bucket(long)
        authorizations = client.authorizations_api()
        (sink,) = [a for a in authorizations.find_authorizations() if a.description == f"headworks sink: {NAME}"]
        sink.status = "inactive"
        authorizations.update_authorization(sink)
    said = apply(url, org, token, WANTED)
    assert said.done == [f"bucket {NAME} kept 1 days and now keeps 30 days"]
    bucket, lost = said.drift
    assert bucket.startswith(f"bucket {NAME}_1m keeps for ever and should keep 365 days")
    assert "--shorten" in bucket
    assert lost.startswith(f"token 'headworks sink: {NAME}' may otherwise than it should, or is inactive")
    renewed = apply(url, org, token, WANTED, shorten=True, files={"sink": tmp_path / "again"})
    assert len(renewed.done) == 2
    assert apply(url, org, token, WANTED).drift == []
    assert (tmp_path / "again").read_text() != (tmp_path / "sink").read_text()


def test_a_file_that_is_there_is_never_overwritten_and_no_token_is_made(server, tmp_path):
    url, org, token = server
    mine = tmp_path / "mine"
    mine.write_text("precious")
    with pytest.raises(HeadworksError, match="mine"):
        apply(url, org, token, WANTED, files={"sink": mine})
    assert mine.read_text() == "precious"
    assert sum("token" in one for one in apply(url, org, token, WANTED, check=True).drift) == 2


def test_a_wrong_token_and_no_server_are_sentences(server):
    url, org, _ = server
    with pytest.raises(HeadworksError, match="must be an operator's"):
        apply(url, org, "wrong", WANTED)
    with pytest.raises(HeadworksError, match="cannot be used"):
        apply("http://127.0.0.1:9", org, "wrong", WANTED)


def test_one_bucket_is_kept_for_ever():
    assert Wanted.of("x", split=False).buckets == {"x": None, "x_replay": None}
    assert Wanted.of("x", split=True).buckets["x"] == timedelta(days=30)


def test_compose_gives_its_services_tokens_of_least_privilege(server: tuple[str, str, str], tmp_path: Path) -> None:
    url, _, token = server
    for name in ("influx-token", *TOKENS.values()):
        (tmp_path / name).write_text(token)
    least(tmp_path, url, NAME)
    said = {name: (tmp_path / name).read_text() for name in TOKENS.values()}
    assert len({token, *said.values()}) == 3
    assert least(tmp_path, url, NAME) == [], "done again it changes nothing"
    assert said == {name: (tmp_path / name).read_text() for name in TOKENS.values()}
    with InfluxDBClient(url, said["influx-grafana"], org="headworks") as client:
        assert list(client.query_api().query('from(bucket: "applied_1m") |> range(start: -1h)')) == []
        with pytest.raises(ApiException):
            client.write_api(write_options=SYNCHRONOUS).write("applied_1m", record="m v=1")
