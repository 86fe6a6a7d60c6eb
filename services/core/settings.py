"""Settings of the cluster's services: HEADWORKS_* variables, a YAML file, secrets from files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.core.errors import ConfigError, Fault
from services.core.yaml_source import Source, read_yaml, shown

PREFIX = "HEADWORKS_"

#: Variables of this prefix that are not settings of a service.
OTHERS = {"HEADWORKS_HOME", "HEADWORKS_SETTINGS", "HEADWORKS_NATIVE_CACHE"}

Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """One set for all services, so that they cannot disagree. A variable is the field's name with HEADWORKS_ before.

    A secret is better given as a file: HEADWORKS_INFLUX_TOKEN_FILE names one that holds HEADWORKS_INFLUX_TOKEN.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    #: Bootstrap servers of Kafka, host:port, comma-separated.
    kafka: str = "127.0.0.1:9092"
    #: Before every topic's name; another prefix is another generation of topics.
    kafka_prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$")] = "headworks"
    #: Of the log of sites and everything beside it. Fixed for a generation of topics.
    partitions: Annotated[int, Field(ge=1, le=4096)] = 64
    #: Copies of each partition (3 in production).
    replication: Annotated[int, Field(ge=1, le=7)] = 1
    #: How long the log of sites is kept in Kafka; the archive holds all of it.
    retention_days: Annotated[float, Field(gt=0, le=3650)] = 7.0

    mqtt_host: str = "127.0.0.1"
    mqtt_port: Port = 1883
    mqtt_username: str = ""
    mqtt_password: SecretStr = SecretStr("")
    #: File of certificates; given, the connection is TLS.
    mqtt_ca: str = ""
    #: This bridge and how many there are, as index/count: each carries the sites of its share of the partitions.
    bridge_shard: Annotated[str, Field(pattern=r"^\d{1,4}/\d{1,4}$")] = "0/1"
    #: A simulation's player owns the clock; without one the bridge ticks from the wall clock.
    player: bool = False

    #: Name of this worker among its like; the same after a restart.
    worker: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$")] = "0"
    #: Seconds without a heartbeat after which Kafka gives a worker's partitions to another.
    session_timeout: Annotated[float, Field(ge=1.0, le=60.0)] = 6.0
    #: Seconds between two writings of changed state; a restart folds at most this much again.
    flush_every: Annotated[float, Field(gt=0.0, le=60.0)] = 2.0
    #: Where Faust and the like keep what they can make anew.
    work_dir: Path = Path("headworks-work")

    influx_url: str = "http://127.0.0.1:8086"
    influx_org: str = "headworks"
    influx_bucket: str = "telemetry"
    #: Minutes into its name with `_1m`, hours and alarms with `_long`; `headworks influx apply` makes these buckets.
    influx_split: bool = False
    influx_token: SecretStr = SecretStr("")

    archive_dir: Path = Path("headworks-archive")

    #: Database of people, shared by console and paging: an SQLAlchemy address. It may hold a password.
    people: SecretStr = SecretStr("sqlite:///headworks-data/people.sqlite")
    #: Where the console listens; TLS is a proxy's before it.
    console_host: str = "127.0.0.1"
    console_port: Port = 8080
    #: Addresses or networks, comma-separated, of the proxies that may say for whom they ask (X-Forwarded-For).
    console_proxies: Annotated[str, Field(pattern=r"^[0-9a-fA-F:./, ]*$")] = ""
    #: The utility's name on the pages; empty: the sites' group.
    utility: str = ""
    #: Texts of the catalogue in other languages, a utility's own: folders or files zh/name.yaml, comma-separated.
    phrases: str = ""
    #: Hours of readings, and of alarms, that a console reads at its start; older alarms follow in the background.
    trend_hours: Annotated[float, Field(gt=0, le=48)] = 3.0
    alarm_hours: Annotated[float, Field(gt=0, le=8760)] = 24.0

    #: Where /healthz, /readyz and /metrics are served; port 0: the service's own (see services/daemons).
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0

    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is said in the call stands before the environment; `load_settings` adds the file."""
        return (init_settings, env_settings)

    @model_validator(mode="after")
    def _shard_within(self) -> Self:
        index, count = self.shard
        if not 0 <= index < count:
            raise ValueError(f"bridge_shard {self.bridge_shard}: the index must be below the count, from 0/{count}")
        if count > self.partitions:
            raise ValueError(f"bridge_shard {self.bridge_shard}: more bridges than the {self.partitions} partitions")
        return self

    @property
    def shard(self) -> tuple[int, int]:
        """(index, count) of `bridge_shard`."""
        index, count = self.bridge_shard.split("/")
        return int(index), int(count)

    def topic(self, name: str) -> str:
        """The full name of a topic of this generation."""
        return f"{self.kafka_prefix}.{name}"


def load_settings(**said: Any) -> Settings:
    """The settings, `said` before the environment before the file that HEADWORKS_SETTINGS names.

    ConfigError, with every fault at once, for a variable or field that is not a setting, a value out of bounds, or a
    file that cannot be read. No message shows what stands in a secret, or in a name that is unknown: it may be one.
    """
    faults: list[Fault] = []
    file = _file(faults)
    given = {**_file_values(file), **_secrets(faults), **said}
    if faults:
        raise ConfigError(faults)
    try:
        return Settings(**given)
    except ValidationError as error:
        raise ConfigError([_fault(one, file) for one in error.errors()]) from None


def _file(faults: list[Fault]) -> Source | None:
    """What HEADWORKS_SETTINGS names."""
    name = os.environ.get("HEADWORKS_SETTINGS")
    if not name:
        return None
    source = read_yaml(Path(name))
    if source.data is None:
        return None
    if not isinstance(source.data, dict):
        faults.append(source.absence((), "must be `setting: value` on each line"))
        return None
    faults += [
        source.absence((field,), "is not a setting; `headworks settings` lists them")
        for field in source.data
        if field not in Settings.model_fields
    ]
    return source


def _file_values(file: Source | None) -> dict[str, Any]:
    """What the file says and the environment does not."""
    data: dict[str, Any] = {} if file is None else file.data
    return {field: value for field, value in data.items() if not os.environ.get(PREFIX + str(field).upper())}


def _secrets(faults: list[Fault]) -> dict[str, str]:
    """By field what the files hold that HEADWORKS_…_FILE variables name."""
    found: dict[str, str] = {}
    for name, value in sorted(os.environ.items()):
        field = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or name in OTHERS or field in Settings.model_fields:
            continue
        field, suffix = field.removesuffix("_file"), field.endswith("_file")
        if not suffix or field not in Settings.model_fields:
            faults.append(Fault(name, 0, "", "", "is not a setting; `headworks settings` lists them"))
        elif not value:
            continue
        elif os.environ.get(PREFIX + field.upper()):
            faults.append(Fault(name, 0, "", "", f"stands beside {PREFIX}{field.upper()}: set only one of them"))
        else:
            try:
                found[field] = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(Fault(name, 0, value, "", f"cannot be read: {error}"))
    return found


def is_secret(field: str) -> bool:
    """Whether the field's value must never be shown."""
    return Settings.model_fields[field].annotation is SecretStr


def _fault(error: Any, file: Source | None) -> Fault:
    if not error["loc"]:
        # Of the settings together: what was given is all of them, secrets too.
        return Fault("settings", 0, "", "", error["msg"])
    field = str(error["loc"][0])
    secret = field not in Settings.model_fields or is_secret(field)
    value, variable = "" if secret else shown(error.get("input")), PREFIX + field.upper()
    if os.environ.get(variable) or file is None or field not in file.data:
        return Fault(variable, 0, field, value, error["msg"])
    return replace(file.fault((field,), "", error["msg"]), value=value)
