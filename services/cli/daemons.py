"""A cluster's services on the command line (`headworks aggregate`, `sink` …), and how any of them is run."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from services.cli.cluster import cluster_settings
from services.cli.interrupt import normal_end
from services.cli.seldom import Seldom
from services.cli.terminal import people
from services.core.errors import HeadworksError

if TYPE_CHECKING:
    from services.core.settings import Settings
    from services.daemons.daemon import Work

SERVICES = {
    "bridge": "Carry what the gateways publish over MQTT into Kafka; acknowledge it when Kafka has it.",
    "alerts": "Fold the log of sites into alarms, incidents and derived points; a Faust worker.",
    "aggregate": "Fold the log of sites into windows of a minute; a Faust worker.",
    "zones": "Put together what sites say of their windows: zones, night flows, balances; a Faust worker.",
    "sink": "Write readings, aggregates and alarms from Kafka into InfluxDB.",
    "archive": "Keep all of the log of sites as Parquet, exact by offset.",
    "recompute": "Give windows anew, out of the archive, that got readings after they had left memory.",
    "notify": "Page whom the rosters and policies name; remember every decision.",
    "console": "Serve the operators' pages and the HTTP API over a cluster.",
}

CONSOLE = f"""{SERVICES["console"]} Set by HEADWORKS_* variables; `headworks settings` lists them, and an option
stands before its variable. It speaks plain HTTP: docs/guide/cluster.md has the proxy for TLS.

Example: [bold]headworks console --port 8080 --people sqlite:///headworks-data/people.sqlite[/]
"""

#: Seconds that a process has left once its service has ended.
_LAST = 10.0


def register(app: typer.Typer) -> None:
    """Adds the commands; `bridge` and `alerts` are in services.cli.collect, since they have a local form too."""
    for name in ("aggregate", "zones", "sink", "archive"):
        told = f"{SERVICES[name]} Set by HEADWORKS_* variables; `headworks settings` lists them."
        app.command(name=name, help=told)(_command(name))
    app.command(name="console", help=CONSOLE)(_console)
    app.command(name="settings", help="List the settings of a cluster's services, with what they are now.")(_settings)


def _command(name: str) -> Callable[[], None]:
    def run() -> None:
        serve(name)

    return run


def _console(
    people: Annotated[str, typer.Option(help="Database of people: HEADWORKS_PEOPLE.")] = "",
    host: Annotated[str, typer.Option(help="Where it listens: HEADWORKS_CONSOLE_HOST.")] = "",
    port: Annotated[int, typer.Option(help="HEADWORKS_CONSOLE_PORT.", min=0, max=65535)] = 0,
) -> None:
    said: dict[str, Any] = {"people": people, "console_host": host, "console_port": port}
    serve("console", **{name: value for name, value in said.items() if value})


def serve(name: str, **said: Any) -> None:
    """Runs a service of a cluster until it is told to stop; HeadworksError says what ended it before.

    `said`: settings that stand before the variables.
    """

    def make() -> tuple[Work, tuple[str, ...]]:
        module = import_module(f"services.daemons.{name}")
        return module.work, module.NEEDED

    run_service(name, make, **said)


def run_service(name: str, make: Callable[[], tuple[Work, tuple[str, ...]]], **said: Any) -> None:
    """As `serve`, of what `make` gives when the cluster's packages are there: the work, and the parts it needs."""
    normal_end()
    settings = load(**said)
    try:
        from services.daemons.daemon import run_daemon

        work, needed = make()
    except ImportError as error:
        raise HeadworksError(
            f"{name} needs more packages than the main job: install headworks[cluster] ({error})"
        ) from error
    limit = threading.Timer(_LAST, _leave)
    limit.daemon = True
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            try:
                runner.run(run_daemon(name, settings, work, *needed))
            finally:
                limit.start()
    finally:
        limit.cancel()


def _leave() -> None:
    """The service has said its last word, and a thread that waits for a disk or a server keeps the process."""
    structlog.get_logger("headworks.daemon").error("did not let go after its end, ended at once", seconds=_LAST)
    sys.stderr.flush()
    os._exit(1)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop


def load(**said: Any) -> Settings:
    """The settings of a service, and its logs as these say."""
    settings = cluster_settings(**said)
    from services.cli.terminal import set_up_logs

    set_up_logs(level=settings.log_level)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Seldom())
    return settings


def _settings() -> None:
    settings = cluster_settings()
    from services.core.settings import is_secret

    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if is_secret(name):
            shown = "(set)" if value.get_secret_value() else "(not set)"
        else:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
        people().print(f"HEADWORKS_{name.upper()}={shown}", highlight=False, markup=False)
    sys.stdout.flush()
