"""The parts of the Compose specification that deploy/compose uses; anything else in the file is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[str, Field(pattern=r"^\d+s$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Build(_Part):
    context: str
    dockerfile: str


class Healthcheck(_Part):
    test: Annotated[list[str], Field(min_length=2)]
    interval: Seconds
    timeout: Seconds
    retries: int
    start_period: Seconds | None = None


class After(_Part):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Service(_Part):
    #: Pinned: a tag with a whole version.
    image: Annotated[str, Field(pattern=r"^[a-z0-9./-]+:\d+\.\d+\.\d+$")]
    build: Build | None = None
    command: list[str] = []
    environment: dict[str, str] = {}
    #: Loopback of the host only.
    ports: list[Annotated[str, Field(pattern=r"^127\.0\.0\.1:\d+:\d+$")]] = []
    volumes: list[Annotated[str, Field(pattern=r"^[a-z.][\w./-]*:/[\w./-]+(:ro)?$")]] = []
    tmpfs: list[str] = []
    secrets: list[str] = []
    depends_on: dict[str, After] = {}
    healthcheck: Healthcheck | None = None
    restart: Literal["unless-stopped", "on-failure"]
    stop_grace_period: Seconds | None = None
    read_only: bool = False
    cap_drop: list[str] = []
    security_opt: list[str] = []


class Secret(_Part):
    file: str


class Compose(_Part):
    name: str
    services: dict[str, Service]
    volumes: dict[str, None]
    secrets: dict[str, Secret]
