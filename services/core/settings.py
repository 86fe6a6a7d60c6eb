"""Settings of the cluster's services: HEADWORKS_* variables, a YAML file, secrets from files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from services.core.errors import ConfigError, Fault

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
    influx_token: SecretStr = SecretStr("")

    archive_dir: Path = Path("headworks-archive")

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
        """What is said in the call stands before the environment, and that before the file."""
        file = os.environ.get("HEADWORKS_SETTINGS")
        files = (YamlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *files)

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

    ConfigError for a variable or field that is not a setting, a value out of bounds, or a file that cannot be read.
    """
    environ = os.environ
    faults: list[Fault] = []
    known = set(Settings.model_fields)
    secrets: dict[str, str] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in OTHERS:
            continue
        field = name.removeprefix(PREFIX).lower()
        if field in known:
            continue
        if field.endswith("_file") and field.removesuffix("_file") in known:
            path = Path(environ[name])
            try:
                secrets[field.removesuffix("_file")] = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(Fault(name, 0, str(path), "", f"cannot be read: {error}"))
            continue
        faults.append(Fault(name, 0, "", "", "is not a setting; `headworks settings` lists them"))
    file = environ.get("HEADWORKS_SETTINGS")
    if file and not Path(file).is_file():
        faults.append(Fault(file, 0, "HEADWORKS_SETTINGS", "", "is not a file that can be read"))
    if faults:
        raise ConfigError(faults)
    try:
        return Settings(**{**secrets, **said})
    except ValidationError as error:
        raise ConfigError([_fault(one) for one in error.errors()]) from None
    except Exception as error:  # the YAML reader's own: a file that is not YAML, or not a mapping
        raise ConfigError([Fault(str(file), 0, "", "", f"cannot be read as settings: {error}")]) from None


def _fault(error: Any) -> Fault:
    field = ".".join(str(part) for part in error["loc"]) or "settings"
    variable = PREFIX + field.upper()
    where = variable if variable in os.environ else os.environ.get("HEADWORKS_SETTINGS", variable)
    secret = "password" in field or "token" in field
    return Fault(where, 0, field, "" if secret else repr(error.get("input"))[:100], error["msg"])
