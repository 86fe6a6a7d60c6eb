"""`headworks bridge` and `headworks alerts`: of a cluster, or, told which folder, the parts of the main job alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli.daemons import serve
from services.cli.interrupt import normal_end, until_interrupted
from services.cli.terminal import people, print_json, quiet
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_DATA

BRIDGE_HELP = """Take Sparkplug B from an MQTT broker, until Ctrl-C: into Kafka, set by HEADWORKS_* variables
(`headworks settings` lists them), or, given a site file, into the site log of a folder. A message is acknowledged when
the log has it; what cannot be taken is kept and counted.

Example: [bold]headworks bridge[/]
Example: [bold]headworks bridge sites/liuyang.yaml --host 127.0.0.1 --port 1883 --data headworks-data[/]
"""

ALERTS_HELP = """Fold the log of sites into alarms, incidents and derived points: a worker of the cluster that
HEADWORKS_* variables name (`headworks settings` lists them), or, with --data, what a folder's site log holds, once,
with the timeline printed.

Example: [bold]headworks alerts[/]
Example: [bold]headworks alerts --data headworks-data[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(name="bridge", help=BRIDGE_HELP)(_bridge)
    app.command(name="alerts", help=ALERTS_HELP)(_alerts)


def _bridge(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Site file; the options below go with it.")] = None,
    host: Annotated[str, typer.Option(help="MQTT broker.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 1883,
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    player: Annotated[
        bool, typer.Option("--player", help="A simulator owns the clock, not this machine's clock.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counters as one JSON object at the end.")] = False,
) -> None:
    if file is None:
        if said := [name for name in context.params if _said(context, name)]:
            raise HeadworksError(
                f"--{said[0].replace('as_json', 'json')} goes with a site file; without one the bridge is a cluster's, "
                "set by HEADWORKS_* variables"
            )
        serve("bridge")
        return
    normal_end()
    from services.core.catalogue import load_catalogue
    from services.job.collect import collect

    catalogue = load_catalogue(file)
    out = quiet() if as_json else people()
    out.print(f"taking {catalogue.name} from {host}:{port} into {data}; Ctrl-C stops", highlight=False)
    counted: dict[str, object] = {}
    asyncio.run(until_interrupted(collect(catalogue, host, port, data, player, counted)))
    if as_json:
        print_json(counted)
    else:
        out.print(", ".join(f"{name} {value}" for name, value in counted.items()), highlight=False)


def _alerts(
    data: Annotated[Path | None, typer.Option(help="Folder of a site log.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --data: print one JSON object.")] = False,
) -> None:
    if data is None:
        if as_json:
            raise HeadworksError("--json goes with --data; without it this is a cluster's worker")
        serve("alerts")
        return
    from services.job.collect import fold

    out = quiet() if as_json else people()
    result = asyncio.run(until_interrupted(fold(data, out)))
    if as_json and result is not None:
        print_json(result)


def _said(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
