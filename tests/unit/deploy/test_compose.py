"""deploy/compose: whole, pinned, closed to the outside, and in the words that settings, services and servers know."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from typer.testing import CliRunner

from deploy.compose.__main__ import main, prepare
from deploy.native.builds import BUILDS
from deploy.native.influxdb import BUCKETS, ORG
from services.aggregator.sinks.influx.apply import Wanted
from services.cli.app import app
from services.cli.daemons import SERVICES
from services.core.settings import PREFIX, load_settings
from services.daemons.daemon import PORTS
from tests.unit.deploy.compose_file import Compose

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "compose"
ROOT = FOLDER.parents[1]


@pytest.fixture(scope="module")
def compose() -> Compose:
    plain: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return Compose.model_validate({name: part for name, part in plain.items() if not name.startswith("x-")})


def test_every_service_of_a_cluster_is_there_and_every_server(compose):
    assert {*SERVICES, "topics", "mosquitto", "kafka", "influxdb", "grafana"} == compose.services.keys()
    for name in SERVICES:
        assert compose.services[name].command[0] == name


def test_every_command_is_one(compose):
    for service in compose.services.values():
        if service.build:
            asked = CliRunner().invoke(app, [*service.command, "--help"])
            assert asked.exit_code == 0, (service.command, asked.output)


def test_what_is_named_exists(compose):
    volumes, secrets = set(), set()
    for name, service in compose.services.items():
        secrets |= set(service.secrets)
        assert set(service.depends_on) <= compose.services.keys() - {name}
        for source, target, *_ in (volume.split(":") for volume in service.volumes):
            if source.startswith("."):
                assert (FOLDER / source).exists(), source
                assert f"{source}:{target}:ro" in service.volumes, "what is the repository's is not written"
            else:
                volumes.add(source)
        for value in service.environment.values():
            if value.startswith("/run/secrets/"):
                assert value.removeprefix("/run/secrets/") in service.secrets
    assert volumes == compose.volumes.keys()
    assert secrets == compose.secrets.keys()


def test_what_waits_for_health_waits_for_something_that_says_it(compose):
    for service in compose.services.values():
        for other, after in service.depends_on.items():
            assert after.condition != "service_healthy" or compose.services[other].healthcheck
        assert service.healthcheck or service.restart == "on-failure"


def test_the_services_are_one_image_without_rights(compose):
    ours = [service for service in compose.services.values() if service.build]
    assert len(ours) == len(SERVICES) + 1
    assert len({service.image for service in ours}) == 1
    for service in ours:
        assert service.build is not None
        assert (FOLDER / service.build.context / service.build.dockerfile).is_file()
        assert service.read_only
        assert service.cap_drop == ["ALL"]


@pytest.mark.parametrize("name", [*SERVICES, "topics"])
def test_every_variable_is_a_setting(compose, monkeypatch, tmp_path, name):
    said = {key: value for key, value in compose.services[name].environment.items() if key.startswith(PREFIX)}
    assert "HEADWORKS_KAFKA" in said
    secret = tmp_path / "secret"
    secret.write_text("drop by drop\n")
    for key, value in said.items():
        monkeypatch.setenv(key, str(secret) if key.endswith("_FILE") else value)
    settings = load_settings()  # refuses what it does not know, and values out of bounds
    for key, value in said.items():
        if not key.endswith("_FILE"):
            found = getattr(settings, key.removeprefix(PREFIX).lower())
            found = found.get_secret_value() if isinstance(found, SecretStr) else found
            assert str(found) in (value, value.capitalize())


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_asked_for_its_health_where_it_answers(compose, name):
    service = compose.services[name]
    port = str(PORTS[name])
    assert service.healthcheck.test == ["CMD", "python", "/opt/headworks/healthy.py", port]
    assert service.ports[0] == f"127.0.0.1:{port}:{port}"
    assert service.ports[1:] == (["127.0.0.1:8080:8080"] if name == "console" else [])


def test_no_secret_stands_in_the_file(compose):
    for service in compose.services.values():
        for name, value in service.environment.items():
            if re.search("TOKEN|PASSWORD|SECRET", name):
                assert name.endswith("FILE"), name
                assert value.startswith("/run/secrets/")


def test_the_servers_are_those_of_the_native_stack(compose):
    assert compose.services["kafka"].image.split(":")[1] == BUILDS["kafka"].version
    influxdb = compose.services["influxdb"]
    assert influxdb.image.split(":")[1] == BUILDS["influxdb"].version
    assert influxdb.environment["DOCKER_INFLUXDB_INIT_ORG"] == ORG
    assert influxdb.environment["DOCKER_INFLUXDB_INIT_BUCKET"] == BUCKETS[0]
    script = FOLDER / "influxdb" / "buckets.sh"
    assert f"--name {BUCKETS[1]} " in script.read_text()
    assert script.stat().st_mode & stat.S_IXUSR, "the image runs only scripts that are executable"


def test_influxdb_begins_with_the_buckets_that_apply_wants(compose):
    wanted = Wanted.of(BUCKETS[0], split=True).buckets
    environment = compose.services["influxdb"].environment
    days = {BUCKETS[0]: environment["DOCKER_INFLUXDB_INIT_RETENTION"]}
    text = (FOLDER / "influxdb" / "buckets.sh").read_text()
    days |= dict(re.findall(r"--name (\S+) --retention (\S+)", text))
    assert days == {name: f"{keep.days}d" if keep else "0" for name, keep in wanted.items()}


def test_grafana_reads_influxdb_with_the_token_from_its_file(compose):
    provisioning = FOLDER.parent / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "influxdb.yaml").read_text())["datasources"]
    assert source["jsonData"]["defaultBucket"] == BUCKETS[0]
    assert source["url"] == "http://influxdb:8086"
    assert source["jsonData"]["organization"] == ORG
    assert source["secureJsonData"]["token"] == "$__file{/run/secrets/influx-grafana}"
    assert "influx-grafana" in compose.services["grafana"].secrets
    # The operator's token is InfluxDB's own: whoever has it may do everything.
    assert [name for name, one in compose.services.items() if "influx-token" in one.secrets] == ["influxdb"]


def test_the_image_is_pinned_checked_by_hash_and_not_roots():
    text = (FOLDER / "Dockerfile").read_text()
    assert re.findall(r"^FROM (.*)$", text, re.MULTILINE) == ["python:3.12.12-slim-bookworm"]
    assert "--require-hashes" in text
    last_user = re.findall(r"^USER (.*)$", text, re.MULTILINE)[-1]
    assert last_user not in ("root", "0")
    allowed = (FOLDER / "Dockerfile.dockerignore").read_text()
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}\n" in allowed, f"{source} is kept out of the build"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_prepare_makes_every_secret_once_for_the_containers_and_no_other_user(compose, tmp_path, capsys):
    folder = tmp_path / "secrets"
    assert main(["--folder", str(folder), "--gateway", "spring-7"]) == 0
    assert str(folder) in capsys.readouterr().out
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name, secret in compose.secrets.items():
        path = folder / Path(secret.file).relative_to("secrets")
        assert path.stat().st_size > 0, name
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    users = [line.split(":")[0] for line in (folder / "mqtt-passwords").read_text().splitlines()]
    assert {"bridge", "player", "no3", "spring-7"} <= set(users)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    prepare(folder, ("bridge",), ())
    changed = [path.name for path, content in before.items() if path.read_bytes() != content]
    assert changed == ["mqtt-passwords"]
