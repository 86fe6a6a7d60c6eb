"""What the servers are told: loopback only, secrets in files, and an environment that the services understand."""

from __future__ import annotations

import re
import shutil
import ssl
import stat
from pathlib import Path

import pytest

from deploy.native import NativeError, Ports, Stack
from deploy.native.__main__ import main
from deploy.native.certificates import make_certificates
from deploy.native.files import secret
from deploy.native.stack import sites
from services.core.settings import load_settings

PORTS = Ports(19092, 19093, 18086, 11883, 18883)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path, PORTS, ["liuyang"])


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines(text))


def test_kafka_listens_on_the_loopback_and_makes_no_topic_by_itself(stack):
    said = properties(stack.kafka.settings())
    assert said["listeners"] == "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert said["advertised.listeners"] == "PLAINTEXT://127.0.0.1:19092"
    assert said["log.dirs"] == str(stack.folder / "kafka" / "data")
    assert said["auto.create.topics.enable"] == "false"
    assert all(value == "1" for name, value in said.items() if name.endswith("replication.factor"))


def test_mosquitto_has_a_plain_and_a_sealed_listener_each_with_its_rules(stack):
    said = lines(stack.mosquitto.settings())
    assert said[0] == "per_listener_settings true"
    assert [line for line in said if line.startswith("listener")] == [
        "listener 18883 127.0.0.1", "listener 11883 127.0.0.1",
    ]  # fmt: skip
    sealed, plain = said[said.index("listener 18883 127.0.0.1") :], said[said.index("listener 11883 127.0.0.1") :]
    sealed = sealed[: len(sealed) - len(plain)]
    assert "allow_anonymous false" in sealed
    assert any(line.startswith("keyfile") for line in sealed)
    assert any(line.startswith("acl_file") for line in plain)
    assert f"persistence_location {stack.mosquitto.data}/" in said


def test_without_the_plain_listener_the_services_are_sent_to_the_sealed_one(tmp_path):
    stack = Stack(tmp_path, PORTS, plain=False)
    assert "11883" not in stack.mosquitto.settings()
    assert stack.environment()["HEADWORKS_MQTT_PORT"] == "18883"
    assert stack.environment()["HEADWORKS_MQTT_CA"] == str(stack.mosquitto.ca_file)


def test_the_rules_let_only_the_bridge_say_what_is_committed():
    rules: dict[str, set[str]] = {}
    user = ""
    for line in lines((Path(__file__).parents[3] / "deploy/mosquitto/users.acl").read_text()):
        if line.startswith("user "):
            user = line.split()[1]
        else:
            kind, may, topic = line.split()
            rules.setdefault("a gateway" if kind == "pattern" else user, set()).add(f"{may} {topic}")
    writers = {
        word: {who for who, may in rules.items() if any(f"write {word}" in rule for rule in may)}
        for word in ("headworks/committed/", "headworks/ticked/", "headworks/clock/", "spBv1.0/+/NCMD")
    }
    assert list(writers.values()) == [{"bridge"}, {"bridge"}, {"player"}, {"bridge"}]
    assert all("%u" in rule for rule in rules["a gateway"])


def test_every_site_has_a_user_and_a_gateway_cannot_be_called_bridge(tmp_path):
    assert {"no1", "no2", "no3", "upstream"} <= set(sites()) < set(Stack(tmp_path, PORTS).mosquitto.users)
    for name in ("bridge", "a:b", "a/b"):
        with pytest.raises(NativeError, match="cannot be a gateway's user name"):
            Stack(tmp_path, PORTS, [name])


@pytest.mark.parametrize("plain", [True, False])
def test_the_services_understand_the_environment(tmp_path, monkeypatch, plain):
    stack = Stack(tmp_path, PORTS, plain=plain)
    secret(stack.influxdb.token_file, "drop by drop")
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.kafka == "127.0.0.1:19092"
    assert (settings.mqtt_host, settings.mqtt_port) == ("127.0.0.1", 11883 if plain else 18883)
    assert (settings.influx_url, settings.influx_org) == ("http://127.0.0.1:18086", "headworks")
    assert settings.influx_bucket == "telemetry"
    assert settings.influx_token.get_secret_value() == "drop by drop"


def test_secrets_are_the_owners_and_stay(tmp_path):
    path = tmp_path / "secrets" / "influx-token"
    assert secret(path, "one") == secret(path, "two") == "one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_influxdb_binds_to_the_loopback_and_its_token_is_on_no_command_line(stack):
    secret(stack.influxdb.token_file, "drop by drop")
    command = stack.influxdb.command()
    assert command[command.index("--http-bind-address") + 1] == "127.0.0.1:18086"
    assert "--reporting-disabled" in command
    assert "drop by drop" not in " ".join(command)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_certificates_are_made_once_with_keys_for_the_owner_only(tmp_path):
    folder = tmp_path / "tls"
    make_certificates(folder)
    key = (folder / "server.key").read_bytes()
    make_certificates(folder)
    assert (folder / "server.key").read_bytes() == key
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.crt", folder / "server.key")  # refuses a key that is not the certificate's
    assert ssl.create_default_context(cafile=str(folder / "ca.crt")).cert_store_stats()["x509_ca"] == 1


def test_status_of_a_folder_with_nothing_says_down(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("deploy.native.mosquitto.Mosquitto.version", "2.0")
    assert main(["status", "--folder", str(tmp_path)]) == 1
    assert re.findall(r"^(\w+) .* down ", capsys.readouterr().out, re.MULTILINE) == ["mosquitto", "kafka", "influxdb"]
    assert main(["down", "--folder", str(tmp_path / "none")]) == 0
    assert not (tmp_path / "none").exists()
