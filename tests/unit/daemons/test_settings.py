"""Settings: from the environment, a file and secret files; a wrong one is a sentence, never a default in silence."""

from __future__ import annotations

import os

import pytest

from services.core.errors import ConfigError
from services.core.settings import load_settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in list(os.environ):
        if name.startswith("HEADWORKS_"):
            monkeypatch.delenv(name)


def test_the_environment_stands_before_the_file_and_both_before_the_default(monkeypatch, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("kafka: there:9092\npartitions: 8\n")
    monkeypatch.setenv("HEADWORKS_SETTINGS", str(file))
    monkeypatch.setenv("HEADWORKS_KAFKA", "here:9092")
    settings = load_settings()
    assert (settings.kafka, settings.partitions, settings.mqtt_port) == ("here:9092", 8, 1883)


def test_a_secret_comes_from_its_file_and_is_never_shown(monkeypatch, tmp_path):
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    monkeypatch.setenv("HEADWORKS_INFLUX_TOKEN_FILE", str(file))
    settings = load_settings()
    assert settings.influx_token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("HEADWORKS_KAFFKA", "x", "HEADWORKS_KAFFKA"),
        ("HEADWORKS_PARTITIONS", "0", "greater than or equal to 1"),
        ("HEADWORKS_MQTT_PORT", "99999", "HEADWORKS_MQTT_PORT"),
        ("HEADWORKS_BRIDGE_SHARD", "2/2", "below the count"),
        ("HEADWORKS_INFLUX_TOKEN_FILE", "nowhere/token", "cannot be read"),
        ("HEADWORKS_SETTINGS", "nowhere/settings.yaml", r"settings\.yaml.*must be readable"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(monkeypatch, name, value, word):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=word):
        load_settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kafka: [", r"settings\.yaml:1: .*must be valid YAML"),
        ("- 1\n", r"settings\.yaml:1: .*must be `setting: value`"),
        ("partitions: 8\nkaffka: there\n", r"settings\.yaml:2: kaffka: is not a setting"),
        ("kafka: there\n\npartitions: many\n", r"settings\.yaml:3: partitions: 'many': .*valid integer"),
        ("player: true\nplayer: false\n", r"settings\.yaml:2: player: .*only once"),
    ],
)
def test_a_file_that_is_no_settings_is_refused_by_name_and_line(monkeypatch, tmp_path, text, words):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    monkeypatch.setenv("HEADWORKS_SETTINGS", str(file))
    with pytest.raises(ConfigError, match=words):
        load_settings()


def test_an_empty_file_and_an_empty_variable_set_nothing(monkeypatch, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("# nothing yet\n")
    monkeypatch.setenv("HEADWORKS_SETTINGS", str(file))
    monkeypatch.setenv("HEADWORKS_KAFKA", "")
    monkeypatch.setenv("HEADWORKS_INFLUX_TOKEN_FILE", "")
    assert load_settings().kafka == "127.0.0.1:9092"


@pytest.mark.parametrize(
    "text",
    ["influx_tokn: s3cret\n", "influx_token: [s3cret]\n", "influx_token: s3cret\nbridge_shard: 3/2\n"],
)
def test_what_is_wrong_never_shows_a_secret(monkeypatch, tmp_path, text):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    monkeypatch.setenv("HEADWORKS_SETTINGS", str(file))
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)


def test_a_secret_that_is_given_twice_is_refused(monkeypatch, tmp_path):
    file = tmp_path / "token"
    file.write_text("one")
    monkeypatch.setenv("HEADWORKS_INFLUX_TOKEN_FILE", str(file))
    monkeypatch.setenv("HEADWORKS_INFLUX_TOKEN", "other")
    with pytest.raises(ConfigError, match=r"HEADWORKS_INFLUX_TOKEN_FILE.*only one of them"):
        load_settings()
