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
        ("HEADWORKS_SETTINGS", "nowhere/settings.yaml", "is not a file"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(monkeypatch, name, value, word):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=word):
        load_settings()


@pytest.mark.parametrize("text", ["kafka: [", "- 1\n", "kaffka: there\n"])
def test_a_file_that_is_no_settings_is_refused_by_name(monkeypatch, tmp_path, text):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    monkeypatch.setenv("HEADWORKS_SETTINGS", str(file))
    with pytest.raises(ConfigError, match=r"settings\.yaml"):
        load_settings()
