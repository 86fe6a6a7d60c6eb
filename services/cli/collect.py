"""`headworks bridge` and `headworks alerts`: the parts of the main job, each alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli.interrupt import normal_end, until_interrupted
from services.cli.terminal import people, print_json, quiet
from services.job.options import DEFAULT_DATA

BRIDGE_HELP = """Take Sparkplug B from an MQTT broker into the site log, until Ctrl-C. A message is acknowledged
when the log has it; what cannot be taken is kept and counted.

Example: [bold]headworks bridge sites/liuyang.yaml --host 127.0.0.1 --port 1883 --data headworks-data[/]
"""

ALERTS_HELP = """Fold what the site log holds into alarms and incidents, and print the timeline.

Example: [bold]headworks alerts --data headworks-data[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(name="bridge", help=BRIDGE_HELP)(_bridge)
    app.command(name="alerts", help=ALERTS_HELP)(_alerts)


def _bridge(
    file: Annotated[Path, typer.Argument(help="Site file.")],
    host: Annotated[str, typer.Option(help="MQTT broker.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 1883,
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    player: Annotated[
        bool, typer.Option("--player", help="A simulator owns the clock, not this machine's clock.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counters as one JSON object at the end.")] = False,
) -> None:
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
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    from services.job.collect import fold

    out = quiet() if as_json else people()
    result = asyncio.run(until_interrupted(fold(data, out)))
    if as_json and result is not None:
        print_json(result)
