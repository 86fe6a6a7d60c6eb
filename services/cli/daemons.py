"""`headworks bridge`, `alerts`, `aggregate`, `sink`, `archive`: a cluster's services; `settings` lists theirs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import typer

from services.cli.interrupt import normal_end
from services.cli.terminal import people
from services.core.errors import HeadworksError

if TYPE_CHECKING:
    from services.core.settings import Settings

SERVICES = {
    "bridge": "Carry what the gateways publish over MQTT into Kafka; acknowledge it when Kafka has it.",
    "alerts": "Fold the log of sites into alarms, incidents and derived points; a Faust worker.",
    "aggregate": "Fold the log of sites into windows of a minute; a Faust worker.",
    "sink": "Write readings, aggregates and alarms from Kafka into InfluxDB.",
    "archive": "Keep all of the log of sites as Parquet, exact by offset.",
}

_MISSING = "the services of a cluster need more packages than the main job: install headworks[cluster]"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, help_text in SERVICES.items():
        app.command(name=name, help=f"{help_text} Set by HEADWORKS_* variables; `headworks settings` lists them.")(
            _command(name)
        )
    app.command(name="settings", help="List the settings of a cluster's services, with what they are now.")(_settings)


def _command(name: str) -> Callable[[], None]:
    def run() -> None:
        normal_end()
        settings = _load()
        from services.daemons.daemon import run_daemon

        module = import_module(f"services.daemons.{name}")
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run_daemon(name, settings, module.work, *module.NEEDED))

    return run


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop


def _load() -> Settings:
    try:
        from services.core.settings import load_settings
    except ImportError as error:
        raise HeadworksError(f"{_MISSING} ({error})") from error
    settings = load_settings()
    from services.cli.terminal import set_up_logs

    set_up_logs(level=settings.log_level)
    return settings


def _settings() -> None:
    settings = _load()
    from pydantic import SecretStr

    for name in type(settings).model_fields:
        value = getattr(settings, name)
        shown = ("set" if value.get_secret_value() else "not set") if isinstance(value, SecretStr) else value
        people().print(f"HEADWORKS_{name.upper()}={shown}", highlight=False, markup=False)
    sys.stdout.flush()
